#!/usr/bin/env node

// Workers that write one board do so one behind the other: who is far behind
// two that never pause has his turn all the same.
//
// SECONDS_LAST (2; LONG=1: 30)

import('./load.mjs').then(async ({ Load, ok, run, sleep, until }) => {
  const { far, rounds, percentile, ms } = await import('./workers.mjs')

  const seconds = rounds('SECONDS_LAST', 2, 30)
  const way = 1               // ms to the database, and back

  await run(async () => {
    const h = await far(way, { workers: 8 })
    const load = new Load(h)

    load.cookie = h.ann

    const board = await h.room(h.ann, 'A board')
    const pids = (await h.workers()).sort((a, b) => a - b)
    const seats = new Map([0, 1, 2, 3, 7].map((k) => [pids[k], null]))
    const waits = new Map([...seats.keys()].map((pid) => [pid, []]))

    load.boards.push(board)

    // one on each of the three; who comes to another worker leaves

    for (let n = 0; [...seats.values()].includes(null); n++) {
      const w = load.writer({ board, name: `w${n}`, every: 10, alone: false,
        allowed: [] })

      w.paused = true
      await until(() => w.connected, 'a connection')

      const [pid] = await h.pids([w.ws._socket])

      if (seats.get(pid) === null) {
        seats.set(pid, w)
        w.answered = (t) => waits.get(pid).push(t)
      } else {
        w.stop()
        load.ledger.writers.delete(w.name)
      }
    }

    load.resume()
    await load.flowing()
    for (const list of waits.values()) list.length = 0
    await sleep(seconds * 1000)

    const sides = [...waits.values()].map((list) => [...list])
    const medians = sides.map((side) => percentile(side, 50))

    await load.finish()
    ok(!load.ledger.faults.length, `${load.ledger.acks} acknowledged edits, `
      + 'none lost, all equal', load.ledger.faults.join('\n'))
    ok(sides.at(-1).length && medians.at(-1) <= Math.max(3 * medians[0], 200),
      'answers of the workers: ' + sides.map((side, k) => `${side.length}, `
        + `median ${ms(medians[k])}, p90 ${ms(percentile(side, 90))}, p99 ${ms(percentile(side, 99))}`).join('; '))

    load.stop()
    ok(await h.end(), 'nothing was left behind')
  })
})
