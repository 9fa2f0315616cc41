#!/usr/bin/env node

// The disk of an SQLite database is read-only: at the start, or because it
// broke under load.  The log says so, nothing is acknowledged, and all goes on
// by itself, or after a restart where the file system itself is gone.

import('./load.mjs').then(async ({ Load, ok, run, sleep, until }) => {
  const { execFileSync } = await import('node:child_process')
  const { Disk } = await import('./disk.mjs')
  const { start } = await import('../lib/server.mjs')

  if (Disk.lacks()) {
    console.log(`1..0 # SKIP ${Disk.lacks()}`)
    return
  }

  const remount = (folder, how) =>
    execFileSync('mount', ['-o', `remount,${how}`, folder], { stdio: 'pipe' })

  await run(async () => {
    const disk = new Disk()
    const t = await start({ database: 'sqlite', workers: 2, ready: 0 })
    const data = `${t.dir}/data`

    await t.allow('database_full', 'Read-only file system',
      'Input/output error')
    await t.stop()
    await disk.plug(data)
    await t.start()

    const health = async () => (await fetch(`${t.url}readyz`)).status
    const healthy = () => until(async () => await health() === 200, 'health')

    await healthy()

    const load = await new Load(t).begin({ boards: 2, writers: 2, alone: false,
      allowed: [1006, 1011, 1012, 1013] })
    const { ledger } = load

    try {
      await load.flowing()

      // read-only from the start, left behind by a crash and by an orderly end

      for (const [how, end] of [['a crash', () => t.kill9()],
        ['an orderly end', () => t.stop()]]) {
        await end()
        remount(data, 'ro')

        const lines = (await t.errorLog()).length
        const { acks } = ledger

        await t.start()
        await sleep(3000)

        const status = await health()
        const said = (await t.errorLog()).slice(lines)
        const stored = ledger.acks

        remount(data, 'rw')

        const at = Date.now()

        await load.flowing()
        await healthy()
        ok(stored === acks && status === 503
          && /database_away .*(readonly|[Rr]ead-only|unable to open)/
            .test(said) && said.split('\n').filter((l) =>
          /\[(error|crit)\]/.test(l)).length < 20,
        `read-only after ${how}: ${stored - acks} edits acknowledged, readyz `
          + `${status}; once it can be written edits flow after `
          + `${Date.now() - at} ms`, said)
      }

      // it breaks: ext4 turns read-only

      const lines = (await t.errorLog()).length

      disk.tell('fail')
      await until(async () => {
        const { acks } = ledger

        await sleep(1000)

        return acks === ledger.acks
      }, 'an end of acknowledgements')
      await until(() => ledger.closes['1013'] || ledger.closes['1011'],
        'authors to be sent away', 20000)

      const said = (await t.errorLog()).slice(lines)
      const { acks } = ledger

      await sleep(1000)
      ok(ledger.acks === acks && /event=database_full /.test(said)
        && said.split('\n').filter((l) => /\[(error|crit)\]/.test(l)).length < 60,
      'a broken disk: nothing is acknowledged, the log says it',
      said.slice(0, 4000))

      const alone = [...new Set(said.split('\n').filter((l) => /database_full/.test(l))
        .map((l) => l.replace(/.*tidraw: /, '')))]

      console.log(`# ${alone.join('\n# ')}`)
      console.log(`# closed: ${JSON.stringify(ledger.closes)}`)

      await t.stop()
      await disk.unplug()
      await disk.plug(data)
      await load.look('on the mended disk', () => load.onDisk())
      await t.start()
      await load.flowing()
      await load.finish()
      ok(!ledger.faults.length, `${ledger.acks} acknowledged edits, all stored`,
        ledger.faults.join('\n'))
    } finally {
      load.stop()
      await t.stop()
      await disk.unplug()
      ok(await t.finish(), 'nothing was left behind')
    }
  })
})
