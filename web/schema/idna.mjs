#!/usr/bin/env node
// Writes src/core/td_idna_table.h: what the URL parser of this Node says about
// each code point in a host name, found by asking it.  Run by hand when the
// Unicode version should move on:  node idna.mjs > ../../src/core/td_idna_table.h

const host = (text) => {
	try {
		return new URL(`http://${text}/`).hostname
	} catch {
		return null
	}
}
const ok = (text) => host(text) !== null

const BIDI = { other: 0, rtl: 1, an: 2, en: 3, neutral: 4, nsm: 5 }
const MARK = 0x08
const MAPPED = 0x10
const VIRAMA = 0x20
const JOINS_LEFT = 0x40 // something may join it from before: types R and D
const JOINS_RIGHT = 0x80 // it joins what follows: types L and D
const DISALLOWED = 0x06
const IGNORED = 0x07

const LATIN = 'q' // composes with no mark
const HEBREW = '\u05d0'
const ARABIC = '\u0628'
const ARABIC_DIGIT = '\u0661'

/** the name of a code point between two letters, "" if it vanishes */
function mapped(c, letter) {
	const name = host(letter + c + letter)
	return name === host(letter + letter) ? '' : name
}

function describe(cp) {
	const c = String.fromCodePoint(cp)
	const ltr = mapped(c, LATIN)
	const rtl = mapped(c, HEBREW)
	if (ltr === null && rtl === null) {
		// two joiners depend on what stands around them
		return cp === 0x200c || cp === 0x200d ? { class: BIDI.neutral } : { class: DISALLOWED }
	}
	if (ltr === '' || rtl === '') return { class: IGNORED }

	let bidi = BIDI.other
	if (rtl !== null) {
		if (ltr === null) bidi = ok(HEBREW + '1' + c + HEBREW) ? BIDI.rtl : BIDI.an
		else if (!ok(HEBREW + ARABIC_DIGIT + c + HEBREW)) bidi = BIDI.en
		else bidi = ok(HEBREW + c) ? BIDI.nsm : BIDI.neutral
	}
	let flags = 0
	if (!ok(c + 'a') && !ok(c + HEBREW) && ltr !== null) flags |= MARK
	if (cp >= 0x80) {
		if (ok('a' + c + '\u200d')) flags |= VIRAMA
		else {
			if (ok(ARABIC + '\u200c' + c)) flags |= JOINS_LEFT
			if (ok(c + '\u200c' + ARABIC)) flags |= JOINS_RIGHT
		}
	}
	// the result is ASCII: then it is known exactly
	let ascii
	if (cp >= 0x80 && ltr !== null && !ltr.startsWith('xn--')) ascii = ltr.slice(1, -1)
	if (ascii === undefined && cp >= 0x80 && isMapped(c, ltr, rtl)) flags |= MAPPED
	return { class: bidi | flags, ascii }
}

/** whether c is replaced: then its own punycode is refused */
function isMapped(c, ltr, rtl) {
	const name = ltr ?? rtl
	const letter = ltr !== null ? LATIN : HEBREW
	return name !== encode(letter + c + letter)
}

/** RFC 3492 */
function encode(text) {
	const input = [...text].map((c) => c.codePointAt(0))
	const basic = input.filter((c) => c < 0x80)
	let out = String.fromCodePoint(...basic) + (basic.length ? '-' : '')
	let [n, delta, bias, done] = [128, 0, 72, basic.length]
	while (done < input.length) {
		const m = Math.min(...input.filter((c) => c >= n))
		delta += (m - n) * (done + 1)
		n = m
		for (const c of input) {
			if (c < n) delta++
			if (c !== n) continue
			let q = delta
			for (let k = 36; ; k += 36) {
				const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias
				if (q < t) {
					out += digit(q)
					break
				}
				out += digit(t + ((q - t) % (36 - t)))
				q = Math.floor((q - t) / (36 - t))
			}
			delta = done === basic.length ? Math.floor(delta / 700) : delta >> 1
			delta += Math.floor(delta / (done + 1))
			let k = 0
			for (; delta > 455; k += 36) delta = Math.floor(delta / 35)
			bias = k + Math.floor((36 * delta) / (delta + 38))
			delta = 0
			done++
		}
		delta++
		n++
	}
	return 'xn--' + out
}

function digit(d) {
	return String.fromCharCode(d < 26 ? d + 97 : d + 22)
}

const ranges = []
const runs = []
for (let cp = 0x80; cp <= 0x10ffff; cp++) {
	const surrogate = cp >= 0xd800 && cp <= 0xdfff
	const found = surrogate ? { class: DISALLOWED } : describe(cp)
	if (ranges.length === 0 || ranges.at(-1).class !== found.class) {
		ranges.push({ start: cp, class: found.class })
	}
	if (found.ascii === undefined) continue
	const text = found.ascii
	const last = runs.at(-1)
	const next = last && last.end + 1 === cp && last.text.length === 1 && text.length === 1
	const step = next ? text.charCodeAt(0) - last.last.charCodeAt(0) : -1
	if (next && step === 1) {
		last.end = cp
		last.last = text
	} else {
		runs.push({ start: cp, end: cp, text, last: text })
	}
}

function rows(items) {
	const lines = []
	let line = '   '
	for (const item of items) {
		if (line.length + item.length + 2 > 79) {
			lines.push(line)
			line = '   '
		}
		line += ` ${item},`
	}
	return [...lines, line].join('\n').replace(/,$/, '')
}

const hex = (n) => '0x' + n.toString(16)
const quote = (text) => JSON.stringify(text)

console.log(`
/*
 * Code points of host names, made by web/schema/idna.mjs: do not edit.
 *
 * td_idna_ranges: first code point of a range << 8 | class.
 * td_idna_ascii_runs: first, last, what the first becomes; of several code
 * points each becomes the character after the one of its neighbour.
 */


static const uint32_t  td_idna_ranges[] = {
${rows(ranges.map((r) => hex(r.start * 256 + r.class)))}
};


static const td_idna_run_t  td_idna_ascii_runs[] = {
${rows(runs.map((r) => `{ ${hex(r.start)}, ${hex(r.end)}, ${quote(r.text)} }`))}
};`)
