// The page with the licence notices of everything that the build contains.
import { readFileSync } from 'node:fs'
import type { Dependency } from 'rollup-plugin-license'

const own = (name: string) => readFileSync(new URL(`../notices/${name}`, import.meta.url), 'utf8')

/* tldraw's packages only point to the licence text of their repository */
const isTldraw = (name: string) => name === 'tldraw' || name.startsWith('@tldraw/')

const escapeHtml = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

function section(title: string, licence: string, text: string): string {
  return `<section><h2>${escapeHtml(title)}</h2><p>${escapeHtml(licence)}</p><pre>${escapeHtml(text.trim())}</pre></section>`
}

export function noticesPage(dependencies: Dependency[]): string {
  const packages = dependencies
    .filter((d): d is Dependency & { name: string } => d.name !== null)
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((d) => {
      const text = [d.licenseText, d.noticeText].filter(Boolean).join('\n\n')
      const pointer = isTldraw(d.name) && !/Permission is hereby granted/.test(text)
      return section(
        `${d.name} ${d.version ?? ''}`,
        d.license ?? '',
        pointer ? `${text}\n\n${own('tldraw.md')}` : text || author(d),
      )
    })

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Licences – Tidraw</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 0; }
p { margin: 0; opacity: .75; }
pre { font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8885; border-radius: 8px; }
</style>
</head>
<body>
<h1>Licences</h1>
<p>Tidraw's web app is built from these packages.</p>
${packages.join('\n')}
${section('Fonts', 'OFL-1.1', own('fonts.txt'))}
</body>
</html>
`
}

function author(d: Dependency): string {
  const name = d.author?.text() ?? d.maintainers?.[0] ?? ''
  return name ? `Copyright ${name}` : ''
}
