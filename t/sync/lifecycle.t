#!/usr/bin/env node

// Life and end of a session: time-outs, keepalive, leaving (reference 1.4,
// 2.1; check-list 34, 36 to 38; traps 4, 17).

import('../lib/sync.mjs').then(({ run, suite, test, together, equal, check,
  until, page, presence, sleep }) => run(async () => {
  const between = (ms, low, high, what) =>
    check(ms >= low && ms <= high, `${what} after ${ms} ms`)

  await suite({}, async (s) => {
    await test('1.4 ping and pong; no pong before connect', async () => {
      const c = await s.open(await s.board())

      c.send({ type: 'ping' })
      c.send({ type: 'ping' })
      await c.hello()
      await c.ping()
      equal(c.items.map((i) => i.type), ['connect', 'pong'])
      equal(Object.keys(c.items[1]), ['type'])
    })

    await test('1.7 unknown types are ignored', async () => {
      const c = await s.join(await s.board())

      for (const type of ['custom', 'pong', 'data', 'patch', 'push_result',
        'toString', '__proto__', '', 'PUSH', null, 7, ['push'], {}]) {
        c.send({ type, clientClock: 0, diff: {}, data: [] })
      }

      c.text('{}')
      await c.ping()
      equal(c.items.map((i) => i.type), ['connect', 'pong'])
    })

    await test('9.33, 12.17 a custom message of a client reaches nobody, and '
      + 'old sessions hear only what they know', async () => {
      const board = await s.board()
      const all = []

      for (const protocol of [5, 6, 7, 8]) {
        all.push(await s.join(board, { protocol }))
      }

      for (const c of all) c.send({ type: 'custom', data: { a: 1 } })
      await all[0].put({ 'page:c': ['put', page('page:c')] })
      await until(() => all.every((c) => c.records.has('page:c')))

      for (const c of all) {
        await c.ping()
        check(c.items.every((i) => ['connect', 'patch', 'push_result', 'pong']
          .includes(i.type)), JSON.stringify(c.items))
      }
    })

    await test('9.35 many sessions on one board at once', async () => {
      const board = await s.board()
      const all = await Promise.all(Array.from({ length: 30 }, () =>
        s.join(board)))

      await Promise.all(all.map((c, i) => c.put(
        { [`page:${i}`]: ['put', page(`page:${i}`)] })))
      await until(() => all.every((c) => c.records.size === 30))
      await Promise.all(all.map((c) => c.leave()))
    })

    await together(
      ['2.1 who does not connect within 10 s is closed, without a code',
        async () => {
          const c = await s.open(await s.board())
          const at = Date.now()

          equal((await c.closed(14000)).code, 1005)
          between(Date.now() - at, 9500, 12500, 'closed')
        }],

      ['2.1 pings before connect do not count', async () => {
        const c = await s.open(await s.board())
        const timer = setInterval(() => c.send({ type: 'ping' }), 2000)
        const at = Date.now()

        await c.closed(14000).finally(() => clearInterval(timer))
        between(Date.now() - at, 9500, 12500, 'closed')
      }],

      ['9.38 an idle session is closed after 20 s, its presence 5 s later',
        async () => {
          const board = await s.board()
          const c = await s.join(board)
          const d = await s.join(board)

          await c.put(undefined, ['put', presence()])

          const at = Date.now()
          const timer = setInterval(() => d.send({ type: 'ping' }), 5000)

          try {
            equal((await c.closed(24000)).code, 1005)
            between(Date.now() - at, 19500, 23000, 'closed')
            equal(d.presences().length, 1)
            await d.until(() => !d.presences().length, 'the remove', 9000)
            between(Date.now() - at, 24000, 31000, 'removed')
            await d.ping()
          } finally {
            clearInterval(timer)
          }
        }],

      ['9.38 a ping in time keeps a session, and it is not its own victim',
        async () => {
          const c = await s.join(await s.board())

          await sleep(12000)
          await c.ping()
          await sleep(12000)
          await c.put({ 'page:p': ['put', page('page:p')] })
          equal(c.ended, null)
        }],

      ['1.4 frames of pings are answered, but are no life', async () => {
        const c = await s.join(await s.board())
        const at = Date.now()
        const timer = setInterval(() =>
          c.socket.write(c.bytes(9, Buffer.from('x'))), 1000)

        await c.closed(24000).finally(() => clearInterval(timer))
        between(Date.now() - at, 19500, 23000, 'closed')
      }],

      ['9.34 sockets that end in all ways hurt nobody', async () => {
        const board = await s.board()
        const d = await s.join(board)

        for (let i = 0; i < 40; i++) {
          const c = await s.open(board)

          if (i % 4 > 0) await c.hello()
          if (i % 4 > 1) {
            c.push({ [`page:${i}`]: ['put', page(`page:${i}`)] },
              ['put', presence()])
          }

          if (i % 3 === 0) c.socket.resetAndDestroy?.() ?? c.drop()
          else if (i % 3 === 1) c.drop()
          else await c.leave()
        }

        await d.put({ 'page:end': ['put', page('page:end')] })
        equal(d.ended, null)
      }],

      ['4.2 a push whose author is gone still counts', async () => {
        const board = await s.board()
        const b = await s.join(board)

        for (let i = 0; i < 20; i++) {
          const c = await s.join(board)

          c.push({ [`page:${i}`]: ['put', page(`page:${i}`)] })
          await new Promise((done) => c.socket.end(c.bytes(8,
            Buffer.from([3, 0xe8])), done))
          await until(() => b.records.has(`page:${i}`), `page ${i}`)
        }

        equal((await s.stored(board)).length, 20)
      }],

      ['3.6 a board that everybody left and that was unloaded comes back '
        + 'the same', async () => {
        const board = await s.board()
        const c = await s.join(board)

        await c.put({ 'page:p': ['put', page('page:p')] })
        await c.put({ 'page:q': ['put', page('page:q')] })
        await c.put({ 'page:q': ['remove'] })
        await c.leave()
        await sleep(31500)

        const d = await s.join(board, { last: 3 })

        equal(d.reply.serverClock, c.serverClock)
        equal(d.reply.hydrationType, 'wipe_presence')
        equal(d.reply.diff, { 'page:q': ['remove'] })
      }],
    )
  })

  await suite({}, async (s) => {
    await test('a reload answers what was pushed, closes with 1012, and the '
      + 'client resumes', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)
      let n = 0

      while (n < 50) a.push({ [`page:${n}`]: ['put', page(`page:${n++}`)] })

      await s.t.reload()
      equal((await a.closed()).code, 1012)
      equal((await b.closed()).code, 1012)

      const again = await s.join(board, { last: b.serverClock })

      for (const [id, op] of Object.entries(again.reply.diff)) {
        equal(op[0], 'put', id)
        b.records.set(id, op[1])
      }

      const stored = (await s.stored(board)).map(([id]) => id)

      for (let i = 0; i < n; i++) {
        check(a.pending.has(i) || stored.includes(`page:${i}`),
          `page:${i} was acknowledged and is stored`)
      }

      equal(Object.keys(b.document()).sort(), stored.sort())
    })

    await test('the same for a quiet end', async () => {
      const board = await s.board()
      const a = await s.join(board)

      await a.put({ 'page:p': ['put', page('page:p')] })
      await s.t.quit()
      equal((await a.closed()).code, 1012)
      await s.t.start()

      const b = await s.join(board, { last: a.serverClock })

      equal([b.reply.diff, b.reply.serverClock], [{}, a.serverClock])
    })
  })
}))
