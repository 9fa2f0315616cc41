#!/usr/bin/env node

// A session that is refused in the middle of a commit: its presence goes, and
// the clock that the others see never goes back (reference 4.9, trap 3).

import('../lib/sync.mjs').then(async ({ run, suite, test, equal, until, page,
  presence }) => {
  const { spawn } = await import('node:child_process')

  // Another process that holds the write lock of the database, so that what
  // is pushed meanwhile makes one commit.

  const lock = async (file) => {
    const cli = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''

    cli.stdout.on('data', (text) => { said += text })
    cli.stdin.write('.timeout 5000\nBEGIN IMMEDIATE;\nSELECT \'locked\';\n')
    await until(() => said.includes('locked'), 'the lock')

    return () => cli.stdin.end('ROLLBACK;\n')
  }

  await run(() => suite({ database: 'sqlite' }, async (s) => {
    await test('patches around a refusal come in the order of the clocks',
      async () => {
        const board = await s.board()
        const [a, b] = await s.pair(board)
        const [c, other] = await s.pair(board)

        await c.put(undefined, ['put', presence()])
        await until(() => other.presences().length === 1, 'a presence')

        const unlock = await lock(`${s.t.dir}/data/tidraw.db`)

        a.push({ 'page:a': ['put', page('page:a')] })
        await a.ping()
        b.push({ 'page:b': ['put', page('page:b')] })
        await b.ping()
        c.push({ 'page:c': ['put', page('page:c', { index: 1 })] })
        await c.ping()
        a.push({ 'page:d': ['put', page('page:d')] })
        await a.ping()
        b.push({ 'page:e': ['put', page('page:e')] })
        await b.ping()

        unlock()

        await c.refused('INVALID_RECORD')
        await other.patch((diff) => diff['page:e'])
        await until(() => other.presences().length === 0, 'no presence')

        const from = other.reply.serverClock

        equal(other.items.filter((i) => i.type === 'patch'
          && Object.keys(i.diff)[0].startsWith('page:'))
          .map((i) => [Object.keys(i.diff)[0], i.serverClock - from]),
        [['page:a', 1], ['page:b', 2], ['page:d', 3], ['page:e', 4]])
        other.sane()
      })
  }))
})
