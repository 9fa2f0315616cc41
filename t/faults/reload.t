#!/usr/bin/env node

// nginx -s reload under load, again and again: the old worker finishes its
// commits, tells its clients 1012 and goes; nothing acknowledged is lost, and
// neither the master nor the workers grow.
//
// RELOADS (20; LONG=1: 100); DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, until }) => {
  const { readFileSync, readdirSync } = await import('node:fs')
  const { start } = await import('../lib/server.mjs')
  const { wanted, rounds } = await import('./workers.mjs')

  const reloads = rounds('RELOADS', 20, 100)

  const fds = (pid) => readdirSync(`/proc/${pid}/fd`).length
  const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

  // the least of the first ones and of the last ones

  const flat = (list, slack) => {
    const few = Math.min(5, list.length >> 1)

    return Math.min(...list.slice(-few)) <= Math.min(...list.slice(0, few)) + slack
  }

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const t = await start({ database, workers: 1 })
      const load = await new Load(t).begin({ allowed: [1012],
        alone: false })
      const gone = []
      const back = []
      const seen = { master: [], masterFds: [], worker: [], workerFds: [] }

      await load.flowing()

      for (let i = 0; i < reloads; i++) {
        const old = await t.workers()
        const at = Date.now()

        await t.reload()
        await until(async () => !(await t.workers()).some((p) => old.includes(p)),
          'the end of the old worker')
        gone.push(Date.now() - at)

        await load.flowing()
        back.push(Date.now() - at)

        const [worker] = await t.workers()

        seen.master.push(rss(t.pid))
        seen.masterFds.push(fds(t.pid))
        seen.worker.push(rss(worker))
        seen.workerFds.push(fds(worker))
      }

      await load.finish()
      load.stop()

      const { ledger } = load
      const max = (list) => Math.max(...list)

      ok(!ledger.faults.length, `${database}: ${reloads} reloads, ${ledger.acks} `
        + 'acknowledged edits, none lost', ledger.faults.join('\n'))
      ok(max(gone) < 5000, `${database}: old workers were gone within 5 s`,
        gone.join(' '))

      ok(Object.keys(ledger.closes).join() === '1012',
        `${database}: all sockets were closed with 1012`,
        JSON.stringify(ledger.closes))

      // memory in KiB; sanitizers keep what was freed

      if (reloads >= 10 && !process.env.TIDRAW_ASAN) {
        ok(flat(seen.worker, 2048) && flat(seen.master, 1024),
          `${database}: memory stays flat`, JSON.stringify(seen))
      }

      ok(flat(seen.workerFds, 0) && flat(seen.masterFds, 0),
        `${database}: descriptors stay flat`, JSON.stringify(seen))

      say(`${database}: gone after ${max(gone)} ms at most, all edits flow after `
        + `${max(back)} ms at most; worker ${seen.worker[0]} to `
        + `${seen.worker.at(-1)} KiB, ${seen.workerFds.at(-1)} descriptors; master `
        + `${seen.master[0]} to ${seen.master.at(-1)} KiB, `
        + `${seen.masterFds.at(-1)} descriptors; `
        + `${((Date.now() - began) / 1000).toFixed(1)} s`)

      ok(await t.finish(), `${database}: no alert, nothing left behind`)
    }
  })
})
