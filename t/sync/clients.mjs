// The published clients as they are: TLSyncClient over ClientWebSocketAdapter
// of one package version, with the store of that version, in Node.
//
//     const tldraw = await generation('v7')
//     const p = new Person(tldraw, { url, name: 'Ann', headers: { cookie } })
//     await until(() => p.connected)
//     p.store.put([…])
//     p.cut('destroy')          // it comes back by itself
//     p.close()
//
// One generation a process: the packages share state by global names.  What
// a person sends and gets is watched: p.faults lists what must not happen.

import { isDeepStrictEqual } from 'node:util'
import { readFileSync } from 'node:fs'
import { setMaxListeners } from 'node:events'
import { createRequire } from 'node:module'
import { randomBytes, webcrypto } from 'node:crypto'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

const versions = { v7: '3.15.6', v8: '5.4.2' }

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function until(look, what, ms = 15000) {
  const end = Date.now() + ms

  for (;;) {
    const got = await look()

    if (got) return got

    if (Date.now() > end) {
      throw new Error(`waited in vain for ${typeof what === 'function'
        ? what() : what}`)
    }

    await sleep(10)
  }
}

export const newId = () => randomBytes(16).toString('base64url').slice(0, 21)

// What the adapter takes from a browser.

let loaded = null
const people = new Map()

function browser() {
  const WebSocket = require('ws')

  // The socket of one attempt; frames pass by the person they belong to.

  class Watched extends WebSocket {
    constructor(url) {
      const person = people.get(new URL(url).searchParams.get('sessionId'))

      super(url, { headers: person.headers, perMessageDeflate: false })

      this.watch = person.watch(this)
      this.addEventListener('message', ({ data }) => {
        if (this.readyState === WebSocket.OPEN) this.watch.came(data)
      })
      this.addEventListener('close', ({ code, reason }) =>
        this.watch.closed(code, reason))
    }

    send(text) {
      this.watch.sent(text)
      super.send(text)
    }

    // a browser gives out no message of a socket that is being closed

    set onmessage(handler) {
      super.onmessage = (event) => {
        if (this.readyState === WebSocket.OPEN) handler(event)
      }
    }
  }

  globalThis.window = Object.assign(new EventTarget(), { devicePixelRatio: 1 })
  globalThis.document = Object.assign(new EventTarget(), { hidden: false })
  globalThis.WebSocket = Watched
  globalThis.navigator ??= {}
  globalThis.crypto ??= webcrypto
  setMaxListeners(0, window, document)

  // as many frames a second as most screens

  globalThis.requestAnimationFrame = (f) => setTimeout(() => f(Date.now()), 16)
  globalThis.cancelAnimationFrame = (handle) => clearTimeout(handle)
}

export async function generation(name) {
  if (loaded) {
    if (loaded.name !== name) throw new Error('one generation a process')
    return loaded
  }

  browser()

  // as modules, because Node 18 cannot require() what one of them needs, and
  // all as seen from the first, because both generations have their own

  const path = require.resolve(`sync-core-${name}`)
  const near = createRequire(path)
  const load = (from) => import(pathToFileURL(
    from.replace(/dist-cjs\/index\.js$/, 'dist-esm/index.mjs')))

  const { TLSyncClient, ClientWebSocketAdapter } = await load(path)
  const { Store } = await load(near.resolve('@tldraw/store'))
  const { atom, computed } = await load(near.resolve('@tldraw/state'))
  const { createTLSchema } = await load(near.resolve('@tldraw/tlschema'))

  const file = new URL(`../../conf/schema/tldraw-${versions[name]}.json`,
    import.meta.url)

  loaded = { name, TLSyncClient, ClientWebSocketAdapter, Store, atom, computed,
    schema: createTLSchema(), types: JSON.parse(readFileSync(file)).types }

  return loaded
}

// Equality as JSON sees it, for what went through a socket.

export function canonical(value) {
  if (Array.isArray(value)) {
    return `[${value.map((v) => v === undefined ? 'null' : canonical(v))}]`
  }

  if (value !== null && typeof value === 'object') {
    const keys = Object.keys(value).filter((k) => value[k] !== undefined)

    return `{${keys.sort().map((k) =>
      `${JSON.stringify(k)}:${canonical(value[k])}`)}}`
  }

  return JSON.stringify(Object.is(value, -0) ? 0 : value)
}

export const canonicalAll = (records) => {
  const all = new Map()

  for (const r of records) all.set(r.id, canonical(r))

  return all
}

// The ids at which two such maps differ.

export const differences = (a, b) =>
  [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id))

export class Person {
  // url: of the board; name; headers; readonly: what the server should say;
  // note(person, what, detail): hears of every message

