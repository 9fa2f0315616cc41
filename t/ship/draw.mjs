// Two people with published clients who draw on one board of a server that a
// test has installed.
//
//     node draw.mjs URL EMAIL    a new account, its board; prints "drawing"
//     node draw.mjs URL EMAIL ID what is on that board of the account
//
// They draw until a line comes on the standard input; the server may go and
// come meanwhile.  Then everything must have been stored, and somebody who
// comes last must see it.  Prints one line of JSON: {board, shapes, faults}.

import { Person, differences, generation, sleep, until }
  from '../sync/clients.mjs'
import { Editor, random } from '../sync/edits.mjs'

const [url, email, known] = process.argv.slice(2)
const password = 'correct horse battery staple'
const PATIENCE = 30000

console.warn = console.error = () => {}

async function post(path, body, cookie) {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json',
      ...(cookie ? { cookie } : {}) },
    body: JSON.stringify(body),
  })

  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)

  return answer
}

const { SETUP_CODE } = process.env

const account = known
  ? await post('api/auth/login', { email, password })
  : await post('api/auth/register', { email, password, name: 'Ann',
    ...(SETUP_CODE ? { setup_code: SETUP_CODE } : {}) })

const cookie = account.headers.getSetCookie?.()[0].split(';')[0]
  ?? account.headers.get('set-cookie').split(';')[0]

const board = known
  ?? (await (await post('api/rooms', { name: 'Plans' }, cookie)).json()).id

const tldraw = await generation('v7')
const people = []

async function join(name) {
  const person = new Person(tldraw, { name, headers: { cookie },
    url: `${url.replace(/^http/, 'ws')}connect/${board}` })

  people.push(person)
  await until(() => person.connected, `${name} to be connected`, PATIENCE)

  return person
}

const shapes = (person) => person.store.allRecords().filter((r) =>
  r.typeName === 'shape').length

async function draw() {
  const [ann, bob] = [await join('ann'), await join('bob')]
  const editors = [ann, bob].map((p, i) => new Editor(p, random(i + 1)))
  let more = true

  ann.store.put([{ id: 'page:page', typeName: 'page', name: 'A page',
    index: 'a1', meta: {} }])

  const work = editors.map(async (editor) => {
    while (more) {
      for (let n = 0; n < 3; n++) editor.step()
      await sleep(30)
    }
  })

  await until(() => shapes(ann) > 5 && shapes(bob) > 5, 'shapes', PATIENCE)
  console.log('drawing')

  await new Promise((resolve) => process.stdin.once('data', resolve))
  more = false
  await Promise.all(work)

  await until(() => people.every((p) => p.idle)
    && !differences(ann.document(), bob.document()).length,
  'both to see the same', PATIENCE)

  const late = await join('eve')

  await until(() => !differences(ann.document(), late.document()).length,
    'a newcomer to see the same', PATIENCE)

  return late
}

const last = known ? await join('ann') : await draw()

console.log(JSON.stringify({ board, shapes: shapes(last),
  faults: people.flatMap((p) => p.faults) }))
process.exit(0)
