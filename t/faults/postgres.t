#!/usr/bin/env node

// PostgreSQL dies, restarts or falls silent under load: commits whose outcome
// nobody knows.  No acknowledged edit is lost, one that is tried again has no
// effect twice, and their authors get answers afterwards, or are closed with a
// code that lets them come back; edits flow again within 2 s, and nobody spins
// meanwhile.
//
// ROUNDS (2; LONG=1: 20, with 10 s of silence) of all the ways.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { start } = await import('../lib/server.mjs')
  const { core, long, rounds: number } = await import('./workers.mjs')
  const rounds = number('ROUNDS', 2, 20)

  await run(async () => {
    const began = Date.now()
    const t = await start({ database: 'postgres' })

    const load = await new Load(t).begin({ boards: 2,
      allowed: [1011, 1012, 1013] })
    const { ledger } = load

    // a commit that was stored is tried again where nobody heard of it: who
    // sends one edit at a time has none that another one of his own undid, so
    // that none has an effect twice

    await load.begin({ boards: 1, allowed: [1011, 1012, 1013], most: 1 })

    const backends = async () => (await t.sql('SELECT pid FROM pg_stat_activity '
      + 'WHERE datname = current_database() AND pid <> pg_backend_pid()'))
      .map(([pid]) => Number(pid))

    // what the workers use while there is nothing that they could do

    const calm = async (wait) => {
      const used = await core(await t.workers(), wait)

      busiest = Math.max(busiest, used)
    }

    let busiest = 0
    let slowest = 0

    const ways = {
      'kill -9 of one of its processes': async () => {
        const all = await backends()

        process.kill(all[Math.floor(Math.random() * all.length)], 'SIGKILL')
      },

      'all connections ended': async () => {
        await t.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
          + 'WHERE datname = current_database() AND pid <> pg_backend_pid()')
      },

      // a lock holds commits up on their way, so that they die there

      'kill -9 while commits wait': async () => {
        const [pid] = await backends()
        const lock = t.sql('BEGIN; LOCK TABLE records IN SHARE MODE; '
          + 'SELECT pg_sleep(0.4); COMMIT').catch(() => {})

        await sleep(200)
        process.kill(pid, 'SIGKILL')
        await lock
      },

      // a standby that never comes: what is stored waits for it, and the
      // connection ends before anybody is told

      'stored, but the answer is lost': async () => {
        await t.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        await t.sql('SELECT pg_reload_conf()')
        await sleep(200)
        await ways['all connections ended']()
        await t.sql('ALTER SYSTEM RESET synchronous_standby_names')
        await t.sql('SELECT pg_reload_conf()')
      },

      'a restart': () => t.postgres('restart'),

      'kill -9 of all of it': async () => {
        await t.postgres('kill9')
        await sleep(300)
        await t.postgres('start')
      },

      silence: async () => {
        await t.postgres('pause')
        await calm(() => sleep(long ? 10000 : 1500))
        await t.postgres('resume')
      },

      'away for longer than pushes wait': async () => {
        const closed = () => ledger.closes[1013] ?? 0
        const before = closed()
        const at = Date.now()

        await t.postgres('stop')

        try {
          await calm(() => until(() => closed() >= before + load.writers.length,
            () => `authors to be told, ${closed() - before} were`, 40000))
          say(`away: authors were closed with 1013 after ${Date.now() - at} ms`)
        } finally {
          await t.postgres('start')
        }
      },
    }

    await load.flowing()

    for (let round = 0; round < rounds; round++) {
      for (const [name, way] of Object.entries(ways)) {
        if (round > 0 && name.startsWith('away')) continue

        await sleep(100 + Math.random() * 400)

        const before = ledger.faults.length
        const acks = ledger.acks
        let after = 'nothing flows'

        try {
          await way()

          const back = await load.flowing(30000)

          slowest = Math.max(slowest, back)
          after = `edits flow after ${back} ms`
          await load.look(name)
        } catch (error) {
          ledger.fault(error.stack)
        }

        ok(ledger.faults.length === before, `${name}: ${after}, `
          + `${ledger.acks - acks} acknowledged`,
        ledger.faults.slice(before).join('\n'))
      }
    }

    const before = ledger.faults.length

    await load.finish({ exact: load.boards.slice(2) })
    ok(ledger.faults.length === before, `${ledger.acks} acknowledged edits, all `
      + 'stored; of who sends one at a time each of them once', ledger.faults.slice(before).join('\n'))

    ok(slowest <= 2000, `recovery took ${slowest} ms at most`)
    ok(busiest < 0.2, `${(busiest * 100).toFixed(1)} % of a core at most was `
      + 'used while the database was away')

    say(`sockets closed: ${JSON.stringify(ledger.closes)}; `
      + `${((Date.now() - began) / 1000).toFixed(1)} s`)
    load.stop()
    ok(await t.finish(), 'no alert, nothing left behind')
  })
})
