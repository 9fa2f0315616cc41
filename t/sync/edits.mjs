// Random edits of a board, as editors make them and somewhat wilder, from a
// seed.  Works on the store of one person; records come from the description
// of the client's version, so that every generation has its own.
//
// Two things are left out, because the published clients diverge by
// themselves there: a record is overwritten, and a key or an earlier value
// comes back, only while the person has no unsent change.

import { newId } from './clients.mjs'

export function random(seed) {
  let state = seed * 2654435761 >>> 0

  const next = () => {
    state = state + 0x6d2b79f5 >>> 0

    let t = state

    t = Math.imul(t ^ t >>> 15, t | 1)
    t ^= t + Math.imul(t ^ t >>> 7, t | 61)

    return ((t ^ t >>> 14) >>> 0) / 4294967296
  }

  const below = (n) => Math.floor(next() * n)

  return { next, below, pick: (list) => list[below(list.length)],
    chance: (p) => next() < p }
}

// The plainest value that a description allows.

function sample(node) {
  const [kind, a, b] = Array.isArray(node) ? node : [node]

  switch (kind) {
    case 'string': case 'linkUrl': return ''
    case 'srcUrl': return 'https://example.org/a.png'
    case 'number': case 'positiveNumber': return 0
    case 'nonZeroNumber': case 'nonZeroFiniteNumber': case 'unitInterval': return 1
    case 'boolean': return false
    case 'indexKey3': case 'indexKey4': case 'indexKey5': return 'a1'
    case 'prefix': return a
    case 'literal': case 'enum': return a
    case 'nullable': return null
    case 'array': return []
    case 'object': return Object.fromEntries(Object.entries(a)
      .filter(([, field]) => field[0] !== 'optional')
      .map(([name, field]) => [name, sample(field)]))
    case 'or': return sample(a)
    case 'union': return sample(Object.values(b)[0])
    default: return {}      // dict, unknown, any, jsonValue
  }
}

const texts = ['a', 'word ', 'é', '漢字', '😀', '👩‍👩‍👧‍👦', '\u2028', '"\\', '\t', '𝕏',
  '\u0000', '\ud83d', '<b>', 'é'.normalize('NFD')]

const colors = ['black', 'blue', 'red', 'green', 'violet', 'orange', 'yellow']

const kinds = ['geo', 'geo', 'geo', 'draw', 'draw', 'frame', 'note', 'text',
  'line', 'arrow', 'arrow', 'group', 'image', 'highlight']

export class Editor {
  // leave: the records that are not to be touched

  constructor(person, rules, leave = () => false) {
    this.leave = leave
    this.person = person
    this.store = person.store
    this.rules = rules
    this.past = []          // records as they once were
    this.strokes = new Set()  // the shapes that only this person draws on
  }

  all(typeName) {
    return this.store.allRecords().filter((r) => r.typeName === typeName
      && !this.leave(r))
  }

  // A number that was never there before.

  number() { return this.rules.next() * 1000 - 300 }

  make(typeName, type, more, props) {
    const { validator } = this.person.tldraw.types[typeName]
    const record = sample(type ? validator[2][type] : validator)

    record.id = `${typeName}:${newId()}`
    Object.assign(record, more)
    Object.assign(record.props ?? {}, props)

    return record
  }

  put(...records) { this.store.put(records) }

  // Changes a record unless it has gone.

  change(record, more) {
    if (!record || !this.store.has(record.id)) return

    this.remember(record)
    this.store.update(record.id, (r) => ({ ...r, ...more(r) }))
  }

  remember(record) {
    this.past.push(record)
    if (this.past.length > 20) this.past.shift()
  }

  segment() {
    const { below } = this.rules

    if (this.person.tldraw.name === 'v7') {
      return { type: 'free', points: Array.from({ length: 1 + below(3) }, () =>
        ({ x: this.number(), y: this.number(), z: 0.5 })) }
    }

    return { type: 'free', path: this.path(1 + below(3)) }
  }

  path(points) {
    return Buffer.from(Array.from({ length: points * 6 }, () =>
      this.rules.below(256))).toString('base64')
  }

