#!/usr/bin/env node

// Sessions and their presence over the workers of a host: who is there is
// known to all, a session that comes back on another worker stays the same
// one, and nobody is seen twice or after the end.
//
// DATABASES picks some.

import('../lib/sync.mjs').then(async (sync) => {
  const { check, equal, group, newId, ok, plan, presence, sleep, test, together,
    until } = sync
  const { host, wanted, names, percentile, ms, rss }
    = await import('./workers.mjs')

  const show = (c, userName) => c.put(undefined, ['put', presence({ userName })])

  async function sessions(database) {
    const h = await host({ database, workers: 4 })
    const [A, B, C, D] = await h.workers()
    const board = () => h.room(h.ann, 'A board')
    const t = (name) => `${database}: ${name}`

    // two watchers and "me"; who comes back somewhere

    async function scene() {
      const id = await board()
      const [b, c] = await h.seats(id, [B, C])
      const session = newId()
      const me = await h.seat(id, A, { session })

      await show(b, 'b')
      await show(c, 'c')
      await show(me, 'me')
      await until(() => names(b).join() === 'c,me' && names(c).join() === 'b,me'
        && names(me).join() === 'b,c', 'all to see one another')

      const mine = b.presences().find((p) => p.userName === 'me').id

      return { id, b, c, me, session, mine,
        from: [b.items.length, c.items.length] }
    }

    // nobody of the watchers ever heard that this presence ended

    const unbroken = (s) => [s.b, s.c].forEach((w, i) =>
      check(!w.items.slice(s.from[i]).some(({ diff }) => diff?.[s.mine]?.[0]
        === 'remove'), `${['b', 'c'][i]} was told that "me" had gone`))

    await test(t('who comes sees everybody of all workers in the reply'),
      async () => {
        const id = await board()
        const all = await h.seats(id, [A, B, C, D])

        for (const [i, c] of all.entries()) await show(c, `p${i}`)
        await until(() => all.every((c) => names(c).length === 3), 'the others')

        for (const pid of [A, B, C, D]) {
          const c = await h.seat(id, pid)

          equal(Object.keys(c.reply.diff).filter((k) =>
            k.startsWith('instance_presence:')).length, 4, 'presence in the reply')
          await c.leave()
        }
      })

    await test(t('also when its worker opens the board for it'), async () => {
      const id = await board()
      const all = await h.seats(id, [A, B, C])

      for (const [i, c] of all.entries()) await show(c, `p${i}`)

      const c = await h.seat(id, D)

      equal(Object.keys(c.reply.diff).filter((k) =>
        k.startsWith('instance_presence:')).length, 3, 'presence in the reply')
    })

    for (const [where, pid, how] of [['where others are', () => B, 'drop'],
      ['where nobody is', () => D, 'drop'], ['while its old socket lives',
        () => C, 'stay'], ['on its own worker', () => A, 'drop']]) {
      await test(t(`a session that comes back keeps its presence: ${where}`),
        async () => {
          const s = await scene()

          if (how === 'drop') s.me.drop()
          await sleep(100)

          const next = await h.seat(s.id, pid(), { session: s.session })

          equal(names(next), ['b', 'c'])
          next.push(undefined, ['put', presence({ userName: 'me',
            chatMessage: 'back' })])
          await until(() => [s.b, s.c].every((w) =>
            w.records.get(s.mine)?.chatMessage === 'back'), 'its record to go on',
          3000)
          if (how === 'stay') await s.me.closed()
          unbroken(s)
          s.check = () => {
            unbroken(s)
            for (const w of [s.b, s.c]) {
              equal(w.presences().filter((p) => p.userName === 'me').map((p) =>
                p.id), [s.mine], 'one record')
            }
          }
          s.check()
          later.push([where, s])
        })
    }

    // 5 s after its end the old socket's place is given up: nothing happens

    await test(t('and the end of its old place changes nothing'), async () => {
      await sleep(5500)
      check(later.length === 4, 'some did not come back')
      later.splice(0).forEach(([, s]) => s.check())
    })

    await together(
      [t('another user with the same sessionId is somebody else'), async () => {
        const s = await scene()
        const link = await h.link(h.ann, s.id, 'editor')
        const guest = await h.seat(s.id, C, { session: s.session, link })

        await show(guest, 'guest')
        await until(() => names(s.b).join() === 'c,guest,me', 'three')
        await s.me.ping()
        unbroken(s)
      }],

      [t('tabs that share a sessionId do not evict each other for ever'),
        async () => {
          const s = await scene()
          let evictions = 0
          let over = false

          // each comes back to its worker, as soon as it is closed

          const tab = async (pid, c) => {
            while (!over) {
              if (!c) {
                c = await h.seat(s.id, pid, { session: s.session })
                c.push(undefined, ['put', presence({ userName: 'me' })])
              }

              await until(() => c.ended || over, 'the end', 60000)
              if (!over) {
                evictions++
                c = null
                await sleep(50)
              }
            }
          }

          const tabs = Promise.all([tab(A, s.me), tab(B), tab(D)])

          tabs.catch(() => {})

          await sleep(7000)

          const before = evictions

          await sleep(1500)
          over = true
          await tabs
          check(evictions <= 6 && evictions === before
            && names(s.c).join() === 'b,me,me,me',
          `${evictions} evictions, ${before} of them at first; ${names(s.c)}`)
        }],

      [t('of a session nothing is left when it ends on its second worker'),
        async () => {
          const s = await scene()

          s.me.drop()

          const next = await h.seat(s.id, D, { session: s.session })

          await show(next, 'me')
          await next.leave()
          await until(() => names(s.b).join() === 'c' && names(s.c).join() === 'b',
            'its end', 8000)
        }],
    )

    await test(t('a worker that dies takes its people along, once they return '
      + 'they are seen once'), async () => {
      await h.main.allow('exited on signal 9')

      const s = await scene()

      await h.killWorker(A, 'KILL')
      s.me.drop()

      const next = await h.seat(s.id, D, { session: s.session })

      await show(next, 'me')
      await until(() => names(s.b).join() === 'c,me'
        && names(s.c).join() === 'b,me', 'its return')
      await sleep(1000)
      equal([names(s.b), names(s.c)], [['c', 'me'], ['b', 'me']])
    })

    await test(t('a slow reader does not disturb the others'), async () => {
      const [, b, c] = await h.workers()
      const id = await board()
      const [slow, one, two] = await h.seats(id, [b, b, c], { forget: true })
      const before = rss(b)
      const sent = new Map()
      const took = []
      const text = 'x'.repeat(30000)

      for (const w of [one, two]) {
        w.options.onItem = (item) => {
          for (const [key, op] of Object.entries(item.diff ?? {})) {
            const at = sent.get(`${key} ${op[1]?.x?.[1]}`)

            if (item.type === 'patch' && at) took.push(performance.now() - at)
          }
        }
      }

      one.push({ 'shape:one': ['put', group('shape:one')] }, ['put', presence()])
      two.push({ 'shape:two': ['put', group('shape:two')] }, ['put', presence()])
      await until(() => !one.pending.size && !two.pending.size
        && slow.records.has('shape:one') && slow.records.has('shape:two'))
      slow.socket.pause()

      // the best of three: others use this machine, too

      const late = []
      let i = 0

      do {
        took.length = 0

        for (const end = i + 300; i++ < end;) {
          for (const [w, key] of [[one, 'shape:one'], [two, 'shape:two']]) {
            sent.set(`${key} ${i}`, performance.now())
            w.push({ [key]: ['patch', { x: ['put', i],
              meta: ['put', { text }] }] }, ['patch', { cursor: ['put',
              { x: i, y: 0, type: 'default', rotation: 0 }] }])
          }

          await sleep(10)
        }

        await until(() => !one.pending.size && !two.pending.size,
          'the last results')
        late.push(percentile(took, 99))
      } while (late.at(-1) >= 300 && late.length < 3)

      await until(() => one.serverClock === two.serverClock, 'one clock')
      equal(one.document(), two.document())
      check(!one.ended && !two.ended, 'a bystander was closed')
      check(late.at(-1) < 300, `p99 ${late.join(', ')} ms`)

      const grown = rss(b) - before

      slow.socket.resume()
      await until(() => slow.ended || slow.serverClock === one.serverClock,
        'the slow reader to catch up or be closed')
      if (!slow.ended) equal(slow.document(), one.document())
      console.log(`# ${database}: beside a slow reader patches took `
        + `${ms(percentile(took, 50))}, p99 ${ms(percentile(took, 99))}; its `
        + `worker grew by ${grown} KiB; it was ${slow.ended ? 'closed' : 'kept'}`)
    })

    ok(await h.end(), t('nothing was left behind'))
  }

  const later = []

  for (const database of wanted) await sessions(database)

  plan()
})
