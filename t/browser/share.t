#!/usr/bin/env node
// Sharing: templates to begin with, links with limits, owners, guests who are
// sent away, and a board in the page of another site.

const { createServer } = require('node:http')

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  const site = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(site.page)
  })
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${site.address().port}`

  await suite({ database: 'postgres', conf: { location: `tidraw_embed_origins ${origin};` } }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const bob = await s.member('bob@example.org', 'Bob')
    const { page } = ann
    const dialog = page.getByRole('dialog')
    const copied = async (name) => {
      await dialog.getByRole('button', { name }).first().click()
      await dialog.getByText('Copied').waitFor()
      return page.evaluate(() => navigator.clipboard.readText())
    }
    const opened = async (room) => {
      await ann.open(room)
      await ann.canvas()
      await page.getByRole('button', { name: 'Share' }).click()
    }

    await ann.context.grantPermissions(['clipboard-read', 'clipboard-write'])

    await test('a board is begun from a template', async () => {
      await ann.go()
      await ann.choose('Other ways to make a board', 'From a template')
      await dialog.getByRole('button').nth(5).waitFor()
      await ann.picture('templates-1280')
      equal(await ann.barriers(), '', 'barriers')
      await dialog.getByRole('button', { name: 'Kanban' }).click()
      await ann.canvas()
      await until(async () => (await ann.shapes().count()) > 5, 'what the template has')
      await page.getByRole('button', { name: 'Kanban' }).first().waitFor()
    })

    await test('a link with a password asks for it, once, and its limits can be changed', async () => {
      const room = await server.room(ann.cookie, 'Secret plans')
      await opened(room)
      await dialog.getByRole('button', { name: 'Link with an end or a password' }).click()
      await page.getByLabel('Password (optional)').fill('open sesame')
      await ann.picture('share-new-link-1280')
      await page.getByRole('button', { name: 'Create link', exact: true }).last().click()
      await dialog.getByText(/until .*, with a password/).waitFor()
      const address = await copied('Copy link')

      const guest = await s.person()
      guest.expects(/401/)
      await guest.page.goto(address)
      await guest.page.getByRole('heading', { name: 'This link needs a password' }).waitFor()
      await guest.picture('link-password-1280')
      equal(await guest.barriers(), '', 'barriers')
      await guest.page.getByLabel('Password', { exact: true }).fill('sesame')
      await guest.page.keyboard.press('Enter')
      await guest.page.getByText('This is not the password.').waitFor()
      await guest.page.getByLabel('Password', { exact: true }).fill('open sesame')
      await guest.page.keyboard.press('Enter')
      await guest.callMyself('Gil')
      await guest.canvas()
      await guest.page.getByText('View only').waitFor()
      await guest.page.reload()
      await guest.canvas()

      await dialog.getByRole('button', { name: 'Actions for the link for viewing' }).click()
      await page.getByRole('menuitem', { name: 'Until revoked' }).click()
      await dialog.getByText('with a password', { exact: true }).waitFor()
      equal(guest.trouble(), '', 'trouble')
      await guest.context.close()
    })

    await test('a link with an end lets nobody in after it, and who is in has to go', async () => {
      const room = await server.room(ann.cookie, 'For a day')
      await opened(room)
      await dialog.getByRole('button', { name: 'Link with an end or a password' }).click()
      await page.getByRole('button', { name: 'Create link', exact: true }).last().click()
      await dialog.getByText(/until /).waitFor()
      const address = await copied('Copy link')

      const guest = await s.person()
      guest.expects(/40[134]|410|sync error/)
      await guest.page.goto(address)
      await guest.callMyself('Gil')
      await guest.canvas()

      /* its end is three seconds from now */
      const link = new URL(address).searchParams.get('link')
      const { links } = await ann.api('GET', `rooms/${room}/links`)
      await ann.api('PATCH', `rooms/${room}/links/${links[0].id}`, { expires_at: Date.now() + 3000 })
      equal(links[0].token, link, 'the link')
      await guest.page.locator('[data-reason]').waitFor()
      await guest.page.goto(address)
      await guest.page.locator('[data-reason]').waitFor()
      await guest.picture('link-expired-1280')
      equal(guest.trouble(), '', 'trouble')
      await guest.context.close()
    })

    await test('a guest is sent away at once', async () => {
      const room = await server.room(ann.cookie, 'Open house')
      const guest = await s.person()
      guest.expects(/sync error/)
      await guest.open(room, await server.link(ann.cookie, room, 'editor'))
      await guest.callMyself('Gil')
      await guest.canvas()
      await opened(room)
      await dialog.getByText('links with that name work on this machine only').waitFor()
      await dialog.getByRole('tab', { name: 'People' }).click()
      const here = dialog.getByRole('list', { name: 'Here now' })
      await here.getByText('Ann Arbor (you)').waitFor()
      await here.getByText('Guest, Can edit').waitFor()
      await ann.picture('share-here-now-1280')
      await dialog.getByRole('button', { name: 'Send Gil away' }).click()
      await guest.page.locator('[data-reason=FORBIDDEN]').waitFor()
      await ann.told('Gil was sent away.')
      equal(guest.trouble(), '', 'trouble')
      await guest.context.close()
    })

    await test('a member is taken out at once, comes back by undo, and becomes the owner', async () => {
      const room = await server.room(ann.cookie, 'Handed over')
      await opened(room)
      await dialog.getByRole('tab', { name: 'People' }).click()
      await dialog.getByLabel('E-mail of the person').fill('bob@example.org')
      await page.keyboard.press('Enter')
      await dialog.getByText('bob@example.org').waitFor()
      await bob.open(room)
      await bob.canvas()
      for (const person of [ann, bob]) person.expects(/sync error|403|404/)
      await ann.choose('Actions for Bob', 'Remove from the board')
      await bob.page.locator('[data-reason]').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await dialog.getByText('bob@example.org').waitFor()

      await ann.choose('Actions for Bob', 'Make the owner')
      await page.getByRole('alertdialog').getByRole('button', { name: 'Make the owner' }).click()
      await dialog.getByText('Only the owner can change who may come here.').waitFor()
      const { owner } = await bob.api('GET', `rooms/${room}`)
      equal(owner.name, 'Bob', 'owner')
    })

    await test('who leaves a board is asked, since only others can bring one back', async () => {
      const room = await server.room(ann.cookie, 'Not for Bob')
      await ann.api('POST', `rooms/${room}/members`, { email: 'bob@example.org', role: 'viewer' })
      await bob.go()
      await bob.choose('Actions for Not for Bob', 'Leave the board')
      const asked = bob.page.getByRole('alertdialog', { name: 'Leave “Not for Bob”?' })
      await asked.waitFor()
      equal(await bob.barriers(), '', 'barriers')
      await asked.getByRole('button', { name: 'Leave the board' }).click()
      await bob.told('You left “Not for Bob”')
      await bob.page.getByRole('link', { name: 'Not for Bob' }).waitFor({ state: 'detached' })
      equal((await ann.api('GET', `rooms/${room}/members`)).members.length, 1, 'members')
    })

    await test('a board stands in the page of another site, where that is allowed', async () => {
      const room = await server.room(ann.cookie, 'On our site')
      await ann.open(room)
      await ann.canvas()
      await ann.drawBox(300, 300)
      await page.getByText('Saved', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Share' }).click()
      await dialog.getByRole('tab', { name: 'Embed' }).click()
      await dialog.getByRole('button', { name: 'Create link for viewing' }).click()
      site.page = `<!doctype html><title>Our site</title>${await copied('Copy code')}`

      const visitor = await s.person()
      await visitor.page.goto(`${origin}/`)
      const frame = visitor.page.frameLocator('iframe')
      await frame.locator('.tl-shape').waitFor()
      await frame.getByText('View only').waitFor()
      await visitor.picture('embedded-1280')
      await visitor.context.close()
    })

    await test('a link with a password in the page of another site leads to a page of its own', async () => {
      const room = await server.room(ann.cookie, 'Behind a password')
      const link = await server.link(ann.cookie, room, 'viewer', { password: 'open sesame' })
      site.page = `<!doctype html><title>Our site</title><iframe title="board" width="700" height="450" src="${s.url(`embed/${room}?link=${link}`)}"></iframe>`

      const visitor = await s.person()
      visitor.expects(/401/)
      await visitor.page.goto(`${origin}/`)
      const frame = visitor.page.frameLocator('iframe')
      await frame.getByText('A board with a password does not open inside the page of another site.').waitFor()
      await visitor.picture('embedded-password-1280')
      const tab = visitor.context.waitForEvent('page')
      await frame.getByRole('link', { name: 'Open the board' }).click()
      const own = await tab
      await own.getByLabel('Password', { exact: true }).fill('open sesame')
      await own.keyboard.press('Enter')
      await own.getByLabel('Name').fill('Gil')
      await own.keyboard.press('Enter')
      await own.locator('.tl-canvas').waitFor()
      await visitor.context.close()
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  site.close()
  done()
})
