// Writes a .gz next to every compressible file of the build, so that the
// server sends them as they are, and prints what a browser has to load.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const COMPRESSIBLE = /\.(html|js|css|svg|json|txt|webmanifest)$/
const SMALLEST = 1024

type Size = { name: string; raw: number; gzip: number }

export function compress(): Plugin {
  let outDir = ''

  return {
    name: 'tidraw-compress',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      outDir = config.build.outDir
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        report(compressFolder(outDir))
      },
    },
  }
}

function compressFolder(folder: string): Size[] {
  const sizes: Size[] = []

  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (!entry.isFile() || entry.name.endsWith('.gz')) continue

    const data = readFileSync(path)
    const size = { name: relative(folder, path), raw: data.length, gzip: data.length }

    if (COMPRESSIBLE.test(entry.name) && data.length > SMALLEST) {
      const packed = gzipSync(data, { level: constants.Z_BEST_COMPRESSION })
      writeFileSync(`${path}.gz`, packed)
      size.gzip = packed.length
    }

    sizes.push(size)
  }

  return sizes
}

function report(sizes: Size[]): void {
  const code = sizes.filter((s) => /\.(js|css)$/.test(s.name) || s.name === 'index.html')
  code.sort((a, b) => b.gzip - a.gzip)

  for (const s of code) console.log(`  ${kb(s.gzip)} gzip  ${kb(s.raw)}  ${s.name}`)

  const total = code.reduce((sum, s) => sum + s.gzip, 0)
  console.log(`  ${kb(total)} gzip  all scripts and styles`)
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(10)
}
