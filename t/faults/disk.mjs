// A disk of one's own whose power can be cut (disk.c), for the folder that
// holds the database: FUSE below a loop device below ext4.
//
//     const disk = await Disk.make('torn')
//     await disk.plug(folder)
//     disk.tell('cut')
//     await disk.unplug()

import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync,
  truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './load.mjs'

const SIZE = 96 << 20

const sh = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' }).trim()

export class Disk {
  // Why there cannot be one here, if so.

  static lacks() {
    if (process.getuid() !== 0) return 'only root can mount a disk'
    if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
    if (!existsSync('/dev/loop-control')) return 'there are no loop devices'
  }

  constructor(...options) {
    this.options = options
    this.dir = mkdtempSync(join(tmpdir(), 'tidraw-disk-'))
    this.image = join(this.dir, 'image')
    this.fuse = join(this.dir, 'fuse')
    this.program = join(this.dir, 'disk')

    sh('gcc', '-O2', '-Wall', '-Werror', '-D_FILE_OFFSET_BITS=64',
      '-I/usr/include/fuse3', '-o', this.program,
      fileURLToPath(new URL('disk.c', import.meta.url)), '-lfuse3')

    mkdirSync(this.fuse)
    closeSync(openSync(this.image, 'w'))
    truncateSync(this.image, SIZE)
    sh('mkfs.ext4', '-q', '-F', '-J', 'size=4', '-E',
      'lazy_itable_init=0,lazy_journal_init=0', this.image)

    process.on('exit', () => this.remove())
  }

  async plug(folder) {
    this.child = spawn(this.program, [this.image, this.fuse, ...this.options],
      { stdio: ['ignore', 'inherit', 'inherit'] })
    this.ended = new Promise((resolve) => this.child.on('exit', resolve))

    await until(() => existsSync(join(this.fuse, 'disk')), 'the disk')
    this.loop = sh('losetup', '--find', '--show', join(this.fuse, 'disk'))
    sh('mount', '-t', 'ext4', this.loop, folder)
    this.folder = folder
  }

  tell(word) {
    writeFileSync(join(this.fuse, 'control'), word)
  }

  // Nobody has a file open there.

  async unplug() {
    let why

    const done = (...command) => until(() => {
      try {
        sh(...command)
        return true
      } catch (error) {
        why = error.stderr
        return false
      }
    }, () => `${command.join(' ')}: ${why}`)

    if (this.folder) await done('umount', this.folder)
    this.folder = null
    if (this.loop) await done('losetup', '-d', this.loop)
    this.loop = null
    await done('umount', this.fuse)
    await this.ended
    this.child = null
  }

  remove() {
    const attempt = (...command) => {
      try {
        sh(...command)
      } catch { /* it goes with the rest */ }
    }

    if (this.folder) attempt('umount', '-l', this.folder)
    if (this.loop) attempt('losetup', '-d', this.loop)

    if (this.child) {
      attempt('umount', '-l', this.fuse)
      this.child.kill('SIGTERM')
    }

    rmSync(this.dir, { recursive: true, force: true })
  }
}
