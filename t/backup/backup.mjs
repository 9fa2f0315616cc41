// What the tests of backups share: the commands of docs/backup.md as they
// stand there, on a server of the tests, and looks at what is there then.

import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(`${root}docs/backup.md`, 'utf8')

// The line of the page that begins with a text.

function documented(begin) {
  const line = page.split('\n').find((l) => l.startsWith(`    ${begin}`))

  if (!line) throw new Error(`docs/backup.md has no command ${begin}`)

  return line.trim()
}

export class Backups {
  // t: a server, or { dir, database }

  constructor(t) {
    this.t = t
    this.folder = `${t.dir}/backups`
    this.made = 0
  }

  command(begin, name) {
    return [documented('export DATA='), documented(begin)].join('; ')
      .replaceAll('/usr/share/tidraw/', `${root}tools/`)
      .replaceAll('/var/lib/tidraw', `${this.t.dir}/data`)
      .replaceAll('/var/backups/tidraw', this.folder)
      .replaceAll('20260801T030000Z', name ?? '')
  }

  // { code, out, err } of a command of the page

  run(begin, { name, env, started } = {}) {
    return new Promise((resolve) => {
      const child = execFile('sh', ['-c', this.command(begin, name)], { env:
        { ...process.env, DATABASE_URL: this.t.database, ...env } },
      (error, out, err) => resolve({ code: error ? error.code ?? 137 : 0,
        out: out.trim(), err: err.trim() }))

      started?.(child)
    })
  }

  save(more) { return this.run('/usr/share/tidraw/backup.sh', more) }

  verify(name) {
    return this.run('/usr/share/tidraw/backup.sh verify', { name })
  }

  restore(name, more) {
    return this.run('/usr/share/tidraw/backup.sh restore', { name, ...more })
  }

  names() {
    return readdirSync(this.folder).filter((n) => /Z$/.test(n)).sort()
  }

  // As if nothing had ever been there; the server does not run.

  async wipe() {
    const { t } = this

    renameSync(`${t.dir}/data`, `${t.dir}/data.${++this.made}`)
    mkdirSync(`${t.dir}/data`)

    if (!t.database.startsWith('sqlite:')) {
      await t.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    }
  }

  // Every row of every table, as sorted lines.

  async tables() {
    const { t } = this
    const all = {}
    const names = (await t.sql(t.database.startsWith('sqlite:')
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE"
        + " 'sqlite_%'"
      : "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).flat()

    for (const name of names) {
      all[name] = (await t.sql(`SELECT * FROM ${name}`))
        .map((row) => JSON.stringify(row)).sort()
    }

    return all
  }

  // { path: hash } of the upload folder's files and the secret

  files() {
    const text = execFileSync('sh', ['-c', `cd ${this.t.dir}/data &&
      find uploads/?? secret -type f | sort | xargs -r sha256sum`])

    return text.toString()
  }
}

// A picture of its own, as far as anybody looks.

export function picture(text) {
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUl'
    + 'EQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

  return Buffer.concat([pixel, Buffer.from(text)])
}

export async function upload(t, cookie, board, bytes) {
  const r = await fetch(`http://${t.host}:${t.port}/api/rooms/${board}/files`, {
    method: 'POST', body: bytes,
    headers: { cookie, 'content-type': 'application/octet-stream' } })

  if (r.status !== 201) throw new Error(`upload: ${r.status} ${await r.text()}`)

  return r.json()
}

export const get = (t, cookie, path) =>
  fetch(`http://${t.host}:${t.port}/api/${path}`, { headers: { cookie } })

export const sum = (bytes) => createHash('sha256').update(bytes).digest('hex')
