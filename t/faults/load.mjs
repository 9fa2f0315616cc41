// Load whose every outcome is known: writers that number their edits, and a
// ledger of what was sent, acknowledged, and shown to anybody.
//
// The records of a writer are a function of the number of its last edit, so
// whatever somebody finds of them later is either right for one number or
// torn; and that number lies between the last one that was acknowledged or
// shown and the last one sent.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { applyDiff } from '../lib/sync.mjs'
import { newId, sleep, until } from '../sync/clients.mjs'

const WebSocket = createRequire(new URL('../sync/', import.meta.url))('ws')

const CHUNK = 262144
const LIFE = 21             // edits between making and removing a record
const TEXT = 50             // edits until the text starts anew

const versions = { v7: '3.15.6', v8: '5.4.2' }

const schemaOf = (generation) => JSON.parse(readFileSync(new URL(
  `../../conf/schema/tldraw-${versions[generation]}.json`, import.meta.url))).schema

// TAP

let count = 0

export function ok(good, name, why) {
  console.log(`${good ? 'ok' : 'not ok'} ${++count} - ${name}`)
  if (!good && why) console.log(String(why.stack ?? why).replace(/^/gm, '# '))
  if (!good) process.exitCode = 1

  return good
}

export const say = (text) => console.log(`# ${text}`)

export async function run(body) {
  try {
    await body()
  } catch (error) {
    ok(false, 'came to its end', error)
  }

  console.log(`1..${count}`)
  process.exit()
}

// What a writer's records are after edit v.

const group = (id, more) => ({ id, typeName: 'shape', x: 0, y: 0, rotation: 0,
  index: 'a1', parentId: 'page:page', type: 'group', isLocked: false,
  opacity: 1, props: {}, meta: {}, ...more })

function text(v) {
  let all = ''

  for (let i = v - v % TEXT; i <= v; i++) all += `${i};`

  return all
}

const size = (w, i) => (w.big && i % (LIFE * 2) === 0 ? w.big : 0)

const extra = (w, i) => group(`shape:${w.name}.${i}`, { x: i,
  meta: size(w, i) ? { big: 'x'.repeat(size(w, i)) } : {} })

function stateAt(w, v) {
  const all = {}

  if (v < 1) return all

  all[`shape:${w.name}.a`] = group(`shape:${w.name}.a`,
    { x: v, y: 2 * v + 1, meta: { text: text(v) } })
  all[`shape:${w.name}.b`] = group(`shape:${w.name}.b`, { x: v })

  for (let i = v; i > v - LIFE && i > 0; i--) {
    if (i % 7 === 0) all[`shape:${w.name}.${i}`] = extra(w, i)
  }

  return all
}

// The diff from edit v - 1 to edit v.

function edit(w, v) {
  const now = stateAt(w, v)
  const a = `shape:${w.name}.a`
  const b = `shape:${w.name}.b`
  const diff = {}

  if (v === 1) return { [a]: ['put', now[a]], [b]: ['put', now[b]] }

  const { meta } = now[a]

  diff[a] = ['patch', { x: ['put', v], y: ['put', 2 * v + 1],
    meta: w.generation === 'v7' ? ['put', meta]
      : ['patch', { text: v % TEXT === 0 ? ['put', meta.text]
        : ['append', `${v};`, text(v - 1).length] }] }]
  diff[b] = ['patch', { x: ['put', v] }]

  if (v % 7 === 0) {
    diff[`shape:${w.name}.${v}`] = ['put', extra(w, v)]
    if (v > LIFE) diff[`shape:${w.name}.${v - LIFE}`] = ['remove']
  }

  return diff
}

const number = (records, name) => records[`shape:${name}.a`]?.x ?? 0

const objectOf = (map) => Object.fromEntries(map)

const without = (records) => Object.fromEntries(Object.entries(records)
  .filter(([id]) => !id.startsWith('instance_presence:')))

export class Ledger {
  constructor() {
    this.writers = new Map()
    this.clocks = new Map()     // of a board: the highest anybody heard of
    this.faults = []
    this.acks = 0
    this.closes = {}
  }

  fault(what) {
    if (this.faults.length < 20) this.faults.push(what)
  }

  // A message to anybody on a board.

