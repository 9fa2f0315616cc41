#!/usr/bin/env node

// A backup made under load, restored to an empty instance: every edit that was
// acknowledged before is in it, nothing is torn, no file is missing; one of a
// quiet moment is the same row by row. People who come back from a later time
// end up with what everybody sees.

import('../faults/load.mjs').then(async ({ Load, ok, run, until }) => {
  const { existsSync, statSync } = await import('node:fs')
  const { isDeepStrictEqual } = await import('node:util')
  const { databases, start } = await import('../lib/server.mjs')
  const { Backups, get, picture, sum, upload } = await import('./backup.mjs')
  const { Person, canonicalAll, differences, generation }
    = await import('../sync/clients.mjs')
  const { Editor, random } = await import('../sync/edits.mjs')

  const tldraw = await generation('v7')

  console.warn = () => {}

  // what a restore is meant to change

  const plain = ({ tombstones, rooms, ...rest }) => rest
  const same = (a, b) => Object.keys({ ...a, ...b }).filter((name) =>
    !isDeepStrictEqual(a[name], b[name]))

  const told = (a, b) => same(a, b).flatMap((name) => {
    const [before, now] = [a, b].map((all) => [].concat(all[name] ?? []))

    return [...before.filter((row) => !now.includes(row))
      .map((row) => `${name} was ${row}`.slice(0, 600)),
    ...now.filter((row) => !before.includes(row))
      .map((row) => `${name} is ${row}`.slice(0, 600))]
  }).slice(0, 20).join('\n')

  await run(async () => {
    for (const database of databases) {
      const t = await start({ database, workers: 2 })
      const load = await new Load(t).begin({ boards: 2, writers: 2 })
      const mine = new Backups(t)
      const board = await t.room(load.cookie, 'Ours')
      const p = new Person(tldraw, { name: 'ann', headers:
        { cookie: load.cookie }, url: `ws://${t.host}:${t.port}/connect/${board}` })
      const editor = new Editor(p, random(7))
      const files = []

      const bring = async (n) => {
        for (let i = 0; i < n; i++) {
          const bytes = picture(`${files.length} ${'x'.repeat(99999)}`)
          const f = await upload(t, load.cookie, board, bytes)

          files.push({ ...f, sum: sum(bytes) })
        }
      }

      const draw = async (n) => {
        for (let i = 0; i < n; i++) editor.step()
        await until(() => p.idle || p.error, 'the edits to be stored')
      }

      await until(() => p.connected && p.store.has('page:page'), 'a board')
      await draw(30)
      await bring(20)
      await load.flowing()

      // under load, with uploads going on as well

      const floors = load.boards.map((b) => load.ledger.floor(b))
      const acked = load.ledger.acks
      const before = files.length
      let busy = true

      const bringing = (async () => { while (busy) await bring(1) })()
      const loaded = await mine.save()

      busy = false
      await bringing
      ok(loaded.code === 0 && load.ledger.acks > acked,
        `${database}: a backup while ${load.ledger.acks - acked} edits and `
        + `${files.length - before} files were stored`, loaded.err)

      // and of a quiet moment

      await load.quiet()
      await draw(30)

      // the collector of files writes it some seconds after the start

      await until(async () => (await t.sql('SELECT 1 FROM settings '
        + "WHERE key = 'site_id'")).length, 'the name of the site')

      const rows = await mine.tables()
      const disk = mine.files()
      const quiet = await mine.save()
      const [first, second] = mine.names()

      ok(quiet.code === 0 && quiet.out === `${mine.folder}/${second}`,
        'another one', quiet.err)

      // what came meanwhile need not be in the first one

      const [blob] = disk.match(/uploads\/\S+/g)
        .filter((f) => existsSync(`${mine.folder}/${first}/${f}`))

      ok(statSync(`${mine.folder}/${first}/${blob}`).ino
        === statSync(`${mine.folder}/${second}/${blob}`).ino,
      'shares its files with the one before')
      ok((statSync(`${mine.folder}/${first}`).mode & 0o777) === 0o700
        && (statSync(`${mine.folder}/${first}/secret`).mode & 0o777) === 0o600,
      'nobody else can read it')

      const refused = await mine.restore(second)
      const kept = await mine.tables()

      ok(refused.code === 1 && /exists|there are tables/.test(refused.err)
        && !same(plain(rows), plain(kept)).length && mine.files() === disk,
      'nothing is restored where there is something',
      `${refused.err}\n${told(plain(rows), plain(kept))}\n`
        + told({ files: disk.split('\n') }, { files: mine.files().split('\n') }))

      // what comes now will be lost, and somebody has seen it

      const past = Number((await t.sql('SELECT clock FROM rooms WHERE id = '
        + `'${board}'`))[0][0])
      const then = await get(t, load.cookie, `rooms/${board}/history/${past}`)
      const thenText = await then.text()

      load.stop()
      await draw(40)

      const lost = p.serverClock

      await t.stop()

      // the one under load

      await mine.wipe()

      const r1 = await mine.restore(first)

      ok(r1.code === 0, 'restored', r1.err)

      const stored = await load.stored()

      load.boards.forEach((b, i) => load.ledger.check(b, stored[b].records,
        stored[b].clock, 'restored', floors[i]))
      ok(!load.ledger.faults.length, 'every edit that was acknowledged before '
        + 'the backup is there, nothing is torn', load.ledger.faults.join('\n'))

      const named = (await t.sql("SELECT substr(hash, 1, 2) || '/' || hash || '-'"
        + ' || gen FROM blobs')).flat()

      ok(named.length >= before && named.every((n) => mine.files().includes(n)),
        `all ${named.length} files that it names are there`)

      // the quiet one

      await mine.wipe()

      const r2 = await mine.restore(second)

      ok(r2.code === 0, 'restored, another one', r2.err)

      const back = await mine.tables()

      ok(!same(plain(back), plain(rows)).length && mine.files() === disk,
        'the same in every row of every table, in every file and the secret',
        `${told(plain(rows), plain(back))}\n`
        + told({ files: disk.split('\n') }, { files: mine.files().split('\n') }))

      const [low] = (await t.sql('SELECT min(clock), count(*) FROM rooms '
        + 'WHERE history_start = clock'))

      ok(Number(low[0]) > lost && Number(low[0]) < 2 ** 53
        && Number(low[1]) === rows.rooms.length,
      'all clocks are beyond what anybody was told')

      // who was here comes back from the future, others draw meanwhile

      await t.start()
      await until(() => p.connected || p.error, 'the one who comes back', 30000)

      const q = new Person(tldraw, { name: 'ben', headers:
        { cookie: load.cookie }, url: `ws://${t.host}:${t.port}/connect/${board}` })
      const other = new Editor(q, random(8))

      await until(() => q.connected && q.store.has('page:page'), 'a newcomer')
      for (let i = 0; i < 20; i++) other.step()
      await draw(20)
      await until(() => q.idle && p.idle && q.serverClock === p.serverClock,
        'everybody to know everything')

      const here = canonicalAll(Object.values((await load.stored())[board].records))

      ok(!p.error && !differences(p.document(), here).length
        && !differences(q.document(), here).length,
      'who comes back sees what a newcomer sees and what is stored', p.error)
      ok(![...p.faults, ...q.faults].length, 'clocks never went back for them',
        [...p.faults, ...q.faults].join('\n'))

      // what the database numbers goes on, too

      const more = await t.room(load.cookie, 'Later')
      const [num] = (await t.sql(`SELECT num FROM rooms WHERE id = '${more}'`))[0]

      ok(rows.rooms.every((row) => Number(JSON.parse(row)[0]) < Number(num)),
        'a new board gets a number of its own')

      // history, files, the lists

      const again = await get(t, load.cookie, `rooms/${board}/history/${past}`)
      const last = await get(t, load.cookie,
        `rooms/${board}/history/${p.serverClock}`)
      const replayed = await last.json()

      ok(then.status === 200 && await again.text() === thenText,
        'the history before leads where it led')
      ok(!differences(canonicalAll(replayed.documents.map((d) => d.state)), here)
        .length, 'and goes on')

      const got = await Promise.all(files.slice(0, before).map(async (f) =>
        sum(Buffer.from(await (await get(t, load.cookie,
          `rooms/${board}/files/${f.id}`)).arrayBuffer())) === f.sum))

      ok(got.every(Boolean), 'files are served as they were')

      p.close()
      q.close()
      ok(await t.finish(), `${database}: nothing was left behind`)
    }
  })
})
