// What the tests of the sync endpoint share: a WebSocket client by hand that
// speaks the protocol, servers with people and boards, records, TAP.
//
//     suite({ database: 'postgres' }, async (s) => {
//       const board = await s.board()
//       const [a, b] = await s.pair(board)
//       await test('9.17 a put reaches the others', async () => {
//         const { clientClock } = a.push({ 'page:x': ['put', page('page:x')] })
//         equal((await a.result(clientClock)).action, 'commit')
//         await b.patch((diff) => diff['page:x'])
//       })
//     })
//
// A client notes every message in c.items (the members of "data" one by one),
// in the order they came, and follows the document in c.records as an
// upstream client would.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { start } from './server.mjs'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const DEADLINE = 30000

const FOLDER = new URL('../../conf/schema/', import.meta.url)

const describe = (version) =>
  JSON.parse(readFileSync(new URL(`tldraw-${version}.json`, FOLDER)))

export const schemas = Object.fromEntries(
  ['3.15.6', '4.5.12', '5.4.2'].map((v) => [v, describe(v).schema]))

const SERVER_MESSAGES = ['connect', 'patch', 'push_result', 'pong',
  'incompatibility_error']

// TAP

let count = 0
let prefix = ''

export function ok(good, name, why) {
  console.log(`${good ? 'ok' : 'not ok'} ${++count} - ${prefix}${name}`)
  if (!good && why) console.log(String(why.stack ?? why).replace(/^/gm, '# '))
  if (!good) process.exitCode = 1

  return good
}

export async function test(name, body) {
  try {
    await body()
    ok(true, name)
  } catch (error) {
    ok(false, name, error)
  }
}

// Tests that mostly wait run side by side: together([name, body], …).

export const together = (...tests) =>
  Promise.all(tests.map(([name, body]) => test(name, body)))

const show = (value) => {
  const text = JSON.stringify(value) ?? String(value)

  return text.length > 1000 ? text.slice(0, 1000) + '…' : text
}

export function equal(got, wanted, what = 'it') {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Error(`${what}: got ${show(got)}, wanted ${show(wanted)}`)
  }
}

