#!/usr/bin/env node

// Live sockets follow what the API changed, on every host: A and B share a
// Redis, C has only the database.  Also when Redis is away, when whoever gave
// an order died before he told anybody, and when nobody gave one.
//
// ROUNDS (1) of all orders; LONG=1: 10.

import('../lib/sync.mjs').then(async ({ Client, check, equal, group, page, ok,
  plan, sleep, test }) => {
  const { databases, start, startHosts } = await import('../lib/server.mjs')
  const rounds = Number(process.env.ROUNDS || (process.env.LONG ? 10 : 1))
  const clients = new Set()

  setInterval(() => clients.forEach((c) => c.ended || c.send({ type: 'ping' })),
    2000).unref()

  const join = async (t, board, options) => {
    const c = new Client(t, board, options)

    clients.add(c)
    await c.opened
    await c.hello()

    return c
  }

  const leave = (list) => list.forEach((c) => {
    clients.delete(c)
    c.drop()
  })

  const asker = (t, own) => async (method, path, body, cookie = own) => {
    const answer = await fetch(`http://127.0.0.1:${t.port}/${path}`, { method,
      headers: { cookie, 'content-type': 'application/json' },
      body: body && JSON.stringify(body) })

    check(answer.ok, `${method} ${path}: ${answer.status}`)

    return answer.status === 204 ? null : answer.json()
  }

  // How long it takes until the clients are closed, each within its time.

  const ended = async (list, wanted, limits) => {
    const at = Date.now()

    return Promise.all(list.map(async (c, i) => {
      const end = await c.closed(limits[i] + 10000)
      const took = Date.now() - at

      equal(`${end.code} ${end.reason}`, wanted, `the end of ${i}`)
      check(took <= limits[i], `${i} took ${took} ms`)

      return took
    }))
  }

  const stay = (list) => Promise.all(list.map((c) => c.ping()))

  async function hosts() {
    const all = await startHosts([{ workers: 2 }, {}, { redis: 0 }])
    const [A, B, C] = all
    const ann = await A.register('ann@example.org')
    const bob = await A.register('bob@example.org')
    const api = asker(A, ann)
    const { user } = await api('GET', 'api/me', undefined, bob)
    const slowest = [0, 0, 0]

    const board = async (role = 'editor') => {
      const id = await A.room(ann, 'A board')

      await api('POST', `api/rooms/${id}/members`,
        { email: 'bob@example.org', role })

      return id
    }

    // on all three, and somebody else beside

    async function obey(name, wanted, options, order, limits) {
      await test(name, async () => {
        const id = options.board ?? await board()
        const mine = await Promise.all(all.map((t) => join(t, id, options)))
        const others = options.alone ? []
          : await Promise.all(all.map((t) => join(t, id, { cookie: ann })))
        const times = ended(mine, wanted, limits)

        await Promise.all([order(id), times])
        await stay(others)
        leave([...mine, ...others])

        for (const [i, ms] of (await times).entries()) {
          slowest[i] = Math.max(slowest[i], ms)
        }
      })
    }

    async function orders(when) {
      const bob = await B.login('bob@example.org')
      const limits = [1000, 2000, 2000]

      await obey(`${when}: a removed member`, '4099 FORBIDDEN', { cookie: bob },
        (id) => api('DELETE', `api/rooms/${id}/members/${user.id}`), limits)

      await obey(`${when}: an editor becomes a viewer`, '1012 rights changed',
        { cookie: bob }, (id) => api('PUT', `api/rooms/${id}/members/${user.id}`,
          { role: 'viewer' }), limits)

      const linked = await board('viewer')
      const [one, two] = [await api('POST', `api/rooms/${linked}/links`,
        { role: 'editor' }), await api('POST', `api/rooms/${linked}/links`,
        { role: 'editor' })]

      await obey(`${when}: a revoked link of a guest`, '4099 NOT_AUTHENTICATED',
        { board: linked, link: one.token }, () =>
          api('DELETE', `api/rooms/${linked}/links/${one.id}`), limits)

      await obey(`${when}: a revoked link of a viewer`, '1012 rights changed',
        { board: linked, link: two.token, cookie: bob }, () =>
          api('DELETE', `api/rooms/${linked}/links/${two.id}`), limits)

      await obey(`${when}: a deleted board`, '4099 NOT_FOUND',
        { cookie: bob, alone: true },
        (id) => api('DELETE', `api/rooms/${id}`), limits)

      const again = await B.login('bob@example.org')

      await obey(`${when}: a logout`, '4099 NOT_AUTHENTICATED',
        { cookie: again }, () => api('POST', 'api/auth/logout', {}, again),
        limits)
    }

    for (let round = 0; round < rounds; round++) await orders('Redis works')

    console.log(`# an order takes at most ${slowest.join(', ')} ms: same host, `
      + 'by Redis, by the database')

    // what is stored with its order, and its giver dies

    const given = (host, kind, room, subject, sql) => {
      const put = (text) => text === null ? 'NULL' : `'${text}'`

      return host.sql(`BEGIN; ${sql};`
        + " INSERT INTO settings (key, value) VALUES ('orders', '1')"
        + ' ON CONFLICT (key) DO UPDATE SET value ='
        + ' CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT);'
        + ' INSERT INTO orders (num, kind, room, subject) SELECT'
        + ` CAST(value AS BIGINT), ${kind}, ${put(room)}, ${put(subject)}`
        + " FROM settings WHERE key = 'orders'; COMMIT")
    }

    const found = [2000, 2000, 2000]

    await test('all logins of a user but one end, and its giver dies', async () => {
      const id = await board()
      const kept = await A.login('bob@example.org')
      const lost = await Promise.all(all.map((t) => join(t, id, { cookie: bob })))
      const stays = await Promise.all(all.map((t) => join(t, id, { cookie: kept })))
      const [[hash]] = await A.sql('SELECT token_hash FROM sessions'
        + ` WHERE user_id = '${user.id}' ORDER BY created_at DESC LIMIT 1`)

      await Promise.all([
        given(A, 4, null, user.id, 'DELETE FROM sessions WHERE user_id ='
          + ` '${user.id}' AND token_hash <> '${hash}'`),
        ended(lost, '4099 NOT_AUTHENTICATED', found)])
      await stay(stays)
      leave([...lost, ...stays])
    })

    await obey('a user is disabled, and the giver of the order dies',
      '4099 NOT_AUTHENTICATED', { cookie: await B.login('bob@example.org') },
      () => given(A, 4, null, user.id,
        `UPDATE users SET disabled = 1 WHERE id = '${user.id}'`), found)

    await A.sql('UPDATE users SET disabled = 0')

    await test('more orders than anybody reads at once', async () => {
      const id = await board()
      const cookie = await A.login('bob@example.org')
      const mine = await Promise.all(all.map((t) => join(t, id, { cookie })))

      const none = Array(100).fill().map((_, i) =>
        `(${10000 + i}, 4, NULL, 'nobody ${i}')`)

      await A.sql(`DELETE FROM members WHERE user_id = '${user.id}'`)
      await A.sql(`INSERT INTO orders (num, kind, room, subject) VALUES ${none}`)
      await A.sql("UPDATE settings SET value = '10099' WHERE key = 'orders'")
      await ended(mine, '4099 FORBIDDEN', [3000, 3000, 3000])
      leave(mine)

      await api('POST', 'api/auth/logout', {}, cookie)
      equal(await A.sql('SELECT count(*) FROM orders WHERE num <= 9100'),
        [['0']], 'what is left of the old ones')
    })

    await test('a backup is restored: orders begin anew', async () => {
      const id = await board()
      const cookie = await A.login('bob@example.org')
      const mine = await Promise.all(all.map((t) => join(t, id, { cookie })))

      await A.sql(`DELETE FROM members WHERE user_id = '${user.id}';
        DELETE FROM orders; DELETE FROM settings WHERE key = 'orders'`)
      await ended(mine, '4099 FORBIDDEN', [3000, 3000, 3000])
      leave(mine)
    })

    // without Redis

    const cookie = await A.login('bob@example.org')

    await A.redis('kill9')
    await orders('Redis is away')

    await test('all sessions are looked up when Redis is back', async () => {
      const id = await board()
      const mine = await Promise.all([A, B].map((t) => join(t, id, { cookie })))

      // the order of the member who was added is read meanwhile

      await sleep(2000)
      await A.sql(`DELETE FROM members WHERE user_id = '${user.id}'`)
      await sleep(1500)
      await stay(mine)
      await A.redis('start')
      await ended(mine, '4099 FORBIDDEN', [6000, 6000])
      leave(mine)
    })

    await A.redis('pause')
    await orders('Redis stands still')
    await A.redis('resume')

    leave(clients)
    for (const t of [C, B, A]) ok(await t.finish(), 'nothing was left behind')
  }

  async function one(database) {
    const t = await start({ database, workers: 2,
      conf: { location: 'tidraw_recheck 1s;' } })
    const ann = await t.register('ann@example.org')
    const bob = await t.register('bob@example.org')
    const api = asker(t, ann)
    const { user } = await api('GET', 'api/me', undefined, bob)
    const board = await t.room(ann, 'A board')
    const name = (text) => `${database}: ${text}`

    await api('POST', `api/rooms/${board}/members`,
      { email: 'bob@example.org', role: 'viewer' })

    await test(name('a link expires: at that moment its sockets end'), async () => {
      const expires = Date.now() + 2500
      const link = await api('POST', `api/rooms/${board}/links`,
        { role: 'editor', expires_at: expires })
      const guest = await join(t, board, { link: link.token })
      const member = await join(t, board, { link: link.token, cookie: bob })
      const owner = await join(t, board, { link: link.token, cookie: ann })

      equal(member.reply?.isReadonly ?? false, false, 'what the member may do')

      const ends = await Promise.all([guest, member].map((c) => c.closed(5000)))
      const late = Date.now() - expires

      equal(ends.map((e) => `${e.code} ${e.reason}`),
        ['4099 NOT_AUTHENTICATED', '1012 rights changed'], 'their ends')
      check(late > -50 && late < 1000, `it took ${late} ms`)
      await owner.ping()
      leave([guest, member, owner])
    })

    await test(name('what nobody gave an order for is found in time'), async () => {
      const mine = await join(t, board, { cookie: bob })
      const other = await join(t, board, { cookie: ann })

      await t.sql(`UPDATE members SET role = 'editor' WHERE user_id = '${user.id}'`)
      equal((await mine.closed(3000)).reason, 'rights changed', 'the end')
      await other.ping()
      leave([mine, other])
    })

    if (database === 'postgres') {
      await test(name('while the database is away nobody is closed'), async () => {
        const mine = await join(t, board, { cookie: bob })
        const other = await join(t, board, { cookie: ann })

        await t.sql(`DELETE FROM members WHERE user_id = '${user.id}'`)
        await t.postgres('kill9')
        await sleep(4000)
        await stay([mine, other].filter((c) => !c.ended))
        check(!other.ended, 'somebody was closed')
        await t.postgres('start')
        equal((await mine.closed(5000)).reason, 'FORBIDDEN', 'the end')
        await other.ping()
        leave([mine, other])
      })
    }

    await test(name('many sessions are looked up again and again'), async () => {
      const boards = await Promise.all(Array(10).fill().map(() => t.room(ann, 'B')))
      const many = await Promise.all(Array(150).fill().map((_, i) =>
        join(t, boards[i % 10], { cookie: ann })))

      many[0].push({ 'page:page': ['put', page('page:page')],
        'shape:a': ['put', group('shape:a')] })

      // who leaves is looked up at times

      for (const c of many.slice(100)) {
        await sleep(20)
        leave([c])
      }

      await stay(many.slice(0, 100))
      leave(many)
    })

    leave(clients)
    ok(await t.finish(), name('nothing was left behind'))
  }

  await hosts()
  for (const database of databases) await one(database)

  plan()
  process.exit()
})
