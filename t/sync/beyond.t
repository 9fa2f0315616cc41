#!/usr/bin/env node

// A connect with a clock that this worker has not reached yet, as after a
// reload: it catches up first, and then decides.

import('../lib/sync.mjs').then(({ run, suite, test, equal, page }) =>
  run(async () => {
    for (const database of ['sqlite', 'postgres']) {
      await suite({ database }, async (s) => {
        // what another worker does

        const elsewhere = async (board, id) => {
          const { num, clock } = await s.room(board)

          await s.t.sql(`INSERT INTO records (room, id, clock, state) VALUES (
            ${num}, '${id}', ${clock + 1}, '${JSON.stringify(page(id))}')`)
          await s.t.sql(
            `UPDATE rooms SET clock = ${clock + 1} WHERE num = ${num}`)

          return clock + 1
        }

        await test('a clock beyond this worker catches up first', async () => {
          const board = await s.board()
          const a = await s.join(board)

          await a.put({ 'page:a': ['put', page('page:a')] })

          const last = await elsewhere(board, 'page:b')
          const b = await s.open(board)
          const reply = await b.hello({ last })

          equal([reply.hydrationType, reply.serverClock, reply.diff],
            ['wipe_presence', last, {}])
          await a.patch((diff) => diff['page:b'])

          const { serverClock } = await b.put(
            { 'page:c': ['put', page('page:c')] })

          equal(serverClock, last + 1)
          await a.patch((diff) => diff['page:c'])
        })

        await test('a clock beyond the board gets all of it', async () => {
          const board = await s.board()
          const a = await s.join(board)

          await a.put({ 'page:a': ['put', page('page:a')] })

          const last = await elsewhere(board, 'page:b')
          const b = await s.open(board)
          const c = await s.open(board)
          const replies = await Promise.all([b.hello({ last: last + 100 }),
            c.hello({ last })])

          equal(replies.map((r) => [r.hydrationType, r.serverClock]),
            [['wipe_all', last], ['wipe_presence', last]])
          equal(Object.keys(b.document()), ['page:a', 'page:b'])
        })

        await test('one that goes while it waits is forgotten', async () => {
          const board = await s.board()
          const a = await s.join(board)

          for (let i = 0; i < 20; i++) {
            const last = await elsewhere(board, `page:b${i}`)
            const b = await s.open(board)

            b.hello({ last }).catch(() => {})
            if (i % 2) b.socket.end()
            else b.drop()
            await a.put({ 'page:a': ['put', page('page:a',
              { name: String(i) })] })
          }

          equal(Object.keys(a.document()).length, 21)
        })
      })
    }
  }))
