#!/usr/bin/env node

// Nobody sees an edit before it is stored (DESIGN 1, rule 2): the database is
// read past the server at the very moment when a message arrives, and while
// it is held up nothing may arrive.

import('../lib/sync.mjs').then(async ({ run, suite, test, equal, check, until,
  page, draw, presence, sleep }) => {
  const { execFileSync, spawn } = await import('node:child_process')

  await run(async () => {
    for (const database of ['sqlite', 'postgres']) {
      await suite({ database }, async (s) => {
        const { t } = s
        const file = t.database.replace('sqlite:', '')

        // at once, in this very turn of the loop

        const look = (sql) => (database === 'sqlite'
          ? execFileSync('sqlite3', ['-batch', file], { input:
            `.timeout 5000\n${sql};\n` })
          : execFileSync('psql', ['-XAtq', t.database], { input: sql }))
          .toString().trim()

        // holds every commit of the board until it is let go

        const hold = async (board) => {
          const child = database === 'sqlite'
            ? spawn('sqlite3', ['-batch', file])
            : spawn('psql', ['-XAtq', t.database])

          child.stdin.write(database === 'sqlite'
            ? ".timeout 5000\nBEGIN IMMEDIATE; SELECT 'held';\n"
            : `BEGIN; SELECT 'held' FROM rooms WHERE id = '${board}' `
              + 'FOR UPDATE;\n')

          await new Promise((resolve, reject) => {
            child.stdout.once('data', resolve)
            child.once('exit', () => reject(new Error('not held')))
          })

          return async () => {
            child.stdin.end('ROLLBACK;\n')
            await new Promise((resolve) => child.once('close', resolve))
          }
        }

        await test('a patch and a push_result find their edit in the database',
          async () => {
            const board = await s.board()
            const bad = []
            let seen = 0

            const stored = (item) => {
              if (item.type === 'push_result'
                || (item.type === 'patch' && item.diff['page:p'])) {
                const clock = Number(look(
                  `SELECT clock FROM rooms WHERE id = '${board}'`))

                seen++
                if (clock < item.serverClock) bad.push([clock, item])

                // who is silent for 20 s is closed, and nobody speaks meanwhile

                for (const c of [a, b]) c.send({ type: 'ping' })
              }
            }

            const a = await s.join(board, { onItem: stored })
            const b = await s.join(board, { onItem: stored })

            for (let i = 0; i < 25; i++) {
              a.push({ 'page:p': i ? ['patch', { name: ['put', `${i}`] }]
                : ['put', page('page:p')] })
              if (i % 3 === 0) await a.result(i)
            }

            await b.until(() => b.records.get('page:p')?.name === '24')
            await until(() => !a.pending.size)
            equal(bad, [])
            check(seen >= 50, `${seen} looks`)
          })

        await test('while nothing can be stored nobody hears of edits; pings '
          + 'and presence go on; then all of it arrives, in order', async () => {
          const board = await s.board()
          const [a, b] = await s.pair(board)

          await a.put({ 'page:p': ['put', page('page:p')] })
          await a.put(undefined, ['put', presence()])
          await until(() => b.presences().length)

          const release = await hold(board)
          const from = [a.items.length, b.items.length]

          for (let i = 0; i < 20; i++) {
            a.push({ 'page:p': ['patch', { name: ['put', `n${i}`] }] },
              ['patch', { cursor: ['put', { x: i, y: 0, type: 'default',
                rotation: 0 }] }])
          }

          await until(() => b.presences()[0].cursor.x === 19, 'presence')
          await b.put(undefined, ['put', presence()])
          await sleep(600)
          await a.ping()
          await b.ping()

          const heard = (c, i) => c.items.slice(from[i]).filter((item) =>
            item.diff?.['page:p'] || (c === a && item.type === 'push_result'))

          equal([heard(a, 0), heard(b, 1)], [[], []])

          const late = await s.join(board)

          equal(late.records.get('page:p').name, 'A page', 'a newcomer')
          await release()
          await until(() => !a.pending.size, 'the results')

          for (const c of [b, late]) {
            await until(() => c.records.get('page:p').name === 'n19')
            equal(c.document(), a.document())
          }

          equal(heard(b, 1).length, 20, 'each once')
        })

        await test('12.7 a v7 session that comes while a commit is on its way '
          + 'understands what follows', async () => {
          const board = await s.board()
          const a = await s.join(board)

          await a.put({ 'shape:d': ['put', draw('shape:d',
            [{ type: 'free', path: 'AAAA' }])] })

          const release = await hold(board)
          const grow = (more, at) => a.push({ 'shape:d': ['patch', { props:
            ['patch', { segments: ['patch', { 0: ['patch',
              { path: ['append', more, at] }] }] }] }] })

          grow('BBBB', 4)
          await sleep(100)
          grow('CCCC', 8)

          const old = await s.join(board, { protocol: 7 })

          await release()
          await until(() => !a.pending.size, 'the results')
          await until(() => old.ended || old.serverClock === a.serverClock)

          if (!old.ended) {
            check(!JSON.stringify(old.items.slice(1)).includes('"append"'),
              'a string append to a v7 receiver')
            equal(old.document(), a.document())
          } else {
            check(old.ended.code !== 4099, 'it may come back')
          }
        })

        await test('what was acknowledged survives the death of all processes',
          async () => {
            const board = await s.board()
            const a = await s.join(board)

            for (let i = 0; i < 200; i++) {
              a.push({ [`page:${i}`]: ['put', page(`page:${i}`)] })
            }

            await a.result(20)
            await t.kill9()

            const done = a.items.filter((i) => i.type === 'push_result')
            const seen = a.serverClock

            await t.start()

            const b = await s.join(board, { last: seen })
            const c = await s.join(board)

            for (const { clientClock } of done) {
              check(c.records.has(`page:${clientClock}`), `push ${clientClock}`)
            }

            check(b.reply.serverClock >= seen, 'the clock did not go back')
            equal(b.reply.hydrationType, 'wipe_presence')
          })
      })
    }
  })
})
