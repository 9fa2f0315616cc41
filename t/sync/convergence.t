#!/usr/bin/env node

// Unmodified clients of the published packages edit one board at random, are
// cut off at random and come back: in the end all of them, a reader, a late
// joiner and the database agree.
//
// WORKERS (1) of the server; HOSTS (1; more: on PostgreSQL, with a Redis); SEEDS (10) a generation and database, from FIRST_SEED (1); GENERATIONS and
// DATABASES pick some; SEED_SECONDS (2) of work in each; SEEDS_AT_ONCE (4).
// One that failed:  SEEDS=1 FIRST_SEED=17 GENERATIONS=v7 t/sync/convergence.t

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')

const seeds = Number(process.env.SEEDS || 10)
const first = Number(process.env.FIRST_SEED || 1)
const workers = Number(process.env.WORKERS || 1)
const hosts = Number(process.env.HOSTS || 1)
const atOnce = Number(process.env.SEEDS_AT_ONCE || 4)
const generations = (process.env.GENERATIONS || 'v7 v8').split(/[ ,]+/)

let count = 0

function ok(good, name, why) {
  console.log(`${good ? 'ok' : 'not ok'} ${++count} - ${name}`)
  if (!good && why) console.log(String(why).replace(/^/gm, '# '))
  if (!good) process.exitCode = 1
}

import('../lib/server.mjs').then(async ({ start, startHosts, databases }) => {
  const wanted = process.env.DATABASES?.split(/[ ,]+/)
    ?? (hosts > 1 ? ['postgres'] : databases)

  for (const database of wanted) {
    const all = hosts > 1
      ? await startHosts(Array(hosts).fill({ workers }))
      : [await start({ database, workers })]

    try {
      await run(all, database)
    } catch (error) {
      ok(false, `${database}: came to its end`, error.stack)
    }

    for (const t of all.reverse()) {
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  }

  console.log(`1..${count}`)
})

async function run(all, database) {
  const [t] = all
  const ann = await t.register('ann@example.org')
  const dan = await t.register('dan@example.org')

  // what a child asks for

  const calls = {
    async log(room) {
      const log = await t.errorLog()

      return log.split('\n').filter((line) => line.includes(room)
        && !/client (closed|sent close)/.test(line)).slice(-5)
    },

    async board() {
      const room = await t.room(ann, 'A board')

      return { room, wsUrls: all.map((host) =>
        host.wsUrl.replace('localhost', '127.0.0.1')),
        cookies: [ann, dan], editor: await t.link(ann, room, 'editor'),
        viewer: await t.link(ann, room, 'viewer') }
    },

    async stored(room) {
      const rows = await t.sql('SELECT b.clock, r.state FROM rooms b JOIN records'
        + ` r ON r.room = b.num WHERE b.id = '${room}'`)

      return { clock: Number(rows[0]?.[0]),
        records: rows.map(([, state]) => JSON.parse(state)) }
    },
  }

  await Promise.all(generations.map((generation) => new Promise((resolve) => {
    const began = Date.now()
    const sum = { edits: 0, cuts: 0, clock: 0, good: 0 }

    const child = fork(join(__dirname, 'convergence.mjs'),
      [generation, first, seeds, atOnce], { serialization: 'advanced' })

    child.on('message', async ({ id, call, args, result }) => {
      if (call) {
        try {
          child.send({ id, result: await calls[call](...args) })
        } catch (error) {
          if (child.connected) child.send({ id, error: error.message })
        }

        return
      }

      const { seed, error, ms, edits, cuts, clock, records } = result

      ok(!error, `${database}, ${generation}, seed ${seed}` + (error ? ''
        : `: ${edits} edits, ${cuts} cuts, clock ${clock}, ${records} records`),
      error && `${error}\n${ms} ms`)

      if (error) return

      sum.good++
      sum.edits += edits
      sum.cuts += cuts
      sum.clock += clock
    })

    // its end may be told before its last words

    Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code]]) => {
      ok(code === 0 && sum.good === seeds, `${database}, ${generation}: `
        + `${sum.good} of ${seeds} seeds, ${sum.edits} edits, ${sum.cuts} cuts, `
        + `${sum.clock} clocks in ${((Date.now() - began) / 1000).toFixed(1)} s`)
      resolve()
    })
  })))
}
