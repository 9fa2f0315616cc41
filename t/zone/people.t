#!/usr/bin/env node

// Who is there: the list of a board and of all boards, over the workers of a
// host, whoever is asked.
//
// DATABASES picks some.

import('../lib/sync.mjs').then(async (sync) => {
  const { check, equal, ok, plan, presence, test, until } = sync
  const { host, wanted } = await import('../faults/workers.mjs')

  const show = (c, more) => c.put(undefined, ['put', presence(more)])

  async function people(database) {
    const h = await host({ database, workers: 4 })
    const pids = await h.workers()
    const t = (name) => `${database}: ${name}`
    const ben = await h.register('ben@example.org', { name: 'Ben' })
    const me = await h.api('GET', 'api/me')

    const ask = async (id, query = '', cookie) =>
      (await h.api('GET', `api/rooms/${id}/presence${query}`, undefined, cookie))
        .people

    // on connections of their own: several workers are asked

    const everywhere = (id, look, what) => until(async () => {
      for (let i = 0; i < 12; i++) {
        if (!look(await ask(id))) return false
      }

      return true
    }, what, 3000)

    const listed = async (id) => (await h.api('GET', 'api/rooms')).rooms
      .find((room) => room.id === id)

    const id = await h.room(h.ann, 'A board')
    const link = await h.link(h.ann, id, 'viewer')

    await test(t('nobody is on a board that nobody opened'), async () => {
      equal(await ask(id), [])

      const room = await listed(id)

      equal([room.present, room.people], [0, []])
    })

    const seats = []
    const before = Date.now()

    for (const [pid, options] of [[pids[0], {}], [pids[1], {}],
      [pids[2], { link }]]) seats.push(await h.seat(id, pid, options))

    const [one, two, guest] = seats

    await show(one, { userName: 'Ann here', color: '#00ff00' })

    await test(t('every worker knows who is on all of them'), async () => {
      await show(guest, { userName: 'G\u00fc\u{1f600} "guest"' })
      await everywhere(id, (p) => p.length === 3
        && p[2].name.startsWith('G'), 'three people')

      const list = await ask(id)

      equal(list.map((p) => p.user?.id ?? null),
        [me.user.id, me.user.id, null])
      equal(list[0].user, { id: me.user.id, name: me.user.name,
        color: me.user.color, picture: null })

      /* 'Ann here' and '#00ff00' are what the cursor says, not who it is */
      equal(list.map((p) => p.name),
        [me.user.name, me.user.name, 'G\u00fc\u{1f600} "guest"'])
      equal(list.map((p) => p.color), [me.user.color, me.user.color, '#FF0000'])
      equal(list.map((p) => p.role), ['owner', 'owner', 'viewer'])
      check(list.every((p) => p.since >= before - 1000
        && p.since <= Date.now() + 1000), 'since')
      check(list.every((p) => /^instance_presence:/.test(p.id)), 'ids')

      /* its worker may hear of the cursor later than it answers */
      await until(() => one.presences().some((p) => p.id === list[2].id),
        'the id is that of the cursor')
    })

    await test(t('a guest may ask, a stranger not'), async () => {
      equal((await ask(id, `?link=${link}`, '')).length, 3)
      await h.api('GET', `api/rooms/${id}/presence`, undefined, ben)
        .then(() => check(false, 'ben was told'),
          (error) => check(/403|404/.test(error.message), error.message))
    })

    await test(t('the list of boards counts people, not tabs'), async () => {
      const room = await listed(id)

      equal(room.present, 2)
      equal(room.people.map((p) => p.name),
        [me.user.name, 'G\u00fc\u{1f600} "guest"'])
      check(room.people.every((p) => p.id && p.color), 'id and color')
    })

    await test(t('another name is seen, a moved cursor changes nothing'),
      async () => {
        guest.push(undefined, ['patch', { userName: ['put', 'Anna'] }])
        guest.push(undefined, ['patch', { cursor: ['put', { x: 5, y: 5,
          type: 'default', rotation: 0 }] }])
        await everywhere(id, (p) => p[2].name === 'Anna'
          && p[2].color === '#FF0000', 'the new name')
      })

    await test(t('who is signed in is known by the account, as it is now'),
      async () => {
        one.push(undefined, ['patch', { userName: ['put', 'Somebody else'] }])
        await h.api('PATCH', 'api/me', { name: 'Ann B.', color: '#123456' })
        await everywhere(id, (p) => p.slice(0, 2).every((seat) =>
          seat.name === 'Ann B.' && seat.color === '#123456'
          && seat.user.name === 'Ann B.'), 'the new account')
        equal((await listed(id)).people[0].name, 'Ann B.')
      })

    await test(t('a name of any length is cut between characters'),
      async () => {
        guest.push(undefined, ['patch', { userName: ['put', '\u20ac'.repeat(500)] }])
        await everywhere(id, (p) => p[2].name === '\u20ac'.repeat(42),
          'the long name')
      })

    await test(t('who leaves is gone, whom a dead worker served as well'),
      async () => {
        const ghost = (await ask(id))[0].id

        await guest.leave()
        await everywhere(id, (p) => p.length === 2
          || p.length === 3 && !p[2].user, 'two people')

        await h.main.allow('exited on signal 9')
        await h.killWorker(pids[0], 'KILL')

        const at = Date.now()

        await until(async () => !(await ask(id)).some((p) =>
          p.id === ghost), 'the end of the ghost')
        check(Date.now() - at < 1000, `${Date.now() - at} ms`)
      })

    await two.leave()
    ok(await h.end(), t('nothing was left behind'))
  }

  for (const database of wanted) await people(database)

  plan()
})
