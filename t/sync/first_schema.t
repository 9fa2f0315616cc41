#!/usr/bin/env node

// An empty board that clients of two generations open on two workers at once
// belongs to the generation that wrote first (reference 6.4).

import('../lib/sync.mjs').then(({ run, suite, test, equal, schemas, page,
  sleep }) =>
  run(async () => {
    for (const database of ['sqlite', 'postgres']) {
      await suite({ database }, async (s) => {
        // at once, as a worker does: ours may look at any time

        const elsewhere = (num, schema, record) => s.t.sql(
          `BEGIN; UPDATE rooms SET clock = 2, schema =
            '${JSON.stringify(schema)}' WHERE num = ${num};
          INSERT INTO records (room, id, clock, state) VALUES (${num},
            '${record.id}', 2, '${JSON.stringify(record)}'); COMMIT`)

        await test('a board that another worker opened for other clients',
          async () => {
            const board = await s.board()
            const schema = schemas['3.15.6']
            const a = await s.join(board, { schema, protocol: 7 })
            const { num } = await s.room(board)
            const theirs = page('page:theirs')

            // the other worker

            await elsewhere(num, schemas['5.4.2'], theirs)

            a.push({ 'page:ours': ['put', page('page:ours')] })

            equal((await a.closed()).code, 1012)
            equal((await s.stored(board)).map(([id]) => id), ['page:theirs'])

            const again = await s.open(board, { schema, protocol: 7 })

            again.hello().catch(() => {})
            await again.refused('CLIENT_TOO_OLD')

            const b = await s.join(board)

            equal(b.document(), { 'page:theirs': theirs })
          })

        await test('who connects while another worker opens the board',
          async () => {
            const board = await s.board()
            const schema = schemas['3.15.6']
            const early = await s.open(board, { schema, protocol: 7 })
            const { num } = await s.room(board)
            const theirs = page('page:theirs')

            // the other worker; ours hears of it when it asks the database

            await elsewhere(num, schema, theirs)
            await sleep(1500)
            await early.hello()

            equal(early.document(), { 'page:theirs': theirs })
          })
      })
    }
  }))
