#!/usr/bin/env node

// Too much of everything: the server stays quick for others and small.

import('../lib/sync.mjs').then(async ({ run, suite, draws, test, equal, check,
  until, page, presence, schemas, sleep }) => {
  const { readFileSync } = await import('node:fs')

  // megabytes of memory that the workers hold; sanitizers keep what is freed

  const room = process.env.TIDRAW_ASAN || process.env.TIDRAW_VALGRIND ? 8 : 1
  const slow = room > 1 ? 6 : 1

  const memory = async (t) => {
    let pages = 0

    for (const pid of await t.workers()) {
      pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    }

    return pages * 4096 / 1048576
  }

  await run(async () => {
    await suite({}, async (s) => {
      const others = await draws(s, { patience: 5000 * slow })
      const board = await s.board()
      const before = await memory(s.t)

      const bounded = async (name, limit, body) => test(name, async () => {
        const at = Date.now()

        await body()
        check(Date.now() - at < limit * slow,
          `${Date.now() - at} ms, allowed ${limit * slow}`)
      })

      await bounded('a push of 100 000 ops without effect', 8000, async () => {
        const c = await s.join(board)
        const diff = {}

        for (let i = 0; i < 100000; i++) diff[`page:${i}`] = ['remove']

        const result = await c.put(diff)

        equal(result.action, 'discard')
        await c.leave()
      })

      await bounded('a push of 30 000 new records, and of their end', 20000,
        async () => {
          const where = await s.board()
          const c = await s.join(where)
          const put = {}
          const gone = {}

          for (let i = 0; i < 30000; i++) {
            put[`page:${i}`] = ['put', page(`page:${i}`)]
            gone[`page:${i}`] = ['remove']
          }

          equal((await c.put(put)).action, 'commit')
          equal((await s.stored(where)).length, 30000)

          const late = await s.join(where)

          equal(late.records.size, 30000)
          await late.leave()
          equal((await c.put(gone)).action, 'commit')
          equal(await s.stored(where), [])
          await c.leave()
        })

      await bounded('one object of 200 000 keys', 8000, async () => {
        const c = await s.join(board)
        const meta = {}

        for (let i = 0; i < 200000; i++) meta[`k${i}`] = i
        equal((await c.put({ 'page:keys': ['put', page('page:keys',
          { meta })] })).action, 'commit')
        meta.k7 = 'new'
        equal((await c.put({ 'page:keys': ['put', page('page:keys',
          { meta })] })).action, { rebaseWithDiff: { 'page:keys': ['patch',
          { meta: ['patch', { k7: ['put', 'new'] }] }] } })
        await c.put({ 'page:keys': ['remove'] })
        await c.leave()
      })

      await bounded('200 000 equal keys', 8000, async () => {
        const c = await s.join(board)
        const clock = c.pushText(`"diff":{${Array(200000)
          .fill('"page:x":["remove"]').join(',')}}`)

        equal((await c.result(clock)).action, 'discard')
        await c.leave()
      })

      await bounded('two million small values', 8000, async () => {
        const c = await s.join(board)
        const text = `{"type":"ping","a":[${Array(2000000).fill('0')
          .join(',')}]}`

        for (const part of c.chunks(text)) c.text(part)
        await until(() => c.ended || c.items.at(-1).type === 'pong')
        c.drop()
      })

      await bounded('eight million values: refused or passed over', 15000,
        async () => {
          const c = await s.join(board)
          const text = `{"type":"ping","a":[${'0,'.repeat(7900000)}0]}`

          for (const part of c.chunks(text)) c.text(part)
          await until(() => c.ended || c.items.at(-1).type === 'pong')
          if (c.ended) equal(c.ended.code, 4099)
          c.drop()
        })

      await bounded('a string of 10 MB that grows', 15000, async () => {
        const where = await s.board()
        const [c, d] = await s.pair(where)

        await c.put({ 'page:s': ['put', page('page:s',
          { name: 'ä'.repeat(5000000) })] })

        for (let i = 0; i < 5; i++) {
          equal((await c.put({ 'page:s': ['patch',
            { name: ['append', '!', 5000000 + i] }] })).action, 'commit')
        }

        await until(() => d.records.get('page:s')?.name.length === 5000005)
        await c.leave()
        await d.leave()
      })

      await bounded('an id of 100 KB', 5000, async () => {
        const c = await s.join(board)
        const id = `page:${'i'.repeat(100000)}`

        c.push({ [id]: ['put', page(id)] })
        await until(() => c.ended || !c.pending.size)

        if (!c.ended) {
          c.push({ [id]: ['remove'] })
          await until(() => !c.pending.size)
        } else {
          equal(c.ended.code, 4099)
        }
      })

      await bounded('a connection that sends half a message of 15 MB, twenty '
        + 'times over', 15000, async () => {
        const all = []

        for (let i = 0; i < 20; i++) {
          const c = await s.join(board)

          for (let k = 0; k < 60; k++) c.text(`${99 - k}_${'x'.repeat(250000)}`)
          all.push(c)
        }

        await until(() => all.every((c) => !c.socket.writableLength
          || c.ended), 'it was read')
        all.forEach((c) => c.drop())
      })

      await bounded('pushes without waiting for results, and no reading',
        15000, async () => {
          const c = await s.join(board)

          c.socket.pause()

          for (let i = 0; i < 3000; i++) {
            c.push({ [`page:f${i % 5}`]: ['put', page(`page:f${i % 5}`,
              { name: `${i}`.padEnd(1000, 'y') })] })
          }

          await sleep(500)
          c.drop()
        })

      await test('a flood of connects and leaves', async () => {
        for (let round = 0; round < 5; round++) {
          await Promise.all(Array.from({ length: 60 }, async () => {
            const c = await s.join(board)

            c.push(undefined, ['put', presence()])
            c.drop()
          }))
        }
      })

      await test('the memory of the worker stays bounded', async () => {
        await until(async () => await memory(s.t) < before + 300 * room,
          `less than ${Math.round(before) + 300 * room} MB`, 10000)
      })

      await others.finish()
    })
  })
})
