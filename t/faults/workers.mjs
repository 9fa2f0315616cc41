// A host with several workers, and who of them serves whom.
//
//     const h = await host({ database: 'postgres', workers: 4 })
//     const [a, b] = await h.seats(board, [0, 1], { cookie })
//
// Clients reach it on a second port with "reuseport", where the kernel gives
// every worker its share; what became of a connection is read from /proc.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { connect as dial, createServer } from 'node:net'
import { Client, sleep, until } from '../lib/sync.mjs'
import { databases, start } from '../lib/server.mjs'

export const wanted = process.env.DATABASES?.split(/[ ,]+/) ?? databases

export const long = Boolean(process.env.LONG)

// A number of rounds: NAME of the environment, or one of the two forms.

export const rounds = (name, brief, full) =>
  Number(process.env[name] || (long ? full : brief))

// The p-th percentile, 0 to 100.

export function percentile(list, p) {
  const sorted = Float64Array.from(list).sort()

  return sorted[Math.min(sorted.length - 1, sorted.length * p / 100 | 0)] ?? 0
}

export const ms = (n) => `${n.toFixed(n < 10 ? 1 : 0)} ms`

export const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(
  readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)

// The part of a core that processes use meanwhile.

export async function core(pids, meanwhile) {
  const ticks = () => pids.reduce((sum, pid) => {
    try {
      const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/.*\) /s, '').split(' ').slice(11, 13)

      return sum + Number(user) + Number(system)
    } catch {
      return sum
    }
  }, 0)

  const began = performance.now()
  const before = ticks()

  await meanwhile()

  return (ticks() - before) * 10 / (performance.now() - began)
}

