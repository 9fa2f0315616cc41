#!/usr/bin/env node
// The boards of a person: folders, favourites, copies, the ones opened last,
// who is there now, the pictures that the editor makes, and the bin's end.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  await suite({ database: 'postgres' }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const { page } = ann
    const cards = page.locator('main li')
    const card = (name) => cards.filter({ has: page.getByRole('link', { name, exact: true }) })
    const rooms = {}

    for (const name of ['Kitchen', 'Garden', 'Physics']) rooms[name] = await server.room(ann.cookie, name)

    await test('what makes a board comes with the list and does not go again', async () => {
      const ben = await s.member('ben@example.org', 'Ben')
      let release
      const held = new Promise((resolve) => { release = resolve })

      await ben.page.route(/api\/rooms\?/, async (route) => {
        await held
        await route.continue()
      })
      await ben.page.goto(server.url)
      await ben.page.getByRole('heading', { name: 'All boards' }).waitFor()
      equal(await ben.page.getByRole('button', { name: 'New board', exact: true }).count(), 0, 'buttons')
      release()
      await ben.page.getByText('No boards yet').waitFor()
      equal(await ben.page.getByRole('button', { name: 'New board', exact: true }).count(), 1, 'buttons')
      await ben.context.close()
    })

    await test('a folder is made, filled, renamed, and its boards outlive it', async () => {
      await ann.go()
      await page.getByRole('button', { name: 'New folder' }).click()
      await page.getByLabel('Name of the folder').fill('House')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'House' }).waitFor()
      await page.getByRole('heading', { name: 'This folder is empty' }).waitFor()

      await page.getByRole('link', { name: 'All boards', exact: true }).click()
      for (const name of ['Kitchen', 'Garden']) {
        await page.getByRole('button', { name: `Actions for ${name}` }).click()
        await page.getByRole('menuitem', { name: 'Move to folder' }).click()
        await page.getByRole('menuitemradio', { name: 'House' }).click()
        await ann.told(`“${name}” is in “House”`)
      }

      await page.getByRole('link', { name: 'House' }).click()
      await until(async () => (await cards.count()) === 2, 'two boards in the folder')
      await ann.choose('Actions for the folder House', 'Rename')
      await page.getByLabel('Name of the folder').fill('Home')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Home' }).waitFor()

      await ann.choose('Actions for the folder Home', 'Delete folder')
      await page.getByRole('heading', { name: 'All boards' }).waitFor()
      await until(async () => (await cards.count()) === 3, 'all boards are there')
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByRole('heading', { name: 'Home' }).waitFor()
      await until(async () => (await cards.count()) === 2, 'the boards are in the folder again')
    })

    await test('a star makes a favourite, at once, and once more takes it away', async () => {
      await page.getByRole('link', { name: 'All boards', exact: true }).click()
      const star = page.getByRole('button', { name: 'Physics is a favourite' })
      await star.click()
      await until(async () => (await star.getAttribute('aria-pressed')) === 'true', 'the star is on')
      await page.getByRole('link', { name: 'Favourites' }).click()
      await page.getByRole('heading', { name: 'Favourites' }).waitFor()
      await until(async () => (await cards.count()) === 1, 'one favourite')
      await star.click()
      await page.getByRole('heading', { name: 'No favourites yet' }).waitFor()
    })

    await test('boards are searched on the server and put in order', async () => {
      await page.getByRole('link', { name: 'All boards', exact: true }).click()
      await page.getByRole('combobox', { name: 'Order' }).click()
      await page.getByRole('option', { name: 'Name' }).click()
      const names = () => page.locator('main li a').allTextContents()
      await until(async () => (await names()).join() === 'Garden,Kitchen,Physics', 'in the order of names')
      await page.getByLabel('Search boards').fill('KIT')
      await until(async () => (await names()).join() === 'Kitchen', 'one is found')
      await page.getByRole('button', { name: 'Clear search' }).click()
      await page.reload()
      await until(async () => (await names()).join() === 'Garden,Kitchen,Physics', 'the order stays chosen')
    })

    await test('the editor makes a picture of the board, before one leaves', async () => {
      await page.getByRole('link', { name: 'Kitchen' }).click()
      await ann.canvas()
      await ann.drawBox(300, 200)
      await page.getByText('Saved', { exact: true }).waitFor()
      await page.getByRole('link', { name: 'All boards' }).click()
      const picture = card('Kitchen').locator('img.td-thumbnail')
      await picture.waitFor()
      await until(() => picture.evaluate((i) => i.complete && i.naturalWidth === 640), 'the picture is there')
    })

    await test('the board opened last comes first where it should', async () => {
      await page.getByRole('link', { name: 'Recently opened' }).click()
      await page.getByRole('heading', { name: 'Recently opened' }).waitFor()
      await until(async () => (await page.locator('main li a').first().textContent()) === 'Kitchen', 'Kitchen comes first')
    })

    await test('a copy has what the board has', async () => {
      await page.getByRole('link', { name: 'All boards', exact: true }).click()
      await ann.choose('Actions for Kitchen', 'Duplicate')
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await ann.canvas()
      await ann.seesShapes(1)
      await page.getByRole('button', { name: 'Kitchen (copy)' }).waitFor()
      await page.getByRole('link', { name: 'All boards' }).click()
      await card('Kitchen (copy)').waitFor()
    })

    await test('a name that is as long as can be has copies, too', async () => {
      const long = `a${'😀'.repeat(99)}`
      await ann.api('POST', 'rooms', { name: long })
      await page.reload()
      await ann.choose(`Actions for ${long}`, 'Duplicate')
      await ann.told('was copied')
      const { rooms } = await ann.api('GET', 'rooms')
      equal(rooms[0].name, `a${'😀'.repeat(92)} (copy)`, 'name')
      for (const { id } of rooms.filter((r) => r.name.startsWith('a😀'))) {
        await ann.api('DELETE', `rooms/${id}`)
        await ann.api('DELETE', `rooms/${id}?forever=1`)
      }
      await page.reload()
    })

    await test('a board of the bin can be deleted for ever, which is asked', async () => {
      await ann.choose('Actions for Kitchen (copy)', 'Move to bin')
      await card('Kitchen (copy)').waitFor({ state: 'detached' })
      await page.getByRole('link', { name: 'Bin', exact: true }).click()
      await page.getByRole('button', { name: 'Delete Kitchen (copy) for ever' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('Kitchen (copy)', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Delete Kitchen (copy) for ever' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete for ever' }).click()
      await page.getByRole('heading', { name: 'The bin is empty' }).waitFor()
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
