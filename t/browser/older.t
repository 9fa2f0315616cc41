#!/usr/bin/env node
// A board that tldraw 3.13 wrote: who may edit it brings it to the form of this
// editor by opening it, once, however many do; who may only look is told.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  const { schema, records } = JSON.parse(readFileSync(join(__dirname, 'older', 'tldraw-3.13.4.json'), 'utf8'))
  const quoted = (value) => `'${JSON.stringify(value).replaceAll("'", "''")}'`

  await suite({ workers: 2 }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann')
    const bob = await s.member('bob@example.org', 'Bob')
    const shapes = records.filter((r) => r.typeName === 'shape').length

    /* as the database has it that an older release left */
    const older = async (name) => {
      const room = await server.room(ann.cookie, name)
      await server.sql(`UPDATE rooms SET schema = ${quoted(schema)} WHERE id = '${room}'`)
      await server.sql(
        `INSERT INTO records (room, id, clock, state) SELECT r.num, v.column1, 1, v.column2 FROM rooms r, (VALUES ${records
          .map((r) => `('${r.id}', ${quoted(r)})`)
          .join()}) AS v WHERE r.id = '${room}'`,
      )
      return room
    }

    const stored = async (room) => {
      const [[text, clock]] = await server.sql(`SELECT schema, clock FROM rooms WHERE id = '${room}'`)
      return { sequences: JSON.parse(text).sequences, clock: Number(clock) }
    }

    const record = async (room, id) => {
      const [[state]] = await server.sql(
        `SELECT x.state FROM records x JOIN rooms r ON r.num = x.room WHERE r.id = '${room}' AND x.id = '${id}'`,
      )
      return JSON.parse(state)
    }

    for (const person of [ann, bob]) person.expects(/sync error/)

    await test('who may only look and comes first is told what to do', async () => {
      const room = await older('Looked at')
      const link = await server.link(ann.cookie, room, 'viewer')
      const guest = await s.person({ width: 390, scheme: 'dark' })
      guest.expects(/sync error/)
      await guest.open(room, link)
      await guest.callMyself('Gil')
      await guest.page.getByRole('heading', { name: 'This board is older than Tidraw' }).waitFor()
      await guest.page.getByText('Ann').first().waitFor()
      await guest.picture('older-board-390')
      equal(await guest.barriers(), '', 'barriers')
      equal((await stored(room)).clock, 1, 'nothing was written')

      await ann.open(room)
      await ann.canvas()
      await ann.seesShapes(shapes)
      await guest.page.getByRole('button', { name: 'Try again' }).click()
      await guest.canvas()
      await guest.seesShapes(shapes)
      equal(guest.trouble(), '', 'trouble')
      await guest.context.close()

      const { sequences } = await stored(room)
      equal(sequences['com.tldraw.shape.video'] > schema.sequences['com.tldraw.shape.video'], true, 'the schema is a later one')
      equal((await record(room, 'shape:film')).props.autoplay, true, 'what the later one asks for')
      await ann.shapes().getByText('Written in 3.13').first().waitFor()
      await ann.shapes().getByText('leads to').first().waitFor()
      for (const before of records) {
        if (before.id === 'shape:film') continue
        equal(JSON.stringify(await record(room, before.id)), JSON.stringify(before), before.id)
      }
    })

    await test('two who open it at once leave one result, and draw on it together', async () => {
      const room = await older('Fought for')
      await ann.go()
      await ann.api('POST', `rooms/${room}/members`, { email: 'bob@example.org', role: 'editor' })

      /* both have read the old board before either writes */
      const writers = []
      const answers = []

      for (const person of [ann, bob]) {
        person.expects(/412/)
        await person.page.route(/\/snapshot$/, async (route) => {
          if (route.request().method() !== 'PUT') return route.continue()
          if (writers.length < 2) {
            writers.push(person)
            await until(() => writers.length === 2, 'both write')
          }
          const response = await route.fetch()
          answers.push(response.status())
          return route.fulfill({ response })
        })
      }

      await Promise.all([ann.open(room), bob.open(room)])
      await Promise.all([ann.canvas(), bob.canvas()])
      equal(new Set(writers).size, 2, 'who wrote')
      equal(answers.sort().join(), '204,412', 'answers')
      await ann.seesShapes(shapes)
      await bob.seesShapes(shapes)
      equal((await stored(room)).clock, 2, 'one result')

      await ann.drawBox(300, 500)
      await bob.seesShapes(shapes + 1)
      await bob.drawBox(600, 500)
      await ann.seesShapes(shapes + 2)
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  done()
})
