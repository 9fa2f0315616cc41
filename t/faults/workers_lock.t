#!/usr/bin/env node

// A worker that is stopped (SIGSTOP) in the middle of a commit on SQLite: it
// holds the write lock, so nobody writes until it goes on.  The others know
// it after some seconds, tell their authors to come back later, can be told
// to end, and nothing is lost.
//
// HELD (1; LONG=1: 10) times short and long.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { host, rounds, ms } = await import('./workers.mjs')

  const held = rounds('HELD', 1, 10)

  await run(async () => {
    const began = Date.now()
    const h = await host({ database: 'sqlite', workers: 3 })
    const load = new Load(h)

    load.cookie = h.ann
    await load.begin({ boards: 3, writers: 4, every: 30, alone: false,
      allowed: [] })

    const { ledger } = load

    await load.flowing()

    // Stops a worker while the lock is its own, that is nobody gets an
    // answer, and gives its pid.

    async function stopHolder() {
      for (let i = 0; i < 500; i++) {
        const pids = await h.workers()
        const victim = pids[i % pids.length]
        const seats = await h.pids(load.writers.map((w) => w.ws._socket))
        const others = load.writers.filter((w, k) => seats[k] !== victim)

        await h.killWorker(victim, 'STOP')
        await sleep(100)

        const acks = others.map((w) => w.acked)
        const end = Date.now() + 2000
        const still = () => others.length
          && others.every((w, k) => w.acked === acks[k])

        while (still() && Date.now() < end) await sleep(10)

        if (still()) return victim

        await h.killWorker(victim, 'CONT')
        await load.flowing()
      }

      throw new Error('no worker was stopped in the middle of a commit')
    }

    for (let i = 0; i < held; i++) {
      // some seconds: all wait and nobody is sent away

      const brief = await stopHolder()

      await sleep(1000)
      await h.killWorker(brief, 'CONT')

      const back = await load.flowing()

      ok(!ledger.faults.length && !Object.keys(ledger.closes).length,
        `held for some seconds: nobody was closed, edits flow after ${ms(back)}`,
        ledger.faults.join('\n') || JSON.stringify(ledger.closes))

      // longer: authors are sent away, and come back until it works

      for (const w of load.writers) w.allowed = [1005, 1013]

      const victim = await stopHolder()
      const at = Date.now()

      await until(() => ledger.closes['1013'],
        'authors to be sent away', 30000)

      const sent = Date.now() - at

      await h.killWorker(victim, 'CONT')

      const flows = await load.flowing()

      ok(!ledger.faults.length && sent > 8000 && sent < 20000, 'held for long: '
        + `authors were closed with 1013 after ${ms(sent)}; edits flow after `
        + ms(flows),
      ledger.faults.join('\n') || ms(sent))

      for (const w of load.writers) w.allowed = []
      ledger.closes = {}
    }

    ok(/board_waits .*error="database unavailable"/.test(
      await h.errorLog()), 'the log says what waits')

    await load.finish()
    ok(!ledger.faults.length, `${ledger.acks} acknowledged edits, none lost`,
      ledger.faults.join('\n'))

    // a worker that ends does not wait for the lock for ever

    load.resume()
    await load.flowing()

    const victim = await stopHolder()
    const [other] = (await h.workers()).filter((pid) => pid !== victim)
    const at = Date.now()

    await h.killWorker(other, 'TERM')
    await until(async () => !(await h.workers()).includes(other),
      'the end of another worker', 25000)

    const took = Date.now() - at

    await h.killWorker(victim, 'CONT')
    await load.flowing()
    ok(took < 15000, `another worker ended in ${ms(took)}`)

    say(`${((Date.now() - began) / 1000).toFixed(1)} s`)
    load.stop()
    ok(await h.end(), 'nothing was left behind')
  })
})
