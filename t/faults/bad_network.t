#!/usr/bin/env node

// Clients who are 200 ms away, behind a network that loses 30 % of what goes
// there and back (LONG=1: 30 % each way), beside others who are near: all
// converge while it stays that bad, nothing acknowledged is lost, and what
// waits for them takes bounded memory.
//
// SECONDS_BAD (10; LONG=1: 300).  Needs root, for network namespaces.

import('../lib/netns.mjs').then(async ({ network }) => {
  const net = network(__filename)
  const { Load, ok, run, say, sleep, until } = await import('./load.mjs')
  const { long, rounds, percentile, ms, rss } = await import('./workers.mjs')
  const { start } = await import('../lib/server.mjs')
  const { isDeepStrictEqual } = require('node:util')

  const seconds = rounds('SECONDS_BAD', 10, 300)
  const limit = process.env.TIDRAW_ASAN ? 400000 : 40000    // kB a worker

  await run(async () => {

    // the near way and the bad one to one host

    net.machine('host', { front: '10.77.1.1', back: '10.77.2.1' })

    const t = await start({ netns: 'host', address: '10.77.1.1', workers: 2,
      conf: { server: 'listen 10.77.2.1:8080;' } })

    const away = { ...t, host: '10.77.2.1', port: 8080 }
    const load = await new Load(t).begin({ boards: 0 })
    const { ledger } = load
    const waits = { near: [], far: [] }

    for (let b = 0; b < 2; b++) {
      const board = await t.room(load.cookie, `Board ${b}`)

      load.boards.push(board)

      for (let k = 0; k < 6; k++) {
        const near = k < 3

        load.writer({ board, name: `w${b}${near ? 'near' : 'far'}${k}`,
          t: near ? t : away, every: 100, big: k % 3 ? 0 : 100000, alone: false,
          generation: b ? 'v7' : 'v8' })
          .answered = (time) => waits[near ? 'near' : 'far'].push(time)
      }
    }

    await load.flowing()

    const workers = await t.workers()
    const size = () => Math.max(...workers.map(rss))
    const before = size()
    let most = 0

    net.bad('host', 'back', { delay: 100, loss: long ? 30 : 16 })
    for (const list of Object.values(waits)) list.length = 0

    // a client that waits and hears nothing for 10 s tries another connection

    setInterval(() => {
      for (const w of load.writers) {
        if (w.seen !== w.ws) {
          w.seen = w.ws
          w.heard = Date.now()
          w.ws.on('message', () => { w.heard = Date.now() })
        }

        if (Date.now() - w.heard > 10000 && (w.pending.length || !w.connected)) {
          w.heard = Date.now()
          w.ws.terminate()
        }
      }
    }, 500).unref()

    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      await sleep(200)
      most = Math.max(most, size())
    }

    for (const w of load.writers) w.paused = true

    const at = Date.now()

    const documents = (board) => load.writers.filter((w) => w.board === board)
      .map((w) => Object.fromEntries([...w.records].filter(([id]) =>
        !id.startsWith('instance_presence:'))))

    await until(() => load.writers.every((w) => w.connected && !w.pending.length)
      && load.boards.every((board) => {
        const [first, ...rest] = documents(board)

        return rest.every((d) => isDeepStrictEqual(d, first))
      }), () => load.writers.filter((w) => !w.connected || w.pending.length)
      .map((w) => `${w.name} ${w.connected ? w.pending.length : 'away'}`), 120000)

    ok(true, `all equal ${ms(Date.now() - at)} after the last edit`)
    net.mend('host', 'back')

    for (const [name, list] of Object.entries(waits)) {
      say(`${list.length} edits of those who are ${name}: `
        + `${ms(percentile(list, 50))}, p99 ${ms(percentile(list, 99))}`)
    }

    ok(percentile(waits.near, 99) < 500, 'who is near notices nothing')
    ok(waits.far.length > 10, 'who is away gets on')
    ok(most - before < limit, `memory of a worker: ${before} kB before, at most `
      + `${most} kB`)

    await load.finish({ exact: [] })
    ok(!ledger.faults.length, `${ledger.acks} acknowledged edits, none lost`,
      ledger.faults.join('\n'))
    say(`closed: ${JSON.stringify(ledger.closes)}`)

    load.stop()
    ok(await t.finish(), 'nothing was left behind')
  })
})