  hear(board, item, who) {
    if (!(item.serverClock >= who.clock)) {
      this.fault(`${who.name} heard clock ${item.serverClock} after ${who.clock}`)
    }

    who.clock = item.serverClock
    this.clocks.set(board, Math.max(item.serverClock, this.clocks.get(board) ?? 0))

    const diff = item.diff ?? item.action?.rebaseWithDiff

    for (const id of Object.keys(diff ?? {})) {
      if (!id.endsWith('.a')) continue

      const w = this.writers.get(id.slice(6, -2))
      const [op, arg] = diff[id]
      const x = op === 'put' ? arg.x : op === 'patch' ? arg.x?.[1] : undefined

      if (w && typeof x === 'number') {
        if (x > w.sent) this.fault(`${who.name} was shown edit ${x} of ${w.name}, `
          + `which had sent ${w.sent}`)
        w.shown = Math.max(w.shown, x)
      }
    }
  }

  // What nobody who looks from now on may miss.

  floor(board) {
    const writers = [...this.writers.values()].filter((w) => w.board === board)

    return { clock: this.clocks.get(board) ?? 0,
      writers: new Map(writers.map(({ name, acked, shown }) =>
        [name, { acked, shown }])) }
  }

  // What was found of a board's writers, { id: record }, by "where".

  check(board, records, clock, where, floor = this.floor(board)) {
    const bad = []

    if (!(clock >= floor.clock)) bad.push(`clock ${clock}, once ${floor.clock}`)

    for (const [name, { acked, shown }] of floor.writers) {
      const w = this.writers.get(name)
      const v = number(records, name)

      if (v < acked) bad.push(`${w.name}: edit ${acked} was acknowledged, ${v} is there`)
      if (v < shown) bad.push(`${w.name}: edit ${shown} was shown, ${v} is there`)
      if (v > w.sent) bad.push(`${w.name}: edit ${v} is there, ${w.sent} was sent`)

      const own = Object.fromEntries(Object.entries(records).filter(([id]) =>
        id.startsWith(`shape:${w.name}.`)))
      const wanted = stateAt(w, v)

      if (!isDeepStrictEqual(own, wanted)) {
        const ids = [...new Set([...Object.keys(own), ...Object.keys(wanted)])]
          .filter((id) => !isDeepStrictEqual(own[id], wanted[id]))

        bad.push(`${w.name}: edit ${v} is torn: ` + ids.map((id) =>
          `${id} ${JSON.stringify(own[id])?.slice(0, 200)} instead of `
          + `${JSON.stringify(wanted[id])?.slice(0, 200)}`).join(', '))
      }
    }

    for (const what of bad) this.fault(`${where}: ${what}`)

    return bad.length === 0
  }
}

// One who edits at a rate, comes back by itself, and goes on from what the
// server has.  Comes anew, or with the clock it knows ("resume"), in turn.
// Where two workers overlap, each of them may be behind the other: "alone" is
// false there, and somebody who comes back must find what it saw itself.
// answered(ms), where somebody sets it, hears how long each edit took.

export class Writer {
  // ledger, t, board, name, generation, query or headers, every (ms), big,
  // most (edits without an answer)

  constructor(options) {
    Object.assign(this, { generation: 'v8', every: 33, most: 31, query: '',
      headers: {}, allowed: [1005, 1006, 1012, 1013], alone: true }, options)
    Object.assign(this, { sent: 0, acked: 0, ackedFrom: 0, shown: 0, clock: 0,
      clientClock: 0, pending: [], stopped: false, records: new Map() })

    this.ledger.writers.set(this.name, this)
    this.open()
    this.timer = setInterval(() => this.tick(), this.every)

    // who is silent for 20 s is closed

    this.pings = setInterval(() => this.connected
      && this.ws.send('{"type":"ping"}'), 5000)
  }

  open() {
    const ws = new WebSocket(`ws://${this.t.host}:${this.t.port}/connect/${this.board}`
      + `?sessionId=${newId()}&storeId=${newId()}${this.query}`,
    { headers: this.headers, perMessageDeflate: false })

    this.ws = ws
    this.connected = false
    this.pending = []

    ws.on('error', () => {})
    ws.on('open', () => {
      this.floor = this.alone ? this.ledger.floor(this.board) : this.known()
      this.resume = !this.alone || !this.resume

      ws.send(JSON.stringify({ type: 'connect', connectRequestId: newId(),
        lastServerClock: this.resume ? this.clock : -1, protocolVersion: Number(this.generation.slice(1)),
        schema: schemaOf(this.generation) }))
    })

    ws.on('message', (data) => {
      const message = JSON.parse(data)

      for (const item of message.type === 'data' ? message.data : [message]) {
        this.came(item)
      }
    })

    ws.on('close', (code, reason) => {
      const what = `${code}${code === 4099 ? ` ${reason}` : ''}`

      if (this.connected) {
        this.ledger.closes[what] = (this.ledger.closes[what] ?? 0) + 1
        if (!this.allowed.includes(code) && !this.stopped) {
          this.ledger.fault(`${this.name} was closed with ${what}`)
        }
      } else if (code === 4099) {
        this.ledger.fault(`${this.name} was refused: ${reason}`)
      }

      this.connected = false
      if (!this.stopped) setTimeout(() => this.open(), 20 + Math.random() * 100)
    })
  }

