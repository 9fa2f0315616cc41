#!/usr/bin/env node

// Deletions are remembered, up to a limit (reference 3.5; check-list 7).

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, page,
  sleep }) => run(async () => {
  const ids = (g, n) => Array.from({ length: n }, (_, i) => `page:${g}-${i}`)
  const all = (list, op) => Object.fromEntries(list.map((id) => [id, op(id)]))

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const board = await s.board()
      const a = await s.join(board)
      const removed = {}   // id to clock

      const groups = async (from, to, n) => {
        for (let g = from; g < to; g++) {
          await a.put(all(ids(g, n), (id) => ['put', page(id)]))
          await a.put(all(ids(g, n), () => ['remove']))
          for (const id of ids(g, n)) removed[id] = a.serverClock
        }
      }

      // pruning is looked at once a second, with a push

      const touch = async () => {
        await sleep(1200)
        await a.put({ 'page:live': ['put', page('page:live',
          { name: `${a.clock}` })] })
      }

      const kept = async () => Object.fromEntries(
        (await s.tombstones(board)).map(([id, clock]) => [id, Number(clock)]))

      await test('9.7 up to 5000 nothing is pruned', async () => {
        await groups(0, 16, 300)
        await touch()
        equal(await kept(), removed)
        equal((await s.room(board)).history, 1)

        const c = await s.join(board, { last: 2 })

        equal(c.reply.hydrationType, 'wipe_presence')
        equal(Object.values(c.reply.diff).filter((op) => op[0] === 'remove')
          .length, 4800)
      })

      await test('9.7 beyond that the oldest go, groups of one clock are not '
        + 'split, the history start moves', async () => {
        await groups(16, 20, 300)
        await touch()

        const now = await kept()
        const oldest = Math.min(...Object.values(now))

        const n = Object.keys(now).length

        check(n % 300 === 0 && n <= 5000 && n >= 3700, `${n} remain`)
        equal((await s.room(board)).history, oldest)

        for (const [id, clock] of Object.entries(removed)) {
          equal(now[id], clock < oldest ? undefined : clock, id)
        }
      })

      await test('3.4 a client older than the history start gets everything, '
        + 'one at it gets the removes', async () => {
        const { history } = await s.room(board)

        for (const restarted of [false, true]) {
          if (restarted) await s.t.restart()

          const stale = await s.join(board, { last: history - 1 })

          equal(stale.reply.hydrationType, 'wipe_all')
          equal(Object.keys(stale.reply.diff), ['page:live'])

          const recent = await s.join(board, { last: history })
          const removes = Object.entries(recent.reply.diff)
            .filter(([, op]) => op[0] === 'remove').map(([id]) => id)

          equal(recent.reply.hydrationType, 'wipe_presence')
          equal(removes.sort(), Object.keys(removed).filter((id) =>
            removed[id] > history).sort())
        }
      })

      await test('9.7 one group alone beyond the limit: the history starts '
        + 'now', async () => {
        const other = await s.board()
        const c = await s.join(other)
        const many = ids('x', 5100)

        await c.put(all(many, (id) => ['put', page(id)]))
        await c.put(all(many, () => ['remove']))
        await sleep(1200)
        await c.put({ 'page:live': ['put', page('page:live')] })

        equal(await s.tombstones(other), [])

        const room = await s.room(other)

        equal(room.history, c.serverClock)
        equal(room.clock, c.serverClock)

        const d = await s.join(other, { last: c.serverClock - 1 })

        equal(d.reply.hydrationType, 'wipe_all')
        equal((await s.join(other, { last: c.serverClock })).reply
          .hydrationType, 'wipe_presence')
        check(!(await s.stored(other)).some(([id]) => id !== 'page:live'))
      })

      await test('9.5, 9.6 no record is newer than its board; too many '
        + 'tombstones that are found at the start are trimmed', async () => {
        const other = await s.board()
        const c = await s.join(other)

        await c.put({ 'page:p': ['put', page('page:p')] })

        const { num, clock } = await s.room(other)

        await s.t.stop()
        await s.t.sql('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT '
          + 'i + 1 FROM n WHERE i < 6000) INSERT INTO tombstones (room, id, '
          + `clock) SELECT ${num}, 'page:old' || i, ${clock} + i FROM n`)
        await s.t.sql(`UPDATE rooms SET clock = ${clock + 6000} `
          + `WHERE num = ${num}`)
        await s.t.start()

        const d = await s.join(other, { last: clock })

        equal(Object.keys(d.reply.diff).length, 6000)
        await sleep(1200)
        await d.put({ 'page:p': ['remove'] })

        const left = (await s.tombstones(other)).map(([, n]) => Number(n))
        const room = await s.room(other)

        equal(left.length, 4001)
        equal(room.history, left[0])
        check(left.every((n) => n <= room.clock), 'clocks')
      })

      await test('3.5 presence leaves no tombstones', async () => {
        equal((await s.tombstones(board)).filter(([id]) =>
          !id.startsWith('page:')), [])
      })
    })
  }
}))
