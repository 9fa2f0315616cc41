// Strings that look like URLs, index keys and names, and are none or nearly.

/** a seeded generator: random(n) is an integer below n, pick() one of a list */
export function seeded(seed) {
	let state = seed >>> 0 || 1
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0
		let t = Math.imul(state ^ (state >>> 15), state | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return (t ^ (t >>> 14)) >>> 0
	}
	const random = (n) => next() % n
	const pick = (list) => list[random(list.length)]
	const chance = (percent) => random(100) < percent
	return { random, pick, chance }
}

const SCHEMES = `http https HTTP hTTps mailto data asset javascript blob ftp file ws about h1 http+x 1http
	mailto.x ht%74p`.split(/\s+/)
const COLONS = [':', ':/', '://', ':///', ':\\', ':\\\\', ':/\\', '', '::', ':?', ':#', ' :', '/']
const USERS = ['', '', '', 'u@', 'u:p@', '@', ':@', 'a@b@', 'u:p:q@', '%@', 'é@', ' @', '[@', 'u/@', 'u\\@']
const PORTS = `|||:|:80|:0|:65535|:65536|:99999999999|:00080|:a|:8a|:-1|: 80|:8\t0|:%38|::80|:80:80|:８０`.split('|')
const TAILS = ['', '', '/', '/a b', '?q', '#f', '\\x', '/%', '/%zz', '/\ud83d', '/é?ü#ö', ' ', '\n', '/..', '?@', '#@:', '/@', ';']
const HOSTS = [
	...`a a.b example.com EXAMPLE.com a..b .a a. . .. a.. - -a a- a_b *.x ~ ! $ & ' ( ) * + , ; = { } " \``.split(' '),
	...`a%41 %61 %6 % %zz a%00b a%20b a%2fb a%40b a%3ab a%25 %E4%B8%AD %c3%a9 %80 %c3 a%2e %30 %31%2e1`.split(' '),
	...`a<b a>b a^b a|b a[b a]b a\\b a:b`.split(' '),
	...`1 0 1.2 1.2.3 1.2.3.4 1.2.3.4. 1.2.3.4.5 256.1.1.1 1.256 1.16777215 1.16777216 4294967295 4294967296`.split(' '),
	...`0x 0x. 0X1 0xg 0x1.0x2 0xffffffff 0x100000000 010 08 00 1.08 a.1 a.0x a.0xg 1.a 1..2 .1 1. 1.. 1.2. 0x.`.split(' '),
	...`99999999999999999999999 0x00000000000000000000001 1.2.3.0x100 127.1 1e3 1.1e3 +1 -1 1.-1 0b1 0o7`.split(' '),
	...`[] [:] [::] [::1] [:::] [1::2] [1:2:3:4:5:6:7:8] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [1::2::3]`.split(' '),
	...`[1:2:3:4:5:6:7::] [::2:3:4:5:6:7:8] [1:2:3:4::5:6:7:8] [12345::] [g::] [::1.2.3.4] [::1.2.3] [::1.2.3.4.5]`.split(' '),
	...`[::256.1.1.1] [::01.1.1.1] [1.2.3.4] [1:2:3:4:5:6:1.2.3.4] [1:2:3:4:5:6:7:1.2.3.4] [::1.2.3.4:1] [::1 ::1]`.split(' '),
	...`[::1]x x[::1] [[::1]] [::%31] [::1%25eth0] [::.1] [::1.] [::1..2] [FFFF::AbCd] [0:0] [::00001] [1:] [:1] [1:::]`.split(' '),
	...`é é.com bücher.de ß.de 中文.cn 例え.テスト пример.рф ☃.net 💩.la á ａ．ｂ １.２ 。 a。b a．b a｡b ％41 ／ ｘn--a`.split(' '),
	...`א אב.com א1 א-  אa aא א.a عربي.com ع١ ع1 ع1١ א¡ ⒈.a ⒈ ㎏.a K.com ℀ ª º ǆ ﬁ.com ς Σ İ ı`.split(' '),
	'\u00ad', 'a\u00adb', '\u0301a', 'a\u0301', 'a\u200d', 'a\u200db', 'क्\u200dष', 'क्\u200cष', 'a\u200cb', '\ufeffa', 'a\u3000b',
	'a<\u0338', 'a=\u0338', '<\u0338.>\u0338', '<\u0338a<', '\ud83d', 'a\ufffd', '\u{e0100}', '\u{1d400}', '\u{1d7cf}', '\u0000', 'a\u0001', 'a\u007f', 'a\u0085',
	...`xn-- xn--a xn--- xn--4db xn--bcher-kva XN--BCHER-KVA xn--ls8h xn--nxasmq6b xn--zzzzzzzzzzzzzz xn--a-é`.split(' '),
	...`xn--4db.a a.xn--4db.b xn-a xxn--a xn--1ca.xn-- xn--%61 %78n--a xn--11b2ezcw70k xn--0 xn--99999 xn--a.b`.split(' '),
	'a'.repeat(300), 'a.'.repeat(200), 'é'.repeat(70), '1'.repeat(400), '0'.repeat(300) + '1', 'xn--' + 'a'.repeat(400),
]
const INSERTS = [...'\t\n\r /\\:@?#[]%<>^|.é\u0000\u001f\u007f\u00ad中א1٠-x0'.split(''), '%', '%2', '%2e', '\ud83d\ude00', '\ud83d', '//', '..']

