#!/usr/bin/env node

// Two workers and a database that is far away.  Whoever came first plans its
// next commit for some round trips later, and hears meanwhile of a push that
// is too long for the mesh: then it catches up instead, and never does both
// at once.
//
// SECONDS_FAR (5; LONG=1: 60)

import('./load.mjs').then(async ({ Load, ok, run, sleep, until }) => {
  const { far, rounds } = await import('./workers.mjs')

  const seconds = rounds('SECONDS_FAR', 5, 60)
  const way = 15              // ms to the database, and back
  const big = 140000          // bytes; the mesh carries 128 KiB
  const seats = 3             // writers of each worker

  await run(async () => {
    const h = await far(way, { workers: 2 })
    const load = new Load(h)
    const board = await h.room(h.ann, 'A board')
    const pids = await h.workers()
    const taken = new Map(pids.map((pid) => [pid, 0]))

    load.cookie = h.ann
    load.boards.push(board)

    for (let n = 0; [...taken.values()].some((k) => k < seats); n++) {
      const w = load.writer({ board, name: `w${n}`, every: 10, big,
        alone: false, allowed: [] })

      w.paused = true
      await until(() => w.connected, 'a connection')

      const [pid] = await h.pids([w.ws._socket])

      if (taken.get(pid) < seats) {
        taken.set(pid, taken.get(pid) + 1)
      } else {
        w.stop()
        load.ledger.writers.delete(w.name)
      }
    }

    load.resume()
    await load.flowing()
    await sleep(seconds * 1000)
    await load.finish()

    const after = await h.workers()

    ok(!load.ledger.faults.length, `${load.ledger.acks} acknowledged edits, none `
      + 'lost, all equal', load.ledger.faults.join('\n'))
    ok(String(after) === String(pids), 'the workers are the same')

    load.stop()
    ok(await h.end(), 'nothing was left behind')
  })
})
