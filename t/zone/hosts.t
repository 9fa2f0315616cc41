#!/usr/bin/env node

// Who is there on other hosts, also on boards that nobody has open here; whom
// a host that dies served is gone within ten seconds.

import('../lib/sync.mjs').then(async (sync) => {
  const { Client, check, equal, ok, presence, run, test, until } = sync
  const { startHosts } = await import('../lib/server.mjs')

  await run(async () => {
    const hosts = await startHosts([{}, {}, {}])
    const [one, two, three] = hosts
    const ann = await one.register('ann@example.org', { name: 'Ann' })
    const id = await one.room(ann, 'A board')
    const link = await one.link(ann, id, 'editor')

    const get = async (h, path) => (await fetch(
      `http://127.0.0.1:${h.port}/${path}`, { headers: { cookie: ann } })).json()
    const names = async (h) => (await get(h, `api/rooms/${id}/presence`))
      .people.map((p) => p.name)
    const all = (wanted, ms) => until(async () => {
      for (const h of hosts.filter((h) => !h.dead)) {
        if ((await names(h)).join() !== wanted) return false
      }

      return true
    }, async () => wanted, ms)

    const sit = async (h, name) => {
      const c = new Client(h, id, { link })

      await c.opened
      await c.hello()
      await c.put(undefined, ['put', presence({ userName: name })])

      return c
    }

    let a, b

    await test('all hosts know who is on one of them', async () => {
      a = await sit(one, 'on one')
      await all('on one', 8000)
    })

    await test('and on several', async () => {
      b = await sit(two, 'on two')
      await all('on one,on two', 8000)

      const { rooms } = await get(three, 'api/rooms')

      equal([rooms[0].present, rooms[0].people[0].name], [2, 'on one'])
    })

    await test('who leaves is gone everywhere', async () => {
      await a.leave()
      await all('on two', 8000)
    })

    await test('so is whom a dead host served', async () => {
      const at = Date.now()

      two.dead = true
      await two.kill9()
      await all('', 12000)
      check(Date.now() - at < 11000, `${Date.now() - at} ms`)
    })

    b.drop()
    for (const h of hosts) ok(await h.finish(), 'nothing was left behind')
  })
})
