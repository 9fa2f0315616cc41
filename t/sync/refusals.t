#!/usr/bin/env node

// Who may come and who has to go: refusals after the upgrade, and the orders
// of the API that live sockets follow (reference 1.5; check-list 36, 39;
// trap 5).

import('../lib/sync.mjs').then(({ run, suite, draws, test, equal, check, until,
  page, newId, presence }) => run(async () => {
  const quick = async (what, c, code, reason) => {
    const at = Date.now()

    equal(await c.closed(5000), { code, reason }, what)
    check(Date.now() - at < 1000, `${what}: after ${Date.now() - at} ms`)
  }

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const others = await draws(s)
      const board = await s.board()

      await test('12.5 nobody in particular: NOT_AUTHENTICATED, after the 101',
        async () => {
          for (const cookie of [undefined, '', 'a=b', 'tidraw_session=',
            'tidraw_session=nonsense', `tidraw_session=${'A'.repeat(43)}`,
            `tidraw_session=${s.ann.split('=')[1].slice(0, -2)}`,
            `tidraw_session=${s.ann.split('=')[1]}x`,
            "tidraw_session=' OR 1=1 --", 'tidraw_session=%00',
            `tidraw_session=${'x'.repeat(4000)}`]) {
            const c = await s.open(board, { cookie })

            equal(await c.closed(), { code: 4099,
              reason: 'NOT_AUTHENTICATED' }, cookie)
            equal(c.items, [])
          }
        })

      await test('12.5 somebody else: FORBIDDEN', async () => {
        const c = await s.open(board, { cookie: s.bob })

        await c.refused('FORBIDDEN')
      })

      await test('12.5 no such board: NOT_FOUND', async () => {
        for (const id of [newId() + 'x', 'x', 'x'.repeat(22), 'x'.repeat(500),
          "'; DROP TABLE rooms; --".replaceAll(' ', '%20'),
          '%F0%9F%98%80', encodeURIComponent(board) + '%20']) {
          const c = await s.open(id)

          equal(await c.closed(), { code: 4099, reason: 'NOT_FOUND' }, id)
        }
      })

      await test('a link that is wrong, of another board, or of a board '
        + 'without an account', async () => {
        const link = await s.t.link(s.ann, board, 'editor')
        const foreign = await s.board()

        for (const [where, token] of [[board, 'nonsense'], [board, `${link}x`],
          [foreign, link], [board, link.slice(1)], [board, "' OR 1=1 --"]]) {
          const c = await s.open(where, { link: token })
          const { code, reason } = await c.closed()

          equal(code, 4099)
          check(['NOT_FOUND', 'NOT_AUTHENTICATED', 'FORBIDDEN']
            .includes(reason), reason)
        }

        const c = await s.join(board, { link })

        equal((await c.put({ 'page:l': ['put', page('page:l')] })).action,
          'commit')
      })

      await test('9.36, 9.39 a deleted board: every session hears NOT_FOUND '
        + 'within a second, also after its return', async () => {
        const gone = await s.board()
        const all = [...await s.pair(gone), await s.viewer(gone)]

        await all[0].put({ 'page:p': ['put', page('page:p')] },
          ['put', presence()])
        equal((await s.api('DELETE', `api/rooms/${gone}`)).status, 204)

        for (const c of all) await quick('the end', c, 4099, 'NOT_FOUND')

        await (await s.open(gone)).refused('NOT_FOUND')
        equal((await s.api('POST', `api/rooms/${gone}/restore`, {})).status,
          200)

        const back = await s.join(gone)

        equal(Object.keys(back.reply.diff), ['page:p'])
        equal(back.reply.serverClock, all[0].serverClock)
      })

      await test('9.36 a link that was taken back ends its guests, nobody '
        + 'else', async () => {
        const link = (await s.api('POST', `api/rooms/${board}/links`,
          { role: 'editor' })).json
        const guest = await s.join(board, { link: link.token })
        const owner = await s.join(board)

        equal((await s.api('DELETE', `api/rooms/${board}/links/${link.id}`))
          .status, 204)

        const at = Date.now()
        const { code } = await guest.closed(5000)

        equal(code, 4099)
        check(Date.now() - at < 1000, 'within a second')
        await owner.ping()
      })

      await test('a changed role: the member returns and is what he is now',
        async () => {
          const { id } = (await s.api('GET', 'api/auth/session', undefined,
            s.bob)).json.user
          const path = `api/rooms/${board}/members`
          const as = { cookie: s.bob, session: newId() }

          equal((await s.api('POST', path, { email: 'bob@example.org',
            role: 'editor' })).status, 201)

          const c = await s.join(board, as)

          equal(c.reply.isReadonly, false)
          equal((await s.api('PUT', `${path}/${id}`, { role: 'viewer' }))
            .status, 200)
          await quick('less', c, 1012, 'rights changed')

          const d = await s.join(board, as)

          equal(d.reply.isReadonly, true)
          equal((await d.put({ 'page:d': ['put', page('page:d')] })).action,
            'discard')
          equal((await s.api('PUT', `${path}/${id}`, { role: 'editor' }))
            .status, 200)
          await quick('more', d, 1012, 'rights changed')

          const e = await s.join(board, as)

          equal((await s.api('DELETE', `${path}/${id}`)).status, 204)
          await quick('out', e, 4099, 'FORBIDDEN')
          await (await s.open(board, as)).refused('FORBIDDEN')
        })

      await test('signing out ends the sockets of that login, not of another',
        async () => {
          const one = await s.t.login('ann@example.org')
          const c = await s.join(board, { cookie: one })
          const d = await s.join(board)

          equal((await s.api('POST', 'api/auth/logout', {}, one)).status, 204)
          await quick('the end', c, 4099, 'NOT_AUTHENTICATED')
          await d.ping()
          await (await s.open(board, { cookie: one }))
            .refused('NOT_AUTHENTICATED')
        })

      await test('what a session had pushed when it had to go is stored or '
        + 'not, but never half', async () => {
        const link = (await s.api('POST', `api/rooms/${board}/links`,
          { role: 'editor' })).json
        const guest = await s.join(board, { link: link.token })
        const b = await s.join(board)
        const gone = s.api('DELETE', `api/rooms/${board}/links/${link.id}`)

        for (let i = 0; i < 100 && !guest.ended; i++) {
          guest.push({ [`page:g${i}`]: ['put', page(`page:g${i}`)],
            [`page:h${i}`]: ['put', page(`page:h${i}`)] })
          if (i % 10 === 0) await new Promise(setImmediate)
        }

        await gone
        await guest.closed()
        await b.put({ 'page:after': ['put', page('page:after')] })

        const stored = (await s.stored(board)).map(([id]) => id)
        const answered = guest.items.filter((i) => i.action === 'commit')

        for (const { clientClock } of answered) {
          check(stored.includes(`page:g${clientClock}`), 'acknowledged')
        }

        for (let i = 0; i < 100; i++) {
          equal(stored.includes(`page:g${i}`), stored.includes(`page:h${i}`))
        }

        equal(Object.keys(b.document()).sort(), stored.sort())
      })

      await others.finish()
    })
  }

  await suite({ conf: { location: 'tidraw_max_sessions 3;' } }, async (s) => {
    const board = await s.board()

    await test('beyond tidraw_max_sessions: ROOM_FULL, until one leaves',
      async () => {
        const [a, b] = await s.pair(board)
        const session = newId()
        const c = await s.join(board, { session })

        await (await s.open(board)).refused('ROOM_FULL')

        for (const d of [a, b, c]) await d.ping()

        await s.join(await s.board())
        await b.leave()

        const d = await s.join(board)

        await d.ping()
      })

    await test('1.1, 2.4 on a full board who resets his own session is let in',
      async () => {
        const full = await s.board()
        const session = newId()
        const a = await s.join(full, { session })

        await s.pair(full)

        const again = await s.join(full, { session })

        await again.put({ 'page:p': ['put', page('page:p')] })
        await a.closed()
        await (await s.open(full)).refused('ROOM_FULL')
      })
  })

  await suite({ conf: { location: 'tidraw_max_room 64k;' } }, async (s) => {
    await test('a board that would grow beyond tidraw_max_room: ROOM_FULL, '
      + 'what is there stays and may shrink', async () => {
      const board = await s.board()
      const b = await s.join(board)
      let n = 0

      for (let a = await s.join(board); !a.ended; n++) {
        a.push({ [`page:${n}`]: ['put', page(`page:${n}`,
          { name: 'x'.repeat(4000) })] })
        await a.until(() => !a.pending.size || a.ended, 'the end')
        if (a.ended) equal(a.ended, { code: 4099, reason: 'ROOM_FULL' })
      }

      equal((await s.stored(board)).length, n - 1)
      check(n - 1 >= 14 && n - 1 <= 16, `${n - 1} pages of 4000 in 64k`)

      equal((await b.put({ 'page:0': ['patch', { name: ['put', 'y'] }],
        'page:1': ['remove'] })).action, 'commit')
      equal((await b.put({ 'page:new': ['put', page('page:new',
        { name: 'x'.repeat(4000) })] })).action, 'commit')

      b.push({ 'page:0': ['patch', { name: ['put', 'z'.repeat(70000)] }] })
      await b.refused('ROOM_FULL')
      await s.join(board)
    })
  })
}))
