#!/usr/bin/env node

// Hosts of one site: A and B share a Redis, C has only the database.  Edits,
// presence and orders cross; Redis dies, restarts and stands still; a host
// dies.  Edits flow on, and everybody ends with the same board.
//
// ROUNDS (1; LONG=1: 20) of what happens to Redis; HOPS (300) measured.

import('../lib/sync.mjs').then(async ({ Client, check, equal, group, page, ok,
  presence, run, sleep, test, until }) => {
  const { startHosts } = await import('../lib/server.mjs')
  const { rounds: number } = await import('./workers.mjs')
  const rounds = number('ROUNDS', 1, 20)
  const hops = number('HOPS', 300, 300)

  await run(async () => {
    const began = Date.now()
    const hosts = await startHosts([{ workers: 2 }, {}, { redis: 0 }])
    const [A, B, C] = hosts
    const clients = []

    const ann = await A.register('ann@example.org')
    const bob = await A.register('bob@example.org')
    const [[bobId]] = await A.sql("SELECT id FROM users WHERE email = 'bob@example.org'")

    // those who say nothing are taken for gone

    setInterval(() => clients.forEach((p) => p.ended || p.send({ type: 'ping' })),
      2000).unref()

    const api = async (t, method, path, body, cookie = ann) => {
      const answer = await fetch(`http://127.0.0.1:${t.port}/${path}`, { method,
        headers: { cookie, 'content-type': 'application/json' },
        body: body && JSON.stringify(body) })

      check(answer.ok, `${method} ${path}: ${answer.status}`)

      return answer.status === 204 ? null : answer.json()
    }

    const join = async (t, board, options = {}) => {
      const c = new Client(t, board, { cookie: ann, forget: true, ...options })

      clients.push(c)
      await c.opened
      await c.hello()

      return c
    }

    const x = (c, id = 'shape:a') => c.records.get(id)?.x

    const move = (c, name) => c.push({}, ['put', presence({ userName: name })])
    const names = (c) => c.presences().map((p) => p.userName).sort().join(' ')

    const sees = (c, wanted, ms) => c.until(() => names(c) === wanted,
      `"${wanted}" instead of "${names(c)}"`, ms)

    const board = await A.room(ann, 'A board')
    const a = await join(A, board)
    const a2 = await join(A, board)
    const b = await join(B, board)
    const c = await join(C, board)

    let last = 0

    a.push({ 'page:page': ['put', page('page:page')],
      'shape:a': ['put', group('shape:a')] })

    const edit = () => a.push({ 'shape:a': ['patch', { x: ['put', ++last] }] })

    // how long it takes until all have the last edit; one of three is in time:
    // others use this machine, too

    const converge = async (who, limit) => {
      const late = []

      while (late.length < 3) {
        const at = Date.now()

        edit()
        await a.until(() => !a.pending.size, 'an answer')
        await Promise.all(who.map((p) => p.until(() => x(p) === last,
          `edit ${last}`)))

        const ms = Date.now() - at

        if (ms <= limit) return ms

        late.push(ms)
      }

      check(false, `it took ${late.join(', ')} ms`)
    }

    const line = async (t, text) => (await t.errorLog()).split('\n')
      .filter((l) => l.includes(text)).length

    await test('an edit reaches the host without Redis by polling', async () => {
      for (let i = 0; i < 3; i++) await converge([a2, b, c], 1500)
    })

    await test('the hop between hosts', async () => {
      const times = []

      for (let i = 0; i < hops; i++) {
        const came = [a2, b].map((p) => new Promise((resolve) => {
          p.options.onItem = () => queueMicrotask(() =>
            x(p) === last && resolve(performance.now()))
        }))

        edit()

        const [here, there] = await Promise.all(came)

        times.push(there - here)
        await sleep(20)
      }

      for (const p of [a2, b]) p.options.onItem = undefined

      times.sort((p, q) => p - q)

      const at = (q) => times[Math.floor(q * (times.length - 1))]

      console.log(`# hop of an edit: ${at(0.5).toFixed(2)} ms p50, `
        + `${at(0.99).toFixed(2)} ms p99, ${at(1).toFixed(2)} ms at most`)
      check(at(0.5) < 20, `${at(0.5)} ms p50`)
    })

    await test('presence reaches other hosts, and its end', async () => {
      move(a, 'ann')
      move(b, 'ben')
      await sees(a2, 'ann ben')
      await sees(b, 'ann')

      const late = await join(B, board)

      await sees(late, 'ann ben')
      move(late, 'late')
      await sees(a2, 'ann ben late')
      await late.leave()
      await sees(a2, 'ann ben')
    })

    await test('a tab that comes back on another host is the same one', async () => {
      const options = { session: 'one-tab', cookie: ann }
      const one = await join(A, board, options)

      move(one, 'tab')
      await sees(b, 'ann tab')
      one.drop()

      const two = await join(B, board, options)

      await sees(a2, 'ann ben tab')
      move(two, 'tab2')
      await sees(a2, 'ann ben tab2')
      await two.leave()
      await sees(a2, 'ann ben')
    })

    await test('orders reach other hosts within 2 s', async () => {
      const other = await A.room(ann, 'Another board')

      await api(A, 'POST', `api/rooms/${other}/members`,
        { email: 'bob@example.org', role: 'editor' })

      const second = await B.login('bob@example.org')
      const [d, e] = await Promise.all([bob, second].map((cookie) =>
        join(B, other, { cookie, forget: false })))

      await api(A, 'POST', 'api/auth/logout', {}, bob)
      await d.refused('NOT_AUTHENTICATED', 2000)

      e.push({ 'page:page': ['put', page('page:page')] })
      await e.until(() => !e.pending.size, 'an answer')

      await api(A, 'PUT', `api/rooms/${other}/members/${bobId}`,
        { role: 'viewer' })
      equal((await e.closed(2000)).code, 1012, 'the end of an editor')

      const f = await join(B, other, { cookie: second, forget: false })

      await api(A, 'DELETE', `api/rooms/${other}`)
      await f.refused('NOT_FOUND', 2000)
    })

    // what happens to Redis

    const ghosts = async (outage) => {
      const ghost = await join(A, board)

      move(ghost, 'ghost')
      await sees(b, 'ann ghost')

      const flow = setInterval(() => a.pending.size < 10 && edit(), 20)
      const before = last

      await outage(async () => {
        ghost.drop()

        await sleep(300)
        clearInterval(flow)
        await a.until(() => !a.pending.size, 'the answers')
        check(last > before, 'no edit went through')

        const times = []

        for (let i = 0; i < 3; i++) times.push(await converge([a2, b, c], 1500))

        move(b, 'ben2')

        return times
      })

      const at = Date.now()

      await a2.until(() => names(a2) === 'ann ben2' && names(b) === 'ann',
        'presence as it is', 15000)
      move(b, 'ben')
      await sees(a2, 'ann ben')
      await converge([a2, b], 1000)

      return Date.now() - at
    }

    for (let round = 0; round < rounds; round++) {
      await test('Redis is killed, and comes back', async () => {
        let times

        const back = await ghosts(async (meanwhile) => {
          await A.redis('kill9')
          times = await meanwhile()
          await A.redis('start')
        })

        console.log(`# without Redis hosts converge after ${times.join(', ')} ms; `
          + `presence is right ${back} ms after it is back`)
      })

      await test('Redis stands still, and goes on', async () => {
        let times

        const back = await ghosts(async (meanwhile) => {
          await A.redis('pause')

          try {
            times = await meanwhile()
            await sleep(round % 2 ? 9000 : 3000)
          } finally {
            await A.redis('resume')
          }
        })

        console.log(`# beside a silent Redis hosts converge after ${times.join(', ')} ms; `
          + `presence is right ${back} ms after it goes on`)
      })

      await test('Redis is restarted', async () => {
        await A.redis('restart')

        // what is new is seen both ways, and by both workers of A

        for (const [one, two] of [['amy', 'bea'], ['ann', 'ben']]) {
          move(a, one)
          move(b, two)
          await sees(a, two, 5000)
          await sees(b, one, 5000)
          await sees(a2, `${one} ${two}`, 5000)
        }

        await converge([a2, b, c], 1500)
      })
    }

    // five in a row: one that comes and goes does not fill the log

    await test('the log says once that Redis is gone, and that it is back', async () => {
      const least = Math.min(2 * rounds, 5)
      let gone

      await until(async () => {
        gone = await line(B, 'redis_away')
        return await line(B, 'redis_back') === gone
      }, 'Redis to be back as often as it was gone')
      check(gone >= least && gone <= 3 * rounds, `${gone} times gone`)
      equal(await line(C, 'redis'), 0, 'lines where there is none')
    })

    await test('presence of a host that ends in order goes at once', async () => {
      const at = Date.now()

      await B.quit()
      await sees(a2, 'ann', 3000)
      console.log(`# gone after ${Date.now() - at} ms, the end included`)
      await B.start()
    })

    await test('presence of a host that dies is gone within 10 s', async () => {
      const d = await join(B, board)

      move(d, 'dan')
      await sees(a2, 'ann dan')
      await B.kill9()

      const at = Date.now()

      await sees(a2, 'ann', 10000)
      console.log(`# gone after ${Date.now() - at} ms`)
    })

    await test('what every client saw had sense', async () =>
      clients.forEach((p) => p.sane()))

    for (const p of clients) p.drop()

    for (const t of [C, B, A]) ok(await t.finish(), 'nothing was left behind')

    console.log(`# ${((Date.now() - began) / 1000).toFixed(1)} s`)
  })

  process.exit()
})
