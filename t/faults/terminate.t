#!/usr/bin/env node

// SIGTERM while commits wait for the database: what is stored on the way out
// is what was pushed, and nobody looks at memory that is gone.

import('../lib/sync.mjs').then(async ({ run, suite, test, equal, check, until,
  page }) => {
  const { spawn } = await import('node:child_process')

  // Another process that holds the write lock of the database.

  const lock = async (file) => {
    const cli = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''

    cli.stdout.on('data', (text) => { said += text })
    cli.stdin.write('.timeout 5000\nBEGIN IMMEDIATE;\nSELECT \'locked\';\n')
    await until(() => said.includes('locked'), 'the lock')

    return () => cli.stdin.end('ROLLBACK;\n')
  }

  await run(() => suite({ database: 'sqlite' }, async (s) => {
    await test('a commit that waits at SIGTERM is stored as it was pushed',
      async () => {
        const boards = []

        for (let i = 0; i < 8; i++) boards.push(await s.board())

        const clients = await Promise.all(boards.map((b) => s.join(b)))
        const name = 'n'.repeat(5000)
        const record = page('page:p', { name })

        // one keeps the writing thread busy, so that the others wait

        const unlock = await lock(`${s.t.dir}/data/tidraw.db`)

        clients[0].push({ 'page:p': ['put', record] })
        await clients[0].ping()

        for (const c of clients.slice(1)) c.push({ 'page:p': ['put', record] })
        for (const c of clients.slice(1)) await c.ping()

        const stopped = s.t.stop()

        setTimeout(unlock, 300)
        await stopped
        await s.t.start()

        let stored = 0

        for (const board of boards) {
          for (const [id, , state] of await s.stored(board)) {
            equal([id, JSON.parse(state)], ['page:p', record])
            stored++
          }
        }

        check(stored === boards.length, `${stored} boards were stored`)
      })
  }))
})
