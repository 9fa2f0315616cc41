// Runs the seeds of one client generation on one server, several at a time;
// a child of convergence.t, which holds the server and prints the results.

import { Editor, random } from './edits.mjs'
import { Person, canonicalAll, differences, generation, sleep, until }
  from './clients.mjs'

const [name, first, count, together] = process.argv.slice(2)
const SECONDS = Number(process.env.SEED_SECONDS || 2)

const tldraw = await generation(name)

// What the packages print is meant for a developer's console: one of these
// is a client that was told something impossible.

const complaints = []

console.error = (...words) => complaints.push(words.map(String).join(' '))
console.warn = () => {}

let asked = 0
const answers = new Map()

process.on('message', ({ id, result, error }) => {
  const { resolve, reject } = answers.get(id)

  answers.delete(id)
  if (error === undefined) resolve(result)
  else reject(new Error(error))
})

const parent = (call, ...args) => new Promise((resolve, reject) => {
  answers.set(++asked, { resolve, reject })
  process.send({ id: asked, call, args })
})

const show = (text) => text === undefined ? 'missing'
  : text.length > 300 ? `${text.slice(0, 300)}…` : text

class Run {
  constructor(seed) {
    this.seed = seed
    this.rules = random(seed)
    this.people = []
    this.trace = []
    this.started = Date.now()
    this.edits = 0
    this.cuts = 0
  }

  // The last of what happened; messages whole, to look for an id in them.

  note(person, what, detail) {
    this.trace.push([Date.now() - this.started, person.name, what, detail])
    if (this.trace.length > 3000) this.trace.splice(0, 1000)
  }

  // each on the next host

  join(name, { link, cookie, readonly }) {
    const { wsUrls } = this.server
    const person = new Person(tldraw, { name, readonly,
      url: `${wsUrls[this.people.length % wsUrls.length]}connect/${this.room}${link ? `?link=${link}` : ''}`,
      headers: cookie ? { cookie } : {},
      note: (...what) => this.note(...what) })

    this.people.push(person)

    return person
  }

  async run() {
    const { rules } = this

    this.server = await parent('board')
    this.room = this.server.room

    const { editor, viewer, cookies } = this.server

    const editors = [
      this.join('ann', { cookie: cookies[0] }),
      this.join('ben', { link: editor }),
    ]

    const reader = rules.chance(0.5)
      && this.join('vic', { link: viewer, readonly: true })

    await sleep(rules.below(300))
    editors.push(this.join('cat', { link: editor }),
      this.join('dan', { link: editor, cookie: cookies[1] }))

    const watcher = reader
      || this.join('vic', { link: viewer, readonly: true })

    await until(() => this.people.every((p) => p.connected), 'five clients')

    const end = Date.now() + SECONDS * 1000

    await Promise.all([...editors.map((p) => this.work(p, end)),
      this.idle(watcher, end), ...this.people.map((p) => this.cuts_(p, end))])

    for (const p of this.people) p.resume()

    await this.settle()

    // everybody moves, so that the last presence is the one to compare, and
    // every client has had a message after its own last change

    for (const p of this.people) p.move({ chatMessage: `${p.name} is done` })

    await until(() => !this.wrongPresence(this.people),
      () => `presence: ${this.wrongPresence(this.people)}`)
    await this.settle()

    this.equal(this.people.slice(1), this.people[0].document())

    const readonly = rules.chance(0.5)
    const late = this.join('eve', { readonly, link: readonly ? viewer : editor })

    await until(() => late.connected, 'the late joiner')
    late.move()
    await this.settle()
    this.equal([late], this.people[0].document())
    await until(() => !this.wrongPresence(this.people),
      () => `presence with the late joiner: ${this.wrongPresence(this.people)}`)

    const { records, clock } = await parent('stored', this.room)

    this.compare('the database', canonicalAll(records),
      this.people[0].document())

    if (clock !== this.people[0].serverClock) {
      throw new Error(`the database is at clock ${clock}`)
    }

    this.clock = clock
    this.records = records.length

    // one leaves, and is gone for the others

    const gone = this.people.splice(rules.below(4), 1)[0]

    gone.close()
    this.gone = gone
    if (rules.chance(0.1)) {
      await until(() => !this.wrongPresence(this.people),
        () => `presence after a leave: ${this.wrongPresence(this.people)}`)
    }
  }

  async work(person, end) {
    const editor = new Editor(person, this.rules)

    while (Date.now() < end) {
      await sleep(5 + this.rules.below(60))
      if (person.error) return

      for (let n = 1 + this.rules.below(3); n > 0; n--) editor.step()
      this.edits++
      if (this.rules.chance(0.5)) person.move()
    }
  }

  // A reader moves about and now and then tries what it may not.

  async idle(person, end) {
    const editor = new Editor(person, this.rules)

    while (Date.now() < end) {
      await sleep(50 + this.rules.below(200))
      person.move()

      if (this.rules.chance(0.2) && editor.all('shape').length) {
        editor.change(this.rules.pick(editor.all('shape')), () =>
          ({ x: editor.number() }))
      }
    }
  }

