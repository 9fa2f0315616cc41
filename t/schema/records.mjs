// Records for the test: synthesised from a description, then mutated.

import { NAMES, oddIndexKey, oddUrl } from './odd_strings.mjs'

/** JSON text that JSON.stringify() would never write, such as 1e400 */
class Raw {
	constructor(text) {
		this.text = text
	}
}

/** own fields only, in order, with a field __proto__ like any other */
const make = (entries) => {
	const o = {}
	for (const [key, value] of entries) set(o, key, value)
	return o
}

const set = (o, key, value) =>
	Object.defineProperty(o, key, { value, enumerable: true, configurable: true, writable: true })

export function serialize(value) {
	if (value instanceof Raw) return value.text
	if (Object.is(value, -0)) return '-0'
	if (Array.isArray(value)) return '[' + value.map(serialize).join(',') + ']'
	if (value === null || typeof value !== 'object') return JSON.stringify(value)
	return '{' + Object.keys(value).map((key) => JSON.stringify(key) + ':' + serialize(value[key])).join(',') + '}'
}

const NUMBERS = [0, -0, 1, -1, 0.5, 1.0000000000000002, -1e-323, 5e-324, 1e308, -1e308, 1.7976931348623157e308, 2 ** 53, 1e-7,
	0.1, 100, new Raw('1E2'), new Raw('1e400'), new Raw('-1e400'), new Raw('1e-400'), new Raw('0.0'), new Raw('-0.0e5'), new Raw('12345678901234567890123')]

