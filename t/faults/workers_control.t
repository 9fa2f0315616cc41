#!/usr/bin/env node

// Orders reach the live sockets of all workers within a second: logout, a
// changed role, a removed member, a revoked link, a deleted board.
//
// DATABASES picks some.

import('../lib/sync.mjs').then(async (sync) => {
  const { check, equal, group, ok, plan, test, until } = sync
  const { host, wanted } = await import('./workers.mjs')

  async function control(database) {
    const h = await host({ database, workers: 4 })
    const bob = await h.main.register('bob@example.org')
    const { user } = await h.api('GET', 'api/me', undefined, bob)
    const pids = await h.workers()
    const board = () => h.room(h.ann, 'A board')
    const times = []

    // One socket a worker; what it is closed with after "order".  Somebody
    // else on each worker stays.

    async function obey(name, options, wantedEnd, order) {
      await test(`${database}: ${name}`, async () => {
        const id = options.board ?? await board()

        await options.before?.(id)

        const mine = await h.seats(id, pids, options)
        const others = options.alone ? []
          : await h.seats(id, pids, { cookie: h.ann })
        const at = performance.now()

        await order(id)

        for (const c of mine) {
          const end = await c.closed(2000)

          check(`${end.code} ${end.reason}` === wantedEnd,
            `closed with ${end.code} ${end.reason}`)
        }

        const took = performance.now() - at

        times.push(took)
        check(took < 1000, `it took ${took.toFixed()} ms`)
        for (const c of others) await c.ping()
        await options.after?.(id)
        for (const c of others) c.drop()
      })
    }

    const join = (role) => async (id) => {
      await h.api('POST', `api/rooms/${id}/members`, { email: 'bob@example.org',
        role })
    }

    // whichever worker takes the order

    for (let i = 0; i < 3; i++) {
      await obey(`a removed member, ${i}`, { cookie: bob,
        before: join('editor') }, '4099 FORBIDDEN', (id) =>
        h.api('DELETE', `api/rooms/${id}/members/${user.id}`))

      await obey(`an editor becomes a viewer, ${i}`, { cookie: bob,
        before: join('editor'), after: async (id) => {
          for (const pid of pids) {
            const c = await h.seat(id, pid, { cookie: bob })

            equal(c.reply.isReadonly, true)
            equal((await c.put({ 'shape:a': ['put', group('shape:a')] })).action,
              'discard')
            await c.leave()
          }
        } }, '1012 rights changed', (id) =>
        h.api('PUT', `api/rooms/${id}/members/${user.id}`, { role: 'viewer' }))

      const linked = await board()
      const link = await h.api('POST', `api/rooms/${linked}/links`,
        { role: 'editor' })

      await obey(`a revoked link, ${i}`, { board: linked, link: link.token },
        '4099 NOT_AUTHENTICATED', (id) =>
          h.api('DELETE', `api/rooms/${id}/links/${link.id}`))

      await obey(`a deleted board, ${i}`, { alone: true }, '4099 NOT_FOUND',
        (id) => h.api('DELETE', `api/rooms/${id}`))

      const again = await h.login('bob@example.org')

      await obey(`a logout, ${i}`, { cookie: again, before: join('editor') },
        '4099 NOT_AUTHENTICATED', () =>
          h.api('POST', 'api/auth/logout', {}, again))
    }

    console.log(`# ${database}: orders took at most `
      + `${Math.max(...times).toFixed(1)} ms`)
    ok(await h.end(), `${database}: nothing was left behind`)
  }

  for (const database of wanted) await control(database)

  plan()
})
