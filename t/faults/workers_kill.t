#!/usr/bin/env node

// kill -9 of a random worker each second under load: no acknowledged edit is
// lost, clients of the other workers notice nothing, the cursors of the dead
// worker's clients go, and the next worker serves at once.
//
// KILLS (10; LONG=1: 300) a database; DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { host, wanted, rounds, percentile, ms, names }
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
      const waits = []
      const ghosts = []
      const serves = []
      let hit = 0

      for (const w of load.writers) w.answered = (t) => waits.push(t)
      await load.flowing()

      for (let i = 0; i < kills; i++) {
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
        ghosts.push(Date.now() - at)

        let next

        await until(async () => {
          next = (await h.workers()).find((pid) => !workers.includes(pid))
          return next
        }, 'the next worker')
        await watched.sit(next)
        serves.push(Date.now() - at)
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
      ok(percentile(waits, 99) < 300,
        `${database}: edits took ${ms(percentile(waits, 50))}, p99 `
        + `${ms(percentile(waits, 99))}, at most ${ms(Math.max(...waits))}`)
      ok(Math.max(...ghosts) < 1000, `${database}: ghosts were gone after `
        + `${ms(percentile(ghosts, 50))}, at most ${ms(Math.max(...ghosts))}`)
      ok(Math.max(...serves) < 1500, `${database}: the next worker served after `
        + `${ms(percentile(serves, 50))}, at most ${ms(Math.max(...serves))}`)

      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s, closed: `
        + JSON.stringify(ledger.closes))

      load.stop()
      ok(await h.end(), `${database}: nothing was left behind`)
    }
  })
})
