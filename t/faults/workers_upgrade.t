#!/usr/bin/env node

// A binary upgrade (USR2, WINCH, QUIT), quit and stop of a host with several
// workers under load: the old workers finish their commits, close with 1012
// and go within 5 s; nothing acknowledged is lost.
//
// UPGRADES (2; LONG=1: 20) a database; DATABASES picks some.

import('./load.mjs').then(async ({ Load, ok, run, say, until }) => {
  const { spawn, execFileSync } = await import('node:child_process')
  const { readFileSync, readdirSync, writeFileSync } = await import('node:fs')
  const { start } = await import('../lib/server.mjs')
  const { wanted, rounds, ms } = await import('./workers.mjs')

  const upgrades = rounds('UPGRADES', 2, 20)

  // { pid: parent } of what lives

  function parents() {
    const all = new Map()

    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const [, state, parent] = /^.*\) (\S) (\d+)/.exec(
          readFileSync(`/proc/${pid}/stat`, 'utf8'))

        if (!'ZX'.includes(state)) all.set(Number(pid), Number(parent))
      } catch { /* it ended */ }
    }

    return all
  }

  const lives = (pid) => parents().has(pid)

  await run(async () => {
    for (const database of wanted) {
      const began = Date.now()
      const t = await start({ database, workers: 3 })
      const cookie = await t.register('ann@example.org')

      // nginx is upgraded as a daemon only

      await t.stop()

      const conf = readFileSync(`${t.dir}/nginx.conf`, 'utf8')
      const own = `${t.dir}/daemon.conf`
      const pidFile = `${t.dir}/run/nginx.pid`

      // nginx gives its new binary only what it is told to

      const named = /tidraw_database "([^"]+)";/
      const [, url] = named.exec(conf)

      writeFileSync(own, conf.replace(named, '')
        .replace('daemon off;', process.env.TIDRAW_ASAN
          ? 'env LD_PRELOAD; env ASAN_OPTIONS;' : ''))

      // but for what the module reads there itself

      const env = { ...process.env }

      if (database === 'sqlite') {
        env.DATABASE_URL = url
      } else {
        env.DATABASE_URL_FILE = `${t.dir}/url`
        writeFileSync(env.DATABASE_URL_FILE, `${url}\n`)
      }

      if (env.TIDRAW_ASAN) {
        env.LD_PRELOAD = execFileSync('gcc', ['-print-file-name=libasan.so'],
          { encoding: 'utf8' }).trim()
        env.ASAN_OPTIONS = 'detect_leaks=0:exitcode=99'
      }

      const running = () => {
        try {
          return Number(readFileSync(pidFile, 'utf8'))
        } catch {
          return 0
        }
      }

      const command = (pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        } catch {
          return ''     // it ended
        }
      }

      const workers = (master) => [...parents()].filter(([pid, parent]) =>
        parent === master && command(pid).startsWith('nginx: worker'))
        .map(([pid]) => pid)

      const launch = async () => {
        spawn(env.NGINX_BIN || '/usr/sbin/nginx', ['-e', `${t.dir}/error.log`,
          '-p', t.dir, '-c', own], { env, stdio: 'ignore' })
        await until(() => running() && workers(running()).length === 3,
          'nginx to start')

        return running()
      }

      // no child of ours, so it needs an end in any case

      process.on('exit', () => {
        const pid = running()       // 0 would be our own group

        if (pid > 0) process.kill(pid, 'SIGTERM')
      })

      let master = await launch()

      const load = new Load(t)

      load.cookie = cookie
      await load.begin({ boards: 3, writers: 4, every: 50, alone: false,
        allowed: [1012] })
      await load.flowing()

      const gone = []
      const { ledger } = load

      for (let i = 0; i < upgrades; i++) {
        const old = workers(master)

        process.kill(master, 'SIGUSR2')
        await until(() => running() && running() !== master
          && workers(running()).length === 3, 'the new binary')
        await load.flowing()

        const at = Date.now()

        process.kill(master, 'SIGWINCH')
        await until(() => !old.some(lives), 'the end of the old workers')
        gone.push(Date.now() - at)
        await load.flowing()
        process.kill(master, 'SIGQUIT')
        await until(() => !lives(master), 'the end of the old master')
        master = running()
        await load.flowing()
      }

      ok(!ledger.faults.length, `${database}: ${upgrades} upgrades, ${ledger.acks} `
        + 'acknowledged edits, none lost', ledger.faults.join('\n'))
      ok(Object.keys(ledger.closes).join() === '1012',
        `${database}: all sockets were closed with 1012`,
        JSON.stringify(ledger.closes))
      ok(Math.max(...gone) < 5000, `${database}: the old workers were gone after `
        + `${ms(Math.max(...gone))}`)

      for (const [signal, codes] of [['SIGQUIT', '1012'],
        ['SIGTERM', '1006,1012']]) {
        for (const w of load.writers) w.allowed = codes.split(',').map(Number)
        ledger.closes = {}

        const all = workers(master)
        const at = Date.now()

        process.kill(master, signal)
        await until(() => ![master, ...all].some(lives), `the end by ${signal}`)

        const took = Date.now() - at

        await load.look(signal)
        ok(took < 5000 && !ledger.faults.length, `${database}: after ${signal} all `
          + `is stored, all processes are gone after ${ms(took)}: `
          + JSON.stringify(ledger.closes), ledger.faults.join('\n'))

        master = await launch()
        await load.flowing()
      }

      await load.finish()
      ok(!ledger.faults.length, `${database}: all see the same`,
        ledger.faults.join('\n'))

      load.stop()
      process.kill(master, 'SIGTERM')
      await until(() => !lives(master), 'the end')
      say(`${database}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