export function check(good, what) {
  if (!good) throw new Error(what)
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function until(look, what = 'a condition', ms = DEADLINE) {
  const end = Date.now() + ms

  for (;;) {
    const got = await look()

    if (got) return got
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await sleep(5)
  }
}

// The rules of the reference, 4.3, as a client applies them.

export function apply(object, patch) {
  const out = Array.isArray(object) ? [...object] : { ...object }

  for (const [key, op] of Object.entries(patch)) {
    if (key === '__proto__') continue

    const has = Object.prototype.hasOwnProperty.call(object, key)
    const now = has ? object[key] : undefined

    if (op[0] === 'put') out[key] = op[1]
    else if (op[0] === 'delete') delete out[key]
    else if (op[0] === 'append') {
      if (Array.isArray(now) && Array.isArray(op[1]) && now.length === op[2]) {
        out[key] = [...now, ...op[1]]
      } else if (typeof now === 'string' && typeof op[1] === 'string'
                 && now.length === op[2]) {
        out[key] = now + op[1]
      }
    } else if (op[0] === 'patch' && now !== null && typeof now === 'object') {
      out[key] = apply(now, op[1])
    }
  }

  return out
}

export function applyDiff(records, diff) {
  for (const [id, op] of Object.entries(diff)) {
    if (op[0] === 'put') records.set(id, op[1])
    else if (op[0] === 'remove') records.delete(id)
    else if (op[0] === 'patch' && records.has(id)) {
      records.set(id, apply(records.get(id), op[1]))
    }
  }
}

// Whether a diff holds an append to a string anywhere.

export function hasStringAppend(value) {
  if (!Array.isArray(value)) {
    return value !== null && typeof value === 'object'
           && Object.values(value).some(hasStringAppend)
  }

  return (value[0] === 'append' && typeof value[1] === 'string')
         || (value[0] === 'patch' && hasStringAppend(value[1]))
}

// A client

export class Client {
  // t: a server; options: cookie, link, session, store, headers, path,
  // socket (one that is connected)

  constructor(t, board, options = {}) {
    const query = new URLSearchParams()

    if (options.link) query.set('link', options.link)
    if (options.session !== null) {
      query.set('sessionId', options.session ?? newId())
      query.set('storeId', options.store ?? newId())
    }

    this.options = options
    this.items = []         // every message that came
    this.messages = 0       // frames that carried them
    this.records = new Map()
    this.pending = new Map()
    this.clock = options.firstClock ?? 0
    this.serverClock = null
    this.ended = null       // { code, reason } once it is over
    this.waiters = new Set()
    this.input = Buffer.alloc(0)
    this.inputs = []
    this.parts = []

    const key = randomBytes(16).toString('base64')
    const want = createHash('sha1').update(key + GUID).digest('base64')
    const headers = {
      Host: `${t.host}:${t.port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': 13,
      'Sec-WebSocket-Key': key,
      ...(options.cookie ? { Cookie: options.cookie } : {}),
      ...options.headers,
    }

    const path = options.path ?? `/connect/${board}?${query}`

    this.socket = options.socket ?? dial(t.port, t.host)
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.end({ code: 1006, reason: '' }))
    this.socket.write(`GET ${path} HTTP/1.1\r\n`
      + Object.entries(headers).map(([n, v]) => `${n}: ${v}\r\n`).join('')
      + '\r\n')

    this.opened = new Promise((resolve, reject) => {
      let head = Buffer.alloc(0)

      const read = (bytes) => {
        head = Buffer.concat([head, bytes])

        const at = head.indexOf('\r\n\r\n')

        if (at < 0) return

        const text = head.subarray(0, at).toString()

        this.status = Number(text.split(' ')[1])

        if (this.status !== 101 || !text.includes(want)) {
          this.socket.destroy()
          reject(new Error(`no upgrade: ${text}`))
          return
        }

        this.socket.off('data', read)
        this.socket.on('data', (more) => this.data(more))
        if (head.length > at + 4) this.data(head.subarray(at + 4))
        resolve(this)
      }

      this.socket.on('data', read)
      this.socket.on('close', () => reject(new Error('no answer')))
    })

    this.opened.catch(() => {})
  }

  end(close) {
    this.ended ??= close
    this.wake()
  }

  wake() {
    for (const waiter of this.waiters) waiter()
  }

  data(bytes) {
    this.inputs.push(bytes)
    this.have = (this.have ?? 0) + bytes.length

    if (this.have < (this.need ?? 0)) return

    this.input = Buffer.concat(this.inputs)

    for (;;) {
      const { input } = this

      this.need = 2
      if (input.length < 2) break

      let length = input[1] & 127
      let at = 2

      if (length === 126) {
        this.need = 4
        if (input.length < 4) break
        length = input.readUInt16BE(2)
        at = 4
      } else if (length === 127) {
        this.need = 10
        if (input.length < 10) break
        length = Number(input.readBigUInt64BE(2))
        at = 10
      }

      this.need = at + length
      if (input.length < at + length) break

      this.input = input.subarray(at + length)
      this.frame(input[0], input.subarray(at, at + length))
    }

    this.inputs = [this.input]
    this.have = this.input.length
    this.wake()
  }

  frame(first, payload) {
    const opcode = first & 15

    if (opcode === 8) {
      this.end(payload.length < 2 ? { code: 1005, reason: '' }
        : { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) })
      this.socket.end(this.bytes(8, payload))
    } else if (opcode === 9) {
      this.socket.write(this.bytes(10, payload))
    } else if (opcode <= 2) {
      this.parts.push(payload)

      if (first & 128) {
        const text = Buffer.concat(this.parts).toString()

        this.parts = []
        this.binary ||= opcode === 2
        this.message(text)
      }
    }
  }

  message(text) {
    const message = JSON.parse(text)
    const at = Date.now()

    this.messages++
    this.options.onText?.(text)

    for (const item of message.type === 'data' ? message.data : [message]) {
      this.note(item, at)
    }
  }

  note(item, at) {
    if (!SERVER_MESSAGES.includes(item.type)) {
      this.strange = item.type
    }

    if (!this.options.forget || item.type === 'connect') this.items.push(item)
    this.options.onItem?.(item, at)

    if (item.type === 'connect') {
      for (const id of this.records.keys()) {
        if (item.hydrationType === 'wipe_all'
            || id.startsWith('instance_presence:')) this.records.delete(id)
      }
      applyDiff(this.records, item.diff)
      this.serverClock = item.serverClock
    } else if (item.type === 'patch') {
      if (item.serverClock < this.serverClock) this.wentBack = item
      applyDiff(this.records, item.diff)
      this.serverClock = item.serverClock
    } else if (item.type === 'push_result') {
      const [next] = this.pending.keys()

      if (next !== item.clientClock) this.disorder = item
      if (item.serverClock < this.serverClock) this.wentBack = item

      if (item.action === 'commit') {
        applyDiff(this.records, this.pending.get(next) ?? {})
      } else if (item.action !== 'discard') {
        applyDiff(this.records, item.action.rebaseWithDiff)
      }

      this.pending.delete(next)
      this.serverClock = item.serverClock
    }
  }

  // Waits until look() gives something true; dies with the connection unless
  // told that this may happen.

  async until(look, what, ms = DEADLINE) {
    let timer
    let waiter

    try {
      return await new Promise((resolve, reject) => {
        waiter = () => {
          try {
            const got = look()

            if (got) resolve(got)
            else if (this.ended && what !== 'the end') {
              reject(new Error(`${what ?? 'waiting'}: the connection ended `
                + `with ${this.ended.code} ${this.ended.reason}`))
            }
          } catch (error) {
            reject(error)
          }
        }

        timer = setTimeout(() => reject(new Error(
          `waited in vain for ${what ?? 'something'}; last came `
          + show(this.items.slice(-3)))), ms)

        this.waiters.add(waiter)
        waiter()
      })
    } finally {
      clearTimeout(timer)
      this.waiters.delete(waiter)
    }
  }

  // Sending

  bytes(opcode, payload, { fin = true, mask = randomBytes(4) } = {}) {
    const { length } = payload
    const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10)

    head[0] = (fin ? 128 : 0) | opcode

    if (length < 126) head[1] = 128 | length
    else if (length < 65536) {
      head[1] = 254
      head.writeUInt16BE(length, 2)
    } else {
      head[1] = 255
      head.writeBigUInt64BE(BigInt(length), 2)
    }

    const body = Buffer.from(payload)

    for (let i = 0; i < length; i++) body[i] ^= mask[i & 3]

    return Buffer.concat([head, mask, body])
  }

  text(text) {
    this.socket.write(this.bytes(1, Buffer.from(text)))
  }

  send(message) {
    this.text(JSON.stringify(message))
  }

  // Parts as clients make them (1.3), for any N.

  chunks(text, size = 262144) {
    const parts = []
    let end = text.length

    while (end > 0) {
      const head = `${parts.length}_`
      const begin = Math.max(0, end - (size - head.length))

      parts.unshift(head + text.slice(begin, end))
      end = begin
    }

    return parts
  }

  long(message) {
    const text = JSON.stringify(message)

    if (text.length < 262144) this.text(text)
    else for (const part of this.chunks(text)) this.text(part)
  }

  // connect; its reply

  async hello({ last, protocol, schema, id, ...rest } = {}) {
    protocol ??= this.options.protocol ?? 8
    last ??= this.options.last ?? (protocol < 8 ? 0 : -1)
    id ??= newId()

    this.protocol = protocol
    this.send({ type: 'connect', connectRequestId: id, lastServerClock: last,
      protocolVersion: protocol,
      schema: schema ?? this.options.schema ?? schemas['5.4.2'], ...rest })

    return this.until(() => this.items.find((item) =>
      item.type === 'connect' && item.connectRequestId === id), 'the reply')
  }

  push(diff, presence) {
    const message = { type: 'push', clientClock: this.clock++, diff, presence }

    this.pending.set(message.clientClock, diff)
    this.long(message)

    return message.clientClock
  }

  // A push in words of one's own: body is the JSON after the clock.

  pushText(body) {
    this.pending.set(this.clock, {})
    this.text(`{"type":"push","clientClock":${this.clock},${body}}`)

    return this.clock++
  }

  result(clock, ms) {
    return this.until(() => this.items.find((item) =>
      item.type === 'push_result' && item.clientClock === clock),
    `the result of push ${clock}`, ms)
  }

  // push and result in one; what became of it

  async put(diff, presence) {
    return this.result(this.push(diff, presence))
  }

  // The first patch from items[from] on whose diff pleases.

  patch(pleases, from = 0, ms = DEADLINE) {
    return this.until(() => this.items.slice(from).find((item) =>
      item.type === 'patch' && pleases(item.diff, item)), 'a patch', ms)
  }

  async ping(ms) {
    const before = this.items.filter((i) => i.type === 'pong').length

    this.send({ type: 'ping' })

    return this.until(() => this.items.filter((i) =>
      i.type === 'pong').length > before, 'a pong', ms)
  }

  closed(ms = DEADLINE) {
    return this.until(() => this.ended, 'the end', ms)
  }

  async refused(reason, ms) {
    equal(await this.closed(ms), { code: 4099, reason }, 'the end')
  }

  // The tab is closed; or, rudely, the network goes.

  async leave() {
    if (this.ended) return
    this.socket.write(this.bytes(8, Buffer.from([3, 0xe8])))
    await this.closed()
    this.socket.destroy()
  }

  drop() {
    this.socket.destroy()
  }

  // The document as this client sees it.

  document() {
    return Object.fromEntries([...this.records].filter(([id]) =>
      !id.startsWith('instance_presence:')).sort())
  }

  presences() {
    return [...this.records.values()].filter((r) =>
      r.typeName === 'instance_presence')
  }

  // What an upstream client would have choked on.

  sane() {
    equal(this.strange, undefined, 'a message of an unknown type')
    equal(this.disorder, undefined, 'a result out of order')
    equal(this.wentBack, undefined, 'a clock that went back')
    check(!this.binary, 'a binary frame')
  }
}

// Records of the newest generation

export const newId = () => randomBytes(16).toString('base64url').slice(0, 21)

export const page = (id, more) => ({ id, typeName: 'page', name: 'A page',
  index: 'a1', meta: {}, ...more })

export const group = (id, more) => ({ id, typeName: 'shape', type: 'group',
  x: 0, y: 0, rotation: 0, index: 'a1', parentId: 'page:page', isLocked: false,
  opacity: 1, props: {}, meta: {}, ...more })

export const draw = (id, segments, more) => ({ ...group(id), type: 'draw',
  props: { color: 'black', fill: 'none', dash: 'draw', size: 'm', segments,
    isComplete: false, isClosed: false, isPen: false, scale: 1, scaleX: 1,
    scaleY: 1 }, ...more })

export const text = (id, richText, more) => ({ ...group(id), type: 'text',
  props: { color: 'black', size: 'm', font: 'draw', textAlign: 'start', w: 8,
    richText, scale: 1, autoSize: true }, ...more })

export const presence = (more) => ({ id: 'instance_presence:mine',
  typeName: 'instance_presence', userId: 'user:me', userName: 'Me',
  lastActivityTimestamp: 1, followingUserId: null, color: '#FF0000',
  cursor: { x: 0, y: 0, type: 'default', rotation: 0 }, camera: null,
  screenBounds: null, selectedShapeIds: [], currentPageId: 'page:page',
  brush: null, scribbles: [], chatMessage: '', meta: {}, ...more })

// A server with people: s.ann owns the boards, s.bob is a second account.
// Options are those of start(); the tests' names begin with the database.

export async function suite(options, body) {
  const t = await start(options)
  const clients = []

  prefix = options.database ? `${options.database}: ` : ''

  const s = {
    t,
    url: `http://127.0.0.1:${t.port}/`,

    // REST: status and JSON

    async api(method, path, body, cookie = s.ann) {
      const answer = await fetch(`http://127.0.0.1:${t.port}/${path}`, {
        method,
        headers: { cookie, ...(body === undefined ? {}
          : { 'content-type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      })

      return { status: answer.status,
        json: await answer.json().catch(() => null) }
    },

    board: () => t.room(s.ann, 'A board'),

    // A socket that is open; what is said on it is the caller's business.

    async open(board, options = {}) {
      const c = new Client(t, board, { cookie: options.link ? undefined : s.ann,
        ...options })

      clients.push(c)
      await c.opened

      return c
    },

    // A client that is connected, c.reply being the reply.

    async join(board, options = {}) {
      const c = await s.open(board, options)

      c.reply = await c.hello()

      return c
    },

    pair: async (board, options) =>
      [await s.join(board, options), await s.join(board, options)],

    async viewer(board, options) {
      return s.join(board, { ...options,
        link: await t.link(s.ann, board, 'viewer') })
    },

    // rows of the database: [id, clock, state] and [id, clock]

    stored: (board) => t.sql('SELECT r.id, r.clock, r.state FROM records r '
      + `JOIN rooms b ON b.num = r.room WHERE b.id = '${board}' `
      + 'ORDER BY r.clock, r.id'),

    tombstones: (board) => t.sql('SELECT r.id, r.clock FROM tombstones r '
      + `JOIN rooms b ON b.num = r.room WHERE b.id = '${board}' `
      + 'ORDER BY r.clock, r.id'),

    async room(board) {
      const [[num, clock, history]] = await t.sql(
        `SELECT num, clock, history_start FROM rooms WHERE id = '${board}'`)

      return { num: Number(num), clock: Number(clock),
        history: Number(history) }
    },
  }

  try {
    s.ann = await t.register('ann@example.org')
    s.bob = await t.register('bob@example.org')
    await body(s)
    await test('what every client saw had sense', async () =>
      clients.forEach((c) => c.sane()))
  } catch (error) {
    ok(false, 'the suite came to its end', error)
  } finally {
    for (const c of clients) c.drop()
    ok(await t.finish(), 'nothing was left behind')
    prefix = ''
  }
}

export const plan = () => console.log(`1..${count}`)

// A file of tests: run(async () => { … suites … }).

export async function run(body) {
  try {
    await body()
  } catch (error) {
    ok(false, 'the file came to its end', error)
  }

  plan()
}

// Two people who draw on a board of their own and watch that all goes well;
// to be kept up while others misbehave.  await (await draws(s)).finish()

export async function draws(s, { every = 25, patience = 5000 } = {}) {
  const board = await s.board()
  const a = await s.join(board, { forget: true })
  const b = await s.join(board, { forget: true })
  const sent = [Date.now(), Date.now()]
  let worst = 0         // ms that a result took

  a.push({ 'shape:a': ['put', group('shape:a')] }, ['put', presence()])
  b.push({ 'shape:b': ['put', group('shape:b')] }, ['put', presence()])

  const step = ([me, id], i) => {
    if (me.pending.size) {
      worst = Math.max(worst, Date.now() - sent[i])
      return
    }

    sent[i] = Date.now()
    me.push({ [id]: ['patch', { x: ['put', me.clock] }] },
      ['patch', { cursor: ['put', { x: me.clock, y: 0, type: 'default',
        rotation: 0 }] }])
  }

  const timer = setInterval(() =>
    [[a, 'shape:a'], [b, 'shape:b']].forEach(step), every)

  return {
    async finish(name = 'two others drew on undisturbed') {
      clearInterval(timer)
      console.log(`# the longest wait for a result: ${worst} ms`)

      await test(name, async () => {
        for (const c of [a, b]) {
          await until(() => !c.pending.size || c.ended, 'the last results')
          equal(c.ended, null, 'a bystander was disconnected')
        }

        await until(() => isDeepStrictEqual(a.document(), b.document()),
          'equal documents')
        check(a.clock > 1 && b.clock > 1, 'nothing was drawn')
        check(worst < patience, `a result came after ${worst} ms`)

        const late = await s.join(board)

        equal(late.document(), a.document(), 'a late joiner')
        equal(a.document()['shape:a'].x, a.clock - 1)
        await late.leave()
      })
    },
  }
}
