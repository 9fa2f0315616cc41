#!/usr/bin/env node

// The disk of an SQLite database runs full under load: the log says so, no
// edit is acknowledged that is not stored, and all goes on by itself once
// there is room again.
//
// FULLS (2; LONG=1: 10), every other for longer than edits wait.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { execFileSync } = await import('node:child_process')
  const { cpSync, rmSync, writeSync, openSync, closeSync } = await import('node:fs')
  const { start } = await import('../lib/server.mjs')
  const { rounds } = await import('./workers.mjs')

  const fulls = rounds('FULLS', 2, 10)

  if (process.getuid() !== 0) {
    console.log('1..0 # SKIP a small file system can be mounted by root only')
    return
  }

  await run(async () => {
    const t = await start({ database: 'sqlite', workers: 2 })
    const data = `${t.dir}/data`

    await t.allow('disk is full|No space left|board_waits|database_full')
    await t.stop()
    cpSync(data, `${t.dir}/copy`, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=755', 'tidraw', data])

    try {
      cpSync(`${t.dir}/copy`, data, { recursive: true })
      await t.start()
      await disk(t, data)
    } finally {
      await t.stop()
      rmSync(`${data}/filler`, { force: true })
      cpSync(data, `${t.dir}/copy`, { recursive: true })
      execFileSync('umount', ['-l', data])
    }

    ok(await t.finish(), 'no other alert, nothing left behind')
  })

  // Takes all the room there is.

  function fill(data) {
    const file = openSync(`${data}/filler`, 'a')

    for (let size = 1 << 20; size > 0; size >>= 1) {
      try {
        while (writeSync(file, Buffer.alloc(size)) === size);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error
      }
    }

    closeSync(file)
  }

  async function disk(t, data) {
    const load = await new Load(t).begin({ boards: 2, alone: false,
      allowed: [1011, 1012, 1013] })
    const { ledger } = load

    await load.flowing()

    for (let i = 0; i < fulls; i++) {
      const seconds = i % 2 ? 14 : 3
      const before = ledger.faults.length
      const filled = Date.now()

      // files that SQLite has may still take what they hold already

      fill(data)
      await until(async () => {
        fill(data)
        const acks = ledger.acks

        await sleep(300)

        return ledger.acks === acks
      }, 'a full disk')

      const acks = ledger.acks

      await sleep(seconds * 1000 - (Date.now() - filled))

      const { status } = await fetch(`${t.url}readyz`)

      await load.look('while full', () => load.onDisk())
      rmSync(`${data}/filler`)

      let flows = 'nothing flows'

      try {
        flows = `edits flow after ${await load.flowing()} ms`
      } catch (error) {
        ledger.fault(error.stack)
      }

      await load.look('with room again')

      ok(ledger.faults.length === before, `full for ${seconds} s: ${acks} edits `
        + `were acknowledged, all stored, readyz said ${status}; ${flows}`,
      ledger.faults.slice(before).join('\n'))
    }

    const log = await t.errorLog()

    ok(/\[(error|crit|alert)\].*full/.test(log), 'the log says what is wrong')

    const before = ledger.faults.length

    await load.finish()
    ok(ledger.faults.length === before, `${ledger.acks} acknowledged edits, all `
      + 'stored', ledger.faults.slice(before).join('\n'))
    say(`sockets closed: ${JSON.stringify(ledger.closes)}; lines of the log: `
      + log.split('\n').filter((l) => /\[(error|crit|alert)\]/.test(l)).length)
    load.stop()
  }
})
