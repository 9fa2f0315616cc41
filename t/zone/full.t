#!/usr/bin/env node

// A zone that is full makes lists of people incomplete and nothing else; when
// there is room again they are complete again.

import('../lib/sync.mjs').then(async (sync) => {
  const { check, equal, group, ok, plan, presence, test, until } = sync
  const { host, names } = await import('../faults/workers.mjs')

  const h = await host({ workers: 2,
    conf: { location: 'tidraw_zone 128k;' } })
  const pids = await h.workers()
  const id = await h.room(h.ann, 'Crowded')
  const all = []

  // who is silent for 20 s is closed

  setInterval(() => {
    for (const c of all) c.send({ type: 'ping' })
  }, 5000).unref()

  const ask = async () =>
    (await h.api('GET', `api/rooms/${id}/presence`)).people

  await test('everybody gets in', async () => {
    for (let i = 0; i < 60; i++) {
      const c = await h.seat(id, pids[i % 2])

      c.push(undefined, ['put', presence({ userName: `p${i}` })])
      all.push(c)
    }
  })

  await test('and sees all others', async () => {
    await until(() => all.every((c) => names(c).length === 59), 'all to be seen')
    await all[59].put({ 'shape:a': ['put', group('shape:a')] })
    await until(() => all.every((c) => c.records.get('shape:a')), 'the edit')
  })

  const held = (await ask()).length

  await test('as many as fit are listed', async () => {
    check(held > 20 && held < 60, `${held} of 60`)
    equal((await h.api('GET', 'api/rooms')).rooms[0].people.length, 1)
  })

  await test('the log says so once', async () => {
    const lines = (await h.main.errorLog()).split('\n')
      .filter((line) => line.includes('event=zone_full'))

    check(lines.length >= 1 && lines.length <= 2, `${lines.length} lines`)
  })

  await test('who had no place gets one when others leave', async () => {
    for (const c of all.splice(0, 25)) await c.leave()
    await until(async () => (await ask()).length === 35, 'a complete list', 9000)
  })

  ok(await h.end(), 'nothing was left behind')
  plan()
})
