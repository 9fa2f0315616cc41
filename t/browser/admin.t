#!/usr/bin/env node
// The pages of the administrator: people, boards, storage, activity, the state
// of the server, settings.

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite, until }) => {
  await suite({ without: 'tidraw_registration' }, async (s) => {
    const { test, server } = s
    const root = await s.member('root@example.org', 'Root')
    await root.go()
    await root.api('PATCH', 'admin/settings', { registration: 'open' })
    const bob = await s.member('bob@example.org', 'Bob')
    const { page } = root
    const room = await server.room(bob.cookie, "Bob's plans")
    const row = (text) => page.locator('tbody tr').filter({ hasText: text })
    const go = (name) => page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name, exact: true }).click()

    await test('others are not led there, and see nothing', async () => {
      await bob.go('admin')
      await bob.page.evaluate(
        ([room, body]) => fetch(`api/rooms/${room}/files?name=x.txt`, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body }),
        [room, 'x'.repeat(300_000)],
      )
      await bob.page.getByRole('heading', { name: 'All boards' }).waitFor()
      await bob.page.getByRole('button', { name: 'Account and settings' }).click()
      equal(await bob.page.getByRole('menuitem', { name: 'Administration' }).count(), 0, 'in the menu')
      await bob.page.keyboard.press('Escape')
    })

    await test('the state of the server is shown, and follows', async () => {
      await root.go()
      await root.choose('Account and settings', 'Administration')
      await page.getByRole('heading', { name: 'Now' }).waitFor()
      await page.getByText(s.database === 'sqlite' ? /SQLite, answers in/ : /PostgreSQL, answers in/).waitFor()
      await page.getByText(/^[\d.]+ [KM]B$/).nth(1).waitFor()
      const figure = (name) => page.locator('main').getByText(name).locator('..').locator('p').nth(1)
      const sessions = page.locator('main').getByText('Sessions').locator('..').locator('p').nth(1)
      const before = Number(await sessions.textContent())
      await bob.open(room)
      await bob.canvas()
      await until(async () => Number(await sessions.textContent()) === before + 1, 'one session more')

      /* while Bob draws, messages come and commits are made */
      let drawing = true
      const drawn = (async () => {
        for (let n = 0; drawing; n += 1) await bob.drawBox(200 + (n % 20) * 10, 200, 50, 50)
      })()
      await until(async () => parseFloat(await figure('Messages in').textContent()) > 0, 'messages a second')
      await until(async () => parseFloat(await figure('Saved').textContent()) > 0, 'commits a second')
      drawing = false
      await drawn
      await until(async () => (await figure('Saved').textContent()) === '0/s', 'quiet again')
    })

    await test('somebody is added and sets the password by the link', async () => {
      await go('People')
      await page.getByRole('button', { name: 'Add person' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('Cat')
      await dialog.getByLabel('E-mail').fill('cat@example.org')
      await dialog.getByRole('button', { name: 'Add person' }).click()
      const link = await page.getByRole('dialog').locator('.td-secret').textContent()
      await page.getByRole('button', { name: 'Close' }).last().click()
      await row('cat@example.org').waitFor()

      const cat = await s.person()
      await cat.page.goto(new URL(link, s.url()).href)
      await cat.page.getByLabel('New password').fill(PASSWORD)
      await cat.page.keyboard.press('Enter')
      await cat.page.getByRole('heading', { name: 'No boards yet' }).waitFor()
      equal(cat.trouble(), '', 'trouble')
    })

    await test('roles are given and taken, the last administrator stays', async () => {
      await root.choose('Actions for Cat', 'Make administrator')
      await row('Cat').getByText('Administrator').waitFor()
      await root.choose('Actions for Cat', 'Take administration away')
      await row('Cat').getByText('Administrator').waitFor({ state: 'detached' })
      root.expects(/409/)
      await root.choose('Actions for Root', 'Take administration away')
      await root.told('The last administrator stays one.')
    })

    await test('a disabled account is out at once, undo lets it in again', async () => {
      bob.expects(/401|403|sync error|WebSocket/)
      await root.choose('Actions for Bob', 'Disable')
      await row('Bob').getByText('Disabled').waitFor()
      await bob.page.locator('[data-reason]').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await row('Bob').getByText('Disabled').waitFor({ state: 'detached' })
    })

    await test('boards are found, given to somebody, put into the bin and taken out', async () => {
      await go('Boards')
      await page.getByLabel('Search boards').fill('bob')
      await row("Bob's plans").waitFor()
      await root.choose("Actions for Bob's plans", 'Give to somebody')
      await page.getByLabel('E-mail of the new owner').fill('cat@example.org')
      await page.keyboard.press('Enter')
      await row("Bob's plans").getByText('Cat').waitFor()
      await root.choose("Actions for Bob's plans", 'Move to bin')
      await row("Bob's plans").getByText('Bin').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await row("Bob's plans").getByText('Bin').waitFor({ state: 'detached' })
    })

    await test('the use of the disk is shown by person', async () => {
      await go('Storage')
      await row('bob@example.org').getByText('300 KB').first().waitFor()
      equal((await page.locator('tbody tr').first().textContent()).includes('bob@example.org'), true, 'the largest comes first')
      equal(await page.getByRole('progressbar').count() > 1, true, 'bars')
    })

    await test('the activity says who did what, and can be filtered', async () => {
      await go('Activity')
      await row('Disabled an account').first().waitFor()
      await page.getByRole('combobox', { name: 'What' }).click()
      await page.getByRole('option', { name: 'Changed the role of an account' }).click()
      await until(async () => (await row('Disabled an account').count()) === 0, 'only roles are left')
      await row('Changed the role').first().waitFor()

      await page.getByRole('combobox', { name: 'What' }).click()
      await page.getByRole('option', { name: 'Everything' }).click()
      await row('Disabled an account').first().waitFor()
      await page.getByLabel('Search names').fill("bob's")
      await until(async () => (await row('Disabled an account').count()) === 0, "Bob's board is left")
      await row("Bob's plans").first().waitFor()
      await page.getByLabel('Search names').fill('')
      await row('Disabled an account').first().waitFor()

      /* nothing has happened tomorrow, and all of it until tomorrow */
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
      await page.getByLabel('From', { exact: true }).fill(tomorrow)
      await page.getByText('Nothing found').waitFor()
      await page.getByLabel('From', { exact: true }).fill('')
      await page.getByLabel('Until', { exact: true }).fill(tomorrow)
      await row('Disabled an account').first().waitFor()
    })

    await test('settings say where they come from; who may register is set here', async () => {
      await go('Settings')
      await page.getByText('No licence key of tldraw is set.').waitFor()
      await row('tidraw_registration').getByText('This page').waitFor()
      await row('tidraw_max_upload').getByText('Default').waitFor()
      await row('tidraw_secret').getByText('made at the first start').waitFor()
      await row('tidraw_state_dir').getByText('Directive').waitFor()
      equal(await page.getByRole('combobox').count(), 1, 'what can be changed')
      await page.getByRole('combobox', { name: 'Who may make an account' }).click()
      await page.getByRole('option', { name: 'Closed' }).click()
      await root.told('From now on this holds for everybody')
      await until(async () => (await root.api('GET', 'config')).registration === 'closed', 'the server knows')

      const eve = await s.person()
      await eve.go('register')
      await eve.page.getByRole('heading', { name: 'Accounts are made by the administrator' }).waitFor()
      equal(eve.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(root.trouble(), '', 'Root')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  done()
})
