#!/usr/bin/env node

// A large board comes back: nearly every record of it was changed and some
// are gone when it is looked at, restored and copied as it was. 2 MB;
// LONG=1: 25 MB, for which a moment may take 10 s.

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, until,
  group }) => run(async () => {
  const long = process.env.LONG === '1'
  const bytes = (long ? 25 : 2) * 1024 * 1024
  const each = 4096
  const shapes = Math.ceil(bytes / each)
  const bunch = 256
  const limit = 10000

  const id = (i) => `shape:s${i}`
  const filler = (c, i) => c.repeat(each - 300 - `${i}`.length)

  // the records, a bunch at a time, without waiting for each other

  const all = (c, op) => Promise.all(Array.from(
    { length: Math.ceil(shapes / bunch) }, (_, k) => c.put(Object.fromEntries(
      Array.from({ length: Math.min(bunch, shapes - k * bunch) }, (_, j) =>
        [id(k * bunch + j), op(k * bunch + j)])))))

  const names = (documents) => documents.map((r) =>
    `${r.id} ${r.x} ${r.meta?.text?.slice(0, 1)}`).sort().join('\n')

  const documents = (records) => [...records.values()].filter((r) =>
    r.typeName === 'shape')

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const took = {}

      const timed = async (what, body) => {
        const from = Date.now()
        const result = await body()

        took[what] = Date.now() - from

        return result
      }

      await test('a large board comes back as it was', async () => {
        const board = await s.board()
        const c = await s.join(board)

        await all(c, (i) => ['put', group(id(i),
          { meta: { text: filler('a', i) } })])
        const then = c.serverClock
        const want = names(documents(c.records))

        check(want.split('\n').length === shapes, 'all of them')

        await all(c, (i) => ['patch', { x: ['put', i + 1],
          meta: ['patch', { text: ['put', filler('b', i)] }] }])
        await all(c, (i) => i % 10 === 0 ? ['remove']
          : ['patch', { x: ['put', i + 2] }])
        const later = c.serverClock
        const path = `api/rooms/${board}/history/${then}`

        const seen = await timed('look', () => s.api('GET', path))

        equal(seen.status, 200)
        check(names(seen.json.documents.map(({ state }) => state)
          .filter((r) => r.typeName === 'shape')) === want, 'what is shown')

        const restored = await timed('restore', async () => {
          const answer = await s.api('POST', `${path}/restore`, {})

          await until(() => c.serverClock === later + 1, 'the patch', 60000)

          return answer
        })

        equal([restored.status, restored.json],
          [200, { clock: later + 1, before: later }])
        check(names(documents(c.records)) === want, 'what others see')

        const copy = await timed('copy', () => s.api('POST', `${path}/copy`,
          { name: 'As it was' }))

        equal(copy.status, 201)
        check(names(documents((await s.join(copy.json.id)).records)) === want,
          'the copy')

        console.log(`# ${database}, ${bytes >> 20} MB: ` + Object.entries(took)
          .map(([what, ms]) => `${what} ${(ms / 1000).toFixed(2)} s`)
          .join(', '))

        for (const [what, ms] of Object.entries(took)) {
          check(ms <= limit, `${what} within ${limit} ms: ${ms}`)
        }
      })
    })
  }
})).catch((error) => {
  console.log(`not ok - ${error.stack}`)
  process.exitCode = 1
})
