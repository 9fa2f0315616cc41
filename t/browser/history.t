#!/usr/bin/env node
// The history of a board: any moment of it can be looked at, named, copied,
// and brought back, by those who may.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  await suite({ database: 'postgres' }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann Arbor')
    const room = await server.room(ann.cookie, 'Plans')
    const viewers = await server.link(ann.cookie, room, 'viewer')
    const { page } = ann

    const dialog = (person) => person.page.getByRole('dialog', { name: /^(History of|Verlauf von)/ })
    const slider = (person) => dialog(person).getByRole('slider')
    const picture = (person) => dialog(person).locator('.td-history-picture[aria-busy=false]')
    const past = (person) => picture(person).locator('.tl-shape')
    const sees = (person, n) => until(async () => (await past(person).count()) === n, `${n} shapes in the history`)
    const camera = (person) => dialog(person).locator('.tl-html-layer').first().getAttribute('style')

    const open = async (person) => {
      await person.page.getByTestId('main-menu.button').click()
      await person.page.getByTestId('main-menu.history').click()
      await dialog(person).waitFor()
    }

    const moments = async () => (await ann.api('GET', `rooms/${room}/history`)).moments

    await ann.open(room)
    await ann.canvas()

    /* a moment is a second of drawing: each box gets one of its own */
    for (let n = 1; n <= 3; n += 1) {
      await ann.drawBox(240 + n * 120, 240, 90, 90)
      await until(async () => (await ann.api('GET', `rooms/${room}/snapshot`)).documents
        .filter((d) => d.state.typeName === 'shape').length === n, 'saved')
      const { at } = (await moments()).at(-1)
      await until(() => Math.floor(Date.now() / 1000) > Math.floor(at / 1000), 'the next second')
    }

    await test('the last picture stays until the next is there, which is not waited for by who moves on', async () => {
      const first = new RegExp(`/history/${(await moments())[0].clock}$`)
      let held = null

      await page.route(first, (route) => (held = route))
      await open(ann)
      await sees(ann, 3)
      const cancelled = page.waitForEvent('requestfailed', (request) => first.test(request.url()))
      await page.keyboard.press('Home')
      await until(() => held !== null, 'the request')
      equal(await dialog(ann).locator('.tl-shape').count(), 3, 'shapes meanwhile')
      await page.keyboard.press('End')
      await cancelled
      await sees(ann, 3)
      await page.unroute(first)
    })

    await test('the history shows earlier moments, and who was drawing', async () => {
      await dialog(ann).getByText('by Ann Arbor').waitFor()
      const there = await camera(ann)

      await page.keyboard.press('ArrowLeft')
      await sees(ann, 2)
      equal((await slider(ann).getAttribute('aria-valuetext')).endsWith('by Ann Arbor'), true, 'what the slider says')
      await dialog(ann).getByRole('button', { name: 'Earlier' }).click()
      await sees(ann, 1)
      equal(await camera(ann), there, 'camera')
      await page.keyboard.press('End')
      await sees(ann, 3)
      await page.keyboard.press('ArrowLeft')
      await sees(ann, 2)
    })

    await test('nothing can be changed in it', async () => {
      await page.mouse.move(300, 300)
      await page.mouse.down()
      await page.mouse.move(320, 310, { steps: 3 })
      await page.mouse.up()
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Delete')
      await sees(ann, 2)
      equal(await ann.page.locator('.td-editor .tl-shape').count(), 3, 'shapes of the board')
    })

    await test('a moment gets a name, and is in the list', async () => {
      await dialog(ann).getByRole('button', { name: 'Name this version' }).click()
      await page.getByLabel('Name of the version').fill('Two boxes')
      await page.keyboard.press('Enter')
      await ann.told('This version is “Two boxes” now')
      await slider(ann).focus()
      await page.keyboard.press('End')
      await sees(ann, 3)
      await dialog(ann).getByRole('button', { name: /^Two boxes/ }).click()
      await sees(ann, 2)
      equal(await ann.barriers(), '', 'barriers')
      await ann.picture('history-1280')

      await ann.choose('Actions for the version Two boxes', 'Rename')
      await page.getByLabel('Name of the version').fill('Two')
      await page.keyboard.press('Enter')
      await dialog(ann).getByRole('button', { name: /^Two / }).waitFor()
    })

    const gil = await s.person({ width: 390, language: 'de-DE', scheme: 'dark' })
    await gil.open(room, viewers)
    await gil.callMyself('Gil')
    await gil.seesShapes(3)

    await test('it comes back for everybody, and that can be undone', async () => {
      await dialog(ann).getByRole('button', { name: 'Restore' }).click()
      await dialog(ann).waitFor({ state: 'detached' })
      await ann.seesShapes(2)
      await gil.seesShapes(2)
      await page.locator('.td-toast').getByRole('button', { name: 'Undo' }).click()
      await ann.seesShapes(3)
      await gil.seesShapes(3)
      await ann.told('The board is as it was before')

      /* and the board is drawn on again */
      await ann.drawBox(360, 480, 90, 90)
      await gil.seesShapes(4)
    })

    await test('a guest who may look at the board may look at its history', async () => {
      await open(gil)
      await dialog(gil).getByRole('heading', { name: 'Verlauf von „Plans“' }).waitFor()
      await sees(gil, 4)
      await dialog(gil).getByRole('button', { name: 'Benannte Versionen' }).click()
      await gil.picture('history-versions-dark-390')
      await dialog(gil).getByRole('button', { name: /^Two / }).click()
      await sees(gil, 2)
      equal(await dialog(gil).getByRole('button', { name: /Wiederherstellen|benennen|kopieren/ }).count(), 0, 'actions')
      equal(await gil.barriers(), '', 'barriers')
      await gil.picture('history-guest-dark-390')
      equal(gil.trouble(), '', 'trouble')
      await gil.context.close()
    })

    await test('a viewer with an account may make a board of it', async () => {
      const vic = await s.member('vic@example.org', 'Vic', { scheme: 'dark' })
      await vic.open(room, viewers)
      await vic.canvas()
      await open(vic)
      await dialog(vic).getByRole('button', { name: /^Two / }).click()
      await sees(vic, 2)
      equal(await dialog(vic).getByRole('button', { name: /Restore|Name this|Actions for/ }).count(), 0, 'changes')
      equal(await vic.barriers(), '', 'barriers')
      await vic.picture('history-dark-1280')
      await dialog(vic).getByRole('button', { name: 'Copy to a new board' }).click()
      await vic.page.getByLabel('Name of the new board').fill('Mine')
      await vic.page.keyboard.press('Enter')
      await dialog(vic).waitFor({ state: 'detached' })
      await vic.seesShapes(2)
      await until(async () => (await vic.page.title()) === 'Mine · Tidraw', 'the title')
      equal(new URL(vic.page.url()).pathname.includes(room), false, 'the board of before')
      equal(vic.trouble(), '', 'trouble')
      await vic.context.close()
    })

    await test('a long history has a coarse slider, and a fine one of a part', async () => {
      const [{ clock }] = await moments()

      await server.sql(`UPDATE history SET at = at - 7200000 WHERE clock <= ${clock} AND room = (SELECT num FROM rooms WHERE id = '${room}')`)
      await open(ann)
      await sees(ann, 4)
      await until(async () => (await dialog(ann).getByRole('radio', { name: 'A minute' }).count()) === 1, 'parts of the time')
      const part = page.waitForResponse((response) => new URL(response.url()).searchParams.has('from'))
      await dialog(ann).getByRole('radio', { name: 'A minute' }).click()
      const { step, moments: fine } = await (await part).json()
      equal(step, 1000, 'step')
      await until(async () => Number(await slider(ann).getAttribute('aria-valuemax')) === Math.max(1, fine.length - 1), 'its moments')
      equal(await ann.barriers(), '', 'barriers')
      await ann.picture('history-parts-1280')
      await page.keyboard.press('Escape')
      await dialog(ann).waitFor({ state: 'detached' })
    })

    await test('on a phone; the way back leads to the board', async () => {
      await page.setViewportSize({ width: 390, height: 844 })
      await open(ann)
      await sees(ann, 4)
      await page.keyboard.press('ArrowLeft')
      await dialog(ann).getByRole('button', { name: 'Show everything' }).click()
      await until(async () => (await past(ann).count()) < 4, 'an earlier moment')
      equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'width')
      equal(await ann.barriers(), '', 'barriers')
      await ann.picture('history-390')
      await page.goBack()
      await dialog(ann).waitFor({ state: 'detached' })
      await page.setViewportSize({ width: 1280, height: 800 })
    })

    await test('what there is not, and what cannot be had now, is said', async () => {
      const refusal = (status, code) => ({ status, json: { error: { code, message: '' } } })
      const answers = { list: refusal(403, 'forbidden'), board: null }
      const answer = (what) => (route) => (answers[what] ? route.fulfill(answers[what]) : route.continue())

      ann.expects(/403|404/)
      await page.route(/\/history$/, answer('list'))
      await page.route(/\/history\/\d+$/, answer('board'))
      await page.reload()
      await ann.canvas()
      await open(ann)
      await dialog(ann).getByText('The history could not be loaded').waitFor()
      answers.list = null
      await dialog(ann).getByRole('button', { name: 'Try again' }).click()
      await sees(ann, 4)

      answers.board = refusal(404, 'not_found')
      await slider(ann).focus()
      await page.keyboard.press('Home')
      await dialog(ann).getByText('This moment is no longer kept').waitFor()
      equal(await dialog(ann).getByRole('button', { name: 'Restore' }).count(), 0, 'to what is not kept')
      await ann.picture('history-gone-1280')

      // anew, or what is there is shown: how many moments there are is by chance

      answers.board = refusal(403, 'forbidden')
      await page.reload()
      await dialog(ann).getByText('This moment could not be loaded').waitFor()
      answers.board = null
      await dialog(ann).getByRole('button', { name: 'Try again' }).click()
      await dialog(ann).getByRole('alert').waitFor({ state: 'detached' })

      await page.keyboard.press('Escape')
      await dialog(ann).waitFor({ state: 'detached' })
      equal(new URL(page.url()).search, '', 'address')
      answers.list = { json: { from: 0, to: 0, step: 1000, moments: [], versions: [], people: [] } }
      await open(ann)
      await dialog(ann).getByText('No history yet').waitFor()
    })

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
    })
  })

  done()
})
