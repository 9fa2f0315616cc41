#!/usr/bin/env node
// Every page at three widths: pictures in build/screenshots to look at, nothing
// wider than the screen, and no barrier that axe-core finds.  A wide one is
// light and a narrow one dark; with LONG=1 every width is both.

import('./harness.mjs').then(async ({ done, equal, suite }) => {
  await suite({}, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    await s.member('bo@example.org', 'Bo Li')
    const rooms = []

    for (const name of ['Roadmap', 'Kitchen', 'Physics, class 9b', 'A rather long name that does not fit on a card']) {
      rooms.push(await server.room(ann.cookie, name))
    }
    const [room] = rooms
    const gone = await server.room(ann.cookie, 'Last year')
    const link = await server.link(ann.cookie, room, 'viewer')

    await ann.go()
    await ann.api('DELETE', `rooms/${gone}`)
    const folder = await ann.api('POST', 'folders', { name: 'House' })
    await ann.api('PUT', `rooms/${rooms[1]}/folder`, { folder: folder.id })
    await ann.api('PUT', `rooms/${rooms[2]}/favourite`, {})
    await ann.api('POST', `rooms/${room}/members`, { email: 'bo@example.org', role: 'editor' })
    const invite = await ann.api('POST', `rooms/${room}/invites`, { email: 'cat@example.org', role: 'viewer' })
    await ann.open(room)
    await ann.canvas()
    await ann.drawBox(300, 200)
    await ann.drawBox(560, 300, 220, 120)
    await ann.page.getByRole('link', { name: 'All boards' }).click()
    await ann.page.locator('img.td-thumbnail').first().waitFor()

    const click = (role, name) => (page) => page.getByRole(role, { name, exact: true }).first().click()
    const share = (tab) => async (page) => {
      await page.getByRole('button', { name: 'Share' }).click()
      await page.getByRole('tab', { name: tab }).click()
      await page.getByRole('tabpanel', { name: tab }).locator('li, button').first().waitFor()
    }

    /* as a browser elsewhere is told before there is an account */
    const before = async (page) => {
      await page.route(/\/api\/config$/, async (route) => {
        const json = await (await route.fetch()).json()
        await route.fulfill({ json: { ...json, setup: { needed: true, code_required: true } } })
      })
      await page.goto(s.url('setup'))
      await page.getByLabel('Setup code').waitFor()
      await page.unroute(/\/api\/config$/)
    }

    /* name, address, what to do there, who looks */
    const pages = [
      ['boards', ''],
      ['boards-menu', '', click('button', 'Actions for Roadmap')],
      ['boards-recent', 'recent'],
      ['boards-favourites', 'favourites'],
      ['boards-folder', `folder/${folder.id}`],
      ['boards-new-folder', '', click('button', 'New folder')],
      ['bin', 'bin'],
      ['bin-purge', 'bin', click('button', 'Delete Last year for ever')],
      ['account-menu', '', click('button', 'Account and settings')],
      ['account', 'account'],
      ['account-delete', 'account', click('button', 'Delete account')],
      ['account-security', 'account/security'],
      ['account-tokens', 'account/tokens'],
      ['admin', 'admin'],
      ['admin-users', 'admin/users'],
      ['admin-add-user', 'admin/users', click('button', 'Add person')],
      ['admin-boards', 'admin/boards'],
      ['admin-storage', 'admin/storage'],
      ['admin-activity', 'admin/activity'],
      ['admin-settings', 'admin/settings'],
      ['board', `board/${room}`],
      ['board-menu', `board/${room}`, (page) => page.getByTestId('main-menu.button').click()],
      ['share-links', `board/${room}`, share('Links')],
      ['share-people', `board/${room}`, share('People')],
      ['share-embed', `board/${room}`, share('Embed')],
      ['embed', `embed/${room}?link=${link}`, null, 'guest'],
      ['guest-name', `board/${room}?link=${link}`, null, 'guest'],
      ['setup', '', before, 'guest'],
      ['invitation', `invite/${invite.token}`, null, 'guest'],
      ['invitation-account', `invite/${invite.token}`],
      ['invitation-gone', 'invite/AAAA', null, 'guest'],
      ['sign-in', 'sign-in', null, 'guest'],
      ['register', 'register', null, 'guest'],
      ['forgot', 'forgot', null, 'guest'],
      ['reset', 'reset/AAAA', null, 'guest'],
      ['refused', `board/${room}`, null, 'guest'],
      ['nothing', 'nothing'],
    ]

    const schemes = (width) => {
      if (process.env.LONG) return ['light', 'dark']
      return { 1280: ['light'], 768: [], 390: ['dark'] }[width]
    }

    const people = { ann: await s.person({ cookie: ann.cookie }), guest: await s.person() }
    people.guest.expects(/401|404/)

    for (const [name, path, act, who = 'ann'] of pages) {
      await test(`${name}: looks, and no barriers`, async () => {
        const person = people[who]
        const { page } = person
        const wrong = []

        await page.setViewportSize({ width: 1280, height: 800 })
        await person.go(path)
        await page.locator('h1, .tl-canvas').first().waitFor()
        await page.locator('[role=status] .rt-Spinner').first().waitFor({ state: 'detached' })
        if (act) await act(page)

        for (const width of [1280, 768, 390]) {
          await page.setViewportSize({ width, height: width < 500 ? 844 : 800 })
          for (const colorScheme of schemes(width)) {
            await page.emulateMedia({ colorScheme })
            await page.locator(`.radix-themes.${colorScheme}`).first().waitFor()
            await person.picture(`${name}-${width}-${colorScheme}`)
            wrong.push(await person.barriers())
          }
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          if (wide > 0) wrong.push(`${wide} pixels wider than the screen of ${width}`)
        }

        equal(wrong.filter(Boolean).join('\n'), '', 'wrong')
      })
    }

    await test('a name of one long word makes no dialogue wider than a phone', async () => {
      const { page } = people.ann
      const long = await server.room(ann.cookie, 'W'.repeat(100))
      await page.setViewportSize({ width: 390, height: 844 })
      await ann.api('POST', `rooms/${long}/invites`, { email: `${'w'.repeat(60)}@example.org`, role: 'viewer' })
      await people.ann.open(long)
      await people.ann.canvas()
      await share('People')(page)
      await page.getByText('w@example.org').waitFor()
      await people.ann.picture('share-long-390')
      const dialog = await page.getByRole('dialog').boundingBox()
      equal(dialog.x >= 0 && dialog.x + dialog.width <= 390, true, JSON.stringify(dialog))

      await people.guest.page.setViewportSize({ width: 390, height: 844 })
      await people.guest.open(long, await server.link(ann.cookie, long, 'viewer'))
      await people.guest.page.getByRole('heading', { name: 'What is your name?' }).waitFor()
      await people.guest.picture('guest-long-390')
      const wide = await people.guest.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      equal(wide, 0, 'pixels wider than the screen')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      for (const person of Object.values(people)) equal(person.trouble(), '', 'trouble')
    })
  })

  done()
})
