#!/usr/bin/env node

// The history of a board: any moment comes back as it was seen then, with who
// was drawing; back to it, a copy of it, a name for it; and what is kept.

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, until, page,
  presence }) => run(async () => {
  const rounds = Number(process.env.MOMENTS || 150)

  const documents = (records) => Object.fromEntries([...records]
    .filter(([id]) => !id.startsWith('instance_presence:'))
    .sort(([a], [b]) => a < b ? -1 : 1).map(([id, r]) => [id,
      structuredClone(r)]))

  const snapshot = (body) => Object.fromEntries(body.documents
    .map(({ state }) => [state.id, state]).sort(([a], [b]) => a < b ? -1 : 1))

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const api = async (method, path, body, cookie) => {
        const { status, json } = await s.api(method, `api/${path}`, body,
          cookie)

        return { status, body: json }
      }

      const at = async (board, clock) =>
        (await api('GET', `rooms/${board}/history/${clock}`))

      await test('every moment is as it was seen then', async () => {
        const board = await s.board()
        const seen = new Map()
        const c = await s.join(board, { onItem(item) {
          if (item.type !== 'patch') return
          queueMicrotask(() => seen.set(c.serverClock, documents(c.records)))
        } })
        const authors = [await s.join(board), await s.join(board)]
        const ids = Array.from({ length: 20 }, (_, i) => `page:p${i}`)
        let n = 0

        for (let i = 0; i < rounds; i++) {
          const a = authors[i % 2]
          const id = ids[(i * 7) % ids.length]
          const op = !a.records.has(id) ? ['put', page(id, { name: `n${i}` })]
            : i % 11 === 0 ? ['remove']
              : ['patch', { name: ['put', `name ${i}`],
                meta: ['patch', { [`k${i % 5}`]: ['put', 'x'.repeat(i)] }] }]

          const { action } = await a.put({ [id]: op })

          if (action !== 'discard') n++

          // who is silent for 20 s is closed

          c.send({ type: 'ping' })
        }

        await until(() => seen.size >= n, 'all patches')
        check(n > rounds / 2, 'enough of them')

        for (const [clock, want] of seen) {
          const { status, body } = await at(board, clock)

          equal(status, 200, `status at ${clock}`)
          equal(body.documentClock, clock)
          check(body.schema, 'the schema of then')
          equal(snapshot(body), want, `the board at ${clock}`)
        }

        const { body } = await api('GET', `rooms/${board}/history?step=1000`)
        const last = body.moments.at(-1)

        equal(last.clock, Math.max(...seen.keys()), 'the last moment')
        equal(body.people.length, 1, 'people')
        equal(last.people, [{ id: body.people[0].id }], 'who drew')
        equal((await at(board, 999999)).status, 404, 'the future')
        equal((await at(board, 'x')).status, 404, 'no clock')
      })

      await test('back to a moment is a change that everybody sees and that '
        + 'can be undone', async () => {
        const board = await s.board()
        const [a, b] = [await s.join(board), await s.join(board)]

        await a.put({ 'page:a': ['put', page('page:a', { name: 'first' })],
          'page:b': ['put', page('page:b')] })
        const then = (await a.put({ 'page:a': ['patch',
          { name: ['put', 'then'] }] })).serverClock
        const before = documents(a.records)

        await a.put({ 'page:a': ['patch', { name: ['put', 'later'] }],
          'page:b': ['remove'], 'page:c': ['put', page('page:c')] })
        const later = documents(a.records)
        const clock = a.serverClock

        const { status, body } = await api('POST',
          `rooms/${board}/history/${then}/restore`, {})

        equal([status, body], [200, { clock: clock + 1, before: clock }])
        await until(() => [a, b].every((c) => c.serverClock === clock + 1))
        equal(documents(a.records), before, 'for one')
        equal(documents(b.records), before, 'for the other')
        equal(documents((await s.join(board)).records), before, 'who comes now')
        equal(snapshot((await at(board, clock + 1)).body), before)

        // undone, twice the same changes nothing more

        await api('POST', `rooms/${board}/history/${clock}/restore`, {})
        await until(() => [a, b].every((c) => c.serverClock === clock + 2))
        equal(documents(b.records), later)
        equal((await api('POST', `rooms/${board}/history/${clock}/restore`, {}))
          .body, { clock: clock + 2, before: clock + 2 })

        // and drawing goes on

        equal((await b.put({ 'page:d': ['put', page('page:d')] })).serverClock,
          clock + 3)
      })

      await test('while others draw', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a', { name: '0' })] })
        const then = a.serverClock
        let going = true
        let i = 0

        const draws = (async () => {
          while (going) {
            await a.put({ 'page:a': ['patch', { name: ['put', `${++i}`] }] })
          }
        })()

        const answers = []

        for (let k = 0; k < 5; k++) {
          answers.push((await api('POST',
            `rooms/${board}/history/${then}/restore`, {})).status)
        }

        going = false
        await draws
        check(answers.every((status) => status === 200 || status === 409),
          `${answers}`)

        const late = await s.join(board)

        await until(() => late.serverClock <= a.serverClock)
        equal(documents(late.records), documents(a.records))
      })

      await test('a copy of a moment is a board of its own', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a', { name: 'then' })] })
        const want = documents(a.records)
        const then = a.serverClock

        const file = await (await fetch(`${s.url}api/rooms/${board}/files`, {
          method: 'POST', body: 'x', headers: { cookie: s.ann,
            'content-type': 'application/octet-stream' } })).json()

        await a.put({ 'page:a': ['remove'] })

        const { status, body } = await api('POST',
          `rooms/${board}/history/${then}/copy`, { name: 'As it was' })

        equal([status, body.name, body.role], [201, 'As it was', 'owner'])
        equal((await api('GET', `rooms/${body.id}/files/${file.id}`)).status,
          200, 'with the files of the board')

        const b = await s.join(body.id)

        equal(documents(b.records), want)

        // its own history begins with what it was filled with

        await b.put({ 'page:a': ['patch', { name: ['put', 'now'] }] })
        equal((await at(body.id, b.serverClock)).body.documents[0].state.name,
          'now')
        equal((await at(body.id, b.serverClock - 1)).body.documents[0].state
          .name, 'then')
      })

      await test('a moment has a name', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a')] })
        const clock = a.serverClock
        const path = `rooms/${board}/history/${clock}/name`

        equal((await api('PUT', path, { name: 'Before the demo' })).status, 204)
        const [version] = (await api('GET', `rooms/${board}/history`)).body
          .versions

        equal([version.clock, version.name], [clock, 'Before the demo'])
        check(version.by.id && version.at, 'by whom and when')
        equal((await api('PUT', path, { name: '' })).status, 400)
        equal((await api('PUT', path, { name: 'Again' })).status, 204)
        equal((await api('DELETE', path)).status, 204)
        equal((await api('DELETE', path)).status, 404)
        equal((await api('GET', `rooms/${board}/history`)).body.versions, [])
        equal((await at(board, clock)).status, 200)
      })

      await test('200 of a board have names', async () => {
        const board = await s.board()
        const a = await s.join(board)
        const name = (clock) => api('PUT',
          `rooms/${board}/history/${clock}/name`, { name: 'Mine' })

        await a.put({ 'page:a': ['put', page('page:a')] })
        const first = a.serverClock
        await a.put({ 'page:a': ['remove'] })

        equal((await name(first)).status, 204)
        await s.t.sql(`INSERT INTO states (room, clock, at, state, name)
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
          WHERE i < 199) SELECT r.num, 1000 + i, 1, '', 'x' FROM n, rooms r
          WHERE r.id = '${board}'`)

        const { status, body } = await name(a.serverClock)

        equal([status, body.error.code], [409, 'conflict'])
        check(body.error.message.includes('as many named versions'), 'why')
        equal((await name(first)).status, 204, 'another name')
        equal((await api('DELETE', `rooms/${board}/history/1001/name`)).status,
          204)
        equal((await name(a.serverClock)).status, 204, 'with one less')
      })

      await test('who may: viewers look, editors go back, nobody else',
        async () => {
          const board = await s.board()
          const a = await s.join(board)

          await a.put({ 'page:a': ['put', page('page:a')] })
          await a.put({ 'page:a': ['remove'] })
          const path = `rooms/${board}/history`
          const viewer = await s.t.link(s.ann, board, 'viewer')

          for (const [method, rest, body] of [['GET', ''], ['GET', '/2'],
            ['POST', '/2/restore', {}], ['POST', '/2/copy', { name: 'x' }],
            ['PUT', '/2/name', { name: 'x' }], ['DELETE', '/2/name']]) {
            const nobody = await api(method, path + rest, body, '')
            const guest = await api(method, `${path}${rest}?link=${viewer}`,
              body, '')

            check([401, 404].includes(nobody.status),
              `${method} ${rest}: ${nobody.status}`)
            check(method === 'GET' ? guest.status === 200
              : [401, 403].includes(guest.status),
            `${method} ${rest} as a guest: ${guest.status}`)
          }
        })

      await test('what is a day old is thinned, what is too old goes',
        async () => {
        const board = await s.board()
        const states = new Map()
        const a = await s.join(board)
        const count = async (table) => Number((await s.t.sql(
          `SELECT count(*) FROM ${table} h JOIN rooms r ON r.num = h.room`
          + ` WHERE r.id = '${board}'`))[0][0])
        const older = (days) => s.t.sql('UPDATE history SET at = at - '
          + `${days * 86400000} WHERE room =`
          + ` (SELECT num FROM rooms WHERE id = '${board}')`)

        for (let i = 0; i < 60; i++) {
          const id = `page:p${i % 4}`

          await a.put({ [id]: a.records.has(id) ? i % 13 === 12 ? ['remove']
            : ['patch', { name: ['put', `${i}`] }] : ['put', page(id)] })
          states.set(a.serverClock, documents(a.records))
        }

        const [named, last] = [a.serverClock - 30, a.serverClock]

        equal((await api('PUT', `rooms/${board}/history/${named}/name`,
          { name: 'Half way' })).status, 204)
        const before = await count('history')

        await a.leave()
        await older(2)
        await s.t.restart()
        await until(async () => await count('history') <= 4, 'thinning', 20000)
        check(before >= 50, `from ${before} rows`)

        for (const { clock } of (await api('GET', `rooms/${board}/history`))
          .body.moments) {
          equal(snapshot((await at(board, clock)).body), states.get(clock),
            `a thinned moment, ${clock}`)
        }

        equal(snapshot((await at(board, named)).body), states.get(named))
        equal((await at(board, named + 1)).status, 404, 'between moments')
        equal(snapshot((await at(board, last)).body), states.get(last))

        // half of it goes

        const b = await s.join(board)

        await b.put({ 'page:new': ['put', page('page:new')] })
        const now = documents(b.records)

        // without the keeper of this start, who would see the last row as one
        // of those

        await b.leave()
        await s.t.stop()
        await older(40)
        await s.t.sql('UPDATE history SET at = at + 3456000000 WHERE clock ='
          + ` ${b.serverClock} AND room = (SELECT num FROM rooms WHERE id =`
          + ` '${board}')`)
        await s.t.start()
        await until(async () => await count('history') === 1, 'the end', 20000)
        equal(snapshot((await at(board, last)).body), states.get(last))
        equal(snapshot((await at(board, b.serverClock)).body), now)
        equal((await at(board, named - 1)).status, 404)
        equal((await at(board, named)).status, 200, 'what has a name stays')
        equal(documents((await s.join(board)).records), now)
      })

      await test('guests are known by the name they gave', async () => {
        const board = await s.board()
        const link = await s.t.link(s.ann, board, 'editor')
        const c = await s.join(board, { link })
        const id = [...c.records.keys()].find((k) =>
          k.startsWith('instance_presence:'))

        await c.put({ 'page:a': ['put', page('page:a')] },
          ['put', presence({ ...(id ? { id } : {}), userName: 'Zoë "Z"' })])
        const { body } = await api('GET', `rooms/${board}/history`)

        equal(body.moments.at(-1).people, [{ name: 'Zoë "Z"' }])
      })

      await test('each board knows what its records come to', async () => {
        const wrong = await s.t.sql('SELECT r.id, r.size, sum(length(x.state))'
          + ' FROM rooms r JOIN records x ON x.room = r.num'
          + ' GROUP BY r.id, r.size HAVING r.size <> sum(length(x.state))')

        equal(wrong, [])
      })
    })
  }
})).catch((error) => {
  console.log(`not ok - ${error.stack}`)
  process.exitCode = 1
})
