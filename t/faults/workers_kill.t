#!/usr/bin/env node

// kill -9 of a random worker each second under load: no acknowledged edit is
// lost, clients of the other workers notice nothing, the cursors of the dead
// worker's clients go, and the next worker serves at once.
//
// KILLS (10; LONG=1: 300) a database; DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { host, wanted, rounds, long, percentile, ms, names }
    = await import('./workers.mjs')
  const { presence } = await import('../lib/sync.mjs')

  const kills = rounds('KILLS', 10, 300)

  // People who only watch, one a worker, and whom each of them sees.

  async function watch(h, board, pids) {
    const people = new Map()

    const sit = async (pid) => {
      const c = await h.seat(board, pid, { forget: true })

      people.set(pid, c)
      c.name = `watcher of ${pid}`
      c.push(undefined, ['put', presence({ userName: c.name })])
    }

    const sees = (c) => names(c).join() === [...people.values()]
      .map((o) => o.name).filter((name) => name !== c.name).sort().join()

    const all = () => [...people.values()].every(sees)

    // who is silent for 20 s is closed

    setInterval(() => {
      for (const c of people.values()) c.send({ type: 'ping' })
    }, 5000).unref()

    for (const pid of pids) await sit(pid)
    await until(all, 'the watchers to see one another')

    return { people, sit, all }
  }

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const h = await host({ database, workers: 4 })

      await h.main.allow('exited on signal 9')

      const load = new Load(h)

      load.cookie = h.ann
      await load.begin({ boards: 3, writers: 4, every: 50, alone: false,
        allowed: [1006] })

      const board = await h.room(h.ann, 'Watched')
      const watched = await watch(h, board, await h.workers())

      // of few kills the best third counts: others use this machine, too

      const thirds = Array.from({ length: long ? 1 : 3 }, () =>
        ({ waits: [], ghosts: [], serves: [] }))
      let third = thirds[0]
      let hit = 0

      for (const w of load.writers) w.answered = (t) => third.waits.push(t)
      await load.flowing()

      for (let i = 0; i < kills; i++) {
        third = thirds[Math.floor(i * thirds.length / kills)]
        await sleep(300 + Math.random() * 400)

        const workers = await h.workers()
        const victim = workers[Math.floor(Math.random() * workers.length)]
        const open = load.writers.filter((w) => w.connected)
        const pids = await h.pids(open.map((w) => w.ws._socket))
        const others = open.filter((w, k) => pids[k] && pids[k] !== victim)
          .map((w) => [w, w.ws])

        hit += open.filter((w, k) => pids[k] === victim).length

        const at = Date.now()

        await h.killWorker(victim, 'KILL')
        watched.people.get(victim).drop()
        watched.people.delete(victim)
        await until(watched.all, () => `the end of ghosts: `
          + [...watched.people.values()].map((c) => `${c.name} sees ${names(c)}`))
        third.ghosts.push(Date.now() - at)

        let next

        await until(async () => {
          next = (await h.workers()).find((pid) => !workers.includes(pid))
          return next
        }, 'the next worker')
        await watched.sit(next)
        third.serves.push(Date.now() - at)
        await until(watched.all, 'the new watcher to be seen')

        await sleep(Math.max(0, at + 700 - Date.now()))

        for (const [w, ws] of others) {
          if (w.ws !== ws || !w.connected) {
            load.ledger.fault(`${w.name} lost its connection to another worker`)
          }
        }

        for (const c of watched.people.values()) {
          if (c.ended) load.ledger.fault(`${c.name} was closed`)
        }
      }

      await load.flowing()
      await load.finish()

      const { ledger } = load

      ok(!ledger.faults.length && ledger.acks > 100 * kills, `${database}: `
        + `${kills} workers killed, ${ledger.acks} acknowledged edits, none `
        + `lost; ${hit} connections died, no other`, ledger.faults.join('\n'))
      const best = (what, p) => {
        const all = thirds.filter((t) => t[what].length)
          .map((t) => percentile(t[what], p))

        return [Math.min(...all), all.map(ms).join(', ')]
      }

      for (const [what, p, limit, name] of [
        ['waits', 99, 300, 'edits took, p99'],
        ['ghosts', 100, 1000, 'ghosts were gone after, at most'],
        ['serves', 100, 1500, 'the next worker served after, at most']]) {
        const [least, said] = best(what, p)

        ok(least < limit, `${database}: ${name}: ${said}; median `
          + ms(percentile(thirds.flatMap((t) => t[what]), 50)))
      }

      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s, closed: `
        + JSON.stringify(ledger.closes))

      load.stop()
      ok(await h.end(), `${database}: nothing was left behind`)
    }
  })
})
