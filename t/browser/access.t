#!/usr/bin/env node
// Who may do what on a board, and the page that each refusal leads to.

import('./harness.mjs').then(async ({ PASSWORD, done, equal, suite, until }) => {
  await suite({ database: 'postgres' }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann')
    const room = await server.room(ann.cookie, 'Retro')
    const editors = await server.link(ann.cookie, room, 'editor')
    const viewers = await server.link(ann.cookie, room, 'viewer')

    await ann.open(room)
    await ann.canvas()
    await ann.drawBox(300, 300)

    await test('a guest with a link for editing says a name once, and draws', async () => {
      const guest = await s.person({ width: 390 })
      await guest.open(room, editors)
      await guest.page.getByRole('heading', { name: 'What is your name?' }).waitFor()
      await guest.picture('guest-name-390')
      await guest.callMyself('Gil')
      await guest.canvas()
      await guest.drawBox(80, 250)
      await ann.seesShapes(2)
      await guest.page.reload()
      await guest.canvas()
      equal(guest.trouble(), '', 'trouble')
      await guest.picture('board-390')
      await guest.context.close()
    })

    await test('a viewer sees the board and cannot change it', async () => {
      const viewer = await s.person({ scheme: 'dark' })
      await viewer.open(room, viewers)
      await viewer.callMyself('Vic')
      await viewer.canvas()
      await viewer.seesShapes(2)
      await viewer.page.getByText('View only').waitFor()
      equal(await viewer.page.getByTestId('tools.draw').count(), 0, 'drawing tools')

      await viewer.drawBox(500, 300)
      await viewer.page.mouse.click(380, 300)
      await viewer.page.keyboard.press('Control+a')
      await viewer.page.keyboard.press('Delete')

      /* a change of the owner after it arrives: the viewer's had its time */
      await ann.drawBox(700, 500)
      await viewer.seesShapes(3)
      await ann.seesShapes(3)
      await viewer.picture('viewer-dark-1280')
      equal(viewer.trouble(), '', 'trouble')
      await viewer.context.close()
    })

    await test('without an account or link one signs in and comes back', async () => {
      await server.register('bob@example.org', { name: 'Bob', password: PASSWORD })
      const own = await server.room(await server.login('bob@example.org', { password: PASSWORD }), "Bob's own")
      const bob = await s.person()
      bob.expects(/401/)
      await bob.open(own)
      await bob.page.locator('[data-reason=NOT_AUTHENTICATED]').waitFor()
      await bob.picture('refusal-NOT_AUTHENTICATED')
      await bob.page.getByRole('link', { name: 'Sign in' }).click()
      await bob.page.getByLabel('E-mail').fill('bob@example.org')
      await bob.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await bob.page.keyboard.press('Enter')
      await bob.canvas()
      equal(new URL(bob.page.url()).pathname, `/board/${own}`, 'address')

      await bob.go('board/AAAAAAAAAAAAAAAAAAAAAA')
      bob.expects(/404/, /403/)
      await bob.page.locator('[data-reason=NOT_FOUND], [data-reason=FORBIDDEN]').waitFor()
      await bob.open(room)
      await bob.page.locator('[data-reason=FORBIDDEN], [data-reason=NOT_FOUND]').waitFor()
      await bob.picture('refusal-of-a-foreign-board')
      await bob.page.getByRole('link', { name: 'All boards' }).click()
      await bob.page.getByRole('heading', { name: 'Boards' }).waitFor()
      equal(bob.trouble(), '', 'trouble')
    })

    const titles = {
      NOT_AUTHENTICATED: 'Please sign in',
      FORBIDDEN: 'This board is not shared with you',
      NOT_FOUND: 'There is no such board',
      CLIENT_TOO_OLD: 'Tidraw was updated',
      SERVER_TOO_OLD: 'The server is being updated',
      INVALID_RECORD: 'A change was not accepted',
      RATE_LIMITED: 'Too much at once',
      ROOM_FULL: 'The board is full',
      UNKNOWN_ERROR: 'The board was closed',
      'a reason of tomorrow': 'The board was closed',
    }

    for (const [reason, title] of Object.entries(titles)) {
      await test(`the connection is refused with ${reason}: a page says so and leads on`, async () => {
        const eve = await s.person({ cookie: ann.cookie, scheme: 'dark', width: 390 })
        eve.expects(/sync error/)
        let tries = 0
        /* the server's part of the talk is one close frame, after the upgrade */
        await eve.page.routeWebSocket(/\/connect\//, (socket) => {
          tries += 1
          socket.onMessage(() => void socket.close({ code: 4099, reason }))
        })
        await eve.open(room)
        await eve.page.getByRole('heading', { name: title }).waitFor()
        equal(tries, reason === 'CLIENT_TOO_OLD' ? 2 : 1, 'connections')
        equal((await eve.page.locator('[data-reason]').getByRole('button').count()) +
              (await eve.page.locator('[data-reason]').getByRole('link').count()) > 0, true, 'a way out')
        await eve.picture(`refusal-${reason.replaceAll(' ', '-')}-390`)
        equal(eve.trouble(), '', 'trouble')
        await eve.context.close()
      })
    }

    await test('an invitation lets somebody make an account and join', async () => {
      await ann.page.getByRole('button', { name: 'Share' }).click()
      const dialog = ann.page.getByRole('dialog')
      await dialog.getByRole('tab', { name: 'People' }).click()
      await dialog.getByLabel('E-mail of the person').fill('ida@example.org')
      ann.expects(/404/)
      await dialog.getByRole('button', { name: 'Add', exact: true }).click()
      await dialog.getByRole('button', { name: 'Create invitation' }).click()
      await dialog.getByText('ida@example.org').waitFor()
      await ann.picture('share-people-1280')
      await ann.context.grantPermissions(['clipboard-read', 'clipboard-write'])
      await dialog.getByRole('button', { name: 'Copy link' }).click()
      await dialog.getByText('Copied').waitFor()
      const address = await ann.page.evaluate(() => navigator.clipboard.readText())
      await ann.page.keyboard.press('Escape')

      const ida = await s.person()
      await ida.page.goto(address)
      await ida.page.getByRole('heading', { name: 'Ann invites you' }).waitFor()
      await ida.picture('invitation-1280')
      await ida.page.getByLabel('Name').fill('Ida')
      await ida.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await ida.page.keyboard.press('Enter')
      await ida.canvas()
      await ida.seesShapes(3)

      ida.expects(/404|410/)
      await ida.page.goto(address)
      await ida.page.getByRole('heading', { name: 'This invitation is no longer valid' }).waitFor()
      equal(ida.trouble(), '', 'trouble')
    })

    await test('the owner makes a link, copies it and takes it back', async () => {
      const board = await server.room(ann.cookie, 'Second')
      await ann.open(board)
      await ann.canvas()
      await ann.page.getByRole('button', { name: 'Share' }).click()
      const dialog = ann.page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Create link for viewing' }).click()
      await dialog.getByRole('button', { name: 'Copy link' }).click()
      await dialog.getByText('Copied').waitFor()
      const address = await ann.page.evaluate(() => navigator.clipboard.readText())
      await ann.picture('share-links-1280')

      const guest = await s.person()
      await guest.page.goto(address)
      await guest.callMyself('Gil')
      await guest.canvas()
      await guest.page.getByText('View only').waitFor()

      await ann.choose('Actions for the link for viewing', 'Revoke this link')
      await ann.page.getByText('Link revoked').first().waitFor()
      guest.expects(/401|403|404|sync error/)
      await guest.page.locator('[data-reason]').waitFor()
      await guest.page.reload()
      await guest.page.locator('[data-reason]').waitFor()
      await until(async () => (await dialog.getByRole('button', { name: /^Create link for/ }).count()) === 2, 'no link is left')
      equal(guest.trouble(), '', 'trouble')
    })

    await test('a session that ended elsewhere leads to signing in', async () => {
      const out = await s.person({ cookie: await server.login('ann@example.org', { password: PASSWORD }) })
      await out.go('bin')
      await out.page.getByRole('heading', { name: 'Bin', exact: true }).waitFor()
      await out.page.evaluate(() =>
        fetch('api/auth/logout', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }),
      )
      out.expects(/401/)
      await out.page.getByRole('link', { name: 'All boards', exact: true }).click()
      await out.page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      equal(out.trouble(), '', 'trouble')
    })

    await test('who is signed out while drawing signs in again and is back on the board', async () => {
      const room = await server.room(ann.cookie, 'In the middle')
      const cookie = await server.login('ann@example.org', { password: PASSWORD })
      const out = await s.person({ cookie })
      out.expects(/sync error NOT_AUTHENTICATED|401/)
      await out.open(room)
      await out.canvas()
      await out.drawBox(300, 300)
      await fetch(s.url('api/auth/logout'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Cookie: cookie.split(';')[0] },
        body: '{}',
      })
      await out.page.getByRole('heading', { name: 'Please sign in' }).waitFor()
      await out.page.getByRole('link', { name: 'Sign in' }).click()
      await out.page.getByLabel('E-mail').fill('ann@example.org')
      await out.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await out.page.keyboard.press('Enter')
      await out.canvas()
      await out.seesShapes(1)
      equal(out.trouble(), '', 'trouble')
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
