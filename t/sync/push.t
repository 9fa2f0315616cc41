#!/usr/bin/env node

// Pushes: what is stored, what the author hears, what the others hear
// (reference 4.1, 4.2, 4.6, 4.8 to 4.10; check-list 17 to 23, 30, 35;
// traps 1, 2, 8).

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, until,
  page, group, draw, presence, sleep }) => run(async () => {
  const name = (value) => ['patch', { name: ['put', value] }]

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      await test('9.17 a put is stored, committed to its author and sent to '
        + 'the others once', async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)
        const c = await s.join(board)
        const before = a.reply.serverClock
        const put = { 'page:p': ['put', page('page:p')] }
        const result = await a.put(put)

        equal(result, { type: 'push_result', clientClock: 0,
          serverClock: before + 1, action: 'commit' })

        for (const other of [b, c]) {
          equal(await other.patch(() => true), { type: 'patch',
            serverClock: before + 1, diff: put })
        }

        await a.ping()
        equal(a.items.filter((i) => i.type === 'patch'), [], 'no echo')

        const [[id, clock, state]] = await s.stored(board)

        equal([id, Number(clock), JSON.parse(state)],
          ['page:p', before + 1, page('page:p')])

        await a.put({ 'page:q': ['put', page('page:q')] })
        await b.patch((d) => d['page:q'])
        equal(b.items.filter((i) => i.diff?.['page:p']).length, 1, 'once')
      })

      await test('9.20 a patch: commit, the minimal patch to the others, the '
        + 'next clock', async () => {
        const [a, b] = await s.pair(await s.board())
        const first = await a.put({ 'page:p': ['put', page('page:p')] })

        const result = await a.put({ 'page:p': ['patch',
          { name: ['put', 'new'], index: ['put', 'a1'] }] })

        equal(result.serverClock, first.serverClock + 1)
        equal(result.action, { rebaseWithDiff: { 'page:p': name('new') } })
        equal((await b.patch((d) => d['page:p'][0] === 'patch')).diff,
          { 'page:p': name('new') })

        equal((await a.put({ 'page:p': name('other') })).action, 'commit')
        equal(await b.patch((d) => d['page:p']?.[1].name?.[1] === 'other'),
          { type: 'patch', serverClock: first.serverClock + 2,
            diff: { 'page:p': name('other') } })
      })

      await test('9.21 a remove: commit, a remove to the others, a tombstone',
        async () => {
          const board = await s.board()
          const [a, b] = await s.pair(board)

          await a.put({ 'page:p': ['put', page('page:p')] })

          const result = await a.put({ 'page:p': ['remove'] })

          equal(result.action, 'commit')
          await b.patch((d) => d['page:p']?.[0] === 'remove')
          equal(await s.stored(board), [])
          equal((await s.tombstones(board)).map(([id, c]) => [id, Number(c)]),
            [['page:p', result.serverClock]])

          await a.put({ 'page:p': ['put', page('page:p')] })
          equal(await s.tombstones(board), [], 'a put takes it away')
        })

      await test('9.22, 9.23, 12.8 invalid pushes: 4099, all exactly as '
        + 'before', async () => {
        const board = await s.board()
        const b = await s.join(board)

        await b.put({ 'page:p': ['put', page('page:p')],
          'shape:s': ['put', group('shape:s')] })

        const before = [await s.stored(board), await s.tombstones(board),
          await s.room(board)]

        const good = { 'page:good': ['put', page('page:good')],
          'page:p': name('changed'), 'shape:s': ['remove'] }

        const bad = {
          'a new record': ['put', page('page:x', { name: 1 })],
          'a missing field': ['put', { id: 'page:x', typeName: 'page' }],
          'a field too many': ['put', page('page:x', { more: 1 })],
          'an unknown type': ['put', page('page:x', { typeName: 'nothing' })],
          'a type that is a number': ['put', page('page:x', { typeName: 1 })],
          'a session type': ['put', page('page:x', { typeName: 'camera' })],
          'a presence': ['put', presence({ id: 'page:x' })],
          'a prototype name': ['put', page('page:x', { typeName: 'toString' })],
          'no record': ['put', null],
          'no value': ['put'],
          'a foreign id': ['put', page('page:y')],
          'no id': ['put', { ...page(), id: undefined }],
          'an array': ['put', []],
          'a null op': null,
          'an op that is a string': 'remove',
          'an op that is an object': { 0: 'remove' },
          'an op without a name': [],
          'an op with a number as name': [1],
        }

        for (const [what, op] of Object.entries(bad)) {
          const a = await s.join(board)

          a.push({ ...good, 'page:x': op })
          await a.refused('INVALID_RECORD').catch((e) => {
            throw new Error(`${what}: ${e.message}`)
          })
          equal(a.items.length, 1, `${what}: no answer`)
        }

        const patches = {
          'a replacement by put': ['put', page('page:p', { name: null })],
          'another type by put': ['put', group('page:p')],
          'a patch to a bad value': name(7),
          'a patch that deletes': ['patch', { name: ['delete'] }],
          'a patch that adds': ['patch', { more: ['put', 1] }],
          'a patch of the id': ['patch', { id: ['put', 'page:q'] }],
          'a patch of the type': ['patch', { typeName: ['put', 'shape'] }],
          'a patch without a value': ['patch', { name: ['put'] }],
          'a patch without an object': ['patch'],
          'a patch with null': ['patch', null],
          'a patch with an array': ['patch', [['put', 1]]],
          'a null value op': ['patch', { name: null }],
          'a value op that is no array': ['patch', { name: 'x' }],
        }

        for (const [what, op] of Object.entries(patches)) {
          const a = await s.join(board)

          a.push({ ...good, 'page:p': op })
          await a.refused('INVALID_RECORD').catch((e) => {
            throw new Error(`${what}: ${e.message}`)
          })
          equal(a.items.length, 1, `${what}: no answer`)
        }

        await b.ping()
        equal(b.items.filter((i) => i.type === 'patch'), [], 'patches')
        equal([await s.stored(board), await s.tombstones(board),
          await s.room(board)], before)
      })
    })
  }

  await suite({}, async (s) => {
    await test('9.18, 9.19, 9.35 a viewer draws nothing and is told so, shows '
      + 'his cursor, and hears all', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)
      const v = await s.viewer(board)

      equal([a.reply.isReadonly, v.reply.isReadonly], [false, true])
      await a.put({ 'page:p': ['put', page('page:p')] })
      await v.patch((d) => d['page:p'])
      await b.patch((d) => d['page:p'])

      const { serverClock } = a
      const from = b.items.length

      for (const diff of [{ 'page:v': ['put', page('page:v')] },
        { 'page:p': name('mine') }, { 'page:p': ['remove'] }, {},
        { 'page:v': ['put', { bad: 1 }] }]) {
        const result = await v.put(diff)

        equal([result.action, result.serverClock], ['discard', serverClock])
      }

      const only = await v.put(undefined, ['put', presence()])

      equal([only.action, only.serverClock], ['commit', serverClock])

      const { diff } = await b.patch((d) => Object.keys(d)[0]
        .startsWith('instance_presence:'), from)
      const [[id, op]] = Object.entries(diff)

      equal(op, ['put', presence({ id })])

      const both = await v.put({ 'page:v': ['put', page('page:v')] },
        ['patch', { chatMessage: ['put', 'hi'] }])

      equal(both.action, 'discard')
      await b.patch((d) => d[id]?.[0] === 'patch', from)
      equal(b.items.slice(from).filter((i) => i.diff?.['page:v']
        || i.diff?.['page:p']), [], 'what others heard')
      equal((await s.stored(board)).map(([i]) => i), ['page:p'])
    })

    await test('4.6 commit, discard, rebase', async () => {
      const [a, b] = await s.pair(await s.board())
      const action = async (...args) => (await a.put(...args)).action

      equal(await action({ 'page:p': ['put', page('page:p')] }), 'commit')
      equal(await action(undefined), 'commit', 'neither diff nor presence')
      equal(await action({}), 'discard', 'an empty diff')
      equal(await action(null), 'discard', 'null from v8')
      equal(await action({ 'page:p': ['put', page('page:p')] }), 'discard',
        'an equal put')
      equal(await action({ 'page:p': name('A page') }), 'discard',
        'an equal patch')
      equal(await action({ 'page:none': name('x') }), 'discard',
        'a patch of nothing')
      equal(await action({ 'page:none': ['remove'] }), 'discard',
        'a remove of nothing')
      equal(await action({ 'page:p': ['explode', 1] }), 'discard',
        'an unknown op')
      equal(await action({ 'page:p': ['put', page('page:p', { name: 'x' })] }),
        { rebaseWithDiff: { 'page:p': name('x') } }, 'a put over another')
      equal(await action({ 'page:p': name('xyz') }), { rebaseWithDiff: {
        'page:p': ['patch', { name: ['append', 'yz', 1] }] } },
      'what the server says by append')
      equal(await action({ 'page:p': name('q'), 'page:none': ['remove'] }),
        { rebaseWithDiff: { 'page:p': name('q') } }, 'partly without effect')
      equal(await action({ 'page:p': ['patch', { meta:
        ['patch', { a: ['put', 1] }] }] }), 'commit', 'meta inside')

      const { serverClock } = a

      equal(await action({ 'page:none': ['remove'] }, ['put', presence()]),
        'discard')
      equal(a.serverClock, serverClock, 'the clock stays')
      await b.patch((d) => d['page:p'][1].meta?.[0] === 'patch')
      equal(a.document(), b.document())
    })

    await test('4.6 a v7 author: null is a commit, its diffs are its own',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board, { protocol: 7 })

        await a.put({ 'page:p': ['put', page('page:p', { name: 'a' })] })
        equal((await a.put(null)).action, 'commit')
        equal((await a.put({ 'page:p': name('ab') })).action, 'commit')
        equal((await a.put({ 'page:p': ['put', page('page:p',
          { name: 'abc', meta: { x: 1 } })] })).action,
        { rebaseWithDiff: { 'page:p': ['patch', { name: ['put', 'abc'],
          meta: ['put', { x: 1 }] }] } })
        await b.patch((d) => d['page:p'][1].meta?.[0] === 'put')
        equal(a.document(), b.document())
      })

    await test('12.1, 4.9.1 every push gets one result, in order, of every '
      + 'kind', async () => {
      const board = await s.board()
      const a = await s.join(board, { firstClock: 100 })
      const v = await s.viewer(board)
      const pushes = [[{ 'page:p': ['put', page('page:p')] }], [],
        [undefined, ['put', presence()]], [{}], [{ 'page:p': ['remove'] }],
        [{ 'page:x': ['remove'] }, ['patch', { chatMessage: ['put', 'x'] }]]]

      for (const c of [a, v]) {
        for (let i = 0; i < 60; i++) c.push(...pushes[i % pushes.length])

        await until(() => !c.pending.size, 'the results')
        await c.ping()

        const results = c.items.filter((i) => i.type === 'push_result')

        equal(results.map((i) => i.clientClock),
          Array.from({ length: 60 }, (_, i) => i + (c === a ? 100 : 0)))
      }
    })

    await test('9.4 records of a session are no part of a board', async () => {
      const board = await s.board()
      const records = {
        'camera:page:page': { typeName: 'camera', x: 0, y: 0, z: 1, meta: {} },
        'pointer:pointer': { typeName: 'pointer', x: 0, y: 0,
          lastActivityTimestamp: 0, meta: {} },
        'instance:instance': { typeName: 'instance' },
        'instance_page_state:page:page': { typeName: 'instance_page_state' },
      }

      for (const [id, record] of Object.entries(records)) {
        const a = await s.join(board)

        a.push({ [id]: ['put', { id, ...record }] })
        await a.refused('INVALID_RECORD')
      }

      equal(await s.stored(board), [])
    })

    await test('12.9 neither stricter nor laxer than the client', async () => {
      const board = await s.board()
      const good = [{ opacity: 0 }, { opacity: 1 }, { x: -1e308 },
        { rotation: 5e-324 }, { meta: null }, { meta: [[]] }, { meta: 'x' },
        { index: 'a1V' }, { index: 'Zz' }, { parentId: 'shape:' }]
      const bad = [{ opacity: 1.0001 }, { opacity: -0.1 }, { opacity: null },
        { x: null }, { x: '0' }, { isLocked: 1 }, { index: 'a10' },
        { index: '' }, { index: 'a' }, { parentId: 'document:document' },
        { props: { w: 1 } }, { props: null }, { more: undefined, extra: 1 }]

      const a = await s.join(board)

      for (const more of good) {
        const record = group(`shape:${good.indexOf(more)}`, more)

        equal((await a.put({ [record.id]: ['put', record] })).action, 'commit',
          JSON.stringify(more))
      }

      for (const more of bad) {
        const b = await s.join(board)

        b.push({ 'shape:bad': ['put', group('shape:bad', more)] })
        await b.refused('INVALID_RECORD').catch((e) => {
          throw new Error(`${JSON.stringify(more)}: ${e.message}`)
        })
      }
    })

    await test('4.1 the client\'s clock comes back as it was', async () => {
      const a = await s.join(await s.board())

      for (const clock of ['0', '12', '9007199254740991', '1.5', '-3', '1e3']) {
        a.pending.clear()
        a.pending.set(Number(clock), {})
        a.text(`{"type":"push","clientClock":${clock},"diff":{}}`)
        await until(() => !a.pending.size || a.ended, clock)
      }

      equal(a.disorder, undefined)
    })

    await test('4.1 a push before connect is dropped without an answer',
      async () => {
        const board = await s.board()
        const a = await s.open(board)

        a.text(JSON.stringify({ type: 'push', clientClock: 0,
          diff: { 'page:early': ['put', page('page:early')] } }))
        a.send({ type: 'ping' })
        await a.hello()
        await a.ping()
        equal(a.items.map((i) => i.type), ['connect', 'pong'])
        equal(await s.stored(board), [])
      })

    await test('4.10 presence and what has no effect leave the clock',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)

        await a.put({ 'page:p': ['put', page('page:p')] })

        const { serverClock } = a

        await a.put(undefined, ['put', presence()])
        await a.put({ 'page:p': name('A page') })
        await a.put({ 'page:p': ['remove'], 'page:q': ['put',
          page('page:q')] })
        equal(a.serverClock, serverClock + 1, 'two ops are one step')

        const { serverClock: seen } = await b.patch((d) => d['page:q'])

        equal(seen, serverClock + 1)
        equal((await s.room(board)).clock, serverClock + 1)
      })

    await test('12.2, 4.9.2 one order for all: patches and results of ten '
      + 'authors on one record', async () => {
      const board = await s.board()
      const clients = []

      for (let i = 0; i < 10; i++) clients.push(await s.join(board))

      await clients[0].put({ 'page:p': ['put', page('page:p')] })

      for (let n = 0; n < 40; n++) {
        for (const [i, c] of clients.entries()) {
          c.push({ 'page:p': ['patch', { name: ['put', `${i}.${n}`],
            meta: ['put', { [i]: n }] }] })
        }

        await sleep(n % 4)
      }

      await until(() => clients.every((c) => !c.pending.size), 'results')

      const last = Math.max(...clients.map((c) => c.serverClock))

      await until(() => clients.every((c) => c.serverClock === last
        && c.records.get('page:p').name
           === clients[0].records.get('page:p').name), 'the last patch')

      const orders = clients.map((c, i) => c.items.filter((m) =>
        m.serverClock > c.reply.serverClock + 1 || i > 0)
        .map((m) => m.serverClock))

      for (const [i, c] of clients.entries()) {
        equal(c.document(), clients[0].document(), `client ${i}`)
        equal(orders[i].every((n, k) => !k || n >= orders[i][k - 1]), true)
      }

      const [[, clock, state]] = await s.stored(board)

      equal(JSON.parse(state), clients[3].records.get('page:p'))
      equal(Number(clock), last)
    })

    await test('4.2 several ops on one record in one burst', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      a.push({ 'page:p': ['put', page('page:p')] })
      a.push({ 'page:p': name('one') })
      a.push({ 'page:p': ['remove'] })
      a.push({ 'page:p': name('lost') })
      a.push({ 'page:p': ['put', page('page:p', { name: 'two' })] })
      a.push({ 'page:p': name('three') })
      a.push({ 'page:q': ['put', page('page:q')] })

      const last = a.push({ 'page:q': ['remove'] })

      await a.result(last)

      const actions = a.items.filter((i) => i.type === 'push_result')
        .map((i) => i.action)

      equal(actions, ['commit', 'commit', 'commit', 'discard', 'commit',
        'commit', 'commit', 'commit'])
      await b.patch((d) => d['page:q']?.[0] === 'remove')
      equal(b.document(), { 'page:p': page('page:p', { name: 'three' }) })
      equal(a.document(), b.document())
      equal((await s.stored(board)).map(([id]) => id), ['page:p'])
      equal((await s.tombstones(board)).map(([id]) => id), ['page:q'])
    })

    await test('4.2 what came before a bad push counts, what comes after it '
      + 'does not', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      a.push({ 'page:before': ['put', page('page:before')] })
      a.push({ 'page:bad': ['put', page('page:bad', { name: 1 })] })
      a.push({ 'page:after': ['put', page('page:after')] })
      await a.refused('INVALID_RECORD')
      await b.patch((d) => d['page:before'])
      await b.ping()
      equal((await s.stored(board)).map(([id]) => id), ['page:before'])
    })

    await test('4.2 the same when it is the presence, or no message at all, '
      + 'that is bad', async () => {
      const bad = {
        presence: (c) => c.push(undefined, ['put', { bad: 1 }]),
        both: (c) => c.push({ 'page:bad': ['put', page('page:bad')] }, ['put']),
        json: (c) => c.text('{"type":'),
        depth: (c) => c.text(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`),
        chunks: (c) => c.text('x_'),
        version: (c) => c.hello({ protocolVersion: 99 }).catch(() => {}),
      }

      for (const [name, say] of Object.entries(bad)) {
        const board = await s.board()
        const [a, b] = await s.pair(board)

        for (let i = 0; i < 20; i++) {
          a.push({ [`page:${i}`]: ['put', page(`page:${i}`)] })
        }

        say(a)
        a.push({ 'page:after': ['put', page('page:after')] })
        await a.closed()
        await until(() => b.records.size === 20, `20 pages before: ${name}`,
          3000)
        await b.ping()
        equal((await s.stored(board)).length, 20, name)
      }
    })

    await test('3.6 a push that is sent again has no effect', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)
      const put = { 'shape:d': ['put', draw('shape:d',
        [{ type: 'free', path: 'AAAA' }])] }
      const grow = { 'shape:d': ['patch', { props: ['patch', { segments:
        ['patch', { 0: ['patch', { path: ['append', 'BBBB', 4] }] }] }] }] }

      await a.put(put)
      equal((await a.put(grow)).action, 'commit')
      equal((await a.put(grow)).action, 'discard')
      await b.patch((d) => d['shape:d']?.[0] === 'patch')
      equal(b.records.get('shape:d').props.segments[0].path, 'AAAABBBB')
      equal(a.document(), b.document())
    })

    await test('9.30 what another writer stored reaches the sessions, in '
      + 'order, before the push that met it', async () => {
      const board = await s.board()
      const [a, b] = await s.pair(board)

      await a.put({ 'page:p': ['put', page('page:p')],
        'page:q': ['put', page('page:q')] })

      const { num, clock } = await s.room(board)
      const other = JSON.stringify(page('page:other'))
      const p = JSON.stringify(page('page:p', { name: 'A page of theirs' }))

      await s.t.sql(`BEGIN; UPDATE rooms SET clock = ${clock + 2} `
        + `WHERE num = ${num}; INSERT INTO records (room, id, clock, state) `
        + `VALUES (${num}, 'page:other', ${clock + 1}, '${other}'); `
        + `UPDATE records SET state = '${p}', clock = ${clock + 2} WHERE `
        + `room = ${num} AND id = 'page:p'; DELETE FROM records WHERE room = `
        + `${num} AND id = 'page:q'; INSERT INTO tombstones (room, id, clock) `
        + `VALUES (${num}, 'page:q', ${clock + 2}); COMMIT`)

      const result = await a.put({ 'page:p': ['patch',
        { meta: ['patch', { mine: ['put', 1] }] }],
      'page:q': name('too late') })

      equal(result.serverClock, clock + 3)
      const at = a.items.indexOf(result)
      const patch = a.items.find((i) => i.type === 'patch')

      check(a.items.indexOf(patch) < at, 'their change comes first')
      await b.patch((d) => d['page:p']?.[1].meta?.[0] === 'patch')
      equal(a.document(), { 'page:other': page('page:other'), 'page:p':
        page('page:p', { name: 'A page of theirs', meta: { mine: 1 } }) })
      equal(b.document(), a.document())
      equal(a.items.filter((i) => i.diff?.['page:p']).length, 1, 'no echo')
    })
  })
}))