  async cuts_(person, end) {
    const { rules } = this
    const ways = ['destroy', 'destroy', 'end', 'silence', 'restart', 'terminate']

    await sleep(rules.below(600))

    while (Date.now() < end - 200) {
      if (person.connected) {
        const how = rules.pick(ways)

        this.cuts++
        person.cut(how)

        if (how === 'silence') {
          await sleep(50 + rules.below(400))
          if (rules.chance(0.5)) person.resume()
          else person.cut('destroy')
        }
      }

      await sleep(300 + rules.below(700))
    }
  }

  // All that was done has reached everybody.

  async settle() {
    let clock

    await until(async () => {
      const refused = this.people.find((p) => p.error)

      if (refused) {
        throw new Error(`${refused.name} was refused: ${refused.error}, after `
          + this.trace.filter(([, who, what, { type }]) => what === 'sends'
            && who === refused.name && type === 'push').slice(-4)
            .map(([,,, push]) => JSON.stringify(push).slice(0, 3000)).join(' '))
      }

      if (!this.people.every((p) => p.idle)) return false

      clock = Math.max(...this.people.map((p) => p.serverClock))

      return this.people.every((p) => p.serverClock === clock)
    }, () => `rest: ${this.people.map((p) => `${p.name} `
      + (p.connected ? p.idle ? p.serverClock : `${p.serverClock} busy` : 'away'))
      .join(', ')}`, 20000)
  }

  equal(people, wanted) {
    for (const p of people) this.compare(p.name, p.document(), wanted)
  }

  compare(who, got, wanted) {
    const ids = differences(got, wanted)

    if (!ids.length) return

    this.ids = ids

    throw new Error(`${who} differs from ${this.people[0].name} in ${ids.length} `
      + `records; ${ids[0]}: ${show(got.get(ids[0]))} instead of `
      + show(wanted.get(ids[0])))
  }

  // What somebody sees of the others that is not exactly what they show.

  wrongPresence(people) {
    for (const p of people) {
      const seen = new Map(p.others().map((r) => [r.userId, r]))
      const there = people.filter((o) => o !== p)

      if (p.others().length !== there.length) {
        return `${p.name} sees ${p.others().map((r) => r.userName).join(' ')
          || 'nobody'}`
      }

      for (const o of there) {
        const strip = (r) => canonicalAll([{ ...r, id: 'it' }]).get('it')

        if (!seen.has(o.userId)
            || strip(seen.get(o.userId)) !== strip(o.presence.get())) {
          return `${p.name} sees ${o.name} as ${JSON.stringify(
            seen.get(o.userId)?.cursor)}, it is at `
            + JSON.stringify(o.presence.get().cursor)
        }
      }
    }

    return null
  }

  faults() {
    return [...this.people, ...(this.gone ? [this.gone] : [])]
      .flatMap((p) => p.faults)
  }

  // What happened to the records in question, or at the end.

  lines() {
    const wanted = this.ids?.slice(0, 2)
    const seen = this.trace.map(([at, who, what, detail]) => {
      let text = typeof detail === 'string' ? detail : ''

      if (what === 'sends' || what === 'gets') {
        const items = detail.type === 'data' ? detail.data : [detail]

        text = items.map(({ type, clientClock, serverClock, action, diff,
          lastServerClock, hydrationType }) => {
          const ops = diff ?? action?.rebaseWithDiff ?? {}
          const some = Object.entries(ops).filter(([id]) => wanted?.includes(id))

          return [type, clientClock, serverClock, lastServerClock, hydrationType,
            typeof action === 'string' ? action : action && 'rebase',
            some.length && show(JSON.stringify(Object.fromEntries(some)))]
            .filter((v) => v !== undefined && v !== 0).join(' ')
        }).join('; ')
      } else if (what === 'closed') text = `${detail.code} ${detail.reason}`

      return `${at} ${who} ${what} ${text}`
    })

    return (wanted ? seen.filter((l) => wanted.some((id) => l.includes(id))
      || /closed|cut|connect/.test(l)) : seen).slice(-60)
  }
}

let next = Number(first)
const last = next + Number(count)

async function worker() {
  while (next < last) {
    const run = new Run(next++)
    const result = { seed: run.seed }

    try {
      await run.run()

      const faults = [...run.faults(), ...complaints.splice(0)]

      if (faults.length) throw new Error(faults.join('; '))

      Object.assign(result, { edits: run.edits, cuts: run.cuts,
        clock: run.clock, records: run.records })
    } catch (error) {
      result.error = [error.stack ?? String(error),
        ...run.faults(), ...await parent('log', run.room), ...complaints.splice(0), 'trace:', ...run.lines()]
        .join('\n')
    } finally {
      for (const p of run.people) p.close()
    }

    result.ms = Date.now() - run.started
    process.send({ result })
  }
}

await Promise.all(Array.from({ length: Number(together) }, worker))
process.disconnect()
