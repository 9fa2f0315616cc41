// Module hooks: whoever imports @tldraw/validate gets it with the T of
// tags.mjs.  Works for every copy of the package that is loaded.

const tags = new URL('./tags.mjs', import.meta.url).href

export async function resolve(specifier, context, next) {
	const found = await next(specifier, context)
	const wanted = /\/@tldraw\/validate\/[^?]*\/index\.m?js$/.test(found.url)
	if (!wanted || context.parentURL?.endsWith('?tagged')) return found
	return { ...found, url: found.url + '?tagged', format: 'module', shortCircuit: true }
}

export async function load(url, context, next) {
	if (!url.endsWith('?tagged')) return next(url, context)
	const original = JSON.stringify(url.slice(0, -'?tagged'.length))
	const source = `import { T as original } from ${original}
		import { tag } from ${JSON.stringify(tags)}
		export * from ${original}
		export const T = tag(original)`
	return { format: 'module', source, shortCircuit: true }
}
