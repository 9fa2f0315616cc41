#!/usr/bin/env node
// An address that one pastes becomes a bookmark. The browser asks no foreign
// site; where previews are on, the server knows what the page is called.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  const { execFileSync } = require('node:child_process')

  const paste = (person, text) =>
    person.page.evaluate((text) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', text)
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
    }, text)

  const bookmark = (person, text) => person.page.locator('.tl-bookmark__container', { hasText: text })

  const records = async (server) =>
    (await server.sql("SELECT state FROM records WHERE id LIKE 'asset:%'")).map(([state]) => JSON.parse(state).props)

  async function board(s, name) {
    const person = await s.member('ann@example.org', 'Ann')
    await person.open(await s.server.room(person.cookie, name))
    await person.canvas()
    await person.page.locator('.tl-container').focus()
    return person
  }

  await suite({}, async (s) => {
    const { test } = s
    const ann = await board(s, 'Links')

    await test('without previews it shows the address', async () => {
      await paste(ann, 'https://www.example.org/some/page')
      await bookmark(ann, 'www.example.org/some/page').waitFor()
      await until(async () => (await records(s.server)).length === 1, 'the asset is stored')
      const [props] = await records(s.server)
      equal(props.src, 'https://www.example.org/some/page', 'the address')
      equal(`${props.image}${props.favicon}${props.description}`, '', 'and nothing of the page')
    })

    await test('and nobody is asked', async () => equal(ann.trouble(), '', 'trouble'))
  })

  await suite({ conf: { location: 'tidraw_previews on;' } }, async (s) => {
    const { test, server } = s
    const ann = await board(s, 'Previews')
    const bob = await s.person()

    const know = (url, title, description) => {
      const hash = execFileSync('b2sum', ['-l', '256'], { input: url }).toString().slice(0, 64)
      return server.sql(`INSERT INTO previews (hash, title, description, fetched_at)
        VALUES ('${hash}', '${title}', '${description}', ${Date.now()})`)
    }

    await know('https://www.example.org/some/page', 'A page of <b>ours</b>', 'What it is about')
    await know('https://xn--bcher-kva.example/', 'Books', '')

    await test('with previews it shows the title of the page', async () => {
      await paste(ann, 'https://www.example.org/some/page')
      await bookmark(ann, 'A page of <b>ours</b>').waitFor()
      await until(async () => (await records(server))[0]?.description === 'What it is about', 'its description is stored')
      await ann.picture('bookmark')
    })

    await test('others see the same', async () => {
      const room = /board\/([\w-]+)/.exec(ann.page.url())[1]
      await bob.open(room, await server.link(ann.cookie, room, 'editor'))
      await bob.callMyself('Bob')
      await bob.canvas()
      await bookmark(bob, 'A page of <b>ours</b>').waitFor()
    })

    await test('a guest who may edit has previews, too', async () => {
      await bob.page.locator('.tl-container').focus()
      await paste(bob, 'https://bücher.example')
      await bookmark(bob, 'Books').waitFor()
      await bookmark(ann, 'Books').waitFor()
    })

    await test('a page of a private address becomes a plain bookmark', async () => {
      ann.expects(/400 \(Bad Request\)/)
      await paste(ann, 'http://10.0.0.1/router')
      await bookmark(ann, '10.0.0.1/router').waitFor()
      await until(async () => (await records(s.server)).length === 3, 'the asset is stored')
    })

    await test('no browser has asked a foreign site', async () => equal(ann.trouble() + bob.trouble(), '', 'trouble'))
  })

  done()
})
