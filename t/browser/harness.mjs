// What the tests in the browser share: a real server, Chromium, people with
// pages, TAP. Every page is watched: a request to another host or an error on
// the console fails the test, unless the test said that it expects it.

import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { databases, start } from '../lib/server.mjs'

export const PASSWORD = 'correct horse battery staple'

const PICTURES = fileURLToPath(new URL('../../build/screenshots/', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const DEADLINE = 20_000

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let count = 0
let failed = 0

let database = ''

async function test(what, body) {
  const name = `${database}: ${what}`
  count += 1

  try {
    await body()
    console.log(`ok ${count} - ${name}`)
  } catch (error) {
    failed += 1
    console.log(`not ok ${count} - ${name}`)
    console.log(String(error.stack ?? error).replace(/^/gm, '# '))
  }
}

export function equal(got, wanted, what) {
  if (got !== wanted) throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`)
}

/* waits until look() says true; for what no locator can wait for */
export async function until(look, what) {
  const end = Date.now() + DEADLINE

  while (!(await look())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

// suite({ …options of start() }, async (s) => { … }) runs the body with a
// server and a browser of its own.  The database is the one that the file
// names, so that both have their scenarios; LONG=1 takes every scenario to
// both, TIDRAW_DATABASE to that one.

export async function suite(options, body) {
  for (database of chosen(options)) await once({ ...options, database }, body)
}

function chosen({ database = 'sqlite' }) {
  if (process.env.TIDRAW_DATABASE) return [process.env.TIDRAW_DATABASE]
  return process.env.LONG ? databases : [database]
}

async function once(options, body) {
  const server = await start(options)
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS })

  try {
    await body(new Scene(server, browser, options.database))
  } catch (error) {
    await test('the test itself', () => Promise.reject(error))
  }

  await browser.close()
  await test('the server left nothing behind', async () => equal(await server.finish(), true, 'finish()'))
}

export function done() {
  console.log(`1..${count}`)
  process.exit(failed ? 1 : 0)
}

class Scene {
  test = test

  constructor(server, browser, database) {
    this.server = server
    this.browser = browser
    this.database = database
  }

  url(path = '') {
    return this.server.url + path
  }

  /* somebody with a browser of their own; cookie: signed in */
  async person(options = {}) {
    const { cookie, width = 1280, scheme = 'light', language = 'en-GB', ...rest } = options
    const context = await this.browser.newContext({
      viewport: { width, height: width < 500 ? 844 : 800 },
      colorScheme: scheme,
      locale: language,
      ...rest,
    })
    context.setDefaultTimeout(DEADLINE)

    if (cookie) {
      const [name, value] = cookie.split(/=(.*)/s)
      await context.addCookies([{ name, value: value.split(';')[0], url: this.url() }])
    }

    return new Person(this, context, await context.newPage())
  }

  /* an account by the API, then a browser that is signed in */
  async member(email, name, options = {}) {
    const cookie = await this.server.register(email, { name, password: PASSWORD })
    const person = await this.person({ ...options, cookie })
    person.cookie = cookie
    person.email = email
    return person
  }
}

class Person {
  foreign = []
  errors = []
  expected = []

  constructor(scene, context, page) {
    this.scene = scene
    this.context = context
    this.page = page

    const home = new URL(scene.url()).host

    context.on('request', (request) => {
      const { protocol, host } = new URL(request.url())
      if (protocol !== 'data:' && protocol !== 'blob:' && host !== home) this.foreign.push(request.url())
    })
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== home) this.foreign.push(socket.url())
    })
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`${message.text()} (${message.location().url})`)
    })
    page.on('pageerror', (error) => this.errors.push(String(error.stack ?? error)))
  }

  /* an error that this test brings about on purpose */
  expects(...patterns) {
    this.expected.push(...patterns)
  }

  /* what came up that nobody expected; empty is good */
  trouble() {
    const errors = this.errors.filter((e) => !this.expected.some((p) => p.test(e)))
    return [...this.foreign.map((url) => `request to ${url}`), ...errors].join('\n')
  }

  go(path = '') {
    return this.page.goto(this.scene.url(path))
  }

  async open(room, link) {
    await this.go(`board/${room}${link ? `?link=${link}` : ''}`)
  }

  canvas() {
    return this.page.locator('.tl-canvas').waitFor()
  }

  /* a guest says who they are */
  async callMyself(name) {
    await this.page.getByLabel('Name').fill(name)
    await this.page.keyboard.press('Enter')
  }

  async drawBox(x, y, w = 160, h = 100) {
    const { mouse, keyboard } = this.page
    await keyboard.press('r')
    await mouse.move(x, y)
    await mouse.down()
    await mouse.move(x + w, y + h, { steps: 5 })
    await mouse.up()
    await keyboard.press('Escape')
  }

  shapes() {
    return this.page.locator('.tl-shape')
  }

  seesShapes(n) {
    return until(async () => (await this.shapes().count()) === n, `${n} shapes on the board`)
  }

  /* the API as this person's browser calls it */
  api(method, path, body) {
    return this.page.evaluate(
      async ([method, path, body]) => {
        const headers = { 'Content-Type': 'application/json' }
        const answer = await fetch(`api/${path}`, { method, ...(body && { headers, body: JSON.stringify(body) }) })
        return answer.status === 204 ? null : answer.json()
      },
      [method, path, body],
    )
  }

  /* opens the menu of that button and takes that item */
  async choose(button, item) {
    await this.page.getByRole('button', { name: button, exact: true }).click()
    await this.page.getByRole('menuitem', { name: item, exact: true }).click()
  }

  /* a message appeared; it is closed so that the next one is a new one */
  async told(text) {
    const message = this.page.locator('.td-toast').filter({ hasText: text })
    await message.first().waitFor()
    await message.first().getByRole('button', { name: /Close|Schließen/ }).click()
  }

  /* What axe-core finds wrong; empty is good. What the editor brings along is
     not ours to mend, and while a dialogue or a menu is open it is all there
     is. */
  async barriers() {
    await this.page.evaluate(AXE)

    return this.page.evaluate(async () => {
      /* what is half faded in has half its contrast */
      await Promise.allSettled(
        document
          .getAnimations()
          .filter((a) => a.playState === 'running' && a.effect.getComputedTiming().endTime !== Infinity)
          .map((a) => a.finished),
      )

      const open = document.querySelectorAll('.rt-BaseDialogContent, .rt-BaseMenuContent')
      const context = open.length > 0 ? { include: [...open] } : { exclude: ['.tl-container'] }
      const { violations } = await window.axe.run(context, { resultTypes: ['violations'] })
      return violations
        .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 160)}`))
        .join('\n')
    })
  }

  async picture(name) {
    mkdirSync(PICTURES, { recursive: true })
    /* pictures show the end of every movement */
    await this.page.screenshot({ path: `${PICTURES}${name}.png`, animations: 'disabled' })
  }
}
