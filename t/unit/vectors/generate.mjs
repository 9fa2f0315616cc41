#!/usr/bin/env node

// Writes test vectors for value operations: what the published packages of
// protocol 7 and 8 compute for random records and patches, one JSON line each.
//
//   generate.mjs [seed] [rounds]
//
// {"kind":"apply","version":7|8,"object":…,"patch":…,"result":…}
// {"kind":"apply",…,"throws":true}        the package throws
// {"kind":"diff","rules":"v7"|"v8"|"legacy","from":…,"to":…,"diff":…|null}
// {"kind":"turn","rules":…,"from":…,"to":…}
//
// "turn" stands for the pairs whose upstream diff does not turn one into the
// other (an array that becomes an object): only the outcome is to be compared.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

function load(name) {
	return require(join(dirname(require.resolve(name)), 'lib', 'diff.js'))
}

// The packages talk on the console (of each other's versions, of deleted items).
console.log = console.warn = console.error = () => {}

const v7 = load('sync-core-v7')
const v8 = load('sync-core-v8')

const seed = Number(process.argv[2] ?? 1)
const rounds = Number(process.argv[3] ?? 5000)

// mulberry32
let state = seed >>> 0

function random() {
	state = (state + 0x6d2b79f5) >>> 0
	let t = state
	t = Math.imul(t ^ (t >>> 15), t | 1)
	t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const int = (n) => Math.floor(random() * n)
const chance = (p) => random() < p
const pick = (list) => list[int(list.length)]

const PIECES = ['a', 'Z', '0', ' ', '\n', '"', '\\', '\u0001', '\u0000', 'é', 'ß', '€', '한', '日',
	'😀', '👩‍🚀', '\ud83d', '\ud83d', '\ude00', '\ude00', '\u2028', 'V0LS', 'lorem ipsum']
const KEYS = ['x', 'y', 'w', 'h', 'text', 'path', 'color', 'size', 'points', 'segments', 'a1', '0', '1', '10',
	'', 'ключ', 'key with "quotes"', 'toString', 'constructor', 'valueOf', 'length']

function text(max = 8) {
	let s = ''
	for (let n = int(max + 1); n > 0; n--) s += pick(PIECES)
	return s
}

function number() {
	switch (int(8)) {
		case 0: return 0
		case 1: return int(10)
		case 2: return -int(100000)
		case 3: return random() * 1000
		case 4: return Math.round(random() * 100000) / 100
		case 5: return random() * 10 ** (int(600) - 300)
		case 6: return Date.now() - int(1e9) * (chance(0.5) ? 1 : 0)
		default: return pick([1e21, 1e-7, 5e-324, 2 ** 53, 0.1 + 0.2, 123456789012345680000])
	}
}

const scalar = () => pick([number, number, text, text, () => true, () => false, () => null, () => ''])()

function list(n, make) {
	return Array.from({ length: n }, make)
}

function value(depth) {
	const roll = int(10)
	if (depth > 0 && roll < 2) {
		return object(depth - 1, int(5))
	}
	if (depth > 0 && roll < 5) {
		const kind = int(4)
		if (kind === 0) return list(int(24), number)
		if (kind === 1) return list(int(6), () => object(depth - 1, 1 + int(3)))
		if (kind === 2) return list(int(6), () => text(4))
		return list(int(6), () => value(depth - 1))
	}
	return scalar()
}

function object(depth, n) {
	return Object.fromEntries(list(n, () => [pick(KEYS), value(depth)]))
}

function record() {
	const r = {
		id: 'shape:' + int(1e6).toString(36),
		typeName: 'shape',
		type: pick(['draw', 'geo', 'text']),
		x: number(), y: number(), rotation: 0,
		isLocked: chance(0.1),
		parentId: 'page:page',
		index: 'a' + text(2),
		props: {
			color: pick(['black', 'red']),
			scale: 1,
			w: number(),
			text: text(),
			name: pick(['', 'x', 'lorem']) + pick(['\ud83d', '😀', 'é']),
			dash: list(6 + int(15), () => int(100)),
			richText: { type: 'doc', content: list(int(3), () => ({ type: 'paragraph', attrs: { dir: 'auto' } })) },
			segments: list(1 + int(7), () => ({ type: 'free', path: text(12), points: list(int(15), () => ({ x: number(), y: number(), z: 0.5 })) })),
			...object(2, int(4)),
		},
		meta: object(2, int(4)),
		...object(2, int(4)),
	}
	if (chance(0.03)) r.props = pick([null, {}, 'none', 0])
	if (chance(0.03)) r.meta = pick([null, {}, 'none', 0])
	return r
}

const isObject = (v) => typeof v === 'object' && v !== null

const current = (o, k) => (Object.hasOwn(o, k) ? o[k] : undefined)

// A changed copy: mostly small edits, as editors make them.
function mutate(v, depth) {
	if (typeof v === 'string') {
		if (chance(0.6)) return v + text(4)
		if (chance(0.3)) return v.slice(0, int(v.length + 1))
		return chance(0.8) ? text() : value(depth)
	}
	if (Array.isArray(v)) {
		const copy = v.slice()
		switch (int(7)) {
			case 0: case 1:
				copy.push(...list(1 + int(3), () => (v.length && chance(0.6) ? mutate(v[0], 1) : value(1))))
				return copy
			case 2:
				copy.splice(int(copy.length + 1), 1 + int(2))
				return copy
			case 3:
				return chance(0.15) ? value(depth) : copy.reverse()
			default:
				for (let n = 1 + int(5); n > 0 && copy.length; n--) {
					const i = chance(0.5) ? copy.length - 1 : int(copy.length)
					copy[i] = mutate(copy[i], depth - 1)
				}
				return copy
		}
	}
	if (isObject(v)) {
		let entries = Object.entries(v)
		for (let n = 1 + int(3); n > 0; n--) {
			const roll = int(10)
			if (roll < 7 && entries.length) {
				const i = int(entries.length)
				entries[i] = [entries[i][0], mutate(entries[i][1], depth - 1)]
			} else if (roll < 8) {
				entries.push([pick(KEYS), value(depth > 0 ? 1 : 0)])
			} else if (roll < 9) {
				entries.splice(int(entries.length + 1), 1)
			} else {
				entries = entries.reverse()
			}
		}
		return Object.fromEntries(entries)
	}
	return chance(0.9) ? scalar() : value(depth)
}

function mutateRecord(r) {
	const copy = { ...r }
	for (let n = 1 + int(4); n > 0; n--) {
		const key = chance(0.5) ? pick(['props', 'props', 'meta']) : pick(Object.keys(copy))
		if (chance(0.06)) delete copy[key]
		else if (chance(0.06)) copy[pick(KEYS)] = value(2)
		else copy[key] = mutate(copy[key] ?? null, 3)
	}
	return copy
}

// A patch that was not made by a diff: hits, misses and oddities.
function patch(v, depth) {
	const keys = Array.isArray(v) ? [...v.keys()].map(String) : Object.keys(v)
	const p = []
	for (let n = int(4) + 1; n > 0; n--) {
		let key = keys.length && chance(0.8) ? pick(keys) : null
		if (key === null) {
			if (Array.isArray(v)) continue
			key = chance(0.1) ? '__proto__' : pick(KEYS)
		}
		p.push([key, op(current(v, key), depth)])
	}
	return Object.fromEntries(p)
}

function put(current) {
	switch (int(5)) {
		case 0: return current === undefined ? scalar() : structuredClone(current)
		case 1: return chance(0.1) ? JSON.parse('{"__proto__":{"x":1},"y":2}') : value(2)
		case 2: return null
		default: return value(1)
	}
}

function op(current, depth) {
	switch (int(12)) {
		case 0: case 1: case 2:
			return chance(0.05) ? ['put'] : ['put', put(current)]
		case 3:
			return ['delete']
		case 4: case 5: case 6: {
			const length = typeof current === 'string' || Array.isArray(current) ? current.length : int(4)
			const off = pick([length, length, length, length, length + 1, length - 1, 0, String(length), null, length + 0.5])
			const more = pick([
				() => (typeof current === 'string' ? text(3) : list(int(3), () => value(1))),
				() => (typeof current === 'string' ? text(3) : list(int(3), () => value(1))),
				() => text(3), () => list(int(3), scalar), scalar,
			])()
			return chance(0.05) ? ['append', more] : ['append', more, off]
		}
		case 7: case 8: case 9:
			if (isObject(current) && depth > 0) {
				if (chance(0.01)) return pick([['patch'], ['patch', null]])
				return ['patch', patch(current, depth - 1)]
			}
			return ['patch', { x: ['put', 1] }]
		case 10:
			return pick([['remove'], ['PUT', 1], [], [null, 1], [1, 2], [['put'], 1], ['toString']])
		default:
			return chance(0.03) ? null : ['put', mutate(current ?? null, 2)]
	}
}

const stringAppend = (v) => Array.isArray(v)
	? (v[0] === 'append' && !Array.isArray(v[1])) || v.some(stringAppend)
	: isObject(v) && Object.values(v).some(stringAppend)

const lines = []
const same = (a, b) => canonical(a) === canonical(b)

function canonical(v) {
	if (Array.isArray(v)) return '[' + v.map(canonical).join() + ']'
	if (isObject(v)) {
		return '{' + Object.keys(v).sort().map((k) => JSON.stringify(k) + ':' + canonical(v[k])).join() + '}'
	}
	return JSON.stringify(Object.is(v, -0) ? 0 : v)
}

function emit(line) {
	lines.push(JSON.stringify(line))
	if (lines.length >= 500) flush()
}

function flush() {
	process.stdout.write(lines.join('\n') + '\n')
	lines.length = 0
}

const plain = (v) => JSON.parse(JSON.stringify(v))

function apply(module, version, object, patch) {
	try {
		emit({ kind: 'apply', version, object, patch, result: module.applyObjectDiff(object, patch) })
	} catch {
		emit({ kind: 'apply', version, object, patch, throws: true })
	}
}

function diff(rules, compute, module, from, to) {
	let result
	try {
		result = compute(from, to)
		if (!same(result ? module.applyObjectDiff(from, result) : from, to)) result = undefined
	} catch {
		result = undefined
	}
	if (result === undefined) emit({ kind: 'turn', rules, from, to })
	else emit({ kind: 'diff', rules, from, to, diff: result })
	return result
}

for (let i = 0; i < rounds; i++) {
	let from = plain(record())
	let to = chance(0.02) ? plain(record()) : plain(mutateRecord(from))
	if (chance(0.3)) [from, to] = [to, from]

	diff('v7', (a, b) => v7.diffRecord(a, b), v7, from, to)
	const own = diff('v8', (a, b) => v8.diffRecord(a, b), v8, from, to)
	diff('legacy', (a, b) => v8.diffRecord(a, b, true), v8, from, to)

	const changes = plain(own && chance(0.2) ? own : patch(from, 4))

	apply(v8, 8, from, changes)
	if (!stringAppend(changes)) apply(v7, 7, from, changes)
}

flush()
