// A network for one test: machines as network namespaces on bridges, with
// cables that can be pulled and made bad.
//
//     const net = network(__filename)      // may not come back: see there
//     net.machine('h1', { front: '10.77.1.1', back: '10.77.2.1' })
//     net.cut('h1', 'back')
//     net.join('h1', 'back')
//     net.bad('h1', 'front', { delay: 100, loss: 30 })   // ms, per cent each way
//     net.mend('h1', 'front')
//
// The bridge "front" is 10.77.1.0/24, "back" 10.77.2.0/24, with the test itself
// at 254.  Everything goes with the process.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BRIDGES = { front: 1, back: 2 }

// Runs the file once more, in a network and with mounts of its own, and ends
// with that; where the system does not allow it, the test is skipped.

export function network(file) {
  if (process.env.TIDRAW_NETWORK) return new Network()

  const apart = (...command) => ['--pdeathsig', 'TERM', 'unshare', '--net',
    '--mount', ...command]

  const { status, stderr, error } = spawnSync('setpriv', apart('sh', '-ec',
    'mkdir -p /run/netns; mount -t tmpfs none /run/netns; ip netns add try; '
    + 'ip link add one type veth peer two; ip link add three type bridge'), { encoding: 'utf8' })

  if (status !== 0) {
    console.log('1..0 # SKIP no network namespaces to be had: '
      + (error ?? stderr).toString().trim().split('\n')[0])
    process.exit()
  }

  const child = spawnSync('setpriv', apart(process.execPath, file),
    { stdio: 'inherit', env: { ...process.env, TIDRAW_NETWORK: '1' } })

  process.exit(child.status ?? 1)
}

class Network {
  constructor() {
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run/netns'])
    this.ip('link', 'set', 'lo', 'up')
    this.bridges = new Set()
    this.relays = new Map()
  }

  ip(...args) {
    execFileSync('ip', args)
  }

  // addresses: of its cables, { bridge: address }

  machine(name, addresses) {
    this.ip('netns', 'add', name)
    this.ip('-n', name, 'link', 'set', 'lo', 'up')

    for (const [bridge, address] of Object.entries(addresses)) {
      const cable = `${name}-${bridge}`

      if (!this.bridges.has(bridge)) {
        this.bridges.add(bridge)
        this.ip('link', 'add', bridge, 'type', 'bridge')
        this.ip('address', 'add', `10.77.${BRIDGES[bridge]}.254/24`, 'dev', bridge)
        this.ip('link', 'set', bridge, 'up')
      }

      this.ip('link', 'add', cable, 'type', 'veth', 'peer', bridge, 'netns', name)
      this.ip('-n', name, 'address', 'add', `${address}/24`, 'dev', bridge)
      this.ip('-n', name, 'link', 'set', bridge, 'up')
      this.ip('link', 'set', cable, 'master', bridge, 'up')
    }
  }

  // Nothing comes through any more, and nobody is told.

  cut(name, bridge) {
    this.ip('link', 'set', this.socket(name, bridge), 'nomaster')
  }

  join(name, bridge) {
    this.ip('link', 'set', this.socket(name, bridge), 'master', bridge)
  }

  // what of the cable is plugged into the bridge

  socket(name, bridge) {
    return `${name}-${bridge}${this.relays.has(`${name}-${bridge}`) ? '-' : ''}`
  }

  // A bad cable in the place of the good one, until mend().

  bad(name, bridge, { delay = 0, loss = 0 }) {
    const [outer, inner] = [`${name}-${bridge}`, `${name}-${bridge}+`]
    const socket = `${name}-${bridge}-`

    this.cable ??= compile()
    this.ip('link', 'add', inner, 'type', 'veth', 'peer', socket)
    this.ip('link', 'set', inner, 'up')
    this.ip('link', 'set', outer, 'nomaster')
    execFileSync(this.cable, ['plain', socket])
    execFileSync('nsenter', [`--net=/run/netns/${name}`, this.cable, 'plain', bridge])
    this.relays.set(outer, spawn('setpriv', ['--pdeathsig', 'KILL', this.cable,
      'carry', outer, inner, String(delay), String(loss)], { stdio: 'inherit' }))
    this.ip('link', 'set', socket, 'master', bridge, 'up')
  }

  mend(name, bridge) {
    const outer = `${name}-${bridge}`

    this.relays.get(outer).kill('SIGKILL')
    this.relays.delete(outer)
    this.ip('link', 'del', `${outer}+`)
    this.ip('link', 'set', outer, 'master', bridge)
  }
}

function compile() {
  const dir = mkdtempSync(join(tmpdir(), 'tidraw-cable-'))
  const source = fileURLToPath(new URL('../faults/cable.c', import.meta.url))

  process.on('exit', () => rmSync(dir, { recursive: true }))
  execFileSync('cc', ['-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-O2', '-o',
    `${dir}/cable`, source], { stdio: 'inherit' })

  return `${dir}/cable`
}
