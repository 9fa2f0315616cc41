#!/usr/bin/env node

// Workers run out of file descriptors: who is there already notices nothing,
// the log says what is short, and newcomers get in as soon as others leave.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { connect } = await import('node:net')
  const { readdirSync } = await import('node:fs')
  const { start } = await import('../lib/server.mjs')
  const { wanted, percentile, ms } = await import('./workers.mjs')

  const LIMIT = 80

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const t = await start({ database, workers: 2,
        conf: { main: `worker_rlimit_nofile ${LIMIT};` } })

      await t.allow('Too many open files')

      const load = await new Load(t).begin({ boards: 3, writers: 3, every: 50,
        most: 1, alone: false, allowed: [] })
      const { ledger } = load
      const waits = []

      await load.flowing()
      for (const w of load.writers) w.answered = (took) => waits.push(took)

      // more connections than both workers can have together

      const idle = []

      for (let i = 0; i < 3 * LIMIT; i++) {
        const socket = connect(t.port, '127.0.0.1')

        socket.on('error', () => {})
        idle.push(socket)
      }

      const fds = (pid) => readdirSync(`/proc/${pid}/fd`).length

      await until(async () => (await t.workers()).every((pid) =>
        fds(pid) >= LIMIT - 2), 'full workers')
      await load.flowing()
      await sleep(2000)
      await load.flowing()

      const took = waits.slice()
      const log = await t.errorLog()

      ok(/accept4?\(\) failed \(24: Too many open files\)/.test(log),
        `${database}: the log says what is short`)

      // a database that has to be connected anew while there are none

      if (database === 'postgres') {
        await t.postgres('restart')
        await sleep(2000)
      }

      // the others leave their places

      for (const socket of idle.splice(0)) socket.destroy()

      const at = Date.now()

      await load.flowing()

      const { clock } = await load.newcomer(load.boards[0], 'v8')

      ok(clock > 0 && !ledger.faults.length && !Object.keys(ledger.closes).length,
        `${database}: nobody was closed; edits and newcomers flow after `
        + ms(Date.now() - at), ledger.faults.join('\n')
        || JSON.stringify(ledger.closes))
      ok(percentile(took, 99) < 500, `${database}: edits took `
        + `${ms(percentile(took, 50))}, p99 ${ms(percentile(took, 99))}, at most `
        + ms(Math.max(...took)))

      await load.finish()
      ok(!ledger.faults.length, `${database}: ${ledger.acks} acknowledged edits, `
        + 'none lost', ledger.faults.join('\n'))
      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s, `
        + `${log.split('\n').filter((l) => /Too many/.test(l)).length} lines`)
      load.stop()
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
