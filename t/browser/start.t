#!/usr/bin/env node
// A server that nobody has an account on: set up from another machine with the
// code of the log, or by the environment, before anybody comes; and the way
// back in for an administrator who lost the password.

const { execFileSync } = require('node:child_process')

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite, until }) => {
  await suite({ without: 'tidraw_registration' }, async (s) => {
    const { test, server } = s

    await test('from another machine the first account needs the code of the log', async () => {
      const ann = await s.person({ extraHTTPHeaders: { 'X-Forwarded-For': '192.0.2.7' } })
      const { page } = ann
      ann.expects(/403/)
      await ann.go()
      await page.getByRole('heading', { name: 'Set up Tidraw' }).waitFor()
      await page.getByLabel('Name').fill('Ann')
      await page.getByLabel('E-mail').fill('ann@example.org')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.getByLabel('Setup code').fill('AAAA-BBBB-CCCC')
      await page.keyboard.press('Enter')
      await page.getByText('This is not the setup code.').waitFor()

      let code = null
      await until(async () => (code = /event=setup_code code=([A-Z]{4}-[A-Z]{4}-[A-Z]{4})/.exec(await server.errorLog())?.[1]), 'a code')
      await page.getByLabel('Setup code').fill(code)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'No boards yet' }).waitFor()
      await ann.choose('Account and settings', 'Administration')
      await page.getByRole('heading', { name: 'Now' }).waitFor()
      equal(ann.trouble(), '', 'trouble')
      await ann.context.close()
    })

    await test('the code is good for nothing then: others are invited', async () => {
      const bob = await s.person()
      await bob.go()
      await bob.page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      await bob.go('setup')
      await bob.page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      equal(await bob.page.getByLabel('Setup code').count(), 0, 'no code is asked for')
      await bob.go('register')
      await bob.page.getByRole('heading', { name: 'You need an invitation' }).waitFor()
      equal(bob.trouble(), '', 'trouble')
    })
  })

  const env = { ADMIN_EMAIL: 'root@example.org', ADMIN_PASSWORD: PASSWORD, ADMIN_NAME: 'Root' }

  await suite({ database: 'postgres', env, conf: { location: 'tidraw_license_key "not-a-real-key";' } }, async (s) => {
    const { test, server } = s
    const root = await s.person()
    const { page } = root

    await test('an administrator of the environment signs in at once', async () => {
      await until(async () => (await server.sql('SELECT id FROM users')).length === 1, 'the account')
      await root.go()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      await page.getByLabel('E-mail').fill('root@example.org')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'No boards yet' }).waitFor()
    })

    await test('settings tell whether a licence key is set, and not the key', async () => {
      await root.choose('Account and settings', 'Administration')
      await page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Settings' }).click()
      await page.getByText('A licence key of tldraw is set.').waitFor()
      const row = page.locator('tbody tr').filter({ hasText: 'tidraw_license_key' })
      await row.getByText('Directive').waitFor()
      equal((await row.textContent()).includes('not-a-real-key'), false, 'the key is shown')
    })

    await test('who lost the password gets a link at the command line', async () => {
      const said = execFileSync('tools/admin-password.sh', [], {
        env: { ...process.env, DATABASE_URL: server.database, PUBLIC_URL: s.url() },
        encoding: 'utf8',
      })
      const again = await s.person()
      await again.page.goto(/http\S+/.exec(said)[0])
      await again.page.getByLabel('New password').fill('purple tractor on the moon')
      await again.page.keyboard.press('Enter')
      await again.page.getByRole('heading', { name: 'No boards yet' }).waitFor()

      await root.go()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      equal(again.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      root.expects(/401/)
      equal(root.trouble(), '', 'Root')
    })
  })

  done()
})
