// Judges records twice, by the validators of each client generation and by
// the C checker, and allows no difference.  Then the same for URLs and index
// keys alone.  SEED chooses other records, RECORDS another number of them,
// SCHEMA_BUILD another build folder.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { oddIndexKey, oddUrl, seeded } from './odd_strings.mjs'
import { generator, hasInfinity } from './records.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const web = join(root, 'web/schema')
const schemas = join(root, 'conf/schema')
const build = process.env.SCHEMA_BUILD ?? join(root, 'build/schema')
const seed = Number(process.env.SEED ?? 1)
const count = Number(process.env.RECORDS ?? 50000)

function ok(good, name, details = []) {
	console.log(`${good ? 'ok' : 'not ok'} - ${name}`)
	for (const line of details) console.log('# ' + line)
}

function checker(descriptionPath, lines, fast) {
	const program = join(build, fast ? 'check_records_fast' : 'check_records')
	const run = spawnSync(program, [descriptionPath, ...(fast ? ['-t'] : [])], {
		input: lines.join('\n') + '\n',
		maxBuffer: 1 << 30,
		encoding: 'utf8',
	})
	if (run.status !== 0) console.log('# ' + run.stderr.slice(0, 2000).replace(/\n/g, '\n# '))
	return run.stdout.trimEnd().split('\n')
}

function compare(name, descriptionPath, lines, verdicts) {
	const answers = checker(descriptionPath, lines)
	const wrong = []
	let valid = 0
	for (let i = 0; i < lines.length; i++) {
		valid += verdicts[i]
		if (answers[i] !== (verdicts[i] ? '1' : '0')) wrong.push(i)
	}
	const share = ((100 * valid) / lines.length).toFixed(1)
	ok(
		wrong.length === 0 && answers.length === lines.length,
		`${name}: ${lines.length} checked, ${valid} valid (${share} %), ${wrong.length} disagreements`,
		wrong.slice(0, 10).map((i) => `client ${verdicts[i]}, server ${answers[i]}: ${lines[i].slice(0, 600)}`)
	)
}

/**
 * 4.x asks a generator of random keys about a key; with characters that no
 * key has, the answer is a matter of luck.  The server refuses those, and so
 * does this T.indexKey.
 */
function indexKeyByRule(T) {
	const original = T.indexKey.validationFn
	T.indexKey.validationFn = (key) => {
		if (typeof key === 'string' && !/^[0-9A-Za-z]*$/.test(key)) throw new Error('not base 62')
		return original(key)
	}
}

const accepts = (validator, value) => {
	try {
		validator.validate(value)
		return true
	} catch {
		return false
	}
}

async function load(path) {
	return import(pathToFileURL(path).href)
}

async function generation(name, temp) {
	const tlschema = await load(join(web, 'node_modules', name, 'dist-esm/index.mjs'))
	const nested = join(web, 'node_modules', name, 'node_modules')
	const modules = existsSync(join(nested, '@tldraw/validate')) ? nested : join(web, 'node_modules')
	const { T } = await load(join(modules, '@tldraw/validate/dist-esm/index.mjs'))
	const { version } = JSON.parse(readFileSync(join(web, 'node_modules', name, 'package.json'), 'utf8'))
	const path = join(schemas, `tldraw-${version}.json`)
	const description = JSON.parse(readFileSync(path, 'utf8'))
	const rules = seeded(seed)

	const indexRule = JSON.stringify(description).match(/indexKey\d/)[0]
	const strange = indexRule !== 'indexKey4'
	if (!strange) indexKeyByRule(T)

	const types = tlschema.createTLSchema().types
	const next = generator(rules, description, strange)
	const lines = Array.from({ length: count }, next)
	const verdicts = lines.map((line) => {
		const record = JSON.parse(line)
		const typeName = record?.typeName
		const known = typeof typeName === 'string' && Object.hasOwn(types, typeName)
		if (!known || types[typeName].scope === 'session') return false
		return accepts(types[typeName].validator, record) && !hasInfinity(record)
	})
	compare(`records of ${description.name}`, path, lines, verdicts)

	const valid = lines.filter((line, i) => verdicts[i] && line.length < 2000).slice(0, 2000)
	const [micros] = checker(path, valid, true)
	ok(Number(micros) < 20, `a valid record of ${description.name} is checked in ${micros} microseconds`)

	// the leaves alone, each in a record of its own
	const leaves = { linkUrl: T.linkUrl, srcUrl: T.srcUrl, httpUrl: T.httpUrl, [indexRule]: T.indexKey }
	const wrapped = join(temp, `${name}.json`)
	writeFileSync(
		wrapped,
		JSON.stringify({
			...description,
			types: Object.fromEntries(
				Object.keys(leaves).map((leaf) => [leaf, { scope: 'document', validator: ['object', { typeName: 'string', v: leaf }] }])
			),
		})
	)
	const texts = []
	const right = []
	for (let i = 0; i < 25000; i++) {
		const leaf = rules.pick(Object.keys(leaves))
		const v = leaf === indexRule ? oddIndexKey(rules, strange) : oddUrl(rules)
		texts.push(JSON.stringify({ typeName: leaf, v }))
		right.push(accepts(leaves[leaf], v))
	}
	compare(`URLs and index keys of ${description.name}`, wrapped, texts, right)
}

/** Each generation in a process of its own: they do not like each other. */
function output(name) {
	return new Promise((resolve) => {
		const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name])
		let text = ''
		child.stdout.on('data', (data) => (text += data))
		child.stderr.on('data', (data) => (text += data))
		child.on('close', (code) => resolve(text + (code === 0 ? '' : `not ok - ${name} ends with ${code}\n`)))
	})
}

async function main() {
	const started = Date.now()

	execFileSync('make', ['-s', '-C', here, `BUILD=${build}`], { stdio: ['ignore', 2, 2] })
	if (!existsSync(join(web, 'node_modules'))) {
		execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: web, stdio: ['ignore', 2, 2] })
	}

	const { dependencies } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'))
	const names = Object.keys(dependencies).filter((name) => name.startsWith('tlschema-'))
	const files = readdirSync(schemas).filter((name) => /^tldraw-.*\.json$/.test(name))
	const complete = names.length === 3 && files.length === 3

	const lines = [`${complete ? 'ok' : 'not ok'} - each of three client generations has a description`]
	for (const text of await Promise.all(names.map(output))) lines.push(...text.trimEnd().split('\n'))

	let tests = 0
	let failed = 0
	for (const line of lines) {
		const [, verdict, rest] = line.match(/^(ok|not ok) - (.*)/) ?? []
		if (verdict) console.log(`${verdict} ${++tests} - ${rest}`)
		else console.log(line.startsWith('#') ? line : '# ' + line)
		if (verdict === 'not ok') failed++
	}
	console.log(`# seed ${seed}, ${((Date.now() - started) / 1000).toFixed(1)} s`)
	console.log(`1..${tests}`)
	process.exitCode = failed ? 1 : 0
}

if (process.argv[2]) {
	const temp = mkdtempSync(join(tmpdir(), 'tidraw-schema-'))
	try {
		await generation(process.argv[2], temp)
	} finally {
		rmSync(temp, { recursive: true })
	}
} else {
	await main()
}