const WHOLE = [
	'', ' ', '/', '//', '///', '/\\', '/\\x', '\\', '\\\\x', './', './x', '.', '..', '../x', './/x', '.\\x', ' /x', '/ x', '\t/x', '/\tx',
	'/\t/x', '/\t\\', './\t', '.\t/x', '//a.b/c', '//@', '//u@', '//:80', '//a:b', '/:80', '/?', '/#', '//?', '//[::1]/', '//[', '?', '#', '?x', '#x', 'x', 'rel/x',
	'http:a', 'http:', 'http:/', 'http://', 'http:///', 'http:?', 'http:#', 'http:/a', 'http:///a', 'http:\\\\a', 'http://a b', ' http://a ', '\u0000http://a\u001f', 'h\tt\ntp\r:/\t/a', 'http//a',
	'\u00a0http://a', '\u3000http://a', 'http://a\u00a0', 'http\u0000://a',
	'javascript:alert(1)', 'JavaScript:x', 'blob:http://a/b', 'ftp://a', 'file:///a', 'mailto:', 'mailto:a@b', 'mailto:/', 'mailto://', 'mailto://a:b', 'mailto:// ', 'mailto://[', 'mailto:\u0000',
	'MAILTO:x', 'data:', 'data:,x', 'data:text/plain,a b', 'data://', 'data:///x', 'data://a b', 'data://@', 'data://u@', 'data://:1', 'data://a:65536', 'data://[::1]', 'data://[::1',
	'data://%zz', 'data://é', 'data://a\\b', 'data://a^', 'data:\\\\a b', 'asset:x', 'asset://x', 'asset:', 'asset:<>', 'asset://<', 'asset:/<', 'asset://x/<>', 'asset:\\<', 'ASSET:1',
	'asset:' + 'x'.repeat(5000), 'data:image/png;base64,' + 'iVBORw0KGgo'.repeat(500),
]

/**
 * What RFC 5893 and newer engines refuse, but Node 18 and 20 partly take: a
 * right-to-left letter behind another one, a right-to-left digit first, and
 * any of them together with a joiner.
 */
const UNSETTLED = new RegExp(
	'(^|[./\\\\@:?#\\s])([^./\\\\@:\\u0590-\\u065f\\u066a-\\u08ff]+[\\u0590-\\u08ff]|[\\u0660-\\u0669])' +
		'|^(?=.*[\\u200c\\u200d]).*[\\u0590-\\u08ff]',
	's'
)

/** Early versions of Node 18 take addresses whose last number is one too big. */
const ONE_TOO_BIG = /256|65536|16777216|4294967296|0x100/
const takesOneTooBig = URL.canParse?.('http://1.16777216') ?? true

const unsettled = (url) =>
	UNSETTLED.test(url) ||
	(takesOneTooBig && ONE_TOO_BIG.test(url.normalize('NFKC').replace(/[^!-~]/g, '').toLowerCase()))

