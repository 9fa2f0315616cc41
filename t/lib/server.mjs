// Servers for the tests that run in Node.  The work is done by server.pl
// (Tidraw::Test), which lives as long as this process.
//
//     const t = await start({ database: 'postgres' })
//     const cookie = await t.register('ann@example.org')
//     const id = await t.room(cookie, 'Plans')
//     new WebSocket(`${t.wsUrl}connect/${id}`, { headers: { cookie } })
//     …
//     await t.finish()   // false: something was left behind, fail the test
//
// Options: database, redis, workers, tls, location, netns, address, backend, env
// and conf as in Test.pm; mail: true gives the server a mail server.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

let helper = null
let last = 0
const waiting = new Map()

function call(server, name, ...args) {
  helper ??= launch()

  const id = ++last

  if (waiting.size === 0) helper.ref()

  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    helper.stdin.write(JSON.stringify({ id, call: name, server, args }) + '\n')
  })
}

// The helper keeps Node alive only while an answer is awaited.

function launch() {
  const path = fileURLToPath(new URL('server.pl', import.meta.url))
  const child = spawn('perl', [path], { stdio: ['pipe', 'pipe', 'inherit'] })

  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line)
    const { resolve, reject } = waiting.get(id)

    waiting.delete(id)
    if (waiting.size === 0) child.unref()

    if (error === undefined) resolve(result)
    else reject(new Error(error.trim()))
  })

  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`the test server ended with ${code}`))
    }
    waiting.clear()
    helper = null
  })

  child.stdin.on('error', () => {})
  child.stdout.unref?.()
  child.stdin.unref?.()
  child.unref()

  return child
}

export const databases = ['sqlite', 'postgres']

export async function start(options = {}) {
  const server = await call(undefined, 'new', options)
  const t = { server }

  const on = (name) => (...args) => call(server, name, ...args)
  const renew = (name) => async (...args) =>
    Object.assign(t, await call(server, name, ...args))

  for (const name of ['start', 'restart', 'reload']) t[name] = renew(name)

  // register(email, {password, name, …}) and login give a Cookie header,
  // room(cookie, name) an id, link(cookie, room, role, {…}) a token,
  // sql(text) rows of strings, workers() pids, killWorker(pid, signal),
  // workersFromNow(n) and locationFromNow(conf) with the next start or reload,
  // allow(pattern, …) alerts that are meant, postgres('kill9' | 'start' |
  // 'stop' | 'restart' | 'pause' | 'resume') for what a database may do,
  // redis(…) for the one that all servers of the test share, mails(n) waits for
  // as many and gives them as Smtp.pm parses them, mailServer('start' | 'stop').
  for (const name of [
    'quit', 'stop', 'kill9', 'register', 'login', 'room', 'link', 'sql',
    'errorLog', 'workers', 'killWorker', 'workersFromNow', 'locationFromNow',
    'allow', 'postgres', 'redis', 'mails', 'mailServer',
    'finish',
  ]) t[name] = on(name)

  return t.start()
}

// Hosts of one site: they share a PostgreSQL database and a Redis; each has
// the options of its place in the list besides.

export async function startHosts(list, options = {}) {
  const hosts = []

  for (const own of list) {
    const t = await start({ redis: 1, ...options,
      database: hosts[0]?.database ?? 'postgres',
      env: { TIDRAW_SECRET: 'of all hosts', ...options.env }, ...own })

    hosts.push(t)
  }

  return hosts
}
