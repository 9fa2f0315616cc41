#!/usr/bin/env node

// A worker that stands still for seconds (SIGSTOP): the others go on and stay
// small, and once it runs again it knows who left, which orders it missed,
// and what was drawn.
//
// SECONDS_STOPPED (3; LONG=1: 10), STOPS (1; LONG=1: 10); DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { host, wanted, rounds, long, percentile, ms, names, rss }
    = await import('./workers.mjs')
  const { group, presence } = await import('../lib/sync.mjs')

  const seconds = rounds('SECONDS_STOPPED', 3, 10)
  const stops = rounds('STOPS', 1, 10)

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const h = await host({ database, workers: 4 })
      const bob = await h.main.register('bob@example.org')
      const load = new Load(h)

      load.cookie = h.ann
      await load.begin({ boards: 3, writers: 4, every: 50, alone: false,
        allowed: [] })

      const waits = []
      const healed = []
      const { ledger } = load
      const slow = []
      let grown = 0
      let n = 0

      for (const w of load.writers) w.answered = (t) => waits.push([w, t])
      await load.flowing()

      // the best of three: others use this machine, too

      for (; n < stops || !long && n < 3 && slow.length === n; n++) {
        const board = await h.room(h.ann, 'Watched')
        const [A, B, C] = await h.workers()

        await h.api('POST', `api/rooms/${board}/members`,
          { email: 'bob@example.org', role: 'editor' })

        const show = (c, userName) => c.push(undefined, ['put',
          presence({ userName })])
        const login = await h.login('bob@example.org')
        const [one, out] = [await h.seat(board, A),
          await h.seat(board, A, { cookie: login })]
        const [loud, leaves, other] = await h.seats(board, [B, B, C],
          { forget: true })

        show(one, 'one')
        show(loud, 'loud')
        show(leaves, 'leaves')
        await until(() => names(one).join() === 'leaves,loud'
          && names(other).join() === 'leaves,loud,one', 'all')

        // whoever stops while SQLite's lock is his stops all that write

        const pids = await h.pids(load.writers.map((w) => w.ws._socket))
        const still = load.writers.filter((w, k) => pids[k] === A)

        if (database === 'sqlite') {
          for (const w of still) w.paused = true
          await until(() => still.every((w) => !w.pending.length), 'quiet ones')
        }

        const before = [B, C].map(rss)
        const at = Date.now()

        waits.length = 0
        await h.killWorker(A, 'STOP')

        // more than its socket takes

        const text = 'x'.repeat(60000)

        for (let k = 0; k < 200; k++) {
          loud.push(undefined, ['patch', { chatMessage: ['put', `${k} ${text}`] }])
          if (k % 10 === 0) await sleep(5)
        }

        await until(() => !loud.pending.size, 'the last results')
        await leaves.leave()

        const came = await h.seat(board, C, { forget: true })

        show(came, 'came')
        await h.api('POST', 'api/auth/logout', {}, login)
        came.push({ 'shape:late': ['put', group('shape:late')] })
        await until(() => names(other).join() === 'came,loud,one'
          && names(came).join() === 'loud,one'
          && loud.records.has('shape:late'), 'the others to go on')

        await sleep(Math.max(0, at + seconds * 1000 - Date.now()))

        const took = waits.filter(([w]) => !still.includes(w)).map(([, t]) => t)

        grown = Math.max(grown, ...[B, C].map((pid, k) => rss(pid) - before[k]))
        await h.killWorker(A, 'CONT')

        const back = Date.now()

        await until(() => names(one).join() === 'came,loud' && out.ended
          && one.records.has('shape:late'), () => 'the stopped one to recover: '
          + `it sees ${names(one)}, ${out.ended ? 'obeyed' : 'did not obey'}`)
        healed.push(Date.now() - back)

        if (out.ended.code !== 4099) ledger.fault(`logout: ${out.ended.code}`)

        for (const w of still) w.paused = false
        await load.flowing()

        if (percentile(took, 99) > 300 || took.length < 50 * seconds) {
          slow.push(`${took.length} edits on other workers, p99 `
            + ms(percentile(took, 99)))
        }

        // and everybody hears everybody again

        for (const [c, name] of [[one, 'one2'], [loud, 'loud2'], [came, 'came2']]) {
          c.push(undefined, ['patch', { userName: ['put', name],
            chatMessage: ['put', ''] }])
        }

        await until(() => names(one).join() === 'came2,loud2'
          && names(loud).join() === 'came2,one2'
          && names(came).join() === 'loud2,one2'
          && names(other).join() === 'came2,loud2,one2', 'all to be heard')

        say(`${database}: others' edits took ${ms(percentile(took, 50))}, p99 `
          + `${ms(percentile(took, 99))}`)
        for (const c of [one, out, loud, other, came]) c.drop()
      }

      await load.finish()
      ok(/worker_deaf/.test(await h.errorLog()),
        `${database}: its socket was full`)
      ok(!ledger.faults.length, `${database}: ${n} times ${seconds} s, `
        + `${ledger.acks} acknowledged edits, none lost`,
      ledger.faults.join('\n'))
      ok(slow.length < (long ? 1 : n), `${database}: none late`,
        slow.join('\n'))
      ok(Math.max(...healed) < 3000, `${database}: it knew what it had missed `
        + `after ${ms(Math.max(...healed))}`)

      // sanitizers keep what was freed

      ok(grown < (process.env.TIDRAW_ASAN ? 262144 : 32768),
        `${database}: the others grew by ${grown} KiB`)

      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
      load.stop()
      ok(await h.end(), `${database}: nothing was left behind`)
    }
  })
})
