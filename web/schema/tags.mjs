// Remembers how each validator of @tldraw/validate was made.  The functions
// and methods of its namespace T return closures that tell nothing about
// themselves; wrapped, they leave a note here for export.mjs to read.

/** validator -> { kind, ... }; validators without a note explain themselves */
export const notes = new WeakMap()

/** while set, sees every validator whose validate() is called */
export const trace = { seen: null }

function note(validator, text) {
	notes.set(validator, text)
	return validator
}

function patch(proto, name, describe) {
	const original = proto[name]
	proto[name] = function (...args) {
		return note(original.apply(this, args), describe(this, ...args))
	}
}

/** Takes the namespace T and gives one that works alike and takes notes. */
export function tag(T) {
	const Validator = T.Validator
	const wrapped = { ...T }

	for (const [name, value] of Object.entries(T)) {
		if (value instanceof Validator) note(value, { kind: 'leaf', name, probe: value })
	}

	const wrap = (name, describe) => {
		if (!T[name]) return
		wrapped[name] = (...args) => note(T[name](...args), describe(...args))
	}
	wrap('literal', (value) => ({ kind: 'literal', value }))
	wrap('setEnum', (values) => ({ kind: 'enum', values }))
	wrap('literalEnum', (...values) => ({ kind: 'enum', values }))
	wrap('optional', (inner) => ({ kind: 'optional', inner }))
	wrap('nullable', (inner) => ({ kind: 'nullable', inner }))
	wrap('model', (name, inner) => ({ kind: 'same', inner }))
	wrap('or', (a, b) => ({ kind: 'or', a, b }))
	wrap('union', () => ({ kind: 'union' }))
	wrap('numberUnion', () => ({ kind: 'union' }))

	patch(Validator.prototype, 'optional', (inner) => ({ kind: 'optional', inner }))
	patch(Validator.prototype, 'nullable', (inner) => ({ kind: 'nullable', inner }))
	patch(Validator.prototype, 'refine', (inner, fn) => ({ kind: 'check', inner, fn }))
	patch(Validator.prototype, 'check', (inner, a, b) => ({ kind: 'check', inner, fn: b ?? a }))
	patch(T.ArrayOfValidator.prototype, 'nonEmpty', (inner) => ({ kind: 'min', inner, min: 1 }))
	patch(T.ArrayOfValidator.prototype, 'lengthGreaterThan1', (inner) => ({
		kind: 'min',
		inner,
		min: 2,
	}))

	const validate = Validator.prototype.validate
	Validator.prototype.validate = function (value) {
		trace.seen?.(this)
		return validate.call(this, value)
	}
	return wrapped
}