/** rules: a seeded generator; strangeKeys: see oddIndexKey() */
export function generator(rules, description, strangeKeys) {
	const { random, pick, chance } = rules
	const types = Object.entries(description.types).filter(([, type]) => type.validator)
	const texts = ['', 'a', 'hello', 'ünï ☃', '\ud83d\ude00', '\ud83d', '\u0000', 'null', ...NAMES]

	function free(depth = 0) {
		if (depth < 3 && chance(40)) {
			const n = random(4)
			return chance(50)
				? Array.from({ length: n }, () => free(depth + 1))
				: make(Array.from({ length: n }, () => [pick(NAMES), free(depth + 1)]))
		}
		return pick([null, true, false, 0, -0, 1e308, pick(texts), chance(2) ? new Raw('1e999') : 7])
	}

	function deep() {
		let value = pick([null, 1, 'x', new Raw(chance(20) ? '1e400' : '1')])
		for (let n = random(150); n > 0; n--) value = chance(50) ? [value] : make([['m', value]])
		return value
	}

	function value(node) {
		const [kind, a, b] = Array.isArray(node) ? node : [node]
		switch (kind) {
			case 'unknown':
			case 'any':
			case 'jsonValue':
				return chance(3) ? deep() : chance(60) ? {} : free()
			case 'string':
				return chance(1) ? 'long '.repeat(20000) : pick(texts)
			case 'number':
				return pick([0, 1, -1, 12.5, -0, 1e308, 5e-324])
			case 'positiveNumber':
				return pick([0, -0, 1, 2.5, 1e308])
			case 'nonZeroNumber':
				return pick([1, 0.5, 1e308, 5e-324])
			case 'nonZeroFiniteNumber':
				return pick([1, -1, 1e308, -5e-324])
			case 'unitInterval':
				return pick([0, -0, 0.5, 1, 5e-324])
			case 'boolean':
				return chance(50)
			case 'indexKey3':
			case 'indexKey4':
			case 'indexKey5':
				return chance(90) ? pick(['a1', 'a2V', 'b1zK', 'Zz', 'aA5']) : oddIndexKey(rules, strangeKeys)
			case 'linkUrl':
			case 'srcUrl':
				return chance(90) ? pick(['', 'https://a.b/c?d#e', '/x', './y']) : oddUrl(rules)
			case 'prefix':
				return pick(node.slice(1)) + pick(['', 'x', 'V1StGXR8_Z5jdHi6B-myT', 'é', '\u0000'])
			case 'literal':
				return a
			case 'enum':
				return pick(node.slice(1))
			case 'nullable':
				return chance(30) ? null : value(a)
			case 'optional':
				return value(a)
			case 'or':
				return value(chance(50) ? a : b)
			case 'array':
				return Array.from({ length: chance(2) ? 300 : random(4) }, () => value(a))
			case 'dict':
				return make(Array.from({ length: random(4) }, () => [pick(NAMES), value(b)]))
			case 'union':
				return value(pick(Object.values(b)))
			case 'object': {
				const fields = Object.entries(a)
				if (chance(10)) fields.reverse()
				const there = fields.filter(([, f]) => !(f[0] === 'optional' && chance(40)))
				return make(there.map(([name, f]) => [name, value(f)]))
			}
		}
		throw new Error(`no sample for ${kind}`)
	}

	/** every container of the record, to mutate a random one */
	function containers(root) {
		const found = []
		const todo = [root]
		while (todo.length && found.length < 200) {
			const v = todo.pop()
			if (v === null || typeof v !== 'object' || v instanceof Raw) continue
			found.push(v)
			todo.push(...Object.values(v))
		}
		return found
	}

	function other() {
		return pick([
			() => null,
			() => pick([true, false]),
			() => pick(NUMBERS),
			() => pick(NUMBERS),
			() => pick(texts),
			() => oddUrl(rules),
			() => oddIndexKey(rules, strangeKeys),
			() => pick(['shape:', 'page:x', 'shapes:x', 'shape', 'asset:a', 'document:document', 'user:', 'Shape:x', ' shape:x', 'instance_presence:']),
			() => pick([[], {}, [1], [[]], make([['length', 0]]), make([['x', 0], ['y', 0]])]),
			() => free(),
			() => deep(),
			() => 'x'.repeat(1 + random(chance(2) ? 200000 : 50)),
		])()
	}

	function mutate(record) {
		const target = chance(50) ? record : pick(containers(record))
		const keys = Object.keys(target)
		const key = keys.length ? pick(keys) : '0'
		const what = random(7)

		if (Array.isArray(target)) {
			if (what === 0) target.splice(random(keys.length + 1), 1)
			else if (what === 1) target.splice(random(keys.length + 1), 0, other())
			else if (keys.length) target[key] = other()
		} else if (what === 0) {
			delete target[key]
		} else if (what === 1) {
			set(target, pick(NAMES), other())
		} else if (what === 2) {
			const old = target[key] ?? null
			delete target[key]
			set(target, pick([...NAMES, key + 'X', key.toUpperCase()]), old)
		} else if (what === 3 && typeof target[key] === 'string') {
			const text = target[key]
			const at = random(text.length + 1)
			set(target, key, text.slice(0, at) + pick(['', 'x', '0', ':', ' ', '\u0000', '\ud83d']) + text.slice(at + random(2)))
		} else if (what === 4 && 'type' in target) {
			set(target, 'type', pick([...NAMES, 'geo', 'arrow', 'image', 'draw', 'nothing', null, 0, ['geo'], make([])]))
		} else {
			set(target, key, other())
		}
	}

	/** JSON text of the next record */
	return function next() {
		const [name, type] = pick(types)
		let record = value(type.validator)
		if (!chance(45)) for (let n = 1 + random(chance(80) ? 1 : 4); n > 0; n--) mutate(record)
		if (depth(record) > 200) return next()
		if (chance(1)) record = pick([null, [], 'x', [record], make([])])
		let text = serialize(record)
		if (chance(2) && text.startsWith('{"')) {
			text = '{"typeName":' + JSON.stringify(pick([...NAMES, name])) + ',' + text.slice(1)
		}
		return text
	}
}

/** the server refuses what nests deeper than TD_SCHEMA_DEPTH */
function depth(value) {
	if (value === null || typeof value !== 'object' || value instanceof Raw) return 0
	return 1 + Math.max(0, ...Object.values(value).map(depth))
}

/** what the server refuses on top: numbers beyond a double */
export function hasInfinity(value) {
	if (typeof value === 'number') return !Number.isFinite(value)
	return value !== null && typeof value === 'object' && Object.values(value).some(hasInfinity)
}
