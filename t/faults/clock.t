#!/usr/bin/env node

// The wall clock jumps a year ahead, back, and a year further back, under
// load: nobody is closed, no edit is late or lost.  A login may have expired
// by such a clock; a new one works at once.
//
// JUMPS (1; LONG=1: 10) times there and back; LONG=1 on every database of
// DATABASES, else on the first.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep }) => {
  const { execFileSync } = await import('node:child_process')
  const { mkdtempSync, rmSync, writeFileSync, openSync, writeSync, closeSync }
    = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { start } = await import('../lib/server.mjs')
  const { wanted, long, rounds, percentile, ms }
    = await import('./workers.mjs')

  const jumps = rounds('JUMPS', 1, 10)
  const YEAR = 365 * 86400

  await run(async () => {
    const dir = mkdtempSync(`${tmpdir()}/tidraw-clock-`)
    const file = `${dir}/offset`
    const preload = `${dir}/clock.so`

    process.on('exit', () => rmSync(dir, { recursive: true }))
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', preload,
      `${__dirname}/clock.c`])

    // in place: the server has it mapped

    const set = (seconds) => {
      const bytes = Buffer.alloc(8)
      const fd = openSync(file, 'r+')

      bytes.writeBigInt64LE(BigInt(seconds))
      writeSync(fd, bytes, 0, 8, 0)
      closeSync(fd)
    }

    for (const database of long ? wanted : wanted.slice(0, 1)) {
      writeFileSync(file, Buffer.alloc(8))

      const began = Date.now()
      const t = await start({ database, workers: 2, preload,
        env: { CLOCK_OFFSET: file } })
      const load = await new Load(t).begin({ boards: 3, writers: 3, every: 50,
        alone: false, allowed: [] })
      const { ledger } = load
      const waits = []

      for (const w of load.writers) w.answered = (took) => waits.push(took)

      // What the server takes for now, by the header of an answer, in years.

      const year = async () => {
        const answer = await fetch(`${t.url}readyz`)
        const date = Date.parse(answer.headers.get('date'))

        return Math.round((date - Date.now()) / 1000 / YEAR)
      }

      const login = async () => {
        const cookie = await t.login('ann@example.org')
        const { status } = await fetch(`${t.url}api/me`, { headers: { cookie } })

        if (status !== 200) ledger.fault(`a new login: ${status}`)

        return cookie
      }

      await load.flowing()

      for (let i = 0; i < jumps; i++) {
        for (const years of [1, 0, -1, 0]) {
          set(years * YEAR)
          await sleep(1000)

          const is = await year()

          if (is !== years) ledger.fault(`year ${is} instead of ${years}`)

          load.cookie = await login()
          await load.flowing()
          await load.newcomer(load.boards[0], 'v8')
        }
      }

      ok(!ledger.faults.length && !Object.keys(ledger.closes).length,
        `${database}: ${jumps * 4} jumps, ${ledger.acks} acknowledged edits, `
        + 'nobody was closed', ledger.faults.join('\n')
        || JSON.stringify(ledger.closes))
      ok(percentile(waits, 99) < 500, `${database}: edits took `
        + `${ms(percentile(waits, 50))}, p99 ${ms(percentile(waits, 99))}, at most `
        + ms(Math.max(...waits)))

      // a login of the present, seen from next year, and what starts there

      set(YEAR)
      await sleep(1000)

      const { status } = await fetch(`${t.url}api/me`,
        { headers: { cookie: load.cookie } })

      load.cookie = await login()

      for (const w of load.writers) {
        w.headers = { cookie: load.cookie }
        w.allowed = [1012]
      }

      await t.reload()
      await load.flowing()
      set(0)
      await load.flowing()
      load.cookie = await login()
      await load.finish()

      ok(!ledger.faults.length && [200, 401].includes(status),
        `${database}: workers that start in another year serve the same; an old `
        + `login got ${status}`, ledger.faults.join('\n') || status)

      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
      load.stop()
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
