#!/usr/bin/env node

// Six workers write one board in a database that is far away: only one of
// those who commit at the same time can win, and who lost twice in a row wins
// then, by locking the board.  Whatever becomes of one who has the lock (its
// connection is cut, it stands still, it is reloaded, killed) holds the others
// up for a moment only, and so does somebody else with that lock.
//
// SECONDS_LOSSES (1; LONG=1: 60), ROUNDS_LOSSES (1; LONG=1: 10).

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { far, rounds, percentile, ms } = await import('./workers.mjs')

  const seconds = rounds('SECONDS_LOSSES', 1, 60)
  const turns = rounds('ROUNDS_LOSSES', 1, 10)
  const workers = 6
  const way = 25              // ms to the database, and back

  await run(async () => {
    const h = await far(way, { workers })
    const load = new Load(h)
    const board = await h.room(h.ann, 'A board')
    const seats = new Map((await h.workers()).map((pid) => [pid, null]))

    await h.main.allow('exited on signal 9')

    load.cookie = h.ann
    load.boards.push(board)

    // one writer a worker; who comes too many leaves

    const crowd = async (n) => {
      const own = (w) => [...seats.values()].includes(w)

      for (let i = 0; i < n; i++) {
        load.writer({ board, name: `w${load.ledger.writers.size}`, every: 20,
          alone: false, allowed: [] }).paused = true
      }

      await until(() => load.writers.every((w) => w.connected), 'connections')

      const pids = await h.pids(load.writers.map((w) => w.ws._socket))

      load.writers.forEach((w, i) => {
        if (!seats.get(pids[i])) seats.set(pids[i], w)
      })

      return load.writers.filter((w) => !own(w))
    }

    let many = []

    while ([...seats.values()].includes(null)) many = await crowd(12)

    for (const w of many) {
      w.stop()
      load.ledger.writers.delete(w.name)
    }

    const waits = []

    for (const w of load.writers) w.answered = (t) => waits.push(t)

    await h.outcomes()
    load.resume()
    await load.flowing()
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

    // how long until all but some have an answer to what they send from now on

    const others = async (but) => {
      const all = load.writers.filter((w) => w !== but)
      const sent = new Map(all.map((w) => [w, w.sent]))
      const at = Date.now()

      await until(() => all.every((w) => w.acked > sent.get(w)),
        () => `answers of ${all.filter((w) => w.acked <= sent.get(w))
          .map((w) => w.name)}`)

      return Date.now() - at
    }

    const held = { cut: [], stopped: [], busy: [], reloaded: [], killed: [] }

    for (let turn = 0; turn < turns; turn++) {
      await h.locked((pid, backend) =>
        h.sql(`SELECT pg_terminate_backend(${backend})`))
      held.cut.push(await others())

      if (turn === 0) {
        const pid = await h.locked((pid) => process.kill(pid, 'SIGSTOP'))

        held.stopped.push(await others(seats.get(pid)))
        process.kill(pid, 'SIGCONT')
        await load.flowing()
        ok(String(await h.workers()) === String([...seats.keys()]),
          'the workers are the same')

        for (const w of load.writers) w.allowed = [1006, 1012]
      }

      // longer than anybody waits for the lock

      await h.sql(`BEGIN; SELECT 1 FROM rooms WHERE id = '${board}' FOR UPDATE;`
        + ' SELECT pg_sleep(3.3); COMMIT')
      held.busy.push(await others())

      const old = await h.workers()
      let reload

      await h.locked(() => { reload = h.main.reload() })
      await reload
      held.reloaded.push(await others())
      await until(async () => !(await h.workers()).some((p) => old.includes(p)),
        'the end of the old workers')

      await h.locked((pid) => process.kill(pid, 'SIGKILL'))
      held.killed.push(await others())
    }

    for (const [what, all] of Object.entries(held)) {
      ok(Math.max(...all) < 6000, `${what}: the others went on after `
        + all.map(ms).join(', '))
    }

    ok(/statement_failed.*the lock of a board/.test(await h.main.errorLog()),
      'somebody gave up waiting for the lock')

    await load.finish()
    ok(!load.ledger.faults.length, `${load.ledger.acks} acknowledged edits, none `
      + 'lost, all equal', load.ledger.faults.join('\n'))

    load.stop()
    ok(await h.end(), 'nothing was left behind')
  })
})
