#!/usr/bin/env node

// Value operations over the wire: apply, equality and diff (reference 4.3 to
// 4.5; traps 6, 7, 12, 13, 16). Every case goes to the server as a patch of
// "meta", which may hold any JSON; what the others get, what is stored and
// what a late joiner gets must be the same.

import('../lib/sync.mjs').then(({ run, suite, test, equal, check, until,
  hasStringAppend, page, draw, text }) => run(async () => {
  // [name, value before, op on it, value afterwards, op to the others]

  const same = Symbol('no effect')

  const cases = [
    ['put of a new value', 1, ['put', 2], 2],
    ['put of an equal value', { a: [1] }, ['put', { a: [1] }], same],
    ['put of an equal object in another order', { a: 1, b: 2 },
      ['put', { b: 2, a: 1 }], same],
    ['put of null', 1, ['put', null], null],
    ['an empty array is no empty object', [], ['put', {}], {}],
    ['an empty object is no empty array', {}, ['put', []], []],
    ['null is not missing', null, ['delete'], undefined],
    ['delete of a missing key', undefined, ['delete'], same],
    ['12.6 append to a string', 'ab', ['append', 'c', 2], 'abc'],
    ['12.6 append to the empty string', '', ['append', 'c', 0], 'c'],
    ['12.6 append with a wrong offset', 'ab', ['append', 'c', 1], same],
    ['12.6 append without an offset', 'ab', ['append', 'c'], same],
    ['12.6 append with an offset that is a string', 'ab', ['append', 'c', '2'],
      same],
    ['12.6 append to a missing key', undefined, ['append', 'c', 0], same],
    ['12.6 append of a string to an array', [1], ['append', 'c', 1], same],
    ['12.6 append of an array to a string', 'a', ['append', ['c'], 1], same],
    ['12.6 append to a number', 12, ['append', 'c', 2], same],
    ['12.6 append after two-byte characters', 'äé', ['append', 'x', 2], 'äéx'],
    ['12.6 append after three-byte characters', '€中', ['append', 'x', 2],
      '€中x'],
    ['12.6 append after an emoji, offset 2', '😀', ['append', 'x', 2], '😀x'],
    ['12.6 append after an emoji, offset 1', '😀', ['append', 'x', 1], same],
    ['12.6 append after an emoji, offset 4 (its bytes)', '😀',
      ['append', 'x', 4], same],
    ['12.12 append after a lone surrogate', '\ud83d', ['append', 'x', 1],
      '\ud83dx'],
    ['12.12 append that joins two surrogates', '\ud83d',
      ['append', '\ude00', 1], '😀'],
    ['12.12 append after a reversed pair', '\ude00\ud83d', ['append', 'x', 2],
      '\ude00\ud83dx'],
    ['append to an array', [1], ['append', [2, 3], 1], [1, 2, 3]],
    ['append to an array with a wrong offset', [1], ['append', [2], 0], same],
    ['append of nothing', 'ab', ['append', '', 2], same],
    ['patch inside an object', { a: { b: 1 } },
      ['patch', { a: ['patch', { b: ['put', 2] }] }], { a: { b: 2 } }],
    ['patch of null', null, ['patch', { a: ['put', 1] }], same],
    ['patch of a number', 3, ['patch', { a: ['put', 1] }], same],
    ['patch of a string', 'x', ['patch', { 0: ['put', 'y'] }], same],
    ['patch of a missing key', undefined, ['patch', { a: ['put', 1] }], same],
    ['an unknown op', 1, ['increment', 1], same],
    ['patch of an array item', [1, 2, 3], ['patch', { 1: ['put', 5] }],
      [1, 5, 3]],
    ['patch of the place behind the last item', [1, 2],
      ['patch', { 2: ['put', 3] }], [1, 2, 3]],
    ['patch far behind the last item', [1, 2], ['patch', { 9: ['put', 3] }],
      same],
    ['patch inside an array item', [{ a: 'x' }],
      ['patch', { 0: ['patch', { a: ['append', 'y', 1] }] }], [{ a: 'xy' }]],
    ['12.13 a number of 17 digits', 1, ['put', 0.1 + 0.2], 0.1 + 0.2],
    ['12.13 2^53', 1, ['put', 9007199254740992], 9007199254740992],
    ['12.13 the smallest and the largest', [5e-324],
      ['put', [1.7976931348623157e308, 5e-324]],
      [1.7976931348623157e308, 5e-324]],
    ['12.16 null in an op is a value', 1, ['put', null], null],
    ['a key named constructor', {}, ['patch', { constructor: ['put', 1] }],
      { constructor: 1 }],
    ['a key named toString', {}, ['patch', { toString: ['put', 1] }],
      { toString: 1 }],
    ['delete of toString where there is none', {},
      ['patch', { toString: ['delete'] }], same],
    ['the empty key', {}, ['patch', { '': ['put', 1] }], { '': 1 }],
    ['a zero byte in key and value', {}, ['patch', { '\0': ['put', '\0'] }],
      { '\0': '\0' }],
  ]

  // what the others are told: [name, before, after, op in meta]

  const diffs = [
    ['[1,2,3] to [1,2,4]', [1, 2, 3], [1, 2, 4],
      ['patch', { 2: ['put', 4] }]],
    ['[1,2,3] to [1,5,4]', [1, 2, 3], [1, 5, 4], ['put', [1, 5, 4]]],
    ['2 of 10 items', [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
      [1, 0, 3, 4, 5, 0, 7, 8, 9, 0],
      ['patch', { 1: ['put', 0], 5: ['put', 0] }]],
    ['3 of 10 items', [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
      [9, 0, 3, 4, 5, 0, 7, 8, 9, 0],
      ['put', [9, 0, 3, 4, 5, 0, 7, 8, 9, 0]]],
    ['a string that grows', 'ab', 'abc', ['append', 'c', 2]],
    ['a string that changes', 'ab', 'xb', ['put', 'xb']],
    ['a string that shrinks', 'ab', 'a', ['put', 'a']],
    ['an array that grows', [1], [1, 2], ['append', [2], 1]],
    ['an array that shrinks', [1, 2], [1], ['put', [1]]],
    ['a nested plain object', { a: { b: 1, c: 2 } }, { a: { b: 2, c: 2 } },
      ['put', { a: { b: 2, c: 2 } }]],
    ['a string in an array', ['ab', 1, 2, 3, 4], ['abc', 1, 2, 3, 4],
      ['patch', { 0: ['put', 'abc'] }]],
    ['an item that becomes null', [1, 2], [null, 2],
      ['patch', { 0: ['put', null] }]],
  ]

  for (const database of ['sqlite', 'postgres']) {
    await suite({ database }, async (s) => {
      const board = await s.board()
      const [a, b] = await s.pair(board)
      const old = await s.join(board, { protocol: 7 })

      await a.put({ 'page:p': ['put', page('page:p')] })

      for (const [name, before, op, after] of cases) {
        await test(name, async () => {
          await a.put({ 'page:p': ['patch', { meta: ['put',
            before === undefined ? {} : { v: before }] }] })

          const result = await a.put({ 'page:p': ['patch',
            { meta: ['patch', { v: op }] }] })

          if (after === same) {
            equal(result.action, 'discard')
          } else {
            const meta = after === undefined ? {} : { v: after }

            check(result.action !== 'discard', 'an effect')
            equal(a.records.get('page:p').meta, meta, 'the author')

            await until(() => [b, old].every((c) =>
              c.serverClock === a.serverClock), 'the others')
            equal(b.records.get('page:p').meta, meta, 'the others')
            equal(old.records.get('page:p').meta, meta, 'a v7 receiver')
          }
        })
      }

      await test('all that is stored as it is seen', async () => {
        const [[, , state]] = await s.stored(board)
        const late = await s.join(board)

        equal(JSON.parse(state), a.records.get('page:p'))
        equal(late.document(), a.document())
        await s.t.restart()

        const later = await s.join(board)

        equal(later.document(), a.document())
        check(!old.items.some((i) => i.type === 'patch'
          && Object.values(i.diff).some(hasStringAppend)),
        '12.7 no string append to a v7 receiver')
      })
    })
  }

  await suite({}, async (s) => {
    const [a, b] = await s.pair(await s.board())

    await a.put({ 'page:p': ['put', page('page:p')] })

    for (const [name, before, after, op] of diffs) {
      await test(`4.5 diff: ${name}`, async () => {
        await a.put({ 'page:p': ['put', page('page:p',
          { meta: { v: before } })] })

        const from = b.items.length
        const { action } = await a.put({ 'page:p': ['put', page('page:p',
          { meta: { v: after } })] })
        const want = { 'page:p': ['patch', { meta: ['patch', { v: op }] }] }

        equal(action, { rebaseWithDiff: want })
        equal((await b.patch((d, i) => i.serverClock === a.serverClock, from))
          .diff, want)
      })
    }

    await test('4.5 an item of a list that becomes another kind: put',
      async () => {
        await a.put({ 'page:p': ['put', page('page:p',
          { meta: { v: [[1], 2] } })] })
        await a.put({ 'page:p': ['put', page('page:p',
          { meta: { v: [{ 0: 1 }, 2] } })] })
        await until(() => b.serverClock === a.serverClock)
        equal(b.document(), a.document())
      })

    await test('4.5 props are diffed inside, other objects are put', async () => {
      const rich = (t) => ({ type: 'doc', content: [{ type: 'text', text: t }] })

      await a.put({ 'shape:t': ['put', text('shape:t', rich('a'))] })

      const { action } = await a.put({ 'shape:t': ['put', text('shape:t',
        rich('ab'))] })

      equal(action, { rebaseWithDiff: { 'shape:t': ['patch', { props:
        ['patch', { richText: ['put', rich('ab')] }] }] } })
    })

    await test('12.7 a v7 receiver: appends in lists of a list become puts of '
      + 'the whole string', async () => {
      const board = await s.board()
      const [c, d] = await s.pair(board)
      const old = await s.join(board, { protocol: 7 })

      await c.put({ 'shape:d': ['put', draw('shape:d',
        [{ type: 'free', path: 'AAAA' }, { type: 'free', path: '' }])] })

      const grow = (i, more, at) => c.put({ 'shape:d': ['patch', { props:
        ['patch', { segments: ['patch', { [i]:
          ['patch', { path: ['append', more, at] }] }] }] }] })

      equal((await grow(1, '😀', 0)).action, 'commit')
      equal((await grow(1, 'BBBB', 2)).action, 'commit')
      equal((await grow(0, 'CC', 4)).action, 'commit')
      await until(() => [d, old].every((x) => x.serverClock === c.serverClock))
      equal(d.document(), c.document())
      equal(old.document(), c.document())

      const last = (x) => x.items.at(-1).diff['shape:d'][1].props[1].segments[1]

      equal(last(d), { 0: ['patch', { path: ['append', 'CC', 4] }] })
      equal(last(old), { 0: ['patch', { path: ['put', 'AAAACC'] }] })
    })

    await test('4.3 a __proto__ key in a patch has no effect, in a record it '
      + 'is a key', async () => {
      const clock = a.pushText('"diff":{"page:p":["patch",{"meta":["patch",'
        + '{"__proto__":["put",{"x":1}]}]}]}')

      equal((await a.result(clock)).action, 'discard')

      const put = a.pushText('"diff":{"page:proto":["put",{"id":"page:proto",'
        + '"typeName":"page","name":"x","index":"a1",'
        + '"meta":{"__proto__":{"y":1}}}]}')

      equal((await a.result(put)).action, 'commit')

      const got = await b.patch((d) => d['page:proto'])

      equal(JSON.stringify(got.diff['page:proto'][1].meta),
        '{"__proto__":{"y":1}}')
      equal(a.pushText && ({}).y, undefined)
    })

    await test('4.3 duplicate keys: the last one wins, for everybody',
      async () => {
        const { clock } = a

        a.pending.set(clock, { 'page:d': ['put', page('page:d',
          { name: 'last' })] })
        a.text(`{"type":"ping","type":"push","clientClock":${clock - 1},`
          + `"clientClock":${clock},"diff":{},"diff":{"page:d":["remove"],`
          + '"page:d":["put",{"id":"page:x","id":"page:d","typeName":"page",'
          + '"name":"first","name":"last","index":"a1","meta":{"a":1},'
          + '"meta":{}}]}}')
        a.clock++
        equal((await a.result(clock)).action, 'commit')
        await b.patch((d) => d['page:d'])
        equal(b.records.get('page:d'), page('page:d', { name: 'last' }))

        await a.put({ 'page:d': ['patch', { name: ['append', '!', 4] }] })
        await until(() => b.records.get('page:d').name === 'last!')
      })

    await test('12.13 numbers are equal as doubles, -0 and 0 too', async () => {
      await a.put({ 'page:p': ['put', page('page:p',
        { meta: { one: 1, zero: 0, big: 1e21 } })] })

      for (const text of ['"one":["put",1.0]', '"one":["put",1e0]',
        '"one":["put",0.1E1]', '"one":["put",1.00000000000000001]',
        '"zero":["put",-0]', '"zero":["put",-0.0]', '"zero":["put",0e5]',
        '"zero":["put",1e-999]', '"big":["put",1000000000000000000000]']) {
        const clock = a.pushText(
          `"diff":{"page:p":["patch",{"meta":["patch",{${text}}]}]}`)

        equal((await a.result(clock)).action, 'discard', text)
      }
    })

    await test('12.13 numbers keep their value through store and restart',
      async () => {
        const board = await s.board()
        const c = await s.join(board)
        const meta = { a: 1.0, b: 1e21, c: 1e-7, d: 123456789012345680000,
          e: 0.1, f: -0.000001, g: 4.35, h: 2 ** 53 + 2, i: 1e300 }

        await c.put({ 'page:n': ['put', page('page:n', { meta })] })
        await c.put({ 'page:n': ['patch', { name: ['put', 'touched'] }] })
        await s.t.restart()

        const d = await s.join(board)

        equal(d.records.get('page:n').meta, meta)
      })
  })
}))
