#!/usr/bin/env node

// A long day in short: 200 clients walk from board to board, edit, leave or
// vanish; boards are made, opened, closed, opened again and deleted.  Memory
// stays where it was after the first sixth of the time, or 5 min, descriptors
// come back, and every acknowledged edit is there.  Single shapes are large:
// what all of them take on the boards is told, too, since each worker that
// has a board open holds its texts.
//
// MINUTES (0.4; LONG=1: 30; 4320 are three days), CLIENTS (200), DATABASES
// (sqlite; LONG=1: both, one after the other), WORKERS (2).  The module is
// the one without sanitizers: those keep what is freed.

delete process.env.TIDRAW_ASAN

import('../lib/sync.mjs').then(async ({ Client, group, ok, page, presence,
  run, sleep, until }) => {
  const { start } = await import('../lib/server.mjs')
  const { readFileSync, readdirSync } = await import('node:fs')
  const { request } = await import('node:http')

  const long = Boolean(process.env.LONG)
  const minutes = Number(process.env.MINUTES || (long ? 30 : 0.4))
  const people = Number(process.env.CLIENTS || 200)
  const workers = Number(process.env.WORKERS || 2)
  const databases = process.env.DATABASES?.split(/[ ,]+/)
    ?? (long ? ['sqlite', 'postgres'] : ['sqlite'])

  const total = minutes * 60000
  const settled = Math.min(total / 6, 300000)   // memory must not grow later
  const open = people / 5           // boards at a time
  const ring = open * 2             // boards that come around, twice
  const turn = Math.max(100, Math.min(2000, settled / 2 / ring))    // ms
  const allowed = minutes >= 10 ? 1 : 100       // per cent

  const any = (n) => Math.floor(Math.random() * n)

  // kB of memory of its own, and descriptors, of a process

  function look(pid) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kb = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1])

    return { own: kb('RssAnon'), shared: kb('RssShmem'),
      fds: readdirSync(`/proc/${pid}/fd`).length }
  }


  async function soak(database) {
    const t = await start({ database, workers, redis: 1 })
    const ann = await t.register('ann@example.org')
    const pids = [t.pid, ...await t.workers()]
    const ends = {}
    const faults = []
    const notes = new Map()   // of a board: { sent, acked, large } of each
                              // client; large: bytes in its shape
    const boards = []
    let acks = 0
    let visits = 0
    let done = false
    let first = 0             // of the boards that are open

    const api = (method, path) => new Promise((resolve) => {
      request({ host: t.host, port: t.port, method, path: `/${path}`,
        agent: false, headers: { cookie: ann, 'content-type':
          'application/json' } }, (answer) => {
        if (answer.statusCode > 299) {
          faults.push(`${method} ${path}: ${answer.statusCode}`)
        }

        answer.resume().on('end', resolve)
      }).on('error', resolve).end()
    })

    const add = async () => {
      const board = await t.room(ann, 'A board')

      notes.set(board, Array.from({ length: people }, () =>
        ({ sent: 0, acked: 0, large: 0 })))

      return board
    }

    // One visit of somebody to a board.

    async function visit(k) {
      const board = boards[(first + any(open)) % ring]
      const note = notes.get(board)[k]
      const c = new Client(t, board, { cookie: ann, forget: true })
      const id = `shape:${k}`
      const pending = []

      c.options.onItem = (item) => {
        if (item.type !== 'push_result') return

        const n = pending.shift()

        if (n) {
          note.acked = Math.max(note.acked, n)
          acks++
        }
      }

      await c.opened
      await c.hello()
      visits++

      const end = Date.now() - Math.log(1 - Math.random()) * ring / 4 * turn

      // before the board comes round again, and may be deleted

      const last = Math.min(end, Date.now() + ring / 4 * turn)

      c.push({ 'page:page': ['put', page('page:page')] },
        ['put', presence({ userName: `${k}` })])
      pending.push(0)

      while (Date.now() < last && !done && !c.ended) {
        await sleep(500 + any(1000))

        if (c.ended) break

        const n = ++note.sent

        note.large = any(100) ? 0 : any(100000)

        const diff = { [id]: ['put', group(id, { x: n, meta: note.large
          ? { big: 'x'.repeat(note.large) } : {} })] }

        // shapes come and go

        if (n % 3 === 0) diff[`${id}.a`] = ['put', group(`${id}.a`, { x: n })]
        if (n % 3 === 2) diff[`${id}.a`] = ['remove']

        pending.push(n)
        c.push(diff, ['patch', { cursor: ['put',
          { x: n, y: any(1000), type: 'default', rotation: 0 }] }])
      }

      if (c.ended) {
        ends[c.ended.code] = (ends[c.ended.code] ?? 0) + 1
        faults.push(`closed with ${c.ended.code} ${c.ended.reason}`)
      } else if (Math.random() < 0.5) await c.leave()
      else c.drop()
    }

    async function walk(k) {
      await sleep(any(Math.min(5000, total / 10)))

      while (!done) {
        try {
          await visit(k)
        } catch (error) {
          faults.push(error.stack)
        }
      }
    }

    const large = () => Math.round([...notes.values()].flat()
      .reduce((sum, note) => sum + note.large, 0) / 1024)
    const descriptors = () => pids.map((pid) => look(pid).fds)

    // what is made once, by the first use of anything, is no leak

    for (let i = 0; i < ring; i++) boards.push(await add())

    const age = boards.map((_, i) => i % 2)

    await Promise.all(boards.map(async (board) => {
      const c = new Client(t, board, { cookie: ann, forget: true })

      await c.opened
      await c.hello()
      c.push({ 'page:page': ['put', page('page:page')] })
      await c.until(() => !c.pending.size, 'an answer')
      await c.leave()
    }))

    await sleep(500)

    const before = descriptors()
    const samples = []
    const began = Date.now()
    const all = Array.from({ length: people }, (_, k) => walk(k))

    const turns = (async () => {
      while (!done) {
        await sleep(turn)

        // the next one to open was left long ago, or is a new one

        const at = (first + open) % ring

        if (age[at]++) {
          const old = boards[at]

          boards[at] = await add()
          age[at] = 0
          notes.delete(old)
          await api('DELETE', `api/rooms/${old}`)
        }

        await api('GET', 'api/rooms')
        first = (first + 1) % ring
      }
    })()

    let told = began

    while (Date.now() < began + total) {
      await sleep(Math.min(1000, total / 100))

      const now = pids.map(look)
      const own = now.reduce((sum, p) => sum + p.own, 0)

      samples.push({ at: Date.now() - began, own, texts: large() })

      if (Date.now() > told + 60000) {
        told = Date.now()
        console.log(`# ${Math.round((told - began) / 60000)} min: ${own} kB, `
          + `shared ${now.map((p) => p.shared)}, ${now.map((p) => p.fds)} `
          + `descriptors, ${acks} edits, ${visits} visits`)
      }
    }

    done = true
    await Promise.all([...all, turns])

    const part = (from) => samples.filter(({ at }) =>
      at >= from && at < from + settled)
      .reduce((most, sample) => sample.own > most.own ? sample : most)
    const [early, late] = [part(settled), part(total - settled)]
    const growth = (late.own / early.own - 1) * 100

    ok(growth < allowed, `${database}: memory of its own ${early.own} kB, `
      + `${late.own} kB in the end: ${growth.toFixed(2)} % `
      + `(large shapes ${early.texts} kB, ${late.texts} kB)`)

    await until(() => descriptors().every((n, i) => n <= before[i]),
      () => '', 45000).then(() => ok(true, `${database}: descriptors came back`),
      () => ok(false, `${database}: descriptors were ${before}, are `
        + descriptors()))

    const rows = await t.sql('SELECT b.id, r.id, r.state FROM rooms b '
      + 'JOIN records r ON r.room = b.num')
    const stored = new Map(rows.map(([board, id, state]) =>
      [`${board} ${id}`, JSON.parse(state).x]))
    let lost = 0

    for (const [board, list] of notes) {
      list.forEach(({ sent, acked }, k) => {
        const x = stored.get(`${board} shape:${k}`) ?? 0

        if (x < acked || x > sent) lost++
      })
    }

    ok(!lost && acks > 0 && !faults.length, `${database}: ${acks} acknowledged `
      + `edits in ${visits} visits, ${lost} lost`, faults.slice(0, 10).join('\n'))
    ok(await t.finish(), `${database}: nothing was left behind`)
  }

  await run(async () => {
    for (const database of databases) await soak(database)
  })

  process.exit()
})
