#!/usr/bin/env node
// One's own account, from the profile to its end.

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite, until }) => {
  await suite({ database: 'postgres' }, async (s) => {
    const { test, server } = s
    await s.member('root@example.org', 'Root')
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const { page } = ann
    const NEXT = 'another battery staple'

    await test('name, colour and picture are what others see', async () => {
      await ann.go()
      await ann.choose('Account and settings', 'Account')
      await page.getByRole('heading', { name: 'Profile', level: 1 }).waitFor()
      await page.getByLabel('Name').fill('Ann A.')
      await page.getByRole('radio', { name: 'Red' }).click()
      await page.getByRole('button', { name: 'Save' }).first().click()
      await ann.told('Profile saved')

      /* a large picture, made by the browser itself */
      const data = await page.evaluate(() => {
        const canvas = document.createElement('canvas')
        canvas.width = 900
        canvas.height = 600
        const context = canvas.getContext('2d')
        for (let x = 0; x < 900; x += 3) {
          for (let y = 0; y < 600; y += 3) {
            context.fillStyle = `rgb(${(x * 7) % 255} ${(y * 5) % 255} ${(x * y) % 255})`
            context.fillRect(x, y, 3, 3)
          }
        }
        return canvas.toDataURL('image/png').split(',')[1]
      })
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Choose a picture' }).click()
      await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(data, 'base64') })
      const picture = page.locator('main .td-avatar img')
      await picture.waitFor()
      equal(await picture.evaluate((i) => i.decode().then(() => `${i.naturalWidth} ${i.naturalHeight}`)), '256 256', 'size')

      const { user } = await ann.api('GET', 'auth/session')
      equal(`${user.name} ${user.color} ${typeof user.picture}`, 'Ann A. #c8303c string', 'profile')
      await page.getByRole('button', { name: 'Remove' }).click()
      await picture.waitFor({ state: 'detached' })
    })

    await test('what is no picture is said to be none', async () => {
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Choose a picture' }).click()
      await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') })
      await ann.told('This file could not be read as a picture.')
    })

    await test('everything goes out as one file and comes back, in steps that are shown', async () => {
      const room = await server.room(ann.cookie, 'To take along')
      const downloading = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Download the archive' }).click()
      const archive = await downloading
      equal(/^tidraw-[0-9-]+[.]zip$/.test(archive.suggestedFilename()), true, archive.suggestedFilename())

      const bring = async (file) => {
        const chooser = page.waitForEvent('filechooser')
        await page.getByRole('button', { name: 'Bring an archive' }).click()
        await (await chooser).setFiles(file)
      }

      await bring(await archive.path())
      await page.getByText('One board and 0 files were brought.').waitFor()
      const { rooms } = await ann.api('GET', 'rooms?q=take')
      equal(rooms.length, 2, 'boards')

      await bring({ name: 'x.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive') })
      await page.getByText('The archive could not be brought.').waitFor()
      for (const { id } of rooms) await ann.api('DELETE', `rooms/${id}`)
      equal(rooms.some(({ id }) => id === room), true, 'the board')
    })

    await test('the language is the account’s, here and in the editor, whatever the browser speaks', async () => {
      await page.getByRole('combobox', { name: 'Language' }).click()
      await page.getByRole('option', { name: 'Deutsch' }).click()
      await page.getByRole('heading', { name: 'Profil', level: 1 }).waitFor()
      const room = await server.room(ann.cookie, 'Sprache')
      await ann.open(room)
      await ann.canvas()
      await page.getByTestId('main-menu.button').click()
      await page.getByText('Bearbeiten').first().waitFor()
      await ann.go('account')
      await page.getByRole('combobox', { name: 'Sprache' }).click()
      await page.getByRole('option', { name: 'Wie der Browser' }).click()
      await page.getByRole('heading', { name: 'Profile', level: 1 }).waitFor()
    })

    await test('the e-mail changes by the password', async () => {
      ann.expects(/40[01]|409/)
      await page.getByLabel('E-mail', { exact: true }).fill('ann.a@example.org')
      await page.getByLabel('Current password').fill('not my password')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await page.getByLabel('Current password').fill(PASSWORD)
      await page.keyboard.press('Enter')
      await ann.told('E-mail changed')
      equal((await ann.api('GET', 'auth/session')).user.email, 'ann.a@example.org', 'e-mail')
    })

    await test('one sees where one is signed in, and ends one or all of that', async () => {
      const others = []
      for (let n = 0; n < 3; n += 1) {
        others.push(await s.person({ cookie: await server.login('ann.a@example.org', { password: PASSWORD }) }))
      }
      await page.getByRole('link', { name: 'Security' }).click()
      await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor()
      const rows = page.locator('.td-row')
      await until(async () => (await rows.count()) >= 4, 'four sessions or more')
      const before = await rows.count()
      await page.getByText('This one').waitFor()
      await page.getByRole('button', { name: /^Sign out / }).first().click()
      await until(async () => (await rows.count()) === before - 1, 'one less')
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
      await until(async () => (await rows.count()) === 1, 'only this one')
      for (const other of others) {
        await other.go()
        await other.page.getByRole('heading', { name: 'Welcome back' }).waitFor()
        await other.context.close()
      }
    })

    await test('the password changes; a common one is refused', async () => {
      ann.expects(/40[0123]|422/)
      const change = async (current, next) => {
        await page.getByLabel('Current password').fill(current)
        await page.getByLabel('New password').fill(next)
        await page.getByRole('button', { name: 'Change password' }).click()
      }
      await change('not my password', NEXT)
      await page.getByText('This is not your current password.').waitFor()
      await change(PASSWORD, 'password1')
      await page.getByText('Too many people use this password.').waitFor()
      await change(PASSWORD, NEXT)
      await ann.told('Password changed')
      await page.reload()
      await page.getByRole('heading', { name: 'Security', level: 1 }).waitFor()
    })

    await test('a token lets a program in, and is shown once', async () => {
      await page.getByRole('link', { name: 'API tokens' }).click()
      await page.getByText('You have no tokens.').waitFor()
      await page.getByLabel('What it is for').fill('Backup')
      await page.getByRole('button', { name: 'Create token' }).click()
      const secret = await page.locator('.td-secret').textContent()
      const ask = (token) => fetch(s.url('api/me'), { headers: { authorization: `Bearer ${token}` } }).then((r) => r.status)
      equal(await ask(secret), 200, 'with the token')
      await page.reload()
      await page.getByText('Backup', { exact: true }).waitFor()
      equal(await page.getByText(secret).count(), 0, 'the secret is gone')
      await page.getByRole('button', { name: 'Revoke Backup' }).click()
      await page.getByText('You have no tokens.').waitFor()
      equal(await ask(secret), 401, 'with the token that was revoked')
    })

    await test('who forgot the password sets a new one by the link that was sent', async () => {
      const eve = await s.person()
      await eve.go('sign-in')
      await eve.page.getByRole('link', { name: 'Forgot your password?' }).click()
      await eve.page.getByLabel('E-mail').fill('ann.a@example.org')
      await eve.page.keyboard.press('Enter')
      await eve.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()

      /* no mail is set up: the log has it */
      let link = null
      await until(async () => {
        link = /https?:\/\/\S*reset\/[\w-]+/.exec(await server.errorLog())?.[0]
        return link
      }, 'the link in the log')
      await eve.page.goto(link)
      await eve.page.getByLabel('New password').fill(PASSWORD)
      await eve.page.keyboard.press('Enter')
      await eve.page.getByRole('heading', { name: 'All boards' }).waitFor()

      eve.expects(/410|404|403/)
      await eve.page.goto(link)
      await eve.page.getByLabel('New password').fill(NEXT)
      await eve.page.keyboard.press('Enter')
      await eve.page.getByRole('heading', { name: 'This link is no longer valid' }).waitFor()
      equal(eve.trouble(), '', 'trouble')

      await ann.go()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    })

    await test('an account ends, and its boards go to whom one chose', async () => {
      await page.getByLabel('E-mail').fill('ann.a@example.org')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'Sprache' }).waitFor()
      await ann.choose('Account and settings', 'Account')
      await page.getByRole('button', { name: 'Delete account' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('E-mail of the new owner').fill('root@example.org')
      await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await dialog.getByRole('button', { name: 'Delete my account' }).click()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()

      const root = await s.person({ cookie: await server.login('root@example.org', { password: PASSWORD }) })
      await root.go()
      await root.page.getByRole('link', { name: 'Sprache' }).waitFor()
      equal(root.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
