#!/usr/bin/env node

// The power goes under load, on a disk that keeps what was synced and forgets
// the rest, or keeps some of the rest, torn at any sector: the database is
// whole and no edit that was acknowledged or shown is lost.
//
// CUTS (6; LONG=1: 100), half of them torn.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep }) => {
  const { execFileSync, spawn } = await import('node:child_process')
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { Disk } = await import('./disk.mjs')
  const { start } = await import('../lib/server.mjs')
  const { rounds } = await import('./workers.mjs')

  const cuts = rounds('CUTS', 6, 100)

  if (Disk.lacks()) {
    console.log(`1..0 # SKIP ${Disk.lacks()}`)
    return
  }

  // A plain program that says which of its rows are stored; how many of those
  // are there after a cut.

  async function plain(synchronous, ...options) {
    const disk = new Disk(...options)
    const folder = mkdtempSync(`${tmpdir()}/tidraw-plain-`)

    try {
      await disk.plug(folder)

      const cli = spawn('sqlite3', [`${folder}/a.db`],
        { stdio: ['pipe', 'pipe', 'inherit'] })
      let said = ''

      cli.stdout.on('data', (text) => { said += text })
      cli.stdin.on('error', () => {})
      cli.stdin.write('PRAGMA journal_mode = WAL; CREATE TABLE t(n); '
        + `PRAGMA synchronous = ${synchronous};\n`)

      for (let n = 1; n <= 100; n++) {
        cli.stdin.write(`INSERT INTO t VALUES(${n}); SELECT 'row ${n}';\n`)
      }

      while (!said.includes('row 100')) await sleep(5)

      disk.tell('cut')
      cli.kill('SIGKILL')
      await disk.unplug()
      await disk.plug(folder)

      const [n] = execFileSync('sqlite3', [`${folder}/a.db`,
        "SELECT count(*) FROM sqlite_master; SELECT count(*) FROM t;"],
      { encoding: 'utf8', stdio: 'pipe' }).trim().split('\n').slice(1)

      await disk.unplug()

      return Number(n)
    } catch (error) {
      if (/no such table|not a database/.test(error.stderr)) return 0
      throw error
    } finally {
      disk.remove()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  // The server, its database on such a disk.

  async function cutting(options, turns, lie) {
    const began = Date.now()
    const disk = new Disk(...options)
    const t = await start({ database: 'sqlite', workers: 2 })
    const data = `${t.dir}/data`

    // the disk is gone some milliseconds before the server is

    await t.allow('database_full', 'board_waits', 'Input/output error',
      'Read-only file system')
    await t.stop()
    await disk.plug(data)
    await t.start()

    const secret = readFileSync(`${data}/secret`, 'utf8')
    const load = await new Load(t).begin({ boards: 3, writers: 3,
      alone: false, allowed: [1006, 1011, 1012, 1013] })
    const heavy = await t.room(load.cookie, 'Heavy')

    // a third of these pushes is large: the log is checkpointed all the time

    load.boards.push(heavy)
    load.writer({ board: heavy, name: 'heavy', big: 900000, alone: false,
      allowed: [1006, 1011, 1012, 1013] })

    const { ledger } = load

    try {
      await load.flowing()

      for (let i = 0; i < turns; i++) {
        if (lie) disk.tell('lie')

        await sleep(200 + Math.random() * 800)

        disk.tell('cut')
        process.kill(-t.pid, 'SIGKILL')
        await t.kill9()
        await disk.unplug()
        await disk.plug(data)

        if (readFileSync(`${data}/secret`, 'utf8') !== secret) {
          ledger.fault(`cut ${i + 1}: the secret is another`)
        }

        await load.look(`cut ${i + 1}`, () => load.onDisk())

        if (lie) return ledger.faults

        await t.start()
        await load.flowing()
      }

      await load.finish()
      say(`${turns} cuts${options.map((o) => `, ${o}`)}: `
        + `${((Date.now() - began) / 1000).toFixed(1)} s`)

      return { faults: ledger.faults, acks: ledger.acks }
    } finally {
      load.stop()
      await t.stop()
      await disk.unplug()
      ok(await t.finish(), 'nothing was left behind')
    }
  }

  await run(async () => {
    const full = await plain('FULL')
    const torn = await plain('FULL', 'torn')
    const off = await plain('OFF')

    ok(full === 100 && torn === 100, 'SQLite itself loses nothing that it synced',
      `${full} and ${torn} of 100 rows are there`)
    ok(off < 100, `without syncing it loses: ${off} of 100 rows are there`)

    const lost = await cutting([], 1, true)

    ok(lost.length > 0, 'a disk that ignores syncs loses edits, and this test '
      + 'sees it')

    for (const options of [[], ['torn']]) {
      const { faults, acks } = await cutting(options, Math.ceil(cuts / 2))

      ok(!faults.length, `${Math.ceil(cuts / 2)} cuts${options.map((o) =>
        `, ${o}`)}: ${acks} acknowledged edits, none lost`, faults.join('\n'))
    }
  })
})
