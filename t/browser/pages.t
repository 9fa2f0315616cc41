#!/usr/bin/env node
// Everything around the board, as a person meets it: first start, account,
// the list of boards, the bin, other languages; with a picture of every page
// in build/screenshots, light and dark, on a laptop and on a phone.

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite, until }) => {
  await suite({}, async (s) => {
    const { test, server } = s
    const ann = await s.person()
    const { page } = ann

    await test('the first start leads to the account of the administrator', async () => {
      await ann.go()
      await page.getByRole('heading', { name: 'Set up Tidraw' }).waitFor()
      equal(new URL(page.url()).pathname, '/setup', 'address')
      equal(await page.getByLabel('Setup code').count(), 0, 'no code is asked for on the machine itself')
      await ann.picture('setup-1280')

      /* what a browser elsewhere in the house is told */
      await page.route(/\/api\/config$/, async (route) => {
        const json = await (await route.fetch()).json()
        await route.fulfill({ json: { ...json, setup: { needed: true, code_required: true } } })
      })
      await page.reload()
      await page.getByLabel('Setup code').waitFor()
      await ann.picture('setup-code-1280')
      await page.unroute(/\/api\/config$/)
      await page.reload()
      await page.getByLabel('Setup code').waitFor({ state: 'detached' })
      await page.getByLabel('Name').fill('Ann Arbor')
      await page.getByLabel('E-mail').fill('ann@example.org')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'No boards yet' }).waitFor()
      await ann.picture('boards-empty-1280')
    })

    await test('a board is made with one click and named in place', async () => {
      await page.getByRole('button', { name: 'New board' }).click()
      await ann.canvas()
      await page.getByRole('button', { name: 'Untitled board' }).click()
      await page.getByLabel('Name of the board').fill('Roadmap')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Roadmap' }).waitFor()
      await until(async () => (await page.title()) === 'Roadmap · Tidraw', 'the title of the page')
      await page.getByRole('link', { name: 'All boards' }).click()
      await page.getByRole('link', { name: 'Roadmap' }).waitFor()
    })

    await test('a name is changed in the list, by keyboard, and stays', async () => {
      await page.getByRole('button', { name: 'Actions for Roadmap' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Rename' }).press('Enter')
      await page.getByLabel('Name of the board').fill('Roadmap for autumn')
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'Roadmap for autumn' }).waitFor()
      await until(() => page.evaluate(() => document.activeElement?.textContent === 'Roadmap for autumn'), 'the focus')
      await page.reload()
      await page.getByRole('link', { name: 'Roadmap for autumn' }).waitFor()
    })

    await test('a name that the server refuses goes back', async () => {
      ann.expects(/503/)
      await page.route(/\/api\/rooms\/[^/?]+$/, (route) =>
        route.request().method() === 'PATCH'
          ? route.fulfill({ status: 503, json: { error: { code: 'unavailable', message: 'Busy.' } } })
          : route.continue(),
      )
      await page.getByRole('button', { name: 'Actions for Roadmap for autumn' }).click()
      await page.getByRole('menuitem', { name: 'Rename' }).click()
      await page.getByLabel('Name of the board').fill('Lost')
      await page.keyboard.press('Enter')
      await page.getByText('The server is busy').first().waitFor()
      await page.getByRole('link', { name: 'Roadmap for autumn' }).waitFor()
      await page.unroute(/\/api\/rooms\/[^/?]+$/)
    })

    await test('the search finds by name and says when nothing is found', async () => {
      const cookie = await server.login('ann@example.org', { password: PASSWORD })
      for (const name of ['Kitchen', 'Physics, class 9b', 'Family tree', 'A rather long name that does not fit on a card']) {
        await server.room(cookie, name)
      }
      await page.reload()
      await page.getByRole('link', { name: 'Kitchen' }).waitFor()
      await ann.picture('boards-1280')
      await page.getByLabel('Search boards').fill('phys')
      await until(async () => (await page.locator('main li').count()) === 1, 'one board is left')
      await page.getByLabel('Search boards').fill('nothing like it')
      await page.getByRole('heading', { name: 'No board has that name' }).waitFor()
      await ann.picture('boards-nothing-found-1280')
      await page.getByRole('button', { name: 'Clear search' }).first().click()
      await page.getByRole('link', { name: 'Kitchen' }).waitFor()
    })

    await test('a deleted board comes back by undo, and from the bin', async () => {
      const remove = async (name) => {
        await page.getByRole('button', { name: `Actions for ${name}` }).click()
        await page.getByRole('menuitem', { name: 'Move to bin' }).click()
        await page.getByRole('link', { name, exact: true }).waitFor({ state: 'detached' })
      }
      await remove('Kitchen')
      await ann.picture('boards-deleted-1280')
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByRole('link', { name: 'Kitchen' }).waitFor()

      await remove('Family tree')
      await page.getByRole('link', { name: 'Bin', exact: true }).click()
      await page.getByText('Family tree', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Restore Family tree' }).click()
      await page.getByRole('heading', { name: 'The bin is empty' }).waitFor()
      await page.getByRole('link', { name: 'All boards', exact: true }).click()
      await page.getByRole('link', { name: 'Family tree' }).waitFor()
    })

    await test('the profile has a name and a colour, which boards show', async () => {
      await page.getByRole('button', { name: 'Account and settings' }).click()
      await ann.picture('account-menu-1280')
      await page.getByRole('menuitem', { name: 'Profile' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Ann A.')
      await page.getByRole('radio', { name: 'Red' }).click()
      await ann.picture('profile-1280')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Profile saved').first().waitFor()
      const { user } = await page.evaluate(() => fetch('api/auth/session').then((r) => r.json()))
      equal(`${user.name} ${user.color}`, 'Ann A. #c8303c', 'profile')
    })

    await test('dark mode is chosen once, for the pages and the editor', async () => {
      await page.getByRole('button', { name: 'Account and settings' }).click()
      await page.getByRole('menuitemradio', { name: 'Dark' }).click()
      await page.locator('.radix-themes.dark').first().waitFor()
      await ann.picture('boards-dark-1280')
      await page.getByRole('link', { name: 'Kitchen' }).click()
      await ann.canvas()
      await page.locator('.tl-theme__dark').waitFor()
      await ann.drawBox(300, 250)
      await ann.picture('board-dark-1280')
      await page.getByRole('button', { name: 'Account and settings' }).click()
      await page.getByRole('menuitemradio', { name: 'Light' }).click()
      await page.locator('.tl-theme__light').waitFor()
      await page.keyboard.press('Escape')
      await ann.picture('board-1280')
    })

    await test('an image, small or large, is put on the board and stays', async () => {
      const picture = (bytes) => ({
        name: 'picture.svg',
        mimeType: 'image/svg+xml',
        buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><!--${'x'.repeat(bytes)}--></svg>`),
      })
      const insert = async (file) => {
        const chooser = page.waitForEvent('filechooser')
        await page.getByTestId('tools.asset').click()
        await (await chooser).setFiles(file)
      }
      await insert(picture(300 * 1024))
      await ann.seesShapes(2)
      await insert(picture(20 * 1024))
      await ann.seesShapes(3)
      await page.reload()
      await ann.canvas()
      await ann.seesShapes(3)
    })

    await test('an address that is pasted becomes a bookmark without a request', async () => {
      await page.evaluate(() => {
        const data = new DataTransfer()
        data.setData('text/plain', 'https://example.com/a/page')
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
      })
      await page.getByText('example.com/a/page').first().waitFor()
    })

    await test('wrong password, then the right one', async () => {
      await page.getByRole('link', { name: 'All boards' }).click()
      await page.getByRole('heading', { name: 'All boards' }).waitFor()
      await page.getByRole('button', { name: 'Account and settings' }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      ann.expects(/401/)
      await page.getByLabel('E-mail').fill('ann@example.org')
      await page.getByLabel('Password', { exact: true }).fill('not my password')
      await page.keyboard.press('Enter')
      await page.getByText('E-mail or password is wrong.').waitFor()
      await ann.picture('sign-in-1280')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'All boards' }).waitFor()
    })

    await test('an address that leads nowhere says so; the licences are a page', async () => {
      await ann.go('nothing/here')
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
      await ann.picture('not-found-1280')
      const text = await (await page.request.get(s.url('licenses.html'))).text()
      for (const part of ['tldraw 3.15.6', 'the &quot;Watermark&quot;', 'react-dom', 'SIL OPEN FONT LICENSE']) {
        equal(text.includes(part) || text.includes(part.replaceAll('&quot;', '"')), true, part)
      }
    })

    await test('on a phone nothing is wider than the screen', async () => {
      const cookie = await server.login('ann@example.org', { password: PASSWORD })
      const room = await server.room(cookie, 'Phone')
      const phone = await s.person({ cookie, width: 390, hasTouch: true })
      for (const path of ['', 'bin', `board/${room}`, 'nothing']) {
        await phone.go(path)
        await phone.page.locator('h1, .tl-canvas').first().waitFor()
        equal(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, path)
      }
      await phone.open(room)
      await phone.canvas()
      await phone.page.getByRole('button', { name: 'Share' }).click()
      await phone.page.getByRole('dialog').waitFor()
      await phone.picture('share-390')
      await phone.page.keyboard.press('Escape')
      await phone.go()
      await phone.page.getByRole('link', { name: 'Kitchen' }).click()
      await phone.canvas()
      const inView = (shapes) => shapes.every((s) => { const r = s.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth })
      await until(() => phone.shapes().count(), 'shapes')
      equal(await phone.shapes().evaluateAll(inView), true, 'all of the board is seen')
      await phone.picture('board-390')
      equal(phone.trouble(), '', 'trouble')
    })

    await test('an empty cache needs less than 1 MB for a board that can be drawn on', async () => {
      const cookie = await server.login('ann@example.org', { password: PASSWORD })
      const room = await server.room(cookie, 'Cold')
      const cold = await s.person({ cookie })
      const sizes = []
      cold.context.on('requestfinished', (request) => {
        const { protocol, pathname } = new URL(request.url())
        /* the fonts come after the board, which does not wait for them */
        if (protocol === 'http:' && !pathname.endsWith('.woff2')) sizes.push(request.sizes())
      })
      await cold.open(room)
      await cold.canvas()
      await cold.page.getByTestId('tools.draw').waitFor()
      const bytes = (await Promise.all(sizes)).reduce((sum, z) => sum + Math.max(z.responseBodySize, 0), 0)
      console.log(`# ${bytes} bytes in ${sizes.length} files`)
      equal(bytes > 300_000 && bytes < 1_000_000, true, `${bytes} bytes`)
    })

    await test('a page that is older than the build reloads itself', async () => {
      const cookie = await server.login('ann@example.org', { password: PASSWORD })
      const room = await server.room(cookie, 'Updated')
      const old = await s.person({ cookie })
      old.expects(/404|dynamically imported module/)
      await old.page.route(/\/assets\/Board-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: '' }), { times: 1 })
      await old.open(room)
      await old.canvas()
      equal(old.trouble(), '', 'trouble')
    })

    await test('German browsers get German, in the app and the editor', async () => {
      const eva = await s.person({ language: 'de-DE', width: 390, scheme: 'dark' })
      await eva.go()
      await eva.page.getByRole('heading', { name: 'Willkommen zurück' }).waitFor()
      await eva.picture('sign-in-german-dark-390')
      await eva.page.getByRole('link', { name: 'Konto anlegen' }).click()
      await eva.page.getByLabel('Name').fill('Eva')
      await eva.page.getByLabel('E-Mail').fill('ann@example.org')
      await eva.page.getByLabel('Passwort', { exact: true }).fill(PASSWORD)
      eva.expects(/409/)
      await eva.page.keyboard.press('Enter')
      await eva.page.getByText('Zu dieser E-Mail gibt es schon ein Konto.').waitFor()
      await eva.picture('register-german-dark-390')
      await eva.page.getByLabel('E-Mail').fill('eva@example.org')
      await eva.page.keyboard.press('Enter')
      await eva.page.getByRole('button', { name: 'Neues Board' }).click()
      await eva.canvas()
      await eva.page.getByRole('button', { name: 'Teilen' }).waitFor()
      await eva.page.getByTestId('main-menu.button').click()
      await eva.page.getByText('Bearbeiten').first().waitFor()
      equal(await eva.page.locator('html').getAttribute('lang'), 'de', 'lang')
      equal(eva.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
