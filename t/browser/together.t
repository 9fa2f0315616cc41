#!/usr/bin/env node
// Two people on one board: each sees the other's shapes and cursor, and a
// reload, a crash of the server and a stranger to the page find everything.
// Once at the root of a site, once below a path and on the other database.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  for (const options of [{ database: 'sqlite' }, { database: 'postgres', location: '/team/boards/' }]) {
    await suite(options, (s) => together(s, options.location ?? '/'))
  }
  done()

  async function together(s, path) {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const bob = await s.member('bob@example.org', 'Bob Brown', { scheme: 'dark' })
    const room = await server.room(ann.cookie, 'Plans for the garden')
    const link = await server.link(ann.cookie, room, 'editor')

    await test(`a board opens under ${path}`, async () => {
      await ann.open(room)
      await ann.canvas()
      equal(new URL(ann.page.url()).pathname, `${path}board/${room}`, 'address')
      await until(async () => (await ann.page.title()) === 'Plans for the garden · Tidraw', 'the title')
    })

    await test('what one draws appears at the other', async () => {
      await bob.open(room, link)
      await bob.canvas()
      await ann.drawBox(300, 200)
      await bob.seesShapes(1)
      await bob.drawBox(560, 300)
      await ann.seesShapes(2)
    })

    await test('each sees the cursor of the other, with the name', async () => {
      await ann.page.mouse.move(420, 500)
      await bob.page.mouse.move(640, 480)
      await ann.page.mouse.move(430, 510, { steps: 3 })
      await bob.page.mouse.move(660, 500, { steps: 3 })
      await bob.page.getByText('Ann Arbor').first().waitFor()
      await ann.page.getByText('Bob Brown').first().waitFor()
      await ann.picture(`together-${options(path)}`)
      await bob.picture(`together-dark-${options(path)}`)
    })

    await test('who is here is listed, and can be followed', async () => {
      await ann.page.locator('.tlui-people-menu__avatars-button').click()
      await ann.page.locator('.tlui-people-menu__item', { hasText: 'Bob Brown' }).getByRole('button').last().click()
      await ann.page.locator('.tlui-following-indicator').waitFor()
      await ann.page.keyboard.press('Escape')
    })

    await test('a reload finds everything', async () => {
      await ann.page.reload()
      await ann.canvas()
      await ann.seesShapes(2)
    })

    await test('after a crash of the server both go on by themselves', async () => {
      for (const person of [ann, bob]) person.expects(/WebSocket|ERR_CONNECTION_REFUSED|ERR_EMPTY|net::ERR|source image|Failed to fetch/)
      await server.kill9()
      await bob.page.getByText('Offline, your changes are kept').waitFor()
      await server.start()
      await bob.page.getByText('Offline, your changes are kept').waitFor({ state: 'detached' })
      await bob.drawBox(300, 420)
      await ann.seesShapes(3)
      await bob.seesShapes(3)
    })

    await test('somebody who comes later finds everything', async () => {
      const cat = await s.person()
      await cat.open(room, link)
      await cat.callMyself('Cat')
      await cat.canvas()
      await cat.seesShapes(3)
      equal(cat.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })

    await test('every file of the editor comes from below the path', async () => {
      const dan = await s.member('dan@example.org', 'Dan', { language: 'fr-FR' })
      const asked = []
      dan.context.on('response', (r) => asked.push({ url: new URL(r.url()), status: r.status() }))
      await dan.open(room, link)
      await dan.canvas()
      await until(() => asked.some((a) => /\/fr-[^/]*\.json$/.test(a.url.pathname)), 'the French translation')
      await until(() => asked.some((a) => a.url.pathname.endsWith('.woff2')), 'a font')
      const own = asked.filter((a) => a.url.protocol.startsWith('http'))
      equal(own.filter((a) => !a.url.pathname.startsWith(path)).map((a) => a.url.href).join(), '', 'outside the path')
      equal(own.filter((a) => a.status >= 400).map((a) => a.url.href).join(), '', 'failed')
    })
  }

  function options(path) {
    return path === '/' ? 'root' : 'path'
  }
})
