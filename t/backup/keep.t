#!/usr/bin/env node

// Backups as they are kept: old ones go, a changed byte is found, and one that
// was killed is no backup and leaves nothing behind. LONG=1: more kills. What
// does not depend on the database is tried with SQLite only.

import('../faults/load.mjs').then(async ({ ok, run, sleep }) => {
  const { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync,
    statSync, truncateSync, writeFileSync } = await import('node:fs')
  const { execFileSync } = await import('node:child_process')
  const { databases, start } = await import('../lib/server.mjs')
  const { Backups, picture, upload } = await import('./backup.mjs')

  const kills = process.env.LONG ? 40 : 4

  const flip = (path) => {
    const bytes = readFileSync(path)

    bytes[bytes.length >> 1] ^= 4
    writeFileSync(path, bytes)
  }

  await run(async () => {
    for (const database of databases) {
      const t = await start({ database })
      const mine = new Backups(t)
      const cookie = await t.register('ann@example.org')
      const board = await t.room(cookie, 'Ours')
      const live = () => execFileSync('find', [`${t.dir}/data/uploads`, '-type',
        'f', '-path', '*/??/*']).toString().trim().split('\n')

      for (let i = 0; i < 8; i++) {
        await upload(t, cookie, board, picture(`${i}${'x'.repeat(300000)}`))
      }

      // killed at any moment, the children with it

      let whole = 0

      for (let i = 0; i < kills; i++) {
        const got = await mine.save({ started: (child) => setTimeout(() => {
          try {
            execFileSync('pkill', ['-KILL', '-P', String(child.pid)])
          } catch { /* had just none */ }
          child.kill('SIGKILL')
        }, 30 + 400 * Math.random()) })

        if (got.code === 0) whole++
        await sleep(50)
      }

      const after = await mine.save({ env: { KEEP: '0' } })

      ok(after.code === 0 && mine.names().length > whole,
        `${database}: a backup after ${kills - whole} that were killed`, after.err)
      ok(!readdirSync(mine.folder).some((n) => /partial/.test(n)),
        'of those nothing is left')

      let bad = []

      for (const name of mine.names()) {
        const r = await mine.verify(name)

        if (r.code !== 0) bad.push(r.err)
      }

      ok(!bad.length, 'whatever has the name of a backup is one', bad.join('\n'))

      const list = await mine.run('/usr/share/tidraw/backup.sh list')

      ok(/: version \d+\.\d+\.\d+, schema \d+, .*users 1,.*files 8/.test(list.out),
        'the list says what is in it', list.out + list.err)

      // a changed byte

      const last = `${mine.folder}/${mine.names().at(-1)}`
      const db = database === 'sqlite' ? 'database.sqlite' : 'database.pgdump'
      const blob = execFileSync('sh', ['-c', `cd ${last} && ls uploads/*/* | head -1`])
        .toString().trim()

      for (const file of [db, 'secret', 'files', 'manifest', blob]) {
        flip(`${last}/${file}`)

        const r = await mine.verify('')

        ok(r.code === 1 && r.err.includes(file), `a changed byte in ${file
          .replace(/.*\/.*/, 'a file')} is found`, r.err)
        flip(`${last}/${file}`)
      }

      truncateSync(`${last}/${blob}`, 1000)
      ok((await mine.verify('')).code === 1, 'a file that was cut off is found')
      rmSync(`${last}/${blob}`)
      ok((await mine.verify('')).code === 1, 'a file that is missing is found')

      if (database === 'sqlite') {
        // what is damaged in the instance itself is said, and is not taken over

        const victim = live()[0]
        const good = readFileSync(victim)

        rmSync(mine.folder, { recursive: true })
        flip(victim)

        const first = await mine.save()

        ok(first.code === 1 && first.err.includes(victim)
          && mine.names().length === 1, 'a damaged file is named', first.err)

        writeFileSync(victim, good)
        await mine.save()
        ok((await mine.verify('')).code === 0,
          'and copied anew by the next backup when it was mended')

        // the old ones go

        rmSync(mine.folder, { recursive: true })
        mkdirSync(mine.folder)
        for (let i = 0; i < 4; i++) await mine.save({ env: { KEEP: '3' } })
        ok(mine.names().length === 3, 'three are kept')

        const [oldest] = mine.names()

        renameSync(`${mine.folder}/${oldest}`, `${mine.folder}/20200101T000000Z`)
        await mine.save({ env: { KEEP: '0', KEEP_DAYS: '30' } })
        ok(mine.names().length === 3 && mine.names()[0] !== '20200101T000000Z',
          'what is older than 30 days is removed')
        ok((await mine.verify('')).code === 0, 'what is left is whole')
      }

      // the list of processes shows no password

      if (database === 'sqlite') {
        const bin = `${t.dir}/bin`

        mkdirSync(bin)
        writeFileSync(`${bin}/psql`,
          `#!/bin/sh\necho "$PGPASSWORD $*" >> ${t.dir}/psql\nexit 1\n`,
          { mode: 0o755 })
        await mine.save({ env: { PATH: `${bin}:${process.env.PATH}`,
          DATABASE_URL: 'postgresql://ann:a%2fb%5c%40c:d@h1:1,h2:2/x?a=b',
          BACKUPS: `${t.dir}/none` } })

        const said = readFileSync(`${t.dir}/psql`, 'utf8')

        ok(said.startsWith('a/b\\@c:d -')
          && said.endsWith(' postgresql://ann@h1:1,h2:2/x?a=b\n'),
        'a password is not among the arguments', said)
      }

      // one at a time

      // unless one was over before the other had begun

      let both = []

      for (let i = 0; i < 5 && both.every((r) => r.code === 0); i++) {
        both = await Promise.all([mine.save(), mine.save()])
      }

      ok(both.filter((r) => r.code === 0).length === 1
        && both.some((r) => /somebody else is at work/.test(r.err)),
      'of two at a time one is refused', both.map((r) => r.err).join('\n'))

      // a restore that was killed is started again

      await t.stop()
      await mine.wipe()

      const name = mine.names().at(-1)
      let tries = 0
      let done = false

      // the last one may take its time

      while (!done && tries++ < 20) {
        const kill = (child) => setTimeout(() => {
          try {
            execFileSync('pkill', ['-KILL', '-P', String(child.pid)])
          } catch { /* had just none */ }
          child.kill('SIGKILL')
        }, 20 + 30 * tries)

        const r = await mine.restore(name, { started: tries < 20 ? kill : null })

        await sleep(200)
        done = r.code === 0
        if (!done && !/^$/.test(r.err) && /exists|there are tables/.test(r.err)) {
          break
        }
      }

      const raised = await t.sql('SELECT clock FROM rooms')

      ok(tries > 1 && raised.every(([clock]) => Number(clock) > 1e15),
        `a restore that was killed ${tries - 1} times ends well, with clocks `
        + 'that were raised')

      // not over what others have

      await mine.wipe()
      mkdirSync(`${t.dir}/data/uploads/ab`, { recursive: true })
      writeFileSync(`${t.dir}/data/uploads/ab/other`, 'other')

      const other = await mine.restore(name)

      ok(other.code === 1 && /ab\/other exists/.test(other.err)
        && !existsSync(`${t.dir}/data/tidraw.db`), 'files of others are refused')
      rmSync(`${t.dir}/data/uploads`, { recursive: true })
      writeFileSync(`${t.dir}/data/secret`, 'another')
      ok(/secret is another/.test((await mine.restore(name)).err),
        'and another secret')
      rmSync(`${t.dir}/data/secret`)

      const r = await mine.restore(name)

      ok(r.code === 0 && (statSync(`${t.dir}/data/secret`).mode & 0o777) === 0o600,
        'an empty instance is not', r.err)
      await t.start()
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
