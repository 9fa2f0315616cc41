// web/schema/export.mjs reproduces the committed descriptions, and describes
// the schema of an app with shapes of its own; the C checker loads the result.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const web = join(root, 'web/schema')
const build = process.env.SCHEMA_BUILD ?? join(root, 'build/schema')

let tests = 0
let failed = 0

function ok(good, name, detail = '') {
	console.log(`${good ? 'ok' : 'not ok'} ${++tests} - ${name}`)
	if (good) return
	failed++
	console.log('# ' + String(detail).slice(0, 2000).replace(/\n/g, '\n# '))
}

const exporter = (...args) =>
	spawnSync(process.execPath, [join(web, 'export.mjs'), ...args], { encoding: 'utf8' })

function check(description, records) {
	const input = records.map((record) => JSON.stringify(record) + '\n').join('')
	const run = spawnSync(join(build, 'check_records'), [description], { input, encoding: 'utf8' })
	return run.stdout.trim().split('\n').join(' ') + run.stderr
}

const card = (props, more) => ({
	id: 'shape:1', typeName: 'shape', type: 'card', x: 0, y: 0, rotation: 0, index: 'a1', parentId: 'page:page',
	isLocked: false, opacity: 1, meta: {}, props, ...more,
})

const CARD = `
	import { T } from '@tldraw/validate'
	const props = {
		w: T.number,
		title: T.string.optional(),
		tags: T.arrayOf(T.string).nonEmpty(),
		state: T.or(T.literal(3), T.setEnum(new Set(['open', null]))),
		scores: T.dict(T.string, T.integer),
		any: T.object({ a: T.number }).allowUnknownProperties().optional(),
	}
`

function committed(temp) {
	const again = join(temp, 'again')
	const run = exporter('--all', '--dir', again)
	const schemas = join(root, 'conf/schema')
	const names = (dir) => readdirSync(dir).filter((name) => /^tldraw-.*\.json$/.test(name)).sort()

	ok(run.status === 0 && names(again).join() === names(schemas).join(), 'the exporter writes the same files as are committed',
		run.stderr)
	for (const name of names(again)) {
		ok(readFileSync(join(again, name)).equals(readFileSync(join(schemas, name))), `${name} is reproduced exactly`)
	}
}

function ownShapes(temp) {
	const modules = join(temp, 'node_modules/@tldraw')
	mkdirSync(modules, { recursive: true })
	symlinkSync(join(web, 'node_modules/tlschema-5'), join(modules, 'tlschema'))
	symlinkSync(join(web, 'node_modules/tlschema-5/node_modules/@tldraw/validate'), join(modules, 'validate'))

	const describe = (text, ...args) => {
		writeFileSync(join(temp, 'my-schema.mjs'), text)
		return exporter('--module', join(temp, 'my-schema.mjs'), '--out', join(temp, 'my.json'), ...args)
	}
	const my = join(temp, 'my.json')
	const good = { w: 1, tags: ['a'], state: 3, scores: { a: 1 } }
	const records = [
		card(good),
		card({ ...good, title: 't', state: null, any: { a: 1, b: [2] } }),
		card({ ...good, tags: [] }),
		card({ ...good, scores: { a: 1.5 } }),
		card({ ...good, state: '3' }),
		card({ ...good, any: { b: 1 } }),
		card({ ...good, extra: 1 }),
		card({}, { type: 'group' }),
		card({}, { type: 'other' }),
	]
	const expected = '1 1 0 0 0 0 0 1 0'

	let run = describe(CARD + 'export default { shapes: { card: { props } } }', '--name', 'my app 1')
	ok(run.status === 0, 'a module may export options for createTLSchema()', run.stderr)
	ok(check(my, records) === expected, 'own shapes come on top of the others', check(my, records))
	ok(JSON.parse(readFileSync(my)).name === 'my app 1', '--name names the description')

	run = describe(CARD + `class CardUtil { static type = 'card'; static props = props }
		export default { shapeUtils: [CardUtil] }`)
	ok(run.status === 0 && check(my, records) === expected, 'a module may export shape utils', run.stderr)

	run = describe(CARD + `import { createTLSchema, defaultShapeSchemas } from '@tldraw/tlschema'
		export default createTLSchema({ shapes: { ...defaultShapeSchemas, card: { props } } })`)
	ok(run.status === 0 && check(my, records) === expected, 'a module may export a finished schema', run.stderr)

	run = describe(CARD + `import { createTLSchema } from '@tldraw/tlschema'
		export default createTLSchema({ user: { meta: { team: T.string } } })`)
	const user = (meta) => ({ id: 'user:1', typeName: 'user', name: '', color: '', imageUrl: '', meta })
	ok(run.status === 0 && check(my, [user({}), user({ team: 'a', b: 1 }), user({ team: 1 })]) === '1 1 0',
		'fields of its own for users are described', run.stderr)

	const code = CARD + `props.w = T.number.check((n) => { if (n % 2) throw new Error('odd') })
		export default { shapes: { card: { props } } }`
	run = describe(code)
	ok(run.status === 1 && run.stderr.includes('shape.card.props.w'), 'code that cannot be described is refused by its field',
		run.stderr)
	run = describe(code, '--ignore-checks')
	ok(run.status === 0 && check(my, records) === expected, '--ignore-checks leaves that code to the clients', run.stderr)

	run = exporter('--module', join(temp, 'none.mjs'), '--out', my)
	ok(run.status === 1 && run.stderr.includes('none.mjs'), 'a missing module is reported')
	run = exporter()
	ok(run.status === 2 && run.stdout.includes('--module'), 'without arguments the help is shown')
}

execFileSync('make', ['-s', '-C', here, `BUILD=${build}`], { stdio: ['ignore', 2, 2] })
if (!existsSync(join(web, 'node_modules'))) {
	execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: web, stdio: ['ignore', 2, 2] })
}

const temp = mkdtempSync(join(tmpdir(), 'tidraw-schema-'))
try {
	committed(temp)
	ownShapes(temp)
} finally {
	rmSync(temp, { recursive: true })
}
console.log(`1..${tests}`)
process.exitCode = failed ? 1 : 0
