#!/usr/bin/env node

// nginx -s reload with several workers and 60 editors: nothing acknowledged is
// lost, nobody is refused, everybody edits on within a second, and the old
// workers go; also when the number of workers changes.
//
// RELOADS (3; LONG=1: 100) a database and number of workers; DATABASES picks
// some.

import('./load.mjs').then(async ({ Load, ok, run, say, until }) => {
  const { host, wanted, rounds, long, percentile, ms }
    = await import('./workers.mjs')

  const reloads = rounds('RELOADS', 3, 100)
  const every = 200           // ms between the edits of an editor

  // before and after each reload

  const turns = (workers) => Array(reloads).fill(workers)

  const plans = [
    ['4 workers', 4, turns(4), long ? wanted : wanted.slice(0, 1)],
    ['2 workers', 2, turns(2), long ? wanted : wanted.slice(-1)],
    ['4, 2 and 4 workers', 4, [2, 4, 2, 4].slice(0, Math.max(2, reloads)),
      wanted],
  ]

  async function reloading(database, what, workers, then) {
    const began = Date.now()
    const h = await host({ database, workers })
    const load = new Load(h)

    load.cookie = h.ann
    await load.begin({ boards: 6, writers: 10, every, alone: false,
      allowed: [1012] })

    // the longest that an editor waited in this round: the time between two
    // answers without that between two edits

    const pauses = []
    const late = []             // the 95th percentile of each round
    const gone = []
    const last = new Map()
    const longest = new Map()

    for (const w of load.writers) {
      w.answered = () => {
        const now = performance.now()

        longest.set(w, Math.max(longest.get(w) ?? 0,
          now - (last.get(w) ?? now) - every))
        last.set(w, now)
      }
    }

    await load.flowing()
    await load.flowing()

    for (const next of then) {
      const old = await h.workers()
      const at = Date.now()

      longest.clear()
      await h.main.workersFromNow(next)
      await h.main.reload()
      await until(async () => !(await h.workers()).some((p) => old.includes(p)),
        'the end of the old workers')
      gone.push(Date.now() - at)
      await load.flowing()
      await load.flowing()

      pauses.push(...longest.values())
      late.push(percentile([...longest.values()], 95))

      const now = await h.workers()

      if (now.length !== next) {
        load.ledger.fault(`${now.length} workers instead of ${next}`)
      }
    }

    await load.finish()

    const { ledger } = load
    const name = `${database}, ${what}`

    ok(!ledger.faults.length && pauses.length === 60 * then.length,
      `${name}: ${then.length} reloads, ${ledger.acks} acknowledged edits, none `
      + 'lost', ledger.faults.join('\n') || `${pauses.length} pauses`)
    ok(Object.keys(ledger.closes).join() === '1012',
      `${name}: all sockets were closed with 1012`, JSON.stringify(ledger.closes))
    ok(Math.max(...gone) < 5000, `${name}: old workers were gone after `
      + `${ms(percentile(gone, 50))}, at most ${ms(Math.max(...gone))}`)

    // of few rounds the best one: others use this machine, too

    ok((long ? percentile(pauses, 95) : Math.min(...late)) < 1000,
      `${name}: editors paused ${ms(percentile(pauses, 50))}, p95 `
      + `${late.slice(0, 4).map(ms).join(', ')}, at most `
      + ms(Math.max(...pauses)))

    say(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)

    load.stop()
    ok(await h.end(), `${name}: nothing was left behind`)
  }

  await run(async () => {
    for (const [what, workers, then, databases] of plans) {
      for (const database of databases) {
        await reloading(database, what, workers, then)
      }
    }
  })
})
