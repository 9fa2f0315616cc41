// An internet for one test: every address there is belongs to this machine,
// whose HTTP servers take down what they were reached at.
//
//     const net = internet(__filename)      // may not come back: see netns.mjs
//     await net.open(dir)
//     net.names['page.test'] = ['93.184.216.34']    // a list, or a function
//     net.pages['/a'] = (request, response) => { … }
//     net.seen                              // { address, port } of each connection
//
// Names are asked for at a name server of its own, which says NXDOMAIN of the
// others. Besides 80 and 443 (with a certificate of `net.certified`) the ports
// that attackers like are listened at. Everything goes with the process.

import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { createServer as createPlain } from 'node:net'
import { join } from 'node:path'
import { network } from './netns.mjs'

const OTHERS = [22, 25, 53, 81, 2375, 3306, 5432, 6379, 8000, 8080, 8443, 9200]

export function internet(file) {
  return new Internet(network(file))
}

class Internet {
  names = {}
  pages = {}
  seen = []
  asked = []
  certified = ['secure.test']

  constructor(net) {
    this.net = net
  }

  async open(dir) {
    const { net } = this

    net.ip('route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo')
    net.ip('-6', 'route', 'add', 'local', '::/0', 'dev', 'lo')

    this.over('/etc/resolv.conf', dir, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
    this.over('/etc/nsswitch.conf', dir, 'hosts: files dns\n')

    const { key, cert } = this.certificate(dir)
    const answer = (request, response) => this.answer(request, response)

    await this.listen(createServer(answer), 80)
    await this.listen(createSecure({ key, cert }, answer), 443)
    for (const port of OTHERS) await this.listen(createPlain((socket) => socket.destroy()), port)
    await this.nameserver()
  }

  /* a file of the system, for this test alone */
  over(path, dir, text) {
    if (!existsSync(path)) return

    const own = join(dir, path.replaceAll('/', '_'))
    writeFileSync(own, text)
    execFileSync('mount', ['--bind', own, path])
  }

  /* one that everything here trusts */
  certificate(dir) {
    const [key, cert] = [join(dir, 'internet.key'), join(dir, 'internet.pem')]

    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
      '-nodes', '-days', '2', '-subj', '/CN=internet', '-addext',
      `subjectAltName=${this.certified.map((name) => `DNS:${name}`)}`, '-keyout', key, '-out', cert],
    { stdio: 'ignore' })
    this.over('/etc/ssl/certs/ca-certificates.crt', dir, readFileSync(cert))

    return { key: readFileSync(key), cert: readFileSync(cert) }
  }

  listen(server, port) {
    server.on('connection', (socket) => {
      this.seen.push({ address: socket.localAddress.replace(/^::ffff:/, ''), port })
      socket.on('error', () => {})
    })
    server.on('tlsClientError', () => {})

    return new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(port, '::', resolve)
    })
  }

  answer(request, response) {
    const url = new URL(request.url, `http://${request.headers.host ?? 'none'}`)
    const page = this.pages[url.pathname]

    response.on('error', () => {})
    if (page) return page(request, response, url)

    response.writeHead(404, { 'content-type': 'text/html' })
    response.end('<title>Not here</title>')
  }

  nameserver() {
    const socket = createSocket('udp4')

    socket.on('message', (query, from) => {
      const reply = this.reply(query)
      if (reply) socket.send(reply, from.port, from.address)
    })

    return new Promise((resolve) => socket.bind(53, '127.0.0.1', resolve))
  }

  /* A and AAAA of what is known; null of a name: no answer at all */
  reply(query) {
    const labels = []
    let at = 12

    while (query[at]) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]))
      at += query[at] + 1
    }

    const name = labels.join('.').toLowerCase()
    const type = query.readUInt16BE(at + 1)
    const question = query.subarray(12, at + 5)
    let known = this.names[name]

    this.asked.push({ name, type })
    if (typeof known === 'function') known = known(type)
    if (known === null) return null

    const list = (known ?? []).filter((address) => address.includes(':') === (type === 28))
    const answers = (type === 1 || type === 28 ? list : []).map((address) => {
      const data = address.includes(':') ? bytes6(address) : Buffer.from(address.split('.').map(Number))
      const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length])
      return Buffer.concat([head, data])
    })

    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(known ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(answers.length, 6)

    return Buffer.concat([head, question, ...answers])
  }
}

function bytes6(address) {
  const [left, right] = address.split('::')
  const words = (text) => (text ? text.split(':') : []).flatMap((word) => {
    if (!word.includes('.')) return [parseInt(word, 16)]
    const [a, b, c, d] = word.split('.').map(Number)
    return [a << 8 | b, c << 8 | d]
  })
  const [first, last] = [words(left), words(right)]
  const all = right === undefined ? first : [...first, ...Array(8 - first.length - last.length).fill(0), ...last]

  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]))
}
