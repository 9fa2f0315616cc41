#!/usr/bin/env node

// Values that databases and languages like to spoil: lone surrogates, zero
// bytes, odd numbers, quotes and paths, in ids and texts, on both databases
// (traps 12, 13, 16). They must come back as they went, to the others, to a
// late joiner and after a restart.

import('../lib/sync.mjs').then(({ run, suite, draws, test, equal, check, until,
  page, presence }) => run(async () => {
  const texts = {
    'a zero byte': 'a\u0000b',
    'only a zero byte': '\u0000',
    'all control characters': Array.from({ length: 32 }, (_, i) =>
      String.fromCharCode(i)).join(''),
    'a lone high surrogate': 'x\ud83dx',
    'a lone low surrogate': 'x\ude00x',
    'surrogates the wrong way round': '\ude00\ud83d',
    'a surrogate at the end': 'x\ud83d',
    'an emoji': '👩‍👩‍👧‍👦',
    'the last characters of Unicode': '\u{10ffff}\uffff\ufffe\ufffd',
    'a byte order mark': '\ufeffx',
    'line separators': '\u2028\u2029\u0085',
    'quotes and backslashes': '"\'`\\\\"\\u0041\\n',
    'SQL': "'); DROP TABLE records; --",
    'a placeholder': '$1 ? :a %s {0}',
    'a path': '../../../etc/passwd',
    'markup': '</script><img src=x onerror=alert(1)>',
    'the delete character': '\u007f\u0080',
    'prototype names': '__proto__',
    'the empty text': '',
    'combining characters': 'e\u0301 é',
    '200 KB': 'ä€😀\u0000\ud83d'.repeat(28000),
  }

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const others = await draws(s)
      const board = await s.board()
      const [a, b] = await s.pair(board)
      const want = new Map()

      for (const [name, text] of Object.entries(texts)) {
        await test(`12.12 ${name}`, async () => {
          const long = text.length > 3000
          const id = `page:${long ? 'long' : text}`
          const record = page(id, { name: text, meta: JSON.parse(
            `{${JSON.stringify(long ? 'k' : text)}:${JSON.stringify(text)}}`) })

          equal((await a.put({ [id]: ['put', record] })).action, 'commit')
          await until(() => b.records.has(id), 'the others')
          equal(b.records.get(id), record)

          // appends count in the units of the text as it is

          const grown = { ...record, name: `${text}!` }

          equal((await a.put({ [id]: ['patch',
            { name: ['append', '!', text.length] }] })).action, 'commit')
          await until(() => b.records.get(id).name === grown.name, 'more')
          equal((await a.put({ [id]: ['put', grown] })).action, 'discard')
          want.set(id, grown)
        })
      }

      await test('ids of all these are told apart, one by one removed and '
        + 'put again', async () => {
        const ids = [...want.keys()]
        const stored = await s.stored(board)

        equal(stored.length, ids.length)

        // in hexadecimal: psql leaves out characters that it cannot print

        const hex = database === 'sqlite' ? 'hex(state)'
          : "encode(convert_to(state, 'UTF8'), 'hex')"
        const states = await s.t.sql(`SELECT ${hex} FROM records r JOIN rooms `
          + `b ON b.num = r.room WHERE b.id = '${board}'`)

        equal(states.map(([text]) => JSON.parse(Buffer.from(text, 'hex')).id)
          .sort(), [...ids].sort())

        const half = ids.filter((_, i) => i % 2)

        for (const id of half) {
          equal((await a.put({ [id]: ['remove'] })).action, 'commit')
        }

        equal((await s.tombstones(board)).length, half.length)
        equal((await s.stored(board)).length, ids.length - half.length)

        for (const id of half) {
          equal((await a.put({ [id]: ['put', want.get(id)] })).action, 'commit')
        }

        equal(await s.tombstones(board), [])
        await until(() => b.serverClock === a.serverClock)
        equal(b.document(), a.document())
      })

      await test('an id written with escapes is the same id', async () => {
        const clock = a.pushText('"diff":{"\\u0070age:\\u0065sc\\/":["put",'
          + '{"id":"page:esc/","typeName":"page","name":"1","index":"a1",'
          + '"meta":{}}]}')

        await a.result(clock)
        a.records.set('page:esc/', page('page:esc/', { name: '1' }))
        equal((await a.put({ 'page:esc/': ['patch',
          { name: ['put', '2'] }] })).action, 'commit')
        await until(() => b.records.get('page:esc/')?.name === '2')
        equal((await s.stored(board)).filter(([id]) =>
          id.includes('esc')).length, 1)
        want.set('page:esc/', page('page:esc/', { name: '2' }))
      })

      await test('odd numbers', async () => {
        const meta = '{"a":-0,"b":1.0,"c":9007199254740993,"d":1e-400,'
          + '"e":123456789.123456789,"f":1E+2,"g":-1e-7,"h":2.5e-8,'
          + '"i":0.1,"j":1e23,"k":5e-324}'

        const clock = a.pushText('"diff":{"page:n":["put",{"id":"page:n",'
          + `"typeName":"page","name":"n","index":"a1","meta":${meta}}]}`)

        await a.result(clock)

        const record = page('page:n', { name: 'n', meta: JSON.parse(meta) })
        const same = (r) => equal(JSON.stringify(r), JSON.stringify(
          { ...r, ...record, meta: { ...record.meta } }))

        a.records.set('page:n', record)
        await until(() => b.records.has('page:n'))
        same(b.records.get('page:n'))
        await a.put({ 'page:n': ['patch', { name: ['put', 'm'] }] })
        await until(() => b.records.get('page:n').name === 'm')
        record.name = 'm'
        want.set('page:n', record)
      })

      await test('presence carries them too', async () => {
        const names = Object.values(texts).filter((t) => t.length < 3000)

        for (const text of names) {
          await a.put(undefined, ['put', presence({ userName: text,
            chatMessage: text })])
          await until(() => b.presences()[0]?.userName === text
            && b.presences()[0]?.chatMessage === text, JSON.stringify(text))
        }
      })

      await test('names of boards and people with all of that', async () => {
        for (const text of Object.values(texts)) {
          const { status, json } = await s.api('PATCH', `api/rooms/${board}`,
            { name: text })

          check([200, 400, 413].includes(status), `${status}`)
          if (status === 400) check(json.error.code === 'bad_request')
        }
      })

      await test('a late joiner gets them all, also after a restart',
        async () => {
          const all = (c) => {
            for (const [id, record] of want) {
              equal(JSON.stringify(c.records.get(id)?.name),
                JSON.stringify(record.name), id)
              equal(c.records.get(id).meta, record.meta)
            }
            equal(c.records.size - c.presences().length, want.size)
          }

          all(await s.join(board))
          await others.finish()
          await s.t.restart()
          all(await s.join(board))
        })
    })
  }
}))
