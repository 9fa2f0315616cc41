#!/usr/bin/env node

// The library for Node tests: a server comes, answers, and goes with us.

import('../lib/server.mjs').then(async ({ start }) => {
  const { spawn } = await import('node:child_process')
  const { existsSync } = await import('node:fs')
  let n = 0

  const ok = (good, name) =>
    console.log(`${good ? 'ok' : 'not ok'} ${++n} - ${name}`)

  const t = await start({ module: 0, workers: 2 })

  ok((await (await fetch(t.url)).text()) === 'plain\n', 'an answer')
  ok((await t.workers()).length === 2, 'two workers')

  await t.kill9()
  ok(await fetch(t.url).then(() => false, () => true), 'silence after kill9')

  await t.start()
  ok((await fetch(t.url)).ok, 'and a new start')

  const error = await t.sql('SELECT').catch((e) => e)
  ok(error instanceof Error, 'errors arrive as errors')

  ok((await t.finish()) === true, 'finish finds nothing wrong')
  ok(!existsSync(t.dir), 'and cleans up')

  // a Node test that is killed takes its server along

  const child = spawn(process.execPath, ['--input-type=module', '-e', `
    import { start } from ${JSON.stringify(
      new URL('../lib/server.mjs', `file://${__filename}`).href)}
    const t = await start({ module: 0 })
    console.log(t.url, t.dir)
    await t.sql('SELECT').catch(() => {})
    setInterval(() => {}, 1000)
  `], { stdio: ['ignore', 'pipe', 'inherit'] })

  const [url, dir] = await new Promise((resolve) =>
    child.stdout.once('data', (d) => resolve(String(d).trim().split(' '))))

  ok((await fetch(url)).ok, 'the server of a child')
  child.kill('SIGKILL')

  const end = Date.now() + 10000
  let gone = false

  while (!gone && Date.now() < end) {
    gone = !existsSync(dir) && await fetch(url).then(() => false, () => true)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  ok(gone, 'is gone soon after the child was killed')
  console.log(`1..${n}`)
})