async function freePort() {
  const [low, high] = (process.env.TIDRAW_PORTS || '28000-31999').split('-')

  for (;;) {
    const port = Number(low) + Math.floor(Math.random() * (high - low + 1))
    const server = createServer()

    const free = await new Promise((resolve) => {
      server.on('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })

    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}

// { port of the client: pid } of the connections to "port" that were accepted,
// or of those that were made to it.

function owners(port, pids, made) {
  const hex = (n) => n.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Map()
  const all = new Map()

  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/)

    const [there, here] = made ? [remote, local] : [local, remote]

    if (there === `0100007F:${hex(port)}` && inode !== '0') {
      inodes.set(`socket:[${inode}]`, parseInt(here.split(':')[1], 16))
    }
  }

  for (const pid of pids) {
    let fds = []

    try {
      fds = readdirSync(`/proc/${pid}/fd`)
    } catch { /* it ended */ }

    for (const fd of fds) {
      try {
        const peer = inodes.get(readlinkSync(`/proc/${pid}/fd/${fd}`))

        if (peer) all.set(peer, pid)
      } catch { /* closed meanwhile */ }
    }
  }

  return all
}

// Somebody else may be given the port before nginx has it.

async function begin(options) {
  for (let n = 1; ; n++) {
    const shared = await freePort()

    try {
      return [shared, await start({ ...options, conf: { ...options.conf,
        server: `listen 127.0.0.1:${shared} reuseport;` } })]
    } catch (error) {
      if (n === 5 || !/already in use|duplicate listen/.test(error.message)) {
        throw error
      }
    }
  }
}

export async function host({ workers = 4, ...options }) {
  const [shared, t] = await begin({ workers, ...options })

  // for what wants a server: the same one on the other port

  const h = Object.create(t, { port: { get: () => shared } })
  const clients = []

  // who is silent for 20 s is closed

  setInterval(() => clients.forEach((c) => c.ended || c.send({ type: 'ping' })),
    5000).unref()

  h.main = t
  h.ann = await t.register('ann@example.org')

  // the pid behind each of these sockets (net.Socket)

  h.pids = async (sockets) => {
    const all = owners(shared, await t.workers())

    return sockets.map((socket) => all.get(socket.localPort))
  }

  // A connection to the worker with this pid.  A stopped one accepts none.

  h.dial = async (pid) => {
    const strays = []

    try {
      return await until(async () => {
        const socket = dial(shared, '127.0.0.1')

        socket.on('error', () => {})
        strays.push(socket)

        const end = Date.now() + 300
        let at

        do {
          await sleep(2);
          [at] = await h.pids([socket])
        } while (!at && Date.now() < end)

        if (at === pid) strays.pop()

        return at === pid && socket
      }, `a connection to worker ${pid}`)
    } finally {
      strays.forEach((socket) => socket.destroy())
    }
  }

  // A client of that worker, which has said hello.

  h.seat = async (board, pid, options = {}) => {
    const socket = await h.dial(pid)
    const c = new Client(h, board, { cookie: options.link ? undefined : h.ann,
      ...options, socket })

    clients.push(c)
    await c.opened
    c.reply = await c.hello()

    return c
  }

  h.seats = async (board, pids, options) => {
    const all = []

    for (const pid of pids) all.push(await h.seat(board, pid, options))

    return all
  }

  // REST as somebody, on a connection of its own: JSON

  h.api = (method, path, body, cookie = h.ann) =>
    new Promise((resolve, reject) => {
      const r = request({ port: t.port, host: '127.0.0.1', method,
        path: `/${path}`, agent: false, timeout: 15000,
        headers: { cookie, ...(body === undefined ? {}
          : { 'content-type': 'application/json' }) } }, (answer) => {
        let text = ''

        answer.setEncoding('utf8')
        answer.on('data', (more) => { text += more })
        answer.on('end', () => {
          if (answer.statusCode < 300) resolve(text ? JSON.parse(text) : null)
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`))
        })
      })

      r.on('timeout', () => r.destroy(new Error(`${method} ${path}: no answer`)))
      r.on('error', reject)
      r.end(body === undefined ? undefined : JSON.stringify(body))
    })

  h.end = async () => {
    for (const c of clients) c.drop()

    return t.finish()
  }

  return h
}

// A host whose PostgreSQL is "way" ms away, and as many back.

export async function far(way, options) {
  const near = await start({ database: 'postgres' })
  const url = new URL(near.database.replace('@/', '@localhost/'))
  const path = `${url.searchParams.get('host')}/.s.PGSQL.`
    + url.searchParams.get('port')

  // what became of commits: who asked (a connection), whether it was stored;
  // an answer ends with "ready for query", and says if a transaction is open

  const outcomes = []
  let opened = () => {}

  const look = (one) => {
    const c = { one, port: one.remotePort, backend: 0 }
    let rest = ''

    return (data) => {
      const parts = (rest + data.toString('latin1'))
        .split(/Z\0\0\0\x05([ITE])/)

      if (!c.backend) {
        const key = parts[0].lastIndexOf('K\0\0\0\x0c')

        if (key >= 0 && parts.length > 1) {
          c.backend = Buffer.from(parts[0], 'latin1').readUInt32BE(key + 5)
        }
      }

      rest = parts.pop()

      for (let i = 0; i < parts.length; i += 2) {
        if (parts[i].includes('INSERT 0 1\0')) outcomes.push([c.port, true])
        else if (parts[i].includes('C22012\0')) outcomes.push([c.port, false])
        else if (parts[i + 1] === 'T') opened(c)
      }
    }
  }

  // every byte arrives, in its order, a little later

  const server = createServer((one) => {
    const other = dial(path)

    for (const [from, to] of [[one, other], [other, one]]) {
      const later = (what) => setTimeout(() => to.destroyed || what(), way)

      if (from === other) from.on('data', look(one))
      from.on('data', (data) => later(() => to.write(data)))
      from.on('close', () => later(() => to.destroy()))
      from.on('error', () => {})
    }
  })

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  await near.quit()

  const h = await host({ ...options, database: 'postgresql://postgres@'
    + `127.0.0.1:${server.address().port}${url.pathname}` })
  const { end } = h

  h.sql = near.sql

  const asked = async () => owners(server.address().port, await h.workers(), true)

  // [pid, stored or lost], in the order of the answers, since the last call

  h.outcomes = async () => {
    const all = await asked()

    return outcomes.splice(0).map(([one, stored]) => [all.get(one), stored])
  }

  // Does something to the worker that gets a lock next, which does not hear of
  // it before: act(pid, pid of its backend).  The worker's pid.

  h.locked = async (act) => {
    const all = await asked()
    let done

    opened = (c) => {
      const pid = all.get(c.port)

      if (!pid) return

      opened = () => {}
      c.one.pause()
      done = (async () => {
        await act(pid, c.backend)
        c.one.resume()
        return pid
      })()
    }

    await until(() => done, 'a worker with a lock')

    return done
  }

  h.end = async () => {
    const good = await end()

    await near.finish()

    return good
  }

  return h
}

// Names of those whose presence somebody sees.

export const names = (c) => c.presences().map((p) => p.userName).sort()
