#!/usr/bin/env node
// What comes by mail, with a mail server: the test mail, an invitation, the
// link for a new password, and what one sees while the mail server is away.

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite }) => {
  await suite({ database: 'postgres', mail: true }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const { page } = ann
    const NEXT = 'another battery staple'
    let seen = 0

    await server.locationFromNow(`tidraw_public_url ${server.url};`)
    await server.restart()

    /* the next mail, and the link in it */
    const mail = async (to) => {
      seen += 1
      const { plain, subject, ...m } = (await server.mails(seen)).at(-1)
      equal(m.to.join(), to, 'to')
      return { plain, subject, link: /http\S+/.exec(plain)?.[0] }
    }

    await test('the administrator sends a test mail and sees whether it was taken', async () => {
      await ann.go('admin/settings')
      const row = page.locator('tbody tr').filter({ hasText: 'tidraw_smtp' })
      await row.getByText(/^localhost:\d+, from boards@example\.org$/).waitFor()
      await row.getByText('Environment').waitFor()
      await page.getByRole('button', { name: 'Send a test mail' }).click()
      await page.getByText('The mail server took the mail to ann@example.org.').waitFor()
      await mail('ann@example.org')
      await ann.picture('admin-settings-mail-1280')
      equal(await ann.barriers(), '', 'barriers')
    })

    await test('what keeps it from being sent is said', async () => {
      await server.mailServer('stop')
      ann.expects(/502/)
      await page.getByRole('button', { name: 'Send a test mail' }).click()
      await page.getByText(/The mail was not sent\. Nothing answers at the mail server's address, localhost port/).waitFor()
      await ann.picture('admin-settings-no-mail-1280')
      equal(await ann.barriers(), '', 'barriers')
      await server.mailServer('start')
    })

    await test('who is invited gets a mail, makes an account and is on the board', async () => {
      const room = await server.room(ann.cookie, 'Garden party')
      await ann.open(room)
      await ann.canvas()
      await ann.drawBox(300, 300)
      await page.getByRole('button', { name: 'Share' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('tab', { name: 'People' }).click()
      await dialog.getByLabel('E-mail of the person').fill('ida@example.org')
      ann.expects(/404/)
      await dialog.getByRole('button', { name: 'Add', exact: true }).click()
      await dialog.getByRole('button', { name: 'Create invitation' }).click()
      await dialog.getByText('ida@example.org').waitFor()

      const { link, subject } = await mail('ida@example.org')
      equal(subject.includes('Garden party'), true, subject)
      const ida = await s.person()
      await ida.page.goto(link)
      await ida.page.getByRole('heading', { name: 'Ann Arbor invites you' }).waitFor()
      await ida.page.getByLabel('Name').fill('Ida')
      await ida.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await ida.page.keyboard.press('Enter')
      await ida.canvas()
      await ida.seesShapes(1)
      equal(ida.trouble(), '', 'trouble')
      await ida.context.close()
    })

    await test('who forgot the password sets a new one by the link of the mail', async () => {
      const eve = await s.person()
      await eve.go('forgot')
      await eve.page.getByLabel('E-mail').fill('ida@example.org')
      await eve.page.keyboard.press('Enter')
      await eve.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
      const { link } = await mail('ida@example.org')
      await eve.page.goto(link)
      await eve.page.getByLabel('New password').fill(NEXT)
      await eve.page.keyboard.press('Enter')
      await eve.page.getByRole('link', { name: 'Garden party' }).waitFor()
      equal((await server.errorLog()).includes(link), false, 'the link is in the log')
      equal(eve.trouble(), '', 'trouble')
      await eve.context.close()
    })

    await test('the administrator has a link sent to somebody', async () => {
      await ann.go('admin/users')
      await ann.choose('Actions for Ida', 'Send link for a new password')
      const shown = await page.getByRole('dialog').locator('.td-secret').textContent()
      equal((await mail('ida@example.org')).link, new URL(shown, s.url()).href, 'the same link')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
