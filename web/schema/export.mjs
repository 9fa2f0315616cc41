#!/usr/bin/env node
// Emits schema descriptions, the files by which the server checks records.

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { describeSchema } from './describe.mjs'

const HELP = `Usage:
  node export.mjs --all [--dir DIR]
      Writes DIR/tldraw-VERSION.json for each client generation of
      package.json (default DIR: conf/schema of this project).

  node export.mjs --module ./my-schema.mjs --out my.json [--name "my app 1"]
      For an app with shapes, bindings or records of its own.  The module's
      default export is either a finished schema, as createTLSchema() returns
      it, or an object with any of
          shapes, bindings     { type: { props, migrations, meta } }
          shapeUtils, bindingUtils     [classes with type, props, migrations]
      and the other options of createTLSchema().  These come on top of
      tldraw's own shapes and bindings; a finished schema is taken as it is.
      Import @tldraw/tlschema and @tldraw/validate (or tldraw) in the module
      as ES modules, in the versions that the app is built with.

      A validator made by refine() or check() with code of its own cannot be
      told to the server.  The command then stops and names the field.
      --ignore-checks leaves such checks to the clients.

Copy the file into the folder that "tidraw_schema" names.
`

register('./hooks.mjs', import.meta.url)

const here = dirname(fileURLToPath(import.meta.url))

/** The tlschema package that "name" means when imported from "from". */
async function loadTlschema(name, from) {
	const entry = createRequire(from).resolve(name)
	const root = dirname(dirname(entry))
	const { module, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
	return { version, tlschema: await import(pathToFileURL(join(root, module)).href) }
}

/** Each generation in a process of its own: they do not like each other. */
function exportAll(dir) {
	const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
	mkdirSync(dir, { recursive: true })
	for (const old of readdirSync(dir)) {
		if (/^tldraw-.*\.json$/.test(old)) rmSync(join(dir, old))
	}
	for (const name of Object.keys(dependencies)) {
		if (!name.startsWith('tlschema-')) continue
		const self = fileURLToPath(import.meta.url)
		const args = [self, '--generation', name, '--dir', dir]
		execFileSync(process.execPath, args, { stdio: 'inherit' })
	}
}

async function exportGeneration(name, dir) {
	const { tlschema, version } = await loadTlschema(name, import.meta.url)
	const description = describeSchema(tlschema.createTLSchema(), `tldraw ${version}`)
	write(join(dir, `tldraw-${version}.json`), description)
}

async function exportModule({ module, out, name, 'ignore-checks': ignoreChecks }) {
	const url = pathToFileURL(resolve(module))
	const exported = await import(url.href)
	let schema = exported.default ?? exported.schema
	if (!schema) throw new Error(`${module} has no default export`)
	if (typeof schema.serialize !== 'function') {
		const { tlschema } = await loadTlschema('@tldraw/tlschema', url)
		const { shapes, bindings, shapeUtils = [], bindingUtils = [], ...rest } = schema
		const byType = (utils) => Object.fromEntries(utils.map((util) => [util.type, util]))
		schema = tlschema.createTLSchema({
			...rest,
			shapes: { ...tlschema.defaultShapeSchemas, ...byType(shapeUtils), ...shapes },
			bindings: { ...tlschema.defaultBindingSchemas, ...byType(bindingUtils), ...bindings },
		})
	}
	write(out, describeSchema(schema, name ?? basename(out, '.json'), ignoreChecks))
}

function write(path, description) {
	writeFileSync(path, JSON.stringify(description) + '\n')
	console.log(path)
}

async function main() {
	const { values } = parseArgs({
		options: {
			all: { type: 'boolean' },
			generation: { type: 'string' },
			dir: { type: 'string', default: join(here, '../../conf/schema') },
			module: { type: 'string' },
			out: { type: 'string' },
			name: { type: 'string' },
			'ignore-checks': { type: 'boolean' },
			help: { type: 'boolean' },
		},
	})
	if (values.all) return exportAll(values.dir)
	if (values.generation) return exportGeneration(values.generation, values.dir)
	if (values.module && values.out) return exportModule(values)
	console.log(HELP)
	process.exitCode = values.help ? 0 : 2
}

main().catch((error) => {
	console.error(`export.mjs: ${error.message}`)
	process.exitCode = 1
})