  create() {
    const { pick, below, chance } = this.rules
    const type = pick(kinds)
    const frames = this.all('shape').filter((s) => s.type === 'frame')
    const home = chance(0.3) && frames.length ? pick(frames)
      : pick(this.all('page'))

    if (!home) return

    const shape = this.make('shape', type, { parentId: home.id,
      x: this.number(), y: this.number(), index: `a${1 + below(9)}V` })

    if (shape.props.segments) {
      shape.props.segments = [this.segment()]
      this.strokes.add(shape.id)
    }

    if (shape.props.points) {
      shape.props.points = Object.fromEntries(['a1', 'a2'].map((i) =>
        [i, { id: i, index: i, x: this.number(), y: this.number() }]))
    }

    if (shape.props.richText) shape.props.richText = this.richText('')

    this.put(shape)
  }

  richText(text) {
    return { type: 'doc', content: [{ type: 'paragraph',
      ...(text ? { content: [{ type: 'text', text }] } : {}) }] }
  }

  // One step at random.

  step() {
    const { pick, below, chance } = this.rules
    const { store } = this
    const shapes = this.all('shape')

    if (shapes.length < 3) return this.create()

    const shape = pick(shapes)
    const own = shapes.filter((s) => this.strokes.has(s.id))
    const named = [...this.all('page'), ...shapes.filter((s) => s.type === 'frame')]

    const steps = {
      create: [10, () => this.create()],

      move: [25, () => {
        for (let n = 1 + below(4); n > 0; n--) {
          this.change(pick(shapes), () => ({ x: this.number(), y: this.number() }))
        }
      }],

      size: [8, () => this.change(shape, (s) => ({
        rotation: this.number(), props: { ...s.props,
          ...('w' in s.props ? { w: 1 + this.rules.next() * 99 } : {}) } }))],

      nested: [6, () => this.change(shape, (s) => {
        if (s.type !== 'line') return { opacity: this.rules.next() }

        const at = pick(Object.keys(s.props.points))

        return { props: { ...s.props, points: { ...s.props.points,
          [at]: { ...s.props.points[at], x: this.number() } } } }
      })],

      text: [8, () => this.change(shape, (s) => ('richText' in s.props
        ? { props: { ...s.props, richText: this.richText(
            Array.from({ length: 1 + below(6) }, () => pick(texts)).join('')
            + this.number()) } }
        : {}))],

      // strings that grow at the end, or shrink and grow

      grow: [12, () => {
        const r = pick(named)

        if (r.typeName === 'page') {
          this.change(r, (p) => ({ name: p.name + pick(texts) }))
        } else {
          this.change(r, (f) => ({ props: { ...f.props,
            name: f.props.name + pick(texts) } }))
        }
      }],

      shrink: [3, () => this.person.clean && this.change(pick(named), (r) => {
        const old = r.typeName === 'page' ? r.name : r.props.name
        const name = old.slice(0, below(old.length + 1)) + pick(['', 'x'])

        return r.typeName === 'page' ? { name } : { props: { ...r.props, name } }
      })],

      meta: [8, () => this.change(shape, (s) => ({ meta: { ...s.meta,
        [pick(['a', 'b', 'é😀', '__x', ''])]: pick([this.number(), [this.number()],
          { deep: { n: this.number(), list: [1, null, pick(texts)] } },
          `${s.meta.a ?? ''}${pick(texts)}`]) } }))],

      lessMeta: [4, () => this.person.clean && this.change(shape, (s) => {
        const meta = { ...s.meta }

        delete meta[pick(Object.keys(meta))]

        return { meta }
      })],

      list: [5, () => this.change(pick(named), (r) => {
        const list = [...(Array.isArray(r.meta.list) ? r.meta.list : [])]

        if (list.length > 6 && chance(0.5)) list[below(list.length)] = this.number()
        else list.push(this.number())

        return { meta: { ...r.meta, list } }
      })],

      style: [4, () => this.person.clean && this.change(shape, (s) =>
        ('color' in s.props ? { props: { ...s.props, color: pick(colors) } }
          : { isLocked: !s.isLocked }))],

      draw: [15, () => own.length && this.change(pick(own), (s) => {
        const segments = [...s.props.segments]
        const at = segments.length - 1
        const last = segments[at]

        if (chance(0.1)) return { props: { ...s.props, isComplete: true } }
        if (!last || chance(0.3)) segments.push(this.segment())
        else if (last.points) {
          segments[at] = { ...last, points: chance(0.2)
            ? [...last.points.slice(0, -1), { x: this.number(), y: 1, z: 0.5 }]
            : [...last.points, ...this.segment().points] }
        } else {
          segments[at] = { ...last, path: chance(0.2) ? this.path(1 + below(4))
            : last.path + this.path(1) }
        }

        return { props: { ...s.props, segments } }
      })],

      // a stroke that needs more than one chunk

      long: [0.15, () => own.length && this.person.clean
        && this.change(pick(own), (s) => {
          const one = this.segment()
          const big = one.points
            ? { ...one, points: Array.from({ length: 6000 }, () =>
              ({ x: this.number(), y: this.number(), z: 0.5 })) }
            : { ...one, path: this.path(40000) }

          return { props: { ...s.props, segments: [...s.props.segments, big] } }
        })],

      remove: [6, () => {
        const gone = [shape, ...(chance(0.2) ? [pick(shapes)] : [])]

        gone.forEach((r) => this.remember(r))
        store.remove(gone.map((r) => r.id))
      }],

      // what undo does: a record as it once was comes back

      undo: [6, () => {
        const old = this.past.length && pick(this.past)

        if (old && this.person.clean && this.mayOverwrite(old)) this.put(old)
      }],

      // a whole record over another one

      over: [4, () => {
        if (!this.person.clean || !this.mayOverwrite(shape)) return

        this.put({ ...this.make('shape', shape.type, { id: shape.id,
          parentId: shape.parentId, x: this.number(), meta: {} }),
        props: { ...shape.props } })
      }],

      page: [2, () => this.put(this.make('page', null,
        { name: `Page ${this.number()}`, index: `a${1 + below(9)}V` }))],

      lessPages: [1, () => {
        const pages = this.all('page').filter((p) => p.id !== 'page:page')

        if (pages.length) store.remove([pick(pages).id])
      }],

      document: [2, () => this.change(store.get('document:document'), () =>
        ({ gridSize: 1 + below(1000000), meta: { seen: this.number() } }))],

      asset: [3, () => {
        const asset = this.make('asset', pick(['image', 'video', 'bookmark']))
        const image = this.make('shape', 'image', { parentId: 'page:page' },
          { assetId: asset.id })

        this.put(asset, ...(asset.type === 'image' ? [image] : []))
      }],

      assetChange: [3, () => {
        const assets = this.all('asset')

        if (!assets.length) return
        if (chance(0.2)) store.remove([pick(assets).id])
        else {
          this.change(pick(assets), (a) => ({ props: { ...a.props,
            ...('w' in a.props ? { w: this.number() }
              : { title: a.props.title + pick(texts) }) } }))
        }
      }],

      bind: [5, () => {
        const arrows = shapes.filter((s) => s.type === 'arrow')

        if (!arrows.length) return

        this.put(this.make('binding', 'arrow', { fromId: pick(arrows).id,
          toId: shape.id }, { terminal: pick(['start', 'end']),
          normalizedAnchor: { x: this.rules.next(), y: 0.5 } }))
      }],

      binding: [5, () => {
        const bindings = this.all('binding')

        if (!bindings.length) return
        if (chance(0.3)) store.remove([pick(bindings).id])
        else {
          this.change(pick(bindings), (b) => ({ props: { ...b.props,
            normalizedAnchor: { x: this.rules.next(), y: this.rules.next() } } }))
        }
      }],
    }

    const sum = Object.values(steps).reduce((n, [weight]) => n + weight, 0)
    let at = this.rules.next() * sum

    for (const [weight, run] of Object.values(steps)) {
      at -= weight
      if (at < 0) return run()
    }
  }

  // Strokes grow at their ends: only who draws one may replace it.

  mayOverwrite(record) {
    return !record.props?.segments || this.strokes.has(record.id)
  }
}