export function oddUrl(rules) {
	for (;;) {
		const url = anyUrl(rules)
		if (!unsettled(url)) return url
	}
}

/** pick(WHOLE) or composed, and half of the time with something put in */
function anyUrl({ random, pick, chance }) {
	let url = chance(20)
		? pick(WHOLE)
		: (chance(75) ? pick(['http', 'https', pick(SCHEMES)]) + pick(COLONS.slice(0, chance(70) ? 3 : 99)) : pick(['//', '/\\', '/', './', ''])) +
			pick(USERS) +
			host({ random, pick, chance }) +
			pick(PORTS) +
			pick(TAILS)
	for (let n = chance(40) ? 1 + random(3) : 0; n > 0; n--) {
		const at = random(url.length + 1)
		const cut = chance(30) ? 1 : 0
		url = url.slice(0, at) + (chance(70) ? pick(INSERTS) : '') + url.slice(at + cut)
	}
	return url
}

function host({ random, pick, chance }) {
	if (chance(60)) return pick(HOSTS)
	if (chance(30)) return pick(HOSTS) + '.' + pick(HOSTS)
	if (chance(40)) {
		const part = () => pick(['0', '1', '255', '256', '0x1', '0xFf', '010', '09', '65535', '65536', '16777216', '', 'a', '1a', '0x', '00', '4294967295'])
		return Array.from({ length: 1 + random(5) }, part).join('.') + pick(['', '', '.'])
	}
	if (chance(50)) {
		const part = () => pick(['0', '1', 'ab', 'FFFF', '12345', '', '', 'g', '1.2.3.4'])
		return '[' + Array.from({ length: 1 + random(9) }, part).join(':') + ']'
	}
	const any = () => String.fromCodePoint(pick([33 + random(94), 33 + random(94), 0xa0 + random(0x500), random(0x3000), 0x3000 + random(0xa000)]))
	return 'a' + Array.from({ length: 1 + random(4) }, any).join('') + 'b'
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const STRANGE = ['!', ' ', '_', '~', '\u0000', 'é', '中', '\ud83d\ude00', '\ud83d', '[', '`', '/', ':', '@', '{']

/**
 * strange: also with characters that no key has.  What 4.x says about those
 * is left to chance, see indexKeyByRule() in judge.mjs.
 */
export function oddIndexKey({ random, pick, chance }, strange = true) {
	const digits = (n) => Array.from({ length: n }, () => (chance(30) ? pick(['0', 'z']) : pick(DIGITS))).join('')
	let key
	if (chance(60)) {
		const head = pick('abcdeZYXWVzAyB'.split(''))
		const size = head >= 'a' ? head.charCodeAt(0) - 97 + 2 : 90 - head.charCodeAt(0) + 2
		const body = chance(20) ? pick(['0', 'z']).repeat(size - 1) : digits(size - 1)
		key = head + body + digits(chance(50) ? 0 : random(5))
	} else if (chance(50)) {
		const most = pick(['z', 'A'])
		key = most.repeat(1 + random(3)) + pick(DIGITS) + pick([digits(random(140)), '0'.repeat(20 + random(80)), 'z'.repeat(20 + random(80))])
	} else {
		key = pick(['', '0', 'a', 'a0', 'a1', 'a10', 'Zz', 'A', 'z', 'zz', 'a00', 'b0', 'b00', 'A' + '0'.repeat(26), 'A' + '0'.repeat(25),
			'A' + '0'.repeat(26) + '1', 'Az' + 'z'.repeat(26), 'Az' + 'z'.repeat(25) + 'y', 'AAz' + 'z'.repeat(77), 'z' + 'z'.repeat(26), 'zA' + '0'.repeat(26), 'zzA' + 'z'.repeat(78)])
	}
	if (strange && chance(15)) {
		const at = random(key.length + 1)
		key = key.slice(0, at) + pick(STRANGE) + key.slice(at + random(2))
	}
	return chance(10) ? key.slice(0, -1) : key
}

export const NAMES = ['toString', '__proto__', 'constructor', 'hasOwnProperty', 'prototype', 'valueOf', 'length', '0', '', 'a\u0000b',
	'\ud83d\ude00', '\ud83d', '\u2028', 'typeName', 'props', 'id', 'x'.repeat(200)]