  came(item) {
    if (item.type === 'pong') return

    this.ledger.hear(this.board, item, this)

    if (item.type === 'patch') applyDiff(this.records, item.diff)

    if (item.type === 'connect') {
      if (item.hydrationType === 'wipe_all') this.records.clear()
      applyDiff(this.records, item.diff)

      const records = objectOf(this.records)

      this.ledger.check(this.board, records, item.serverClock,
        `${this.name} comes back`, this.floor)
      this.seq = number(records, this.name)
      this.connected = true
      return
    }

    if (item.type !== 'push_result') return

    const [clientClock, v, at] = this.pending.shift() ?? []

    this.answered?.(performance.now() - at)

    if (clientClock !== item.clientClock) {
      this.ledger.fault(`${this.name}: result ${item.clientClock} instead of ${clientClock}`)
    }

    // an edit of unknown outcome may have been stored after all: then it comes
    // as a patch, and has no effect when it is tried again

    if (item.action === 'discard'
        && v > number(objectOf(this.records), this.name)) {
      this.ledger.fault(`${this.name}: edit ${v} was discarded`)
    }

    if (item.action === 'commit') applyDiff(this.records, edit(this, v))
    else if (item.action.rebaseWithDiff) {
      applyDiff(this.records, item.action.rebaseWithDiff)
    }

    this.acked = Math.max(this.acked, v)
    this.ackedFrom = at         // when the last of them was sent
    this.ledger.acks++
  }

  // The least of the board that this one has seen itself.

  known() {
    const records = objectOf(this.records)

    return { clock: this.clock, writers: new Map([...this.ledger.writers.values()]
      .filter((w) => w.board === this.board).map((w) => {
        const v = number(records, w.name)

        return [w.name, { acked: v, shown: v }]
      })) }
  }

  tick() {
    if (!this.connected || this.paused || this.pending.length >= this.most) return

    const v = ++this.seq
    const all = JSON.stringify({ type: 'push', clientClock: this.clientClock,
      diff: edit(this, v) })

    this.sent = Math.max(this.sent, v)
    this.pending.push([this.clientClock++, v, performance.now()])

    if (all.length < CHUNK) {
      this.ws.send(all)
      return
    }

    const room = CHUNK - 8
    const parts = Math.ceil(all.length / room)

    for (let i = 0; i < parts; i++) {
      this.ws.send(`${parts - 1 - i}_${all.slice(i * room, (i + 1) * room)}`)
    }
  }

  stop() {
    clearInterval(this.timer)
    clearInterval(this.pings)
    this.stopped = true
    this.ws.terminate()
  }
}

// Boards with writers on them, with what is needed to look at them.

export class Load {
  constructor(t) {
    this.t = t
    this.ledger = new Ledger()
    this.boards = []
  }

  async begin({ boards = 3, writers = 3, ...options } = {}) {
    this.cookie ??= await this.t.register('ann@example.org')

    for (let i = 0; i < boards; i++) {
      const board = await this.t.room(this.cookie, `Board ${i}`)

      this.boards.push(board)

      for (let k = 0; k < writers; k++) {
        this.writer({ board, name: `w${this.ledger.writers.size}`, ...options })
      }
    }

    return this
  }

  writer(options) {
    return new Writer({ ledger: this.ledger, t: this.t,
      headers: { cookie: this.cookie }, ...options })
  }

  get writers() { return [...this.ledger.writers.values()] }

  // Until every writer had an edit acknowledged that it sends from now on.

  async flowing(ms = 20000) {
    const began = performance.now()
    const flows = (w) => w.connected && w.ackedFrom > began

    await until(() => this.writers.every(flows),
      () => `acknowledgements, ${this.writers.filter((w) => !flows(w))
        .map((w) => `${w.name} ${w.connected ? `waits for ${w.pending.length}`
          : 'is away'}`).join(', ')}`, ms)

    return Math.round(performance.now() - began)
  }

