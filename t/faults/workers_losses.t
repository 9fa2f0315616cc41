#!/usr/bin/env node

// Six workers write one board in a database that is far away: only one of
// those who commit at the same time can win, and who lost twice in a row wins
// then, by locking the board.  One who stands still with the lock holds the
// others up for a moment only.
//
// SECONDS_LOSSES (3; LONG=1: 60).

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { far, rounds, percentile, ms } = await import('./workers.mjs')

  const seconds = rounds('SECONDS_LOSSES', 3, 60)
  const workers = 6
  const way = 50              // ms to the database, and back

  await run(async () => {
    const h = await far(way, { workers })
    const load = new Load(h)
    const board = await h.room(h.ann, 'A board')
    const seats = new Map((await h.workers()).map((pid) => [pid, null]))

    load.cookie = h.ann
    load.boards.push(board)

    // one writer a worker; who comes too many leaves

    for (let n = 0; [...seats.values()].includes(null); n++) {
      const w = load.writer({ board, name: `w${n}`, every: 20, alone: false,
        allowed: [] })

      w.paused = true
      await until(() => w.connected, 'a connection')

      const [pid] = await h.pids([w.ws._socket])

      if (seats.get(pid) === null) {
        seats.set(pid, w)
      } else {
        w.stop()
        load.ledger.writers.delete(w.name)
      }
    }

    const waits = []

    for (const w of load.writers) w.answered = (t) => waits.push(t)

    load.resume()
    await load.flowing()
    await h.outcomes()
    waits.length = 0
    await sleep(seconds * 1000)

    const lost = new Map()
    const after = []            // how many were stored after so many losses

    for (const [pid, stored] of await h.outcomes()) {
      const n = lost.get(pid) ?? 0

      lost.set(pid, stored ? 0 : n + 1)
      if (stored) after[n] = (after[n] ?? 0) + 1
    }

    say(`${waits.length} answers, median ${ms(percentile(waits, 50))}, `
      + `p99 ${ms(percentile(waits, 99))}`)
    ok(after.length > 1 && Math.max(after.length - 1, ...lost.values()) <= 2,
      `commits that were stored after 0, 1, … losses: ${after.join(', ')}`)

    // the one that was given the lock stands still

    const pid = await h.stopLocked()
    const at = Date.now()
    const others = load.writers.filter((w) => w !== seats.get(pid))
    const sent = new Map(others.map((w) => [w, w.sent]))

    await until(() => others.every((w) => w.acked > sent.get(w)),
      'answers of the other workers')

    const held = Date.now() - at

    ok(held < 6000, `the others went on after ${ms(held)}`)

    process.kill(pid, 'SIGCONT')
    await load.finish()
    ok(!load.ledger.faults.length, `${load.ledger.acks} acknowledged edits, none `
      + 'lost, all equal', load.ledger.faults.join('\n'))
    ok(String(await h.workers()) === String([...seats.keys()]),
      'the workers are the same')

    load.stop()
    ok(await h.end(), 'nothing was left behind')
  })
})
