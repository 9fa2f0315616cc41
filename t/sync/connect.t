#!/usr/bin/env node

// The connect message and its reply: version check, hydration, who may come
// (reference 3, check-list 8 to 16, traps 3, 4, 5, 15).

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, until,
  schemas, page, group, presence, sleep }) => run(async () => {
  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      await test('9.8, 9.15 same schema: the reply names what it must',
        async () => {
          const c = await s.open(await s.board())
          const reply = await c.hello({ id: 'my request' })

          equal(reply, { type: 'connect', connectRequestId: 'my request',
            hydrationType: 'wipe_all', protocolVersion: 8,
            schema: schemas['5.4.2'], serverClock: reply.serverClock,
            isReadonly: false, diff: {} })
          check(Number.isSafeInteger(reply.serverClock), 'serverClock')
        })

      await test('12.3 an empty board is at a clock of at least 1, and -1 and '
        + '0 both get everything', async () => {
        const board = await s.board()

        for (const last of [-1, 0]) {
          const c = await s.join(board, { last })

          check(c.reply.serverClock >= 1, 'the clock')
          equal(c.reply.hydrationType, 'wipe_all')
        }

        const room = await s.room(board)

        check(room.clock >= 1 && room.history >= 1, 'clock and history start')
      })

      await test('12.4 the reply is the first message, also when others push '
        + 'all the time', async () => {
        const board = await s.board()
        const a = await s.join(board)
        let going = true

        a.push({ 'page:p': ['put', page('page:p')] })

        const busy = (async () => {
          while (going) {
            a.push({ 'page:p': ['patch', { name: ['put', `${a.clock}`] }] },
              a.clock % 2 ? undefined : ['put', presence()])
            await sleep(1)
          }
        })()

        for (let i = 0; i < 30; i++) {
          const c = await s.open(board)

          c.send({ type: 'ping' })
          await c.hello()
          equal(c.items[0].type, 'connect', 'the first message')

          const last = a.clock

          await until(() => c.records.get('page:p')?.name >= `${last}`
            || Number(c.records.get('page:p')?.name) >= last, 'more')
          await c.leave()
        }

        going = false
        await busy
      })

      await test('3.4, 9.11 a clock beyond the server\'s: every record, '
        + 'whatever its clock', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a')] })
        await a.put({ 'page:b': ['put', page('page:b')] })
        await a.put({ 'page:a': ['remove'] })

        const c = await s.join(board, { last: a.serverClock + 1 })

        equal(c.reply.hydrationType, 'wipe_all')
        equal(c.reply.diff, { 'page:b': ['put', page('page:b')] })
        equal(c.reply.serverClock, a.serverClock)

        const far = await s.join(board, { last: 9007199254740991 })

        equal(far.reply.hydrationType, 'wipe_all')
        equal(Object.keys(far.reply.diff), ['page:b'])
      })

      await test('9.12 an equal clock: wipe_presence, an empty diff, the same '
        + 'clock', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a')] })

        const c = await s.join(board, { last: a.serverClock })

        equal([c.reply.hydrationType, c.reply.diff, c.reply.serverClock],
          ['wipe_presence', {}, a.serverClock])
      })

      await test('3.4 an old clock: exactly the puts and removes that are '
        + 'missing', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:old': ['put', page('page:old')],
          'page:gone': ['put', page('page:gone')],
          'page:changed': ['put', page('page:changed')],
          'page:back': ['put', page('page:back')] })

        const back = await s.join(board)
        const old = back.serverClock

        await back.leave()

        await a.put({ 'page:gone': ['remove'], 'page:back': ['remove'] })
        await a.put({ 'page:changed': ['patch', { name: ['put', 'new'] }] })
        await a.put({ 'page:new': ['put', page('page:new')],
          'page:back': ['put', page('page:back', { name: 'again' })] })
        await a.put({ 'page:brief': ['put', page('page:brief')] })
        await a.put({ 'page:brief': ['remove'] })

        const c = await s.join(board, { last: old })

        equal(c.reply.hydrationType, 'wipe_presence')
        equal(Object.fromEntries(Object.entries(c.reply.diff).sort()), {
          'page:back': ['put', page('page:back', { name: 'again' })],
          'page:brief': ['remove'],
          'page:changed': ['put', page('page:changed', { name: 'new' })],
          'page:gone': ['remove'],
          'page:new': ['put', page('page:new')],
        })

        for (const [id, op] of Object.entries(c.reply.diff)) {
          if (op[0] === 'put') back.records.set(id, op[1])
          else back.records.delete(id)
        }

        equal(back.document(), a.document())
      })

      await test('3.4 a clock that is no number counts as -1', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a')] })

        for (const last of [null, '3', 'x', -5, 1.5, {}, [], true]) {
          const c = await s.open(board)
          const reply = await c.hello({ lastServerClock: last })

          equal(reply.hydrationType, 'wipe_all', JSON.stringify(last))
          equal(Object.keys(reply.diff), ['page:a'])
          await c.leave()
        }

        const c = await s.open(board)
        const reply = await c.hello({ lastServerClock: undefined })

        equal(reply.hydrationType, 'wipe_all', 'missing')
      })

      await test('9.1, 9.3 after a restart records, clocks and tombstones are '
        + 'what they were', async () => {
        const board = await s.board()
        const a = await s.join(board)

        await a.put({ 'page:a': ['put', page('page:a')],
          'page:b': ['put', page('page:b')] })
        await a.put({ 'page:a': ['remove'] })
        await a.put({ 'page:b': ['patch', { name: ['put', 'b'] }] })

        const before = [await s.room(board), await s.stored(board),
          await s.tombstones(board)]

        await s.t.restart()

        equal([await s.room(board), await s.stored(board),
          await s.tombstones(board)], before)

        const c = await s.join(board, { last: a.serverClock })

        equal(c.reply.diff, {})
        equal(c.reply.serverClock, a.serverClock, 'the clock')

        const old = await s.join(board, { last: a.serverClock - 2 })

        equal(Object.keys(old.reply.diff).sort(), ['page:a', 'page:b'])
      })
    })
  }

  await suite({}, async (s) => {
    await test('9.9 versions: too high and too low are refused, 5 to 8 are '
      + 'not', async () => {
      const board = await s.board()

      for (const [protocol, reason] of [[9, 'SERVER_TOO_OLD'],
        [1e9, 'SERVER_TOO_OLD'], [4, 'CLIENT_TOO_OLD'], [0, 'CLIENT_TOO_OLD'],
        [-1, 'CLIENT_TOO_OLD'], [null, 'CLIENT_TOO_OLD'],
        ['8', 'CLIENT_TOO_OLD']]) {
        const c = await s.open(board)

        c.hello({ protocolVersion: protocol }).catch(() => {})
        await c.refused(reason)
        equal(c.items, [], 'nothing was said before')
      }

      for (const protocol of [5, 6, 7, 8]) {
        const c = await s.join(board, { protocol })

        equal((await c.put({ [`page:${protocol}`]:
          ['put', page(`page:${protocol}`)] })).action, 'commit')
      }
    })

    await test('1.5 protocols 5 and 6 are refused in the old way', async () => {
      const board = await s.board()

      await s.join(board)

      for (const protocol of [5, 6]) {
        const c = await s.open(board)

        c.hello({ protocol, schema: schemas['3.15.6'] }).catch(() => {})
        equal((await c.closed()).code, 1005, 'no code')
        equal(c.items, [{ type: 'incompatibility_error',
          reason: 'clientTooOld' }])

        const d = await s.join(board, { protocol })

        d.push({ 'page:x': ['put', { bad: 1 }] })
        equal((await d.closed()).code, 1005, 'no code')
        equal(d.items.at(-1), { type: 'incompatibility_error',
          reason: 'invalidRecord' })
      }
    })

    await test('3.2 no schema: CLIENT_TOO_OLD', async () => {
      const board = await s.board()

      for (const schema of [null, undefined]) {
        const c = await s.open(board)

        c.send({ type: 'connect', connectRequestId: 'x', lastServerClock: 0,
          protocolVersion: 8, schema })
        await c.refused('CLIENT_TOO_OLD')
      }
    })

    await test('9.13, 9.14, 12.15 only the sequences that the server knows '
      + 'count, older and newer alike', async () => {
      const board = await s.board()
      const { sequences } = schemas['5.4.2']
      const name = 'com.tldraw.shape.geo'

      const first = await s.join(board)

      for (const change of [{ [name]: sequences[name] + 1 },
        { [name]: sequences[name] - 1 }, { [name]: 0 }, { [name]: undefined },
        { [name]: String(sequences[name]) }]) {
        const c = await s.open(board)

        c.hello({ schema: { schemaVersion: 2,
          sequences: { ...sequences, ...change } } }).catch(() => {})
        await c.refused('CLIENT_TOO_OLD')
      }

      const c = await s.open(board)

      await c.hello({ schema: { schemaVersion: 2,
        sequences: { ...sequences, 'com.example.shape.card': 7 } } })

      for (const version of [0, 3, '2', null]) {
        const d = await s.open(board)

        d.hello({ schema: { schemaVersion: version, sequences } })
          .catch(() => {})
        await d.refused('CLIENT_TOO_OLD')
      }

      for (const schema of [{}, [], 'x', 7, true, { schemaVersion: 2 },
        { schemaVersion: 2, sequences: null },
        { schemaVersion: 2, sequences: [] },
        { schemaVersion: 1 }]) {
        const d = await s.open(board)

        d.hello({ schema }).catch(() => {})
        await d.refused('CLIENT_TOO_OLD')
      }

      await first.ping()
    })

    await test('6.4 three generations, each on its own boards, refused on the '
      + 'others\'', async () => {
      const versions = Object.keys(schemas)
      const protocol = (v) => (v.startsWith('3') ? 7 : 8)
      const boards = {}

      for (const v of versions) {
        boards[v] = await s.board()

        const c = await s.join(boards[v], { schema: schemas[v],
          protocol: protocol(v) })

        equal(c.reply.schema, schemas[v], 'the schema')
        await c.put({ 'page:page': ['put', page('page:page')] })
        await c.leave()
      }

      await s.t.restart()

      for (const board of versions) {
        for (const v of versions) {
          const c = await s.open(boards[board])
          const hello = c.hello({ schema: schemas[v], protocol: protocol(v) })

          hello.catch(() => {})

          if (v === board) {
            equal(Object.keys((await hello).diff), ['page:page'])
          } else {
            await c.refused('CLIENT_TOO_OLD')
          }
        }
      }
    })

    await test('6.4 a board that stayed empty is open to the next '
      + 'generation', async () => {
      const board = await s.board()
      const a = await s.join(board, { schema: schemas['4.5.12'] })

      await a.leave()

      await until(async () => {
        const c = await s.open(board)
        const reply = await c.hello({ schema: schemas['3.15.6'], protocol: 7 })
          .catch(() => null)

        return reply
      }, 'the other generation')
    })

    await test('2.5 a repeated connect is answered again', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      await a.put({ 'page:a': ['put', page('page:a')] })

      const again = await a.hello({ last: 1 })

      equal(again.hydrationType, 'wipe_presence')
      equal(Object.keys(again.diff), ['page:a'])
      await a.put({ 'page:b': ['put', page('page:b')] })
      await b.put({ 'page:c': ['put', page('page:c')] })
      await until(() => a.records.has('page:c') && b.records.has('page:b'))
      equal(a.document(), b.document())

      const wrong = a.hello({ protocolVersion: 99 })

      wrong.catch(() => {})
      await a.refused('SERVER_TOO_OLD')
      await b.ping()
    })

    await test('3.3 the request id comes back whatever it is', async () => {
      const board = await s.board()

      for (const id of ['', '"', '\\', '\u0000', '\ud83d', '😀', '</script>',
        'x'.repeat(200)]) {
        const c = await s.open(board)
        const reply = await c.hello({ id })

        equal(reply.connectRequestId, id)
        await c.leave()
      }
    })

    await test('9.10, 12.7 a v7 session gets strings by put, a v8 session by '
      + 'append, whoever is there', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      await a.put({ 'page:p': ['put', page('page:p', { name: 'a' })] })

      const grow = async (from, text) => {
        const name = a.records.get('page:p')?.name
          ?? b.records.get('page:p').name
        const at = b.items.length

        await from.put({ 'page:p': ['patch',
          { name: ['append', text, name.length] }] })

        return (await b.patch((d) => d['page:p']?.[0] === 'patch', at))
          .diff['page:p'][1].name
      }

      equal(await grow(a, 'b'), ['append', 'b', 1])

      const old = await s.join(board, { protocol: 7 })
      const from = old.items.length

      equal(await grow(a, 'c'), ['append', 'c', 2])
      equal((await old.patch((d) => d['page:p'], from)).diff['page:p'],
        ['patch', { name: ['put', 'abc'] }])
      equal(old.document(), a.document())
      await old.leave()
      equal(await grow(a, 'd'), ['append', 'd', 3])
      equal(a.document(), b.document())
    })
  })
}))
