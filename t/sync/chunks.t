#!/usr/bin/env node

// Chunks of large messages and fragments of frames (reference 1.2, 1.3;
// check-list 34, 41; trap 14).

import('../lib/sync.mjs').then(({ run, suite, draws, test, equal, check, until,
  page, sleep }) => run(async () => {
  const N = 262144

  await suite({ conf: { location: 'tidraw_max_message 4m;' } }, async (s) => {
    const others = await draws(s)
    const board = await s.board()
    const watcher = await s.join(board)

    // a push whose JSON has exactly so many UTF-16 units

    const push = (c, id, units, fill = 'x') => {
      const make = (name) => JSON.stringify({ type: 'push',
        clientClock: c.clock, diff: { [id]: ['put', page(id, { name })] } })

      const text = make(fill.repeat(units - make('').length))

      equal(text.length, units)
      c.pending.set(c.clock++, JSON.parse(text).diff)

      return text
    }

    const arrives = async (c, id) => {
      equal((await c.result(c.clock - 1)).action, 'commit')
      await watcher.patch((d) => d[id])
      equal(watcher.records.get(id), c.records.get(id))
    }

    await test('9.41 N - 1 units come bare', async () => {
      const c = await s.join(board)

      c.text(push(c, 'page:bare', N - 1))
      await arrives(c, 'page:bare')
    })

    await test('9.41 N units come as parts of 4 and N', async () => {
      const c = await s.join(board)
      const parts = c.chunks(push(c, 'page:n', N))

      equal(parts.map((p) => p.length), [4, N])
      parts.forEach((p) => c.text(p))
      await arrives(c, 'page:n')
    })

    await test('9.41 many parts, of any size, with empty ones in between',
      async () => {
        const c = await s.join(board)

        c.chunks(push(c, 'page:small', 3000), 40).forEach((p) => c.text(p))
        await arrives(c, 'page:small')

        const text = push(c, 'page:empty', 300)

        for (const part of [`4_${text.slice(0, 10)}`, '3_', '2_',
          `1_${text.slice(10)}`, '0_']) c.text(part)

        await arrives(c, 'page:empty')
      })

    await test('9.41 a message of one part; leading zeros', async () => {
      const c = await s.join(board)

      c.text('0_' + push(c, 'page:one', 300))
      await arrives(c, 'page:one')
      c.text('000_{"type":"ping"}')
      await until(() => c.items.at(-1).type === 'pong')
    })

    await test('9.41 line separators in the parts', async () => {
      const c = await s.join(board)

      c.chunks(push(c, 'page:lines', 3000, '\u2028\u2029'.slice(0, 1)), 100)
        .forEach((p) => c.text(p))
      await arrives(c, 'page:lines')

      c.text('1_{"type":\n')
      c.text('0_\r\n"ping"}')
      await until(() => c.items.at(-1).type === 'pong')
    })

    await test('12.14 a frame of 786 432 bytes', async () => {
      const c = await s.join(board)
      const parts = c.chunks(push(c, 'page:wide', 2 * N, '中'))

      check(Buffer.byteLength(parts[1]) > 786000, 'three bytes a unit')
      parts.forEach((p) => c.text(p))
      await arrives(c, 'page:wide')
    })

    await test('12.14 fragments, cut inside of characters, with pings in '
      + 'between', async () => {
      const c = await s.join(board)
      const bytes = Buffer.from(push(c, 'page:frag', 1000, 'ä'))

      for (let i = 0; i < bytes.length; i += 7) {
        c.socket.write(c.bytes(i ? 0 : 1, bytes.subarray(i, i + 7),
          { fin: i + 7 >= bytes.length }))
        if (i % 140 === 0) c.socket.write(c.bytes(9, Buffer.from('hi')))
      }

      await arrives(c, 'page:frag')
    })

    await test('12.12 a pair that chunking cut arrives as the browser sent it',
      async () => {
        const c = await s.join(board)
        c.chunks(push(c, 'page:cut', 400, '\ufffd'), 99)
          .forEach((p) => c.text(p))
        await arrives(c, 'page:cut')
      })

    const broken = {
      'a missing part': ['2_{"type"', '0_:"ping"}'],
      'a part twice': ['2_{"type"', '2_{"type"'],
      'a wrong order': ['2_{"type"', '0_}', '1_:"ping"'],
      'a bare message in between': ['1_{"type"', '{"type":"ping"}'],
      'a bad prefix': ['x_{"type":"ping"}'],
      'no prefix': ['"type":"ping"}'],
      'a leading space': [' {"type":"ping"}'],
      'an array': ['[]'],
      'nothing': [''],
      'an underscore': ['_{"type":"ping"}'],
      'a minus': ['-1_{"type":"ping"}'],
      'garbage while collecting': ['3_{', 'garbage'],
      'bad JSON that was assembled': ['1_{"type":', '0_ping}'],
      'bad JSON in one part': ['0_{'],
      '10^30 parts': [`1${'0'.repeat(30)}_{`],
      '2^64 parts': ['18446744073709551616_{'],
    }

    for (const [what, texts] of Object.entries(broken)) {
      await test(`9.41 ${what}: closed without a code, the next socket works`,
        async () => {
          const c = await s.join(board)

          texts.forEach((t) => c.text(t))
          equal((await c.closed()).code, 1005)

          const d = await s.join(board)

          await d.ping()
          await d.leave()
        })
    }

    for (const [what, text] of Object.entries({
      'bad JSON': '{"type":', 'two values': '{}{}', 'a comma': '{"a":1,}',
      'a bare word': '{"type":ping}', 'a NaN': '{"type":NaN}',
      'a control character': '{"type":"\u0001"}',
      'half an escape': '{"type":"\\u12"}', 'a plus sign': '{"a":+1}',
      'a leading zero': '{"a":01}', 'a single quote': "{'type':'ping'}",
      'a comment': '{/**/}', 'a byte order mark behind': '{}\ufeff',
    })) {
      await test(`9.34 ${what} in a bare message: 4099 UNKNOWN_ERROR`,
        async () => {
          const c = await s.join(board)

          c.text(text)
          await c.refused('UNKNOWN_ERROR')
        })
    }

    await test('12.14 one message above the limit: 4099, so that it is not '
      + 'sent for ever', async () => {
      const c = await s.join(board)
      const parts = c.chunks(push(c, 'page:huge', 20 * N))

      for (const part of parts) {
        if (c.ended) break
        c.text(part)
        await sleep(1)
      }

      await c.refused('MESSAGE_TOO_LARGE')
      check(!(await s.stored(board)).some(([id]) => id === 'page:huge'))
    })

    await test('12.14 parts without end: 4099 at the limit', async () => {
      const c = await s.join(board)

      for (let k = 100000; !c.ended && k > 99000; k--) {
        c.text(`${k}_${'x'.repeat(100000)}`)
        if (k % 8 === 0) await sleep(1)
      }

      await c.refused('MESSAGE_TOO_LARGE')
    })

    await test('9.41 assemblers of two sockets know nothing of each other',
      async () => {
        const [c, d] = await s.pair(board)

        c.text('1_{"type":')
        d.text('{"type":"ping"}')
        d.text('2_{"ty')
        c.text('0_"ping"}')
        d.text('1_pe":"ping"')
        d.text('0_}')
        await until(() => c.items.length === 2 && d.items.length === 3)
      })

    await others.finish()
  })
}))
