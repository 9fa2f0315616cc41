#!/usr/bin/env node

// kill -9 of all nginx processes at random moments under load: no edit that
// was acknowledged is lost, nothing that anybody was shown is missing, clocks
// never go back, and everybody comes back by themselves.
//
// KILLS (20; LONG=1: 300) a database; DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, sleep, until }) => {
  const { statSync } = await import('node:fs')
  const { connect } = await import('node:net')
  const { start } = await import('../lib/server.mjs')
  const { wanted, rounds, percentile, ms } = await import('./workers.mjs')
  const { Person, canonicalAll, differences, generation }
    = await import('../sync/clients.mjs')
  const { Editor, random } = await import('../sync/edits.mjs')

  const kills = rounds('KILLS', 20, 300)
  const tldraw = await generation('v7')
  const complaints = []

  // what the packages say when they were told something impossible

  console.error = (...words) => complaints.push(words.map(String).join(' '))
  console.warn = () => {}

  // ms from now until somebody may connect

  async function opens(port) {
    const at = performance.now()

    await until(() => new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))

      socket.on('error', () => resolve(false))
      socket.on('close', () => socket.destroy())
      socket.on('connect', () => socket.destroy())
    }), 'an open port')

    return performance.now() - at
  }

  // A real client that edits at random and keeps a count in one shape.

  function painter(load, board, name) {
    const p = new Person(tldraw, { name, headers: { cookie: load.cookie },
      url: `ws://127.0.0.1:${load.t.port}/connect/${board}` })
    const editor = new Editor(p, random(name.length),
      (r) => /^shape:light\.|\.mark$/.test(r.id))
    const marks = new Map()
    const id = `shape:${name}.mark`

    Object.assign(p, { count: 0, acked: 0, mark: id })

    p.onSent = ({ type, clientClock, diff }) => {
      const op = type === 'push' && diff?.[id]

      if (op) marks.set(clientClock, op[0] === 'put' ? op[1].x : op[1].x?.[1])
    }

    p.onShown = ({ type, clientClock }) => {
      if (type === 'push_result' && marks.has(clientClock)) {
        p.acked = Math.max(p.acked, marks.get(clientClock) ?? 0)
      }
    }

    p.timer = setInterval(() => {
      if (!p.store.has('page:page') || p.still) return

      editor.step()
      p.move()
      p.count++

      if (p.store.has(id)) p.store.update(id, (s) => ({ ...s, x: p.count }))
      else {
        p.store.put([editor.make('shape', 'geo',
          { id, parentId: 'page:page', x: p.count })])
      }
    }, 50)

    return p
  }

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const t = await start({ database })
      const load = await new Load(t).begin()

      // a third of the pushes of these is larger than a frame, so that SQLite
      // has its log to checkpoint all the time

      const heavy = await t.room(load.cookie, 'Heavy')
      const mixed = await t.room(load.cookie, 'Mixed')

      load.boards.push(heavy, mixed)
      load.writer({ board: heavy, name: 'heavy', big: 900000 })
      load.writer({ board: mixed, name: 'light', generation: 'v7' })

      const people = ['ann', 'benny'].map((name) => painter(load, mixed, name))
      const starts = []
      const ports = []
      let checkpoints = 0

      await load.flowing()

      for (let i = 0; i < kills; i++) {
        await sleep(100 + Math.random() * 700)

        if (database === 'sqlite' && i % 2) {
          // the main file changes only while a checkpoint runs

          const mtime = () => statSync(`${t.dir}/data/tidraw.db`).mtimeMs
          const before = mtime()
          const end = Date.now() + 3000

          while (mtime() === before && Date.now() < end) await sleep(0)

          if (mtime() !== before) checkpoints++
        }

        process.kill(-t.pid, 'SIGKILL')
        await t.kill9()

        const disk = await load.look(`kill ${i + 1}`, () => load.onDisk())

        for (const p of people) {
          const there = disk[mixed].records[p.mark]?.x ?? 0

          if (there < p.acked) {
            load.ledger.fault(`kill ${i + 1}: ${p.name}'s ${p.acked} was `
              + `acknowledged, ${there} is there`)
          }
        }

        const at = Date.now()
        const port = opens(t.port)

        await t.start()
        starts.push(Date.now() - at)
        ports.push(await port)
        await load.flowing()
        await until(() => people.every((p) => p.connected || p.error),
          'the real clients')
      }

      // and in the end

      for (const p of people) p.still = true
      await until(() => people.every((p) => p.idle || p.error), 'idle clients')
      await load.finish({ exact: load.boards.filter((b) => b !== mixed) })

      const stored = (await load.stored())[mixed]

      await until(() => people.every((p) => p.idle
        && p.serverClock === stored.clock), 'the last patches')

      for (const p of people) {
        for (const fault of p.faults) load.ledger.fault(fault)
        if (p.error) load.ledger.fault(`${p.name}: ${p.error}`)

        const ids = differences(p.document(), canonicalAll(
          Object.values(stored.records)))

        if (ids.length) load.ledger.fault(`${p.name} differs in ${ids}`)
      }

      const { ledger } = load

      complaints.splice(0).forEach((what) => ledger.fault(what))

      ok(!ledger.faults.length, `${database}: ${kills} kills, ${ledger.acks} `
        + `acknowledged edits, none lost`, ledger.faults.join('\n'))

      if (database === 'sqlite' && kills > 3) {
        ok(checkpoints > 0, `${checkpoints} kills in the middle of a checkpoint`)
      }

      // sanitizers take their time to load; of a few, one may be unlucky

      ok(percentile(ports, kills < 100 ? 50 : 95)
        < (process.env.TIDRAW_ASAN ? 1000 : 250),
        `${database}: the port was open ${ms(percentile(ports, 50))} after the `
        + `start, p95 ${ms(percentile(ports, 95))}, at most `
        + ms(Math.max(...ports)))
      say(`${database}: it answered after ${ms(percentile(starts, 50))}, at most `
        + `${ms(Math.max(...starts))}; sockets closed: `
        + JSON.stringify(ledger.closes))
      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s`)

      for (const p of people) {
        clearInterval(p.timer)
        p.close()
      }

      load.stop()
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
