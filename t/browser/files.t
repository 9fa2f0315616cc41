#!/usr/bin/env node
// A picture that one drops on a board is seen by the others, guests too, in
// the size they need; and nothing that people upload runs on the site.

const { readFile } = require('node:fs/promises')

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  await suite({ location: '/team/' }, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann')
    const bob = await s.person()
    const room = await server.room(ann.cookie, 'Photographs')
    const link = await server.link(ann.cookie, room, 'editor')

    await ann.open(room)
    await ann.canvas()
    await bob.open(room, link)
    await bob.callMyself('Bob')
    await bob.canvas()

    const images = (person) => person.page.locator('.tl-shape img.tl-image')
    const shown = (person, n) =>
      until(async () => {
        const sizes = await images(person).evaluateAll((all) => all.map((i) => (i.complete ? i.naturalWidth : 0)))
        return sizes.length === n && sizes.every((w) => w > 0)
      }, `${n} pictures`)

    await test('a picture is dropped, and the guest sees it', async () => {
      await drop(ann, 'noise', 'holiday.png')
      await shown(ann, 1)
      await shown(bob, 1)
      await ann.picture('files')
    })

    await test('it came from the server, not from the record', async () => {
      const src = await images(bob).first().getAttribute('src')
      equal(new URL(src, s.url()).pathname.startsWith(`/team/api/rooms/${room}/files/`), true, src)
      const [[state]] = await server.sql(`SELECT state FROM records WHERE id LIKE 'asset:%'`)
      equal(/^asset:[\w-]{22}$/.test(JSON.parse(state).props.src), true, state.slice(0, 300))
    })

    await test('a reduced copy is what a small screen gets', async () => {
      /* the picture has 2400 pixels, and the one who brought it sees it whole */
      await until(async () => (await images(ann).first().getAttribute('src')).includes('w=1200'), 'a copy')
      await until(async () => (await images(ann).first().evaluate((i) => i.naturalWidth)) === 1200, 'its pixels')
      equal(await images(bob).first().evaluate((i) => i.naturalWidth), 2400, 'for the guest, who sees it larger')
    })

    await test('a guest may add one, too', async () => {
      await drop(bob, 'small', 'dot.png')
      await shown(ann, 2)
      await shown(bob, 2)
    })

    await test('a copy of the board has the pictures, for those who may see it', async () => {
      const answer = await ann.page.request.post(s.url(`api/rooms/${room}/duplicate`), { data: {} })
      const copy = (await answer.json()).id
      await ann.open(copy)
      await ann.canvas()
      await shown(ann, 2)
      const src = await images(ann).first().getAttribute('src')
      equal(src.includes(copy), true, src)
      equal((await bob.page.request.get(new URL(src, s.url()).href)).status(), 401, 'for the guest of the other')
      await ann.open(room)
      await ann.canvas()
    })

    await test('an SVG shows as a picture and its scripts do not run', async () => {
      await drop(ann, 'svg', 'evil.svg')
      await shown(bob, 3)
      await shown(ann, 3)
    })

    await test('a picture of a pasted text is a file, too', async () => {
      await ann.page.evaluate(() => {
        const clipboardData = new DataTransfer()
        clipboardData.setData('text/plain', '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60"/></svg>')
        document.querySelector('.tl-canvas').dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData }))
      })
      await shown(ann, 4)
      await shown(bob, 4)
    })

    await test('while a picture is on its way, nobody has an empty frame of it', async () => {
      let go
      const held = new Promise((resolve) => (go = resolve))
      await ann.page.route(/\/files\?name=late/, (route) => held.then(() => route.continue()))
      await drop(ann, 'small', 'late.png')
      await ann.page.getByText('Uploading a file').waitFor()
      equal(await ann.shapes().count(), 4, 'shapes')
      equal(await bob.shapes().count(), 4, 'shapes of the guest')
      go()
      await shown(ann, 5)
      await shown(bob, 5)
    })

    await test('what was not uploaded leaves nothing on the board, and why is said', async () => {
      ann.expects(/507/, /^Event /)
      await ann.page.route(/\/files\?name=full/, (route) =>
        route.fulfill({ status: 507, json: { error: { code: 'storage_full', message: '' } } }),
      )
      await drop(ann, 'small', 'full.png')
      await ann.told('full.png was not uploaded: the disk of the server is full.')
      await drop(ann, 'broken', 'broken.png')
      await ann.told('broken.png could not be read as a picture or a video')
      await drop(ann, 'broken', 'letter.pdf')
      await ann.told('Only images and videos can be added to a board')
      equal(await ann.shapes().count(), 5, 'shapes')
      equal(await bob.shapes().count(), 5, 'shapes of the guest')
    })

    await test('a picture takes the place of another, in the frame of what was cropped', async () => {
      const { page } = ann
      const replace = async (name) => {
        const chooser = page.waitForEvent('filechooser')
        await page.getByTitle('Replace media').click()
        await (await chooser).setFiles({ name, mimeType: 'image/png', buffer: await png(page, 80, 20) })
      }
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Delete')
      await ann.seesShapes(0)
      await drop(ann, 'small', 'dot.png')
      await shown(ann, 1)
      await page.getByTitle('Crop image').click()
      await page.getByTitle('Aspect ratio').click()
      await page.getByTitle('Square').click()
      await page.getByTestId('tool.image-confirm').click()
      ann.expects(/403/)
      await page.route(/\/files\?name=refused/, (route) => route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: '' } } }))
      await replace('refused.png')
      await ann.told('refused.png was not uploaded: you may not add files here.')
      await shown(ann, 1)
      await replace('wide.png')
      await until(() => images(ann).first().evaluate((i) => i.naturalWidth === 80), 'the other picture')
      let shape
      await page.getByText('Saved', { exact: true }).waitFor()
      await until(async () => {
        const [[state]] = await server.sql(`SELECT state FROM records JOIN rooms ON rooms.num = records.room WHERE rooms.id = '${room}' AND records.id LIKE 'shape:%'`)
        shape = JSON.parse(state).props
        return shape.crop?.topLeft.x > 0.3
      }, 'the frame')
      equal(`${shape.w} ${shape.h}`, '30 30', 'frame')
      equal(shape.crop.bottomRight.x - shape.crop.topLeft.x, 0.25, 'what is seen of its width')
      equal(shape.crop.bottomRight.y - shape.crop.topLeft.y, 1, 'all of its height')
    })

    await test('a board that was taken away as a file and thrown away comes back with its pictures', async () => {
      const { page } = ann
      const lost = (await ann.api('POST', `rooms/${room}/duplicate`, { name: 'Old plans' })).id
      await ann.open(lost)
      await shown(ann, 1)
      const download = page.waitForEvent('download')
      await page.getByTestId('main-menu.button').click()
      await page.getByRole('menuitem', { name: 'Export' }).click()
      await page.getByRole('menuitem', { name: '.tldr', exact: true }).click()
      const text = (await readFile(await (await download).path())).toString()
      equal(text.includes('"asset:'), true, 'ids of assets')
      equal(text.includes('"src":"asset:'), false, 'a picture that is elsewhere')
      await ann.open(room)
      await ann.canvas()
      await ann.api('DELETE', `rooms/${lost}`)
      await ann.api('DELETE', `rooms/${lost}?forever=1`)

      await drop(ann, 'tldr', 'Old plans.tldr', text)
      await page.getByRole('button', { name: 'Make a board of it' }).click()
      await page.getByRole('button', { name: 'Old plans' }).waitFor()
      await shown(ann, 1)
      const [[state]] = await server.sql(`SELECT state FROM records WHERE id LIKE 'asset:%' AND state LIKE '%wide.png%'`)
      equal(/^asset:[\w-]{22}$/.test(JSON.parse(state).props.src), true, state.slice(0, 300))
      await ann.open(room)
      await ann.canvas()
    })

    const evil = {
      'page.png': '<!DOCTYPE html><script>document.title = "evil"</script>',
      'evil.svg': '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "evil"</script></svg>',
      'polyglot.gif': 'GIF89a/*\x01\x00*/=1;document.title="evil"//\x00\x00\x00',
      'script.js': 'document.title = "evil"',
      'evil.xhtml': '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>document.title="evil"</script></html>',
      'evil.pdf': '%PDF-1.4\n<script>document.title="evil"</script>',
    }

    for (const [name, text] of Object.entries(evil)) {
      await test(`${name} does nothing on the site`, async () => {
        const answer = await ann.page.request.post(s.url(`api/rooms/${room}/files?name=${name}`), {
          data: Buffer.from(text, 'latin1'),
          headers: { 'content-type': 'image/png' },
        })
        const url = s.url((await answer.json()).url)

        /* opened as a page of its own: saved, or a picture without power */
        const page = await ann.context.newPage()
        const saved = page.waitForEvent('download').catch(() => null)
        await page.goto(url).catch(() => null)
        if (name !== 'polyglot.gif') equal(!!(await saved), true, 'it is saved')
        equal((await page.title()).includes('evil'), false, 'title')

        /* and from within a page of the site, by every way a page has */
        await page.goto(s.url('licenses.html'))
        await page.evaluate(async (src) => {
          const add = (tag, attributes) => {
            const e = Object.assign(document.createElement(tag), attributes)
            document.body.append(e)
            return new Promise((resolve) => {
              e.onload = resolve
              e.onerror = resolve
              setTimeout(resolve, 700)
            })
          }
          window.frame = add('iframe', { src })
          await Promise.all([
            window.frame,
            add('script', { src }),
            add('script', { src, type: 'module' }),
            add('object', { data: src }),
            add('embed', { src }),
            add('link', { rel: 'stylesheet', href: src }),
            new Promise((resolve) => {
              try {
                new Worker(src).onmessage = () => { document.title = 'evil' }
              } catch { /* refused */ }
              setTimeout(resolve, 300)
            }),
          ])
        }, url)
        equal((await page.title()).includes('evil'), false, 'title, from within')
        for (const frame of page.frames()) equal((await frame.title()).includes('evil'), false, 'title of a frame')
        await page.close()
      })
    }

    await test('nothing was asked of another host, no error on the console', async () => {
      equal(ann.trouble(), '', 'Ann')
      equal(bob.trouble(), '', 'Bob')
    })
  })

  done()

  async function png(page, w, h) {
    const url = await page.evaluate(([w, h]) => {
      const c = document.createElement('canvas')
      c.width = w
      c.height = h
      return c.toDataURL()
    }, [w, h])
    return Buffer.from(url.split(',')[1], 'base64')
  }

  function drop(person, what, name, text = '') {
    return person.page.locator('.tl-canvas').evaluate(async (canvas, { what, name, text }) => {
      let file
      if (what === 'svg') {
        const evil = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60" onload="parent.document.title='evil'">
          <script>parent.document.title = 'evil'</script><rect width="90" height="60" fill="teal"/></svg>`
        file = new File([evil], name, { type: 'image/svg+xml' })
      } else if (what === 'broken') {
        file = new File(['nothing'], name, { type: name.endsWith('.png') ? 'image/png' : 'application/pdf' })
      } else if (what === 'tldr') {
        file = new File([text], name)
      } else {
        const c = document.createElement('canvas')
        c.width = what === 'small' ? 40 : 2400
        c.height = what === 'small' ? 30 : 1600
        const context = c.getContext('2d')
        const pixels = context.createImageData(c.width, c.height)
        let x = 1
        for (let i = 0; i < pixels.data.length; i++) {
          x = (Math.imul(x, 1664525) + 1013904223) | 0
          pixels.data[i] = i % 4 === 3 ? 255 : x >>> 24
        }
        context.putImageData(pixels, 0, 0)
        file = new File([await new Promise((resolve) => c.toBlob(resolve, 'image/png'))], name, { type: 'image/png' })
      }
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(file)
      const box = canvas.getBoundingClientRect()
      canvas.dispatchEvent(new DragEvent('drop', {
        bubbles: true, cancelable: true, dataTransfer,
        clientX: box.x + box.width / 2, clientY: box.y + box.height / 2,
      }))
    }, { what, name, text })
  }
})
