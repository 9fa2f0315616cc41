#!/usr/bin/env node

// Two workers and a database that is far away.  Whoever came first plans its
// next commit for some round trips later, and hears meanwhile of a push that
// is too long for the mesh: then it catches up instead, and never does both
// at once.
//
// SECONDS_FAR (5; LONG=1: 60)

import('./load.mjs').then(async ({ Load, ok, run, sleep, until }) => {
  const { createServer, connect } = await import('node:net')
  const { start } = await import('../lib/server.mjs')
  const { host, rounds } = await import('./workers.mjs')

  const seconds = rounds('SECONDS_FAR', 5, 60)
  const way = 15              // ms to the database, and back
  const big = 140000          // bytes; the mesh carries 128 KiB
  const seats = 3             // writers of each worker

  // Every byte arrives, in its order, a little later.

  async function distance(path) {
    const server = createServer((near) => {
      const far = connect(path)

      for (const [from, to] of [[near, far], [far, near]]) {
        const later = (what) => setTimeout(() => to.destroyed || what(), way)

        from.on('data', (data) => later(() => to.write(data)))
        from.on('close', () => later(() => to.destroy()))
        from.on('error', () => {})
      }
    })

    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

    return server.address().port
  }

  await run(async () => {
    const near = await start({ database: 'postgres' })
    const url = new URL(near.database.replace('@/', '@localhost/'))
    const port = await distance(`${url.searchParams.get('host')}/.s.PGSQL.`
      + url.searchParams.get('port'))

    await near.quit()

    const h = await host({ workers: 2,
      database: `postgresql://postgres@127.0.0.1:${port}${url.pathname}` })

    h.sql = near.sql

    const load = new Load(h)
    const board = await h.room(h.ann, 'A board')
    const pids = await h.workers()
    const taken = new Map(pids.map((pid) => [pid, 0]))

    load.cookie = h.ann
    load.boards.push(board)

    for (let n = 0; [...taken.values()].some((k) => k < seats); n++) {
      const w = load.writer({ board, name: `w${n}`, every: 10, big,
        alone: false, allowed: [] })

      w.paused = true
      await until(() => w.connected, 'a connection')

      const [pid] = await h.pids([w.ws._socket])

      if (taken.get(pid) < seats) {
        taken.set(pid, taken.get(pid) + 1)
      } else {
        w.stop()
        load.ledger.writers.delete(w.name)
      }
    }

    load.resume()
    await load.flowing()
    await sleep(seconds * 1000)
    await load.finish()

    const after = await h.workers()

    ok(!load.ledger.faults.length, `${load.ledger.acks} acknowledged edits, none `
      + 'lost, all equal', load.ledger.faults.join('\n'))
    ok(String(after) === String(pids), 'the workers are the same')

    load.stop()
    ok(await h.end(), 'nothing was left behind')
    await near.finish()
  })
})
