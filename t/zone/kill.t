#!/usr/bin/env node

// kill -9 of workers that write to the shared zone all the time: the list of
// people is right again within a second, throttles go on counting, and the
// workers that live notice nothing.
//
// KILLS (30; LONG=1: 300).

import('../lib/sync.mjs').then(async (sync) => {
  const { Client, check, equal, ok, plan, presence, sleep, test, until } = sync
  const { host, percentile, ms, rounds } = await import('../faults/workers.mjs')

  const kills = rounds('KILLS', 30, 300)
  const h = await host({ workers: 4, conf: { location: 'tidraw_zone 1m;' } })
  const id = await h.room(h.ann, 'A board')
  const link = await h.link(h.ann, id, 'editor')
  const people = []
  const faults = []
  let over = false

  await h.main.allow('exited on signal 9')

  const ask = async () =>
    (await h.api('GET', `api/rooms/${id}/presence`)).people

  // who takes another name every few milliseconds and comes back when closed

  async function restless(name) {
    const me = { name, closes: 0 }

    people.push(me)

    while (!over) {
      const c = new Client(h, id, { link, forget: true })

      try {
        await c.opened
        await c.hello()
        c.push(undefined, ['put', presence({ userName: name })])
        me.c = c

        for (let i = 0; !c.ended && !over; i++) {
          c.push(undefined, ['patch', { userName: ['put', `${name} ${i}`] }])
          await sleep(5)
        }
      } catch { /* its worker died meanwhile */ }

      if (!over) me.closes++
      c.drop()
    }
  }

  // and who guesses at a password

  async function guesses() {
    let n = 0
    let stopped = 0
    let lost = 0

    while (!over) {
      const answer = await fetch(`http://127.0.0.1:${h.port}/api/auth/login`, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ann@example.org', password: 'wrong' }),
      }).catch(() => null)

      if (answer?.status === 401) n++
      else if (answer?.status === 429) stopped++
      else lost++
      await answer?.text().catch(() => {})
      await sleep(5)
    }

    return { n, stopped, lost }
  }

  const began = Date.now()
  const all = Array.from({ length: 12 }, (_, i) => restless(`p${i}`))
  const guessed = guesses()
  const ghosts = []

  await until(async () => (await ask()).length === 12, 'all to be there')

  await test(`${kills} workers killed: ghosts go, nobody is missing`,
    async () => {
      for (let i = 0; i < kills; i++) {
        const workers = await h.workers()
        const victim = workers[Math.floor(Math.random() * workers.length)]
        const served = await h.pids(people.map((p) => p.c.socket))
        const hit = new Set(people.filter((p, k) => served[k] === victim)
          .map((p) => p.name))
        const dead = (await ask()).filter((p) => hit.has(p.name.split(' ')[0]))
          .map((p) => p.id)

        if (dead.length !== hit.size) {
          faults.push(`${dead.length} of ${hit.size} were in the list`)
        }

        await sleep(Math.random() * 20)
        await h.killWorker(victim, 'KILL')

        const at = Date.now()

        // 12 again, each once, the dead worker's under new ids

        await until(async () => {
          const list = await ask()

          return list.length === 12 && new Set(list.map((p) =>
            p.name.split(' ')[0])).size === 12
            && !list.some((p) => dead.includes(p.id))
        }, 'a list without ghosts')
        ghosts.push(Date.now() - at)
        await sleep(200)
      }

      equal(faults, [])
      check(percentile(ghosts, 95) < 1000 && Math.max(...ghosts) < 2000,
        `the list was right after ${percentile(ghosts, 50)} ms, p95 `
        + `${percentile(ghosts, 95)} ms, at most ${Math.max(...ghosts)} ms`)
    })

  console.log(`# the list was right after ${ms(percentile(ghosts, 50))}, p95 `
    + `${ms(percentile(ghosts, 95))}, at most ${ms(Math.max(...ghosts))}`)

  over = true
  await Promise.all(all)

  const { n, stopped, lost } = await guessed
  const seconds = (Date.now() - began) / 1000

  // 5 are free, then 1, 2, 4 … seconds

  await test('guesses were counted through all of it', async () => check(
    n + lost >= 5 && n <= 5 + Math.ceil(Math.log2(seconds + 1)) + 1 && stopped > 5,
    `${n} guesses, ${stopped} stopped, ${lost} lost, in ${seconds} s`))

  await test('and nobody is left in the list', async () => {
    await until(async () => (await ask()).length === 0, 'an empty list', 9000)
  })

  ok(await h.end(), 'nothing was left behind')
  plan()
})