  constructor(tldraw, { url, name, headers = {}, readonly = false, note }) {
    const { Store, TLSyncClient, ClientWebSocketAdapter, atom, computed } = tldraw

    this.tldraw = tldraw
    this.name = name
    this.userId = `user:${name}`
    this.session = `TLDRAW_INSTANCE_STATE_V1_${newId()}`
    this.headers = headers
    this.readonly = readonly
    this.note = note ?? (() => {})
    this.faults = []
    this.error = null
    this.sockets = 0
    this.clock = 0              // the highest one ever shown to this person
    this.moves = 0

    const storeId = newId()
    const join = url.includes('?') ? '&' : '?'

    people.set(this.session, this)

    this.store = new Store({
      schema: tldraw.schema,
      props: { defaultName: '', onMount() {}, assets: {}, users: {} },
    })

    this.presence = atom('presence', this.presenceRecord(storeId))

    const others = this.store.query.records('instance_presence', () =>
      ({ userId: { neq: this.userId } }))

    this.adapter = new ClientWebSocketAdapter(() =>
      `${url}${join}sessionId=${this.session}&storeId=${storeId}`)

    // the published client loses a change that still waits for its frame
    // when a connect reply comes: give it up before every message

    this.adapter.onReceiveMessage(() => this.store._flushHistory())

    this.client = new TLSyncClient({
      store: this.store,
      socket: this.adapter,
      presence: this.presence,
      presenceMode: computed('mode', () => others.get().length ? 'full' : 'solo'),
      onLoad: () => {},
      onSyncError: (reason) => { this.error = reason },
      onAfterConnect: (_, { isReadonly }) => {
        if (isReadonly !== readonly) this.fault('isReadonly is wrong')
        this.store.ensureStoreIsUsable()
      },
    })
  }

  fault(what) {
    if (this.faults.length < 10) this.faults.push(`${this.name}: ${what}`)
  }

  presenceRecord(storeId) {
    return this.tldraw.schema.types.instance_presence.create({
      id: `instance_presence:${storeId}`, userId: this.userId,
      userName: this.name, currentPageId: 'page:page', color: '#123456',
      lastActivityTimestamp: 1, followingUserId: null, camera: null,
      cursor: { x: 0, y: 0, rotation: 0, type: 'default' } })
  }

  move(more) {
    const now = this.presence.get()

    this.presence.set({ ...now, ...more, lastActivityTimestamp: ++this.moves,
      cursor: { ...now.cursor, x: this.moves, y: this.moves / 7 } })
  }

  // Sees every frame of one socket.

  watch(socket) {
    const pushes = []
    let parts = ''
    let connected = false

    this.sockets++
    this.socket = socket

    return {
      sent: (text) => {
        if (!text.startsWith('{')) {
          parts += text.slice(text.indexOf('_') + 1)
          if (!text.startsWith('0_')) return
          text = parts
          parts = ''
        }

        const message = JSON.parse(text)

        if (message.type === 'push') pushes.push(message.clientClock)
        this.note(this, 'sends', message)
        this.onSent?.(message)
      },

      came: (data) => {
        const message = JSON.parse(data)

        this.note(this, 'gets', message)

        if (message.type === 'pong') return

        if (message.type === 'connect') {
          if (connected) this.fault('a second connect reply')
          connected = true
          this.shown(message)
          return
        }

        if (!connected) this.fault(`${message.type} before the connect reply`)
        if (message.type !== 'data') return this.fault(`got ${message.type}`)

        for (const item of message.data) {
          this.shown(item)

          if (item.type === 'push_result') {
            if (pushes.shift() !== item.clientClock) {
              this.fault(`push_result ${item.clientClock} out of order`)
            }
          } else if (item.type !== 'patch') {
            this.fault(`got ${item.type}`)
          }
        }
      },

      closed: (code, reason) => {
        this.last = { code, reason }
        this.note(this, 'closed', { code, reason })
      },
    }
  }

  shown(item) {
    if (!(item.serverClock >= this.clock)) {
      this.fault(`the clock went from ${this.clock} to ${item.serverClock}`)
    }

    this.clock = Math.max(this.clock, item.serverClock)
    this.onShown?.(item)
  }

  get connected() { return this.client.isConnectedToRoom }

  get serverClock() { return this.client.lastServerClock }

  // Has nothing of this client's own yet to be sent or answered?

  get idle() {
    this.store._flushHistory()

    return this.connected && !this.unsent && !this.client.incomingDiffBuffer.length
      && !this.client.pendingPushRequests.length
  }

  get unsent() {
    const { nextDiff, nextPresence } = this.client.unsentChanges ?? {}

    // A client that leaves its solo mode after it was connected keeps the
    // presence it has pushed as one still to be sent, and does not send it.

    const moved = nextPresence
      && !isDeepStrictEqual(nextPresence, this.client.lastPushedPresenceState)

    return Boolean(moved || (nextDiff
      && Object.values(nextDiff).some((part) => Object.keys(part).length)))
  }

  // Nothing that a later change of the same record would be merged into.

  get clean() {
    this.store._flushHistory()

    return !this.client.unsentChanges?.nextDiff
      && !this.client.pendingPushRequests.some((p) => p.sent === false)
  }

  document() {
    return canonicalAll(Object.values(this.store.serialize('document')))
  }

  others() {
    return this.store.allRecords().filter((r) =>
      r.typeName === 'instance_presence')
  }

  // What networks do: destroy (reset), end (our half closes), silence (reading
  // stops), restart (the client gives up a socket that still works).

  cut(how) {
    const ws = this.socket

    if (!ws || ws.readyState !== 1) return

    this.note(this, 'cut', how)

    if (how === 'restart') this.adapter.restart()
    else if (how === 'end') ws._socket.end()
    else if (how === 'destroy') ws._socket.resetAndDestroy()
    else if (how === 'terminate') ws.terminate()
    else if (how === 'silence') ws.pause()
  }

  resume() {
    if (this.socket?.isPaused) this.socket.resume()
  }

  close() {
    this.client.close()
    this.adapter.close()
    this.socket?.terminate()
    people.delete(this.session)
  }
}
