#!/usr/bin/env node
// The page of a board: what it says about the connection, what it never loses,
// how a board is taken away, who is here and where they look.

const { readFileSync } = require('node:fs')

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  await suite({ database: 'postgres' }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const bob = await s.member('bob@example.org', 'Bob')
    const { page } = ann
    const room = await server.room(ann.cookie, 'Plans')

    await ann.go()
    await ann.api('POST', `rooms/${room}/members`, { email: 'bob@example.org', role: 'editor' })
    await ann.open(room)
    await ann.canvas()

    await test('the page says when all is saved, and when it is not yet', async () => {
      await page.getByText('Saved', { exact: true }).waitFor()

      /* the answers of the server are held back */
      const held = []
      let hold = false
      const eve = await s.person({ cookie: ann.cookie })
      await eve.page.routeWebSocket(/\/connect\//, (socket) => {
        const up = socket.connectToServer()
        up.onMessage((m) => (hold ? held.push(() => socket.send(m)) : socket.send(m)))
      })
      await eve.open(room)
      await eve.canvas()
      await eve.page.getByText('Saved', { exact: true }).waitFor()
      hold = true
      await eve.drawBox(300, 300)
      await eve.page.getByText('Saving …').waitFor()
      hold = false
      held.forEach((send) => send())
      await eve.page.getByText('Saved', { exact: true }).waitFor()
      equal(eve.trouble(), '', 'trouble')
      await eve.context.close()
      await ann.seesShapes(1)
    })

    await test('who is here is listed, and one can follow them', async () => {
      await bob.open(room)
      await bob.canvas()
      await page.locator('.tlui-people-menu__avatars-button').click()
      await page.locator('.tlui-people-menu__item').filter({ hasText: 'Bob' }).waitFor()
      await ann.picture('people-1280')
      await page.locator('.tlui-people-menu__item').filter({ hasText: 'Bob' }).locator('.tlui-people-menu__item__follow').click()
      await page.locator('.tlui-following-indicator').waitFor()
      await page.keyboard.press('Escape')
      const left = () => page.locator('.tl-shape').first().evaluate((e) => e.getBoundingClientRect().left)
      const before = await left()
      await bob.page.mouse.move(600, 400)
      await bob.page.mouse.wheel(200, 0)
      await until(async () => Math.abs((await left()) - before) > 100, "Ann's view moves with Bob's")
      await page.mouse.move(600, 300)
      await page.mouse.wheel(0, 30)
      await page.locator('.tlui-following-indicator').waitFor({ state: 'detached' })
    })

    await test('what was not saved when the page ended comes back with the next page', async () => {
      for (const person of [ann, bob]) person.expects(/WebSocket|net::ERR|503|source image|Failed to fetch/)
      await server.stop()
      await bob.page.getByText('Offline, your changes are kept').waitFor()
      await bob.drawBox(400, 500)
      await bob.seesShapes(2)
      await until(() => bob.page.evaluate(() => Object.keys(localStorage).some((k) => k.startsWith('tidraw.unsaved.'))), 'a copy')
      await bob.page.close()

      await server.start()
      bob.page = await bob.context.newPage()
      await bob.open(room)
      await bob.canvas()
      await bob.page.getByText('Changes that had not been saved are back').first().waitFor()
      await bob.seesShapes(2)
      await ann.seesShapes(2)
      await until(() => bob.page.evaluate(() => !Object.keys(localStorage).some((k) => k.startsWith('tidraw.unsaved.'))), 'no copy is left')
    })

    await test('a new version of the server: the page reloads itself, with what was not saved', async () => {
      let deaf = false
      let end = null
      let pages = 0
      const eve = await s.person({ cookie: bob.cookie })
      eve.expects(/sync error/)
      await eve.page.routeWebSocket(/\/connect\//, (socket) => {
        pages += 1
        const up = socket.connectToServer()
        socket.onMessage((m) => deaf || up.send(m))
        end = () => socket.close({ code: 4099, reason: 'CLIENT_TOO_OLD' })
      })
      await eve.open(room)
      await eve.canvas()
      await eve.seesShapes(2)
      deaf = true
      await eve.drawBox(700, 500)
      await eve.seesShapes(3)
      await eve.page.getByText('Saving …').waitFor()
      deaf = false
      eve.page.on('dialog', (dialog) => void dialog.accept())
      await end()
      await until(() => pages === 2, 'a second connection')
      await eve.canvas()
      await eve.seesShapes(3)
      await ann.seesShapes(3)
      equal(eve.trouble(), '', 'trouble')
      await eve.context.close()
    })

    const exported = async (item) => {
      const download = page.waitForEvent('download')
      await page.getByTestId('main-menu.button').click()
      await page.getByRole('menuitem', { name: 'Export' }).click()
      await page.getByRole('menuitem', { name: item, exact: true }).click()
      const file = await download
      return { name: file.suggestedFilename(), data: readFileSync(await file.path()) }
    }

    await test('a board is saved as PNG, SVG, PDF and as a file of the editor', async () => {
      const png = await exported('PNG')
      equal(png.data.subarray(1, 4).toString(), 'PNG', 'PNG')
      equal(png.name, 'Plans.png', 'name')
      const svg = await exported('SVG')
      equal(svg.data.toString().startsWith('<svg'), true, 'SVG')

      const pdf = await exported('PDF')
      equal(pdf.name, 'Plans.pdf', 'name')
      const text = pdf.data.toString('latin1')
      const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1])
      equal(text.slice(table, table + 5), 'xref\n', 'the table is where the end says')
      const offsets = [...text.slice(table).matchAll(/^(\d{10}) 00000 n /gm)].map((m) => Number(m[1]))
      equal(offsets.every((at, n) => text.startsWith(`${n + 1} 0 obj`, at)), true, 'each object is where the table says')
      equal(/\/Count 1 /.test(text) && /\/Filter \/DCTDecode/.test(text), true, 'one page with a picture')

      const tldr = await exported('.tldr')
      equal(tldr.name, 'Plans.tldr', 'name')
      equal(JSON.parse(tldr.data).records.filter((r) => r.typeName === 'shape').length, 3, 'shapes in the file')
    })

    await test('a file of the editor becomes a board of its own', async () => {
      const { name, data } = await exported('.tldr')
      const chooser = page.waitForEvent('filechooser')
      await page.getByTestId('main-menu.button').click()
      await page.getByRole('menuitem', { name: /Import a file/ }).click()
      await (await chooser).setFiles({ name, mimeType: 'application/json', buffer: data })
      await until(() => !page.url().includes(room), 'another board')
      await ann.canvas()
      await ann.seesShapes(3)
      ann.expects(/400|415/)
      await page.getByRole('link', { name: 'All boards' }).click()
      await page.getByRole('heading', { name: 'All boards' }).waitFor()
      const other = page.waitForEvent('filechooser')
      await ann.choose('Other ways to make a board', 'From a file (.tldr, .excalidraw)')
      await (await other).setFiles({ name: 'no.tldr', mimeType: 'application/json', buffer: Buffer.from('{"no":1}') })
      await ann.told('This is no file of tldraw')
      await ann.open(room)
      await ann.canvas()
    })

    await test('a board that an older editor wrote is brought up to date by who may edit it', async () => {
      const old = await server.room(ann.cookie, 'From last year')
      const link = await server.link(ann.cookie, old, 'viewer')
      await ann.open(old)
      await ann.canvas()
      await ann.drawBox(300, 300)
      await page.getByText('Saved', { exact: true }).waitFor()
      await ann.go()
      await page.getByRole('heading', { name: 'All boards' }).waitFor()
      await server.restart()
      await server.sql(
        `UPDATE rooms SET schema = replace(schema, '"com.tldraw.page":1', '"com.tldraw.page":0') WHERE id = '${old}'`,
      )

      const guest = await s.person()
      guest.expects(/sync error/)
      await guest.open(old, link)
      await guest.callMyself('Gil')
      await guest.page.getByRole('heading', { name: 'This board is older than Tidraw' }).waitFor()
      await guest.picture('upgrade-needed-1280')

      ann.expects(/sync error/)
      await ann.open(old)
      await ann.canvas()
      await ann.seesShapes(1)
      await guest.page.getByRole('button', { name: 'Try again' }).click()
      await guest.canvas()
      await guest.seesShapes(1)
      equal(guest.trouble(), '', 'trouble')
    })

    await test('the keys are explained', async () => {
      await page.getByTestId('main-menu.button').click()
      await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click()
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await page.keyboard.press('Escape')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  done()
})
