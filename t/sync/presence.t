#!/usr/bin/env node

// Presence (reference 2.2 to 2.4, 4.7; check-list 19, 27 to 29, 37; traps 10,
// 11, 18).

import('../lib/sync.mjs').then(({ run, suite, test, together, equal, check,
  until, page, presence, newId, sleep }) => run(async () => {
  const cursor = (x) => ({ x, y: 0, type: 'default', rotation: 0 })
  const move = (x) => ['patch', { cursor: ['put', cursor(x)] }]
  const isPresence = (d) => Object.keys(d)[0].startsWith('instance_presence:')

  await suite({}, async (s) => {
    await test('9.19, 12.11 a put becomes a put under the server\'s id and '
      + 'type, never the client\'s', async () => {
      const [a, b] = await s.pair(await s.board())

      for (const more of [{}]) {
        equal((await a.put(undefined, ['put', presence(more)])).action,
          'commit')
      }

      const { diff } = await b.patch(isPresence)
      const [[id, op]] = Object.entries(diff)

      check(id !== 'instance_presence:mine', 'an id of the server')
      equal(op, ['put', presence({ id })])
      check(!JSON.stringify(b.items).includes('instance_presence:mine'),
        'the client\'s id is nowhere')
      await a.ping()
      equal(a.presences(), [], '12.11 nobody sees his own')
    })

    await test('9.29 first a put, then patches, whatever the client says',
      async () => {
        const [a, b] = await s.pair(await s.board())

        await a.put(undefined, ['put', presence()])

        const [id] = Object.keys((await b.patch(isPresence)).diff)
        const next = async (op) => {
          const from = b.items.length

          await a.put(undefined, op)

          return (await b.patch(isPresence, from)).diff
        }

        equal(await next(move(5)), { [id]: move(5) })
        equal(await next(['put', presence({ cursor: cursor(6) })]),
          { [id]: move(6) })
        equal(await next(['patch', { chatMessage: ['put', 'h'] }]),
          { [id]: ['patch', { chatMessage: ['append', 'h', 0] }] })
        equal(await next(['patch', { chatMessage: ['append', 'ello', 1] }]),
          { [id]: ['patch', { chatMessage: ['append', 'ello', 1] }] })
        equal(await next(['patch', { selectedShapeIds:
          ['append', ['shape:a'], 0] }]),
        { [id]: ['patch', { selectedShapeIds: ['append', ['shape:a'], 0] }] })
        equal(b.records.get(id), presence({ id, cursor: cursor(6),
          chatMessage: 'hello', selectedShapeIds: ['shape:a'] }))
      })

    await test('9.29 many changes of one moment travel together', async () => {
      const [a, b] = await s.pair(await s.board())

      await a.put(undefined, ['put', presence()])
      await b.patch(isPresence)
      await sleep(50)

      const { messages } = b

      // in one write, whatever else this machine does

      a.socket.cork()
      for (let i = 1; i <= 50; i++) a.push(undefined, move(i))
      a.socket.uncork()

      await until(() => b.presences()[0].cursor.x === 50)
      check(b.messages - messages <= 10,
        `${b.messages - messages} frames for 50 changes`)
      check(a.messages <= 12, `${a.messages} frames to the author`)
    })

    await test('9.27 presence is not stored and leaves the clock', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      await a.put({ 'page:p': ['put', page('page:p')] },
        ['put', presence()])

      const { serverClock } = a

      for (let i = 0; i < 5; i++) await a.put(undefined, move(i + 1))
      equal(a.serverClock, serverClock)
      await until(() => b.presences()[0]?.cursor.x === 5)
      equal(b.serverClock, serverClock)
      equal((await s.stored(board)).map(([id]) => id), ['page:p'])
      equal(await s.tombstones(board), [])
      equal((await s.room(board)).clock, serverClock)
    })

    await test('9.27 a newcomer gets everybody\'s presence, not his own',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)

        await a.put(undefined, ['put', presence({ userName: 'A' })])
        await b.put(undefined, ['put', presence({ userName: 'B' })])

        const c = await s.join(board)

        equal(c.presences().map((p) => p.userName).sort(), ['A', 'B'])

        const again = await s.join(board, { last: c.serverClock })

        equal(again.reply.hydrationType, 'wipe_presence')
        equal(again.presences().map((p) => p.userName).sort(), ['A', 'B'])
      })

    await test('4.7 a patch of a presence that is not there is ignored',
      async () => {
        const [a, b] = await s.pair(await s.board())

        equal((await a.put(undefined, move(1))).action, 'commit')
        equal((await a.put(undefined, ['remove'])).action, 'commit')
        equal((await a.put(undefined, ['what'])).action, 'commit')
        await b.ping()
        equal(b.items.filter((i) => i.type === 'patch'), [])
      })

    await test('4.7 a patch cannot change id and type', async () => {
      const [a, b] = await s.pair(await s.board())

      await a.put(undefined, ['put', presence({ typeName: 'shape',
        id: 'shape:x' })])

      const [id] = Object.keys((await b.patch(isPresence)).diff)

      await a.put(undefined, ['patch', { id: ['put', 'instance_presence:x'],
        typeName: ['put', 'shape'], cursor: ['put', cursor(9)] }])
      await until(() => b.presences()[0].cursor.x === 9)
      equal(b.records.get(id), presence({ id, cursor: cursor(9) }))
      equal((await a.put(undefined, ['patch',
        { id: ['delete'], typeName: ['delete'] }])).action, 'commit')
    })

    await test('4.7 an invalid presence ends the session and its presence at '
      + 'once', async () => {
      const board = await s.board()
      const b = await s.join(board)

      for (const op of [['put', presence({ color: 1 })],
        ['put', { ...presence(), more: 1 }], ['put'], ['put', null],
        ['patch'], ['patch', { color: ['put', 7] }],
        ['patch', { userId: ['delete'] }], ['patch', { cursor: null }],
        'put', 7, [], [null], {}]) {
        const a = await s.join(board)

        await a.put(undefined, ['put', presence()])
        await until(() => b.presences().length === 1, 'the presence')

        const from = b.items.length

        a.push({ 'page:x': ['put', page('page:x')] }, op)
        await a.refused('INVALID_RECORD').catch((e) => {
          throw new Error(`${JSON.stringify(op)}: ${e.message}`)
        })
        await until(() => b.presences().length === 0, 'the remove')
        equal(b.items.slice(from).filter((i) => i.diff?.['page:x']), [],
          'the document part of the push')
      }

      equal(await s.stored(board), [])
    })

    await test('4.1 a bad document part takes the presence with it',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)

        a.push({ 'page:x': ['put', { bad: 1 }] }, ['put', presence()])
        await a.refused('INVALID_RECORD')
        await b.ping()
        await until(() => b.presences().length === 0)
        equal((await s.join(board)).presences(), [])
      })

    await test('12.7 v7 receivers: string appends in presence become puts',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)
        const old = await s.join(board, { protocol: 7 })

        await a.put(undefined, ['put', presence({ chatMessage: 'a',
          meta: { l: [{ t: 'x' }] } })])
        await a.put(undefined, ['patch',
          { chatMessage: ['append', 'b', 1] }])
        await a.put(undefined, ['patch', { meta: ['patch',
          { l: ['patch', { 0: ['patch', { t: ['append', 'y', 1] }] }] }] }])
        await until(() => [b, old].every((c) =>
          c.presences()[0]?.meta.l[0].t === 'xy'))
        equal(old.presences(), b.presences())
        equal(old.items.at(-2).diff[old.presences()[0].id],
          ['patch', { chatMessage: ['put', 'ab'] }])
      })

    await test('12.18 two sessions of one user see each other\'s presence',
      async () => {
        const [a, b] = await s.pair(await s.board())

        await a.put(undefined, ['put', presence()])
        await b.put(undefined, ['put', presence()])
        await until(() => a.presences().length && b.presences().length)
      })

    await test('2.3, 2.4, 12.10 a new socket under the same sessionId goes on '
      + 'with presence id and record; the old one\'s end changes nothing',
    async () => {
      const board = await s.board()
      const session = newId()
      const b = await s.join(board)
      const a = await s.join(board, { session })

      await a.put(undefined, ['put', presence({ userName: 'A' })])
      await until(() => b.presences().length)

      const [{ id }] = b.presences()
      const from = b.items.length
      const next = await s.join(board, { session })

      equal(next.presences(), [], '12.11 not its own')
      check([1005, 1006].includes((await a.closed()).code),
        'the old one is closed so that it would come back')
      a.drop()
      await next.put(undefined, ['put', presence({ userName: 'A',
        cursor: cursor(3) })])
      await b.patch((d) => d[id], from)
      equal(b.items.slice(from).filter((i) => i.diff), [{ type: 'patch',
        serverClock: b.serverClock, diff: { [id]: move(3) } }],
      'no removal, a patch against the old record')
      await next.ping()
      equal((await s.join(board)).presences().map((p) => p.id), [id])
    })

    await test('12.10 what the old socket still says is not heard',
      async () => {
        const board = await s.board()
        const session = newId()
        const a = await s.join(board, { session })
        const next = await s.join(board, { session })

        a.push({ 'page:old': ['put', page('page:old')] })
        await next.put({ 'page:new': ['put', page('page:new')] })
        await next.ping()
        equal((await s.stored(board)).map(([id]) => id), ['page:new'])
      })

    await test('2.4 tabs that share a sessionId do not evict each other for '
      + 'ever', async () => {
      const board = await s.board()
      const session = newId()
      const one = await s.join(board, { session })
      const two = await s.join(board, { session })

      await one.closed()

      const three = await s.join(board, { session })

      await two.ping()
      await three.ping()
      await two.put(undefined, ['put', presence({ userName: 'two' })])
      await three.put(undefined, ['put', presence({ userName: 'three' })])

      const b = await s.join(board)

      equal(b.presences().map((p) => p.userName).sort(), ['three', 'two'])
    })

    await test('2.3 another user under the same sessionId is somebody else',
      async () => {
        const board = await s.board()
        const session = newId()
        const link = await s.t.link(s.ann, board, 'editor')
        const a = await s.join(board, { session })

        await a.put(undefined, ['put', presence({ userName: 'A' })])

        const guest = await s.join(board, { session, link })

        equal(guest.presences().map((p) => p.userName), ['A'])
        await guest.put(undefined, ['put', presence({ userName: 'G' })])
        await a.ping()
        await until(() => a.presences().length === 1)
      })

    const gone = async (end, name) => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      await a.put(undefined, ['put', presence()])
      await until(() => b.presences().length)

      const [{ id }] = b.presences()
      const at = Date.now()

      await end(a)
      await b.until(() => !b.records.has(id), 'the remove', 9000)

      const took = Date.now() - at

      check(took > 4000 && took < 8000, `${name}: after ${took} ms`)
      equal(b.items.at(-1), { type: 'patch', serverClock: b.serverClock,
        diff: { [id]: ['remove'] } })
    }

    await together(
      ['9.28, 9.37 presence stays about 5 s after a closed tab, then is '
        + 'removed', () => gone((c) => c.leave(), 'closed')],
      ['9.37 the same after a lost connection', () =>
        gone((c) => c.drop(), 'lost')],
      ['9.37 a newcomer within those 5 s still sees it, and its end',
        async () => {
          const board = await s.board()
          const a = await s.join(board)

          await a.put(undefined, ['put', presence()])
          a.drop()
          await sleep(500)

          const b = await s.join(board)

          equal(b.presences().length, 1)
          await b.until(() => !b.presences().length, 'the remove', 9000)
        }],
      ['2.3 who returns within 5 s keeps presence id and record', async () => {
        const board = await s.board()
        const session = newId()
        const b = await s.join(board)
        const a = await s.join(board, { session })

        await a.put(undefined, ['put', presence()])
        await until(() => b.presences().length)

        const from = b.items.length
        const [{ id }] = b.presences()

        a.drop()
        await sleep(1500)

        const next = await s.join(board, { session })

        await sleep(6000)
        equal(b.items.slice(from).filter((i) => i.diff), [], 'nothing heard')
        await next.put(undefined, move(7))
        await until(() => b.records.get(id).cursor.x === 7)
      }],
      ['9.28 no presence, no broadcast', async () => {
        const [a, b] = await s.pair(await s.board())

        await a.leave()
        await sleep(6500)
        await b.ping()
        equal(b.items.map((i) => i.type), ['connect', 'pong'])
      }],
    )
  })
}))
