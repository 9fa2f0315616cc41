// Turns a TLSchema whose validators were made under tags.mjs into a schema
// description: plain JSON that src/core/td_schema.c loads.  The nodes:
//
//   "string" ...                   a leaf of T by its name
//   ["object", {name: node}, open] open (true): unknown fields are allowed
//   ["union", key, {name: node}, "number"]   the last for numberUnion only
//   ["array", node, min]           ["dict", keys, values]
//   ["literal", value]             ["enum", value, ...]
//   ["optional", node]             ["nullable", node]
//   ["or", node, node]             ["prefix", text, ...]  strings only

import { notes, trace } from './tags.mjs'

const LEAVES = new Set(
	`unknown any string number positiveNumber nonZeroNumber nonZeroFiniteNumber unitInterval integer
	positiveInteger nonZeroInteger boolean array unknownObject jsonValue linkUrl srcUrl httpUrl
	indexKey bigint`.split(/\s+/)
)

const accepts = (validate, value) => {
	try {
		validate(value)
		return true
	} catch {
		return false
	}
}

/** "format": 1 of the description */
export function describeSchema(schema, name, ignoreChecks = false) {
	const types = {}
	for (const [typeName, type] of Object.entries(schema.types)) {
		types[typeName] = { scope: type.scope }
		if (type.scope === 'session') continue
		types[typeName].validator = walk(type.validator, [typeName], ignoreChecks)
	}
	const notRetroactive = Object.entries(schema.migrations)
		.filter(([, sequence]) => !sequence.retroactive)
		.map(([id]) => id)
	return { format: 1, name, schema: schema.serialize(), notRetroactive, types }
}

function walk(validator, path, ignoreChecks) {
	const at = (v, step) => walk(v, step === undefined ? path : [...path, step], ignoreChecks)
	const fields = (config) =>
		Object.fromEntries(Object.entries(config).map(([key, v]) => [key, at(v, key)]))
	const note = notes.get(validator)

	switch (note?.kind) {
		case 'leaf':
			return leaf(note, path)
		case 'literal':
			return ['literal', scalar(note.value, path)]
		case 'enum':
			return ['enum', ...[...note.values].map((value) => scalar(value, path))]
		case 'optional':
		case 'nullable':
			return [note.kind, at(note.inner)]
		case 'same':
			return at(note.inner)
		case 'or':
			return ['or', at(note.a), at(note.b)]
		case 'min':
			return [...at(note.inner), note.min]
		case 'check':
			return check(note, at, path, ignoreChecks)
		case 'union': {
			const node = ['union', validator.key, fields(validator.config)]
			return validator.useNumberKeys ? [...node, 'number'] : node
		}
	}
	if ('itemValidator' in validator) return ['array', at(validator.itemValidator, '*')]
	if ('keyValidator' in validator) {
		return ['dict', at(validator.keyValidator, '(key)'), at(validator.valueValidator, '*')]
	}
	if ('shouldAllowUnknownProperties' in validator) {
		const node = ['object', fields(validator.config)]
		return validator.shouldAllowUnknownProperties ? [...node, true] : node
	}
	if ('defaultValue' in validator && 'type' in validator) return at(validator.type)
	return delegate(validator, at, path, ignoreChecks)
}

function leaf({ name, probe }, path) {
	if (!LEAVES.has(name)) fail(path, `T.${name} is not known to this exporter`)
	if (name !== 'indexKey') return name
	// Three generations of rules.  What the second says about characters
	// outside 0-9A-Za-z depends on chance.
	if (accepts((v) => probe.validate(v), 'a10')) return 'indexKey3'
	return accepts((v) => probe.validate(v), 'X9\u4e2dz') ? 'indexKey5' : 'indexKey4'
}

function scalar(value, path) {
	const ok = value === null || ['string', 'boolean'].includes(typeof value)
	if (!ok && !Number.isFinite(value)) fail(path, `the value ${String(value)} is not JSON`)
	return value
}

const source = (fn) => fn.toString().replace(/\s+/g, ' ').replace(/["'`]/g, '"')

/** refine() and check() take any code: only what is recognised can be told. */
function check({ inner, fn }, at, path, ignoreChecks) {
	const text = source(fn)
	const base = at(inner)
	const startsWith = /^\(?(\w+)\)? ?=> \{ if \((?:!\1\.startsWith\([^)]+\)(?: && )?)+\) \{ throw new Error\([^;]*\); \} return \1; \}$/
	const between01 = /^\(?(\w+)\)? ?=> \{ if \(\1 < 0 \|\| \1 > 1\) \{ throw [^;]*; \} \}$/

	if (base === 'number' && between01.test(text)) return 'unitInterval'
	if (base === 'string' && startsWith.test(text)) {
		let message = ''
		try {
			fn('')
		} catch (error) {
			message = error.message
		}
		const prefixes = [...message.matchAll(/"([^"]+)"/g)].map((match) => match[1])
		const sound = prefixes.length && prefixes.every((p) => accepts(fn, p) && !accepts(fn, p.slice(1)))
		if (sound) return ['prefix', ...prefixes]
	}
	if (ignoreChecks) return base
	fail(path, `code in check() or refine() cannot be described: ${text.slice(0, 120)}`)
}

/** An object or Validator that only passes the value on to another one. */
function delegate(validator, at, path, ignoreChecks) {
	const fn = validator.validationFn ?? validator.validate
	const text = source(fn)
	const passes = /^\(?(\w+)\)? ?=> [\w.$]+\.validate\(\1\)$/.test(text)
	const optional =
		/^\(?(\w+)\)? ?=> \{ if \(\1 === (?:void 0|undefined)\) return (?:void 0|undefined); return [\w.$]+\.validate\(\1\); \}$/.test(
			text
		)
	let inner
	if (passes || optional) {
		trace.seen = (v) => (inner ??= v)
		accepts(fn, Symbol('probe'))
		trace.seen = null
	}
	if (inner) return optional ? ['optional', at(inner)] : at(inner)
	if (ignoreChecks) return 'unknown'
	fail(path, `code of a validator cannot be described: ${text.slice(0, 120)}`)
}

function fail(path, reason) {
	throw new Error(`${path.join('.')}: ${reason}`)
}
