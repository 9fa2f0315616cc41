#!/usr/bin/env node

// Slow readers and fast senders (DESIGN 3, "Out to the sessions"; trap 14).

import('../lib/sync.mjs').then(({ run, suite, draws, test, equal, check, until,
  page, presence, sleep }) => run(async () => {
  const cursor = (x) => ['patch', { cursor: ['put', { x, y: 0,
    type: 'default', rotation: 0 }] }]
  const big = (i) => page(`page:${i}`, { name: `${i}`.padEnd(200000, 'x') })

  // Stops reading; what the kernel buffers is filled by pushes of 200 KB.

  const fill = async (a, megabytes) => {
    for (let i = 0; i < megabytes * 5; i++) {
      await a.put({ [`page:${i % 10}`]: ['put', big(i % 10)] })
      await a.put({ [`page:${i % 10}`]: ['remove'] })
    }
  }

  await suite({ conf: { location: 'tidraw_max_queue 64m;' } }, async (s) => {
    await test('a slow reader gets no presence but all edits, and everything '
      + 'once it has caught up', async () => {
      const board = await s.board()
      const [a, fast] = await s.pair(board)
      const slow = await s.join(board)
      const mover = await s.join(board)

      await mover.put(undefined, ['put', presence()])
      await until(() => slow.presences().length && fast.presences().length)
      slow.socket.pause()
      await fill(a, 12)

      for (let i = 1; i <= 200; i++) await mover.put(undefined, cursor(i))

      await a.put({ 'page:last': ['put', page('page:last')] })

      const late = await s.join(board)

      await late.put(undefined, ['put', presence({ userName: 'late' })])
      await mover.leave()
      await until(() => fast.presences().length === 2)
      slow.socket.resume()

      await until(() => slow.records.has('page:last'), 'the last edit')
      await until(() => slow.presences().some((p) => p.userName === 'late'),
        'who came meanwhile')

      const [moved] = slow.presences().filter((p) => p.userName === 'Me')

      equal(moved.cursor.x, 200, 'where he was last')
      equal(slow.document(), fast.document())
      equal(slow.serverClock, fast.serverClock)

      const edits = (c) => c.items.filter((i) => i.type === 'patch'
        && Object.keys(i.diff)[0].startsWith('page:'))
      const moves = (c) => c.items.filter((i) => i.type === 'patch'
        && Object.keys(i.diff)[0].startsWith('instance')).length

      equal(edits(slow).length, edits(fast).length, 'every edit')
      check(moves(fast) > 200, `${moves(fast)} moves`)
      check(moves(slow) < 20, `${moves(slow)} moves for the slow one`)
      await fast.until(() => fast.presences().length === 1, 'his end', 9000)
      await until(() => slow.presences().length === 1, 'his end')
    })

    await test('a sender of 20 000 pushes is slowed, and gets every result in '
      + 'order; others do not wait for it', async () => {
      const others = await draws(s)
      const board = await s.board()
      const a = await s.join(board)
      const b = await s.join(board, { forget: true })

      await a.put({ 'page:p': ['put', page('page:p', { name: 'start' })] })

      const frames = []

      for (let i = 1; i <= 20000; i++) {
        const diff = { 'page:p': ['patch', { name: ['put', `at ${i}`] }] }

        a.pending.set(a.clock, diff)
        frames.push(a.bytes(1, Buffer.from(JSON.stringify({ type: 'push',
          clientClock: a.clock++, diff }))))
      }

      a.socket.write(Buffer.concat(frames))

      const worst = []
      const c = await s.join(board)

      // who is silent for 20 s is closed

      const alive = setInterval(() => b.send({ type: 'ping' }), 5000)

      while (a.pending.size && !a.ended) {
        const at = Date.now()

        await c.ping()
        worst.push(Date.now() - at)
        await sleep(20)
      }

      clearInterval(alive)
      equal(a.ended, null)

      const results = a.items.filter((i) => i.type === 'push_result')

      equal(results.length, 20001)
      equal(results.every((r, i) => r.clientClock === i), true, 'in order')
      equal(results.every((r) => r.action === 'commit'
        || r.action.rebaseWithDiff), true)
      await until(() => b.records.get('page:p').name === 'at 20000')
      await until(() => c.records.get('page:p').name === 'at 20000')
      check(Math.max(...worst) < 1000, `a pong after ${Math.max(...worst)} ms`)
      await others.finish()
    })
  })

  await suite({ conf: { location: 'tidraw_max_queue 1m;' } }, async (s) => {
    await test('a reader beyond tidraw_max_queue is disconnected, comes back, '
      + 'and misses nothing', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)
      const slow = await s.join(board)

      slow.socket.pause()
      await fill(a, 16)
      await a.put({ 'page:last': ['put', page('page:last')] })
      await b.ping()
      slow.socket.resume()
      check((await slow.closed()).code !== 4099, 'not for good')

      const again = await s.join(board, { last: slow.serverClock })

      equal(again.reply.hydrationType, 'wipe_presence')

      for (const [id, op] of Object.entries(again.reply.diff)) {
        if (op[0] === 'put') slow.records.set(id, op[1])
        else slow.records.delete(id)
      }

      equal(slow.document(), a.document())
    })

    await test('a board larger than tidraw_max_queue can be opened',
      async () => {
        const board = await s.board()
        const a = await s.join(board)

        for (let i = 0; i < 20; i++) {
          await a.put({ [`page:${i}`]: ['put', big(i)] })
        }

        const b = await s.join(board)

        equal(b.document(), a.document())
        await b.ping()
      })
  })
}))
