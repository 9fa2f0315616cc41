#!/usr/bin/env node
// The server goes away and comes back: a badge says so and leaves by itself,
// and what was drawn meanwhile is not lost.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  const badge = 'Offline, your changes are kept'

  await suite({}, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann')
    const room = await server.room(ann.cookie, 'On the train')
    const link = await server.link(ann.cookie, room, 'editor')
    const bob = await s.person({ width: 390 })

    for (const person of [ann, bob]) person.expects(/WebSocket|net::ERR|source image|Failed to fetch/)

    await ann.open(room)
    await ann.canvas()
    await bob.open(room, link)
    await bob.callMyself('Bob')
    await bob.canvas()
    await ann.drawBox(300, 200)
    await bob.seesShapes(1)

    await test('a badge appears when the server is gone', async () => {
      await server.stop()
      await ann.page.getByText(badge).waitFor()
      await bob.page.getByText(badge).waitFor()
    })

    await test('one goes on drawing', async () => {
      await ann.drawBox(300, 400)
      await bob.drawBox(80, 300)
      await ann.seesShapes(2)
      await ann.picture('offline-1280')
      await bob.picture('offline-390')
    })

    await test('leaving the page asks first', async () => {
      let asked = false
      ann.page.once('dialog', (dialog) => {
        asked = dialog.type() === 'beforeunload'
        void dialog.dismiss()
      })
      await ann.page.close({ runBeforeUnload: true })
      await until(() => asked, 'the question')
      await ann.seesShapes(2)
    })

    await test('the badge leaves by itself, and everybody has everything', async () => {
      await server.start()
      await ann.page.getByText(badge).waitFor({ state: 'detached' })
      await bob.page.getByText(badge).waitFor({ state: 'detached' })
      await ann.seesShapes(3)
      await ann.page.reload()
      await ann.canvas()
      await ann.seesShapes(3)
    })

    await test('a page that was opened meanwhile comes up by itself', async () => {
      const cat = await s.person({ cookie: ann.cookie })
      cat.expects(/net::ERR|WebSocket|503/)
      await cat.go('bin')
      await cat.page.getByRole('heading', { name: 'Bin', exact: true }).waitFor()
      await server.stop()
      await cat.page.getByRole('link', { name: 'All boards', exact: true }).click()
      await cat.page.getByRole('heading', { name: 'The boards could not be loaded' }).waitFor()
      await cat.picture('boards-unreachable-1280')
      await server.start()
      await cat.page.getByRole('button', { name: 'Try again' }).click()
      await cat.page.getByText('On the train').waitFor()
      equal(cat.trouble(), '', 'trouble')
    })

    await test('no other error, no other host', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  done()
})