  async quiet() {
    for (const w of this.writers) w.paused = true

    await until(() => this.writers.every((w) => w.connected && !w.pending.length),
      () => `the last answers of ${this.writers.filter((w) => w.pending.length
        || !w.connected).map((w) => w.name)}`)
  }

  resume() {
    for (const w of this.writers) w.paused = false
  }

  // The boards as the database has them: { board: { clock, records } }.

  async stored(sql = this.t.sql) {
    const rows = await sql('SELECT b.id, b.clock, r.state FROM rooms b '
      + 'LEFT JOIN records r ON r.room = b.num')
    const all = {}

    for (const [board, clock, state] of rows) {
      all[board] ??= { clock: Number(clock), records: {} }

      if (state) {
        const record = JSON.parse(state)

        all[board].records[record.id] = record
      }
    }

    return all
  }

  // SQLite's files as a crash left them: a look at a copy, so that the server
  // itself is the one to recover.

  async onDisk() {
    if (!this.t.database.startsWith('sqlite:')) return this.stored()

    const dir = mkdtempSync(join(tmpdir(), 'tidraw-copy-'))

    try {
      for (const end of ['', '-wal']) {
        cpSync(`${this.t.dir}/data/tidraw.db${end}`, `${dir}/tidraw.db${end}`)
      }

      const ask = (sql) => execFileSync('sqlite3',
        ['-separator', '\x1f', '-newline', '\x1e', `${dir}/tidraw.db`, sql],
        { maxBuffer: 1 << 29, encoding: 'utf8' }).split('\x1e').slice(0, -1)
        .map((row) => row.split('\x1f'))

      if (ask('PRAGMA integrity_check')[0][0] !== 'ok') {
        this.ledger.fault('the database is damaged')
      }

      return await this.stored(ask)
    } finally {
      rmSync(dir, { recursive: true })
    }
  }

  // Looks at what is stored, in one of the two ways, while edits go on: it must
  // have what was acknowledged before.

  async look(where, stored = () => this.stored()) {
    const floors = this.boards.map((board) => this.ledger.floor(board))
    const found = await stored()

    this.boards.forEach((board, i) => {
      const { records = {}, clock = 0 } = found[board] ?? {}

      this.ledger.check(board, records, clock, where, floors[i])
    })

    return found
  }

  // What somebody gets who comes anew.

  async newcomer(board, generation, t = this.t) {
    const ws = new WebSocket(`ws://${t.host}:${t.port}/connect/${board}`
      + `?sessionId=${newId()}&storeId=${newId()}`,
    { headers: { cookie: this.cookie } })

    const reply = await new Promise((resolve, reject) => {
      ws.on('error', reject)
      ws.on('close', (code, reason) => reject(new Error(`${code} ${reason}`)))
      ws.on('open', () => ws.send(JSON.stringify({ type: 'connect',
        connectRequestId: 'new', lastServerClock: -1,
        protocolVersion: Number(generation.slice(1)),
        schema: schemaOf(generation) })))
      ws.on('message', (data) => resolve(JSON.parse(data)))
    })

    ws.terminate()

    return { clock: reply.serverClock, records: Object.fromEntries(
      Object.entries(reply.diff).filter(([id]) => !id.startsWith('instance_p'))
        .map(([id, [, record]]) => [id, record])) }
  }

  // Nobody writes: newcomers and the database agree, and the clock of a board
  // on which only writers were counts every edit once.

  async finish({ exact = this.boards } = {}) {
    await this.quiet()

    const stored = await this.look('at the end')

    for (const board of this.boards) {
      const writers = this.writers.filter((w) => w.board === board)
      const { clock, records } = stored[board]
      const seen = await this.newcomer(board, writers[0].generation)

      this.ledger.check(board, seen.records, seen.clock, 'a newcomer')

      if (seen.clock !== clock || !isDeepStrictEqual(seen.records, records)) {
        this.ledger.fault(`a newcomer to ${board} sees something else`)
      }

      for (const w of writers) {
        if (number(records, w.name) !== w.seq) {
          this.ledger.fault(`${w.name} is at ${w.seq}`)
        }

        const same = () => isDeepStrictEqual(without(objectOf(w.records)), records)

        await until(same, `${w.name} to see what is stored`)
      }

      const edits = writers.reduce((n, w) => n + w.seq, 0)

      if (exact.includes(board) && clock !== 1 + edits) {
        this.ledger.fault(`${board}: clock ${clock} after ${edits} edits`)
      }
    }
  }

  stop() {
    for (const w of this.writers) w.stop()
  }
}

export { sleep, until }
