#!/usr/bin/env node

// Messages that no client sends: each with its clear end, while two others
// draw on the same server and must notice nothing.

import('../lib/sync.mjs').then(({ run, suite, draws, test, equal, check, until,
  schemas, page, group, presence, newId, Client, sleep }) => run(async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty',
    'valueOf', 'prototype', '', ' ', '.', '..', '/', '../../etc/passwd',
    "'; DROP TABLE records; --", '" OR ""="', '\\', '%s%n', '$1', '${x}',
    '<script>alert(1)</script>', '\u0000', 'a\u0000b', '\r\n', '\u2028',
    '\ud83d', '\ude00\ud83d', '😀', 'ﷺ'.repeat(50), 'x'.repeat(3000)]

  const slow = process.env.TIDRAW_ASAN || process.env.TIDRAW_VALGRIND ? 6 : 1

  await suite({}, async (s) => {
    const others = await draws(s)
    const board = await s.board()
    const witness = await s.join(board)

    await witness.put({ 'page:p': ['put', page('page:p')] })

    // who is silent for 20 s is closed

    const alive = setInterval(() => witness.send({ type: 'ping' }), 5000)

    const ends = async (name, say, reason) => test(name, async () => {
      const c = await s.join(board)

      await say(c)
      await c.refused(reason)
      await witness.ping()
    })

    const goesOn = async (name, say) => test(name, async () => {
      const c = await s.join(board)

      await say(c)
      await c.ping()
      await c.leave()
    })

    await test('9.34 a binary frame: closed or taken as text, nothing worse',
      async () => {
        const c = await s.join(board)

        c.socket.write(c.bytes(2, Buffer.from('{"type":"ping"}')))
        await until(() => c.ended || c.items.at(-1).type === 'pong')

        const d = await s.join(board)

        d.socket.write(d.bytes(2, Buffer.from([0xff, 0xfe, 0, 1])))
        await d.closed()
      })

    await ends('JSON nested 100 000 deep', (c) =>
      c.text(`{"a":${'['.repeat(100000)}${']'.repeat(100000)}}`),
    'INVALID_RECORD')

    await ends('a record nested 500 deep', (c) => {
      let meta = {}

      for (let i = 0; i < 500; i++) meta = { meta }
      c.push({ 'page:deep': ['put', page('page:deep', { meta })] })
    }, 'INVALID_RECORD')

    await goesOn('a record nested 80 deep is fine, and can be patched',
      async (c) => {
        let meta = 1

        for (let i = 0; i < 80; i++) meta = i % 2 ? [meta] : { meta }
        equal((await c.put({ 'page:deep': ['put', page('page:deep',
          { meta })] })).action, 'commit')
        await c.put({ 'page:deep': ['put', page('page:deep',
          { meta: JSON.parse(JSON.stringify(meta).replace('1', '2')) })] })
        await until(() => JSON.stringify(witness.records.get('page:deep'))
          === JSON.stringify(c.records.get('page:deep')))
        await c.put({ 'page:deep': ['remove'] })
      })

    for (const [name, text] of Object.entries({
      'a push without a clock': '{"type":"push","diff":{}}',
      'a push whose clock is a string': '{"type":"push","clientClock":"1"}',
      'a push whose clock is null': '{"type":"push","clientClock":null}',
      'a push with a clock of 60 digits': '{"type":"push","clientClock":'
        + `${'1'.repeat(60)},"diff":{}}`,
      'a connect without an id': '{"type":"connect","protocolVersion":8}',
      'a connect with an object as id': '{"type":"connect","protocolVersion":'
        + '8,"connectRequestId":{}}',
      'a connect with an id of 100 KB': '{"type":"connect","protocolVersion":'
        + `8,"connectRequestId":"${'x'.repeat(100000)}"}`,
    })) await ends(name, (c) => c.text(text), 'UNKNOWN_ERROR')

    for (const diff of ['[]', '"x"', '7', 'true', '[["put",{}]]']) {
      await ends(`a diff that is ${diff}`, (c) =>
        c.text(`{"type":"push","clientClock":0,"diff":${diff}}`),
      'INVALID_RECORD')
    }

    await ends('a number that overflows', (c) =>
      c.pushText('"diff":{"page:n":["put",{"id":"page:n","typeName":"page",'
        + '"name":"n","index":"a1","meta":{"a":1e400}}]}'), 'INVALID_RECORD')
    await ends('a number that overflows, in a patch', (c) =>
      c.pushText('"diff":{"page:p":["patch",{"meta":["put",[-1e999]]}]}'),
    'INVALID_RECORD')
    await ends('a coordinate that overflows', (c) =>
      c.pushText(`"diff":{"shape:n":["put",${JSON.stringify(group('shape:n'))
        .replace('"x":0', '"x":1e400')}]}`), 'INVALID_RECORD')
    await ends('presence with a number that overflows', (c) =>
      c.pushText(`"presence":["put",${JSON.stringify(presence())
        .replace('"lastActivityTimestamp":1',
          '"lastActivityTimestamp":1e400')}]`), 'INVALID_RECORD')

    await test('names of all kinds as typeName: INVALID_RECORD', async () => {
      for (const name of names) {
        const c = await s.join(board)

        c.push({ [`page:${name}`]: ['put',
          page(`page:${name}`, { typeName: name })] })
        await c.refused('INVALID_RECORD')
      }
    })

    await test('names of all kinds as a shape\'s type and as a property: '
      + 'INVALID_RECORD', async () => {
      for (const name of names) {
        const c = await s.join(board)

        c.push({ 'shape:x': ['put', group('shape:x', { type: name })] })
        await c.refused('INVALID_RECORD')

        const d = await s.join(board)
        const key = JSON.stringify(name)

        d.pushText(`"diff":{"page:p":["put",{${key}:1,"id":"page:p",`
          + '"typeName":"page","name":"","index":"a1","meta":{}}]}')
        await d.refused('INVALID_RECORD')
      }
    })

    await test('names of all kinds as ids without a prefix: INVALID_RECORD',
      async () => {
        for (const name of names) {
          const c = await s.join(board)
          const record = JSON.stringify(page(name))

          c.pushText(`"diff":{${JSON.stringify(name)}:["put",${record}]}`)
          await c.refused('INVALID_RECORD')
        }
      })

    await goesOn('names of all kinds as ops and unknown ids: no effect',
      async (c) => {
        for (const name of names) {
          equal((await c.put({ 'page:p': [name, {}] })).action, 'discard')

          const key = JSON.stringify(name)

          for (const op of ['["remove"]', '["patch",{"x":["put",1]}]']) {
            const clock = c.pushText(`"diff":{${key}:${op}}`)

            equal((await c.result(clock)).action, 'discard', key)
          }

          equal((await c.put({ 'page:p': ['patch',
            { name: [name, 'x', 6] } ] })).action, 'discard', `op ${name}`)
        }
      })

    await test('names of all kinds as presence: never another\'s', async () => {
      for (const name of names) {
        const c = await s.join(board)

        await c.put(undefined, ['put', presence({ id: name, typeName: name,
          userName: name, meta: { [name]: name } })])

        const d = await s.join(board)
        const [p] = d.presences().filter((r) => r.userName === name)

        check(/^instance_presence:[\w-]+$/.test(p.id), p.id)
        equal(p.typeName, 'instance_presence')

        if (name !== '__proto__') equal(p.meta, { [name]: name })

        d.push({ [p.id]: ['remove'] })
        d.push({ [p.id]: ['patch', { userName: ['put', 'stolen'] }] })
        equal((await d.result(1)).action, 'discard')
        d.push({ [p.id]: ['put', presence({ id: p.id })] })
        await d.refused('INVALID_RECORD')
        await c.ping()
        await c.leave()
      }
    })

    await goesOn('presence names everywhere stay text', async (c) => {
      for (const name of names) {
        await c.put(undefined, ['put', presence({ userName: name,
          chatMessage: name })])
      }
    })

    await test('session ids of all kinds', async () => {
      for (const session of [...names, 'x'.repeat(2000)]) {
        const c = await s.join(board, { session })

        await c.put(undefined, ['put', presence()])
        await c.leave()
      }

      const a = await s.join(board, { session: null })
      const b = await s.join(board, { session: null })

      await a.ping()
      await b.ping()
    })

    await test('a schema of a megabyte, a schema of odd kinds', async () => {
      const many = Object.fromEntries(Array.from({ length: 30000 }, (_, i) =>
        [`com.example.sequence.${i}`, i]))
      const c = await s.open(board)
      const at = Date.now()

      c.long({ type: 'connect', connectRequestId: 'x', lastServerClock: 0,
        protocolVersion: 8, schema: { schemaVersion: 2,
          sequences: { ...many, ...schemas['5.4.2'].sequences } } })
      await c.until(() => c.items.length, 'the reply')
      check(Date.now() - at < 2000 * slow, 'in time')

      for (const sequences of [many, Object.values(many), { a: many }]) {
        const d = await s.open(board)

        d.long({ type: 'connect', connectRequestId: 'x', lastServerClock: 0,
          protocolVersion: 8, schema: { schemaVersion: 2, sequences } })
        await d.refused('CLIENT_TOO_OLD')
      }
    })

    await test('connect and push in one write, before anything was answered',
      async () => {
        const c = new Client(s.t, board, { cookie: s.ann })

        await c.opened

        const hello = { type: 'connect', connectRequestId: 'x',
          lastServerClock: -1, protocolVersion: 8, schema: schemas['5.4.2'] }

        c.pending.set(0, {})
        c.clock = 1
        c.socket.write(Buffer.concat([hello, { type: 'push', clientClock: 0,
          diff: {} }, { type: 'ping' }].map((m) =>
          c.bytes(1, Buffer.from(JSON.stringify(m))))))
        await until(() => c.items.length === 3)
        equal(c.items.map((i) => i.type).sort(),
          ['connect', 'pong', 'push_result'])
        equal(c.items[0].type, 'connect')
        c.drop()
      })

    await test('a hundred connects on one socket, with pushes in between',
      async () => {
        const c = await s.join(board)

        for (let i = 0; i < 100; i++) {
          c.send({ type: 'connect', connectRequestId: `${i}`,
            lastServerClock: i, protocolVersion: 5 + (i % 4),
            schema: schemas['5.4.2'] })
          c.push({ 'page:p': ['patch', { name: ['put', `${i}`] }] })
        }

        await until(() => c.items.filter((i) => i.type === 'connect').length
          === 101)
        c.pending.clear()
        await c.leave()

        // results may come until then, and we have forgotten their pushes

        c.disorder = undefined
        c.wentBack = undefined
      })

    await test('200 sockets that say half a message and go', async () => {
      await Promise.all(Array.from({ length: 200 }, async (_, i) => {
        const c = await s.open(board)

        if (i % 2) c.text('5_{"type":"push","diff":{')
        else c.socket.write(c.bytes(1, Buffer.alloc(5000)).subarray(0, 100))
        if (i % 3) c.drop()
        else c.socket.end()
      }))
    })

    await test('an upgrade under a foreign origin is refused', async () => {
      for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1',
        `http://127.0.0.1:${s.t.port}.evil.example`,
        `http://user@127.0.0.1:${s.t.port}`, 'x', '']) {
        const c = new Client(s.t, board, { cookie: s.ann,
          headers: { Origin: origin } })

        await c.opened.then(() => {
          throw new Error(`${origin} was let in`)
        }, () => {})
        equal(c.status, 403, origin)
      }

      const c = await s.join(board, {
        headers: { Origin: `http://127.0.0.1:${s.t.port}` } })

      await c.ping()
    })

    await test('what is stored is only what was allowed', async () => {
      equal((await s.stored(board)).map(([id]) => id), ['page:p'])
      await witness.ping()
    })

    clearInterval(alive)

    await others.finish()
  })
}))
