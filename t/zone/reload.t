#!/usr/bin/env node

// People on a board go through reloads: who comes back is who he was and
// nobody disappears for the others; a zone of another size starts anew, and
// all works as before.

import('../lib/sync.mjs').then(async (sync) => {
  const { check, equal, newId, ok, plan, presence, sleep, test, until } = sync
  const { host, names } = await import('../faults/workers.mjs')
  const { Client } = sync

  const h = await host({ workers: 4 })
  const id = await h.room(h.ann, 'A board')
  const people = []

  // who is silent for 20 s is closed

  setInterval(() => {
    for (const p of people) if (!p.c.ended) p.c.send({ type: 'ping' })
  }, 5000).unref()

  // who comes back at once whenever he is closed

  const sit = async (person, first) => {
    const c = new Client(h, id, { cookie: h.ann, session: person.session,
      socket: first })

    await c.opened.catch(() => {})

    // an old worker took the connection and says so: as every client does

    if (c.status === 503) {
      await sleep(100)
      return sit(person)
    }

    await c.opened
    c.reply = await c.hello()
    c.push(undefined, ['put', presence({ userName: person.name })])
    person.c = c
    person.seats++
    c.until(() => c.ended, 'the end', 120000).then(async () => {
      if (person.done) return
      person.closes.push(c.ended.code)
      await sit(person)
    }, () => {})

    return c
  }

  for (const [i, pid] of (await h.workers()).entries()) {
    for (const k of [1, 2]) {
      const person = { name: `p${i}${k}`, session: newId(), closes: [], seats: 0 }

      await sit(person, await h.dial(pid))
      people.push(person)
    }
  }

  const together = () => until(() => people.every((p) => p.c && !p.c.ended
    && names(p.c).join() === people.map((o) => o.name)
      .filter((name) => name !== p.name).sort().join()),
  () => 'all to see one another: '
    + people.map((p) => `${p.name}: ${names(p.c)}`).join('; '), 9000)

  const ids = () => new Map(people[0].c.presences().map((p) =>
    [p.userName, p.id]))

  const ask = async () => (await h.api('GET', `api/rooms/${id}/presence`)).people

  const reload = async () => {
    const old = await h.workers()
    const seats = people.map((p) => p.seats)

    await h.main.reload()
    await until(() => people.every((p, i) => p.seats > seats[i]),
      'all to come back', 9000)
    await until(async () => !(await h.workers()).some((p) => old.includes(p)),
      'the end of the old workers')
  }

  await together()

  for (const [what, workers] of [['a reload', 4], ['another one', 4],
    ['one to fewer workers', 2], ['one to more', 4]]) {
    await test(`${what}: everybody goes on as who he was`, async () => {
      const before = ids()
      const since = new Map((await ask()).map((p) => [p.id, p.since]))

      await h.main.workersFromNow(workers)
      await reload()
      await together()

      const after = ids()
      const kept = [...after].filter(([name, pid]) => before.get(name) === pid)

      check(kept.length === 7, `${kept.length} of 7 kept their presence`)

      // nobody was told that one of them had gone

      for (const p of people) {
        const gone = p.c.items.flatMap(({ diff }) => Object.entries(diff ?? {}))
          .filter(([, op]) => op[0] === 'remove')

        equal(gone.map(([pid]) => pid), [], `gone for ${p.name}`)
      }

      const list = await ask()

      equal(list.length, 8, 'people')
      equal([...new Set(list.map((p) => p.id))].length, 8, 'ids')
      check(since.size === 8, 'since')
    })
  }

  await test('what was shown of old workers ends with them', async () => {
    await sleep(6000)
    await together()
    equal((await ask()).length, 8, 'people')
  })

  for (const size of ['1m', '128k', '32m']) {
    await test(`a zone of ${size}`, async () => {
      await h.main.locationFromNow(`tidraw_zone ${size};`)
      await reload()
      await together()
      await until(async () => (await ask()).length === 8, 'all in the list')
    })
  }

  for (const p of people) {
    p.done = true
    equal([...new Set(p.closes)].join(), '1012', `${p.name} was closed with`)
    p.c.drop()
  }

  ok(await h.end(), 'nothing was left behind')
  plan()
})
