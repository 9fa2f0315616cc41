#!/usr/bin/env node

// Link previews ask for public pages and for nothing else: whatever address
// people paste, whatever names stand for and wherever pages lead, there is no
// connection to an address that is not public. All addresses there are belong
// to this test, in a network of its own, and it takes down which of them were
// reached.  Needs root, for the network namespace.

import('../lib/internet.mjs').then(async ({ internet }) => {
  const net = internet(__filename)
  const { ok, run, say } = await import('../faults/load.mjs')
  const { start } = await import('../lib/server.mjs')
  const { until } = await import('../lib/sync.mjs')
  const { gzipSync } = require('node:zlib')

  const FOUR = '93.184.216.34'
  const SIX = '2606:2800:220:1::1'

  await run(async () => {
    const t = await start({ conf: { location: 'tidraw_previews on;' } })
    await net.open(t.dir)

    /* thirty questions a minute are free, so the many here are many people's */

    let user
    let users = 0
    let asked = 0

    async function someone() {
      const cookie = await t.register(`user${users++}@example.org`)
      user = { cookie, room: await t.room(cookie, 'Links') }
    }

    async function preview(url, who = null) {
      if (!who && asked++ % 29 === 0) await someone()

      const { cookie, room } = who ?? user
      const start = Date.now()
      const answer = await fetch(`${t.url}api/rooms/${room}/preview`, {
        method: 'POST', body: JSON.stringify({ url }),
        headers: { cookie, 'content-type': 'application/json' } })
      const body = await answer.json()

      return { status: answer.status, ...body, code: body.error?.code, took: Date.now() - start }
    }

    /* the connections that something brought about */

    async function during(something) {
      net.seen.length = 0
      const result = await something()
      return { ...result, seen: net.seen.map(({ address, port }) => `${address} ${port}`) }
    }

    const html = (text) => (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(text)
    }

    net.names['page.test'] = [FOUR]
    net.names['six.test'] = [SIX]
    net.names['secure.test'] = [FOUR]
    net.names['wrong.test'] = [FOUR]
    net.pages['/'] = html('<title>Ä page</title><meta name="description" content="About &amp; about">')
    net.pages['/private'] = html('<title>Private</title>')

    /* what works */

    let r = await during(() => preview('http://page.test/'))
    ok(r.status === 200 && r.title === 'Ä page' && r.description === 'About & about', 'a page has a preview', JSON.stringify(r))
    ok(String(r.seen) === `${FOUR} 80`, 'asked for once', String(r.seen))

    r = await during(() => preview('http://page.test/#part'))
    ok(r.title === 'Ä page' && r.seen.length === 0, 'and not again soon', JSON.stringify(r))

    r = await during(() => preview('http://six.test/'))
    ok(r.title === 'Ä page' && String(r.seen) === `${SIX} 80`, 'by IPv6', JSON.stringify(r))

    r = await during(() => preview(`http://${FOUR}/`))
    ok(r.title === 'Ä page' && String(r.seen) === `${FOUR} 80`, 'by its address', JSON.stringify(r))

    r = await during(() => preview(`http://[${SIX}]/`))
    ok(r.title === 'Ä page' && String(r.seen) === `${SIX} 80`, 'by its IPv6 address', JSON.stringify(r))

    r = await during(() => preview('https://secure.test/'))
    ok(r.title === 'Ä page' && String(r.seen) === `${FOUR} 443`, 'with TLS', JSON.stringify(r))

    r = await during(() => preview('https://wrong.test/'))
    ok(r.code === 'preview_failed', 'not with the certificate of another', JSON.stringify(r))

    r = await during(() => preview('http://64.test/'))
    net.names['64.test'] = ['64:ff9b::5db8:d822']
    r = await during(() => preview('http://64.test/x'))
    ok(String(r.seen) === '64:ff9b::5db8:d822 80', 'through a translator to IPv4', JSON.stringify(r))

    /* what the request says */

    let headers
    net.pages['/headers'] = (request, response) => {
      headers = request.headers
      response.writeHead(302, { location: '/headers2', 'set-cookie': 'a=b; Path=/' })
      response.end()
    }
    net.pages['/headers2'] = (request, response) => {
      headers = { first: headers, second: request.headers }
      html('<title>Seen</title>')(request, response)
    }

    r = await during(() => preview('http://page.test/headers'))
    ok(r.title === 'Seen', 'a redirect within a site is followed', JSON.stringify(r))
    ok(!('cookie' in headers.second || 'referer' in headers.second || 'authorization' in headers.second),
      'no cookies, no referer', JSON.stringify(headers))
    ok(/^Tidraw/.test(headers.first['user-agent']), 'under our own name', headers.first['user-agent'])

    /* addresses that are none, or not public, in every notation */

    const refused = `
      http://127.0.0.1/private http://127.0.0.1:80/private https://127.0.0.1/private http://127.0.0.1:443/
      http://127.1/ http://127.0.1/ http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/ http://0x7F.1/
      http://017700000001/ http://0177.0.0.1/ http://0177.1/ http://127.0.0.01/ http://127.0.0.1./ http://127.0.0.1../
      http://0/ http://0.0.0.0/ http://00000000000/ http://0x0/ http://[::]/ http://[::1]/ http://[0:0:0:0:0:0:0:1]/
      http://[0000:0000:0000:0000:0000:0000:0000:0001]/ http://[::1]:443/ http://[::ffff:127.0.0.1]/ http://[::ffff:7f00:1]/
      http://[0:0:0:0:0:ffff:127.0.0.1]/ http://[::127.0.0.1]/ http://[::7f00:1]/ http://[::ffff:0:127.0.0.1]/
      http://[::ffff:${FOUR}]/ http://[::${FOUR}]/
      http://10.0.0.1/ http://10.255.255.255/ http://012.0.0.1/ http://167772161/ http://0xa000001/ http://172.16.0.1/
      http://172.31.255.255/ http://192.168.0.1/ http://192.168.1.254:80/ http://3232235521/ http://169.254.169.254/
      http://169.254.169.254/latest/meta-data/ http://2852039166/ http://0xa9fea9fe/ http://0251.0376.0251.0376/
      http://[::ffff:169.254.169.254]/ http://[fd00:ec2::254]/ http://100.64.0.1/ http://100.100.100.200/ http://198.18.0.1/
      http://192.0.0.1/ http://192.0.2.1/ http://198.51.100.1/ http://203.0.113.1/ http://192.88.99.1/ http://224.0.0.1/
      http://239.255.255.250/ http://240.0.0.1/ http://255.255.255.255/ http://4294967295/
      http://[fe80::1]/ http://[fe80::1%25lo]/ http://[fe80::1%lo]/ http://[fec0::1]/ http://[fc00::1]/ http://[fd12:3456::1]/
      http://[ff02::1]/ http://[ff0e::1]/ http://[2001:db8::1]/ http://[3fff::1]/ http://[100::1]/ http://[5f00::1]/
      http://[2002:7f00:1::]/ http://[2002:a00:1::1]/ http://[2001::1]/ http://[2001:0:7f00:1::]/ http://[2001:10::1]/
      http://[64:ff9b::127.0.0.1]/ http://[64:ff9b::10.0.0.1]/ http://[64:ff9b::a9fe:a9fe]/ http://[64:ff9b:1::1]/
      http://[2a00::5efe:10.0.0.1]/ http://[2a00::200:5efe:7f00:1]/
      http://localhost/private http://LOCALHOST/ http://localhost./ http://localhost:443/ http://page/ http://router/
      http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/ http://127\u30020\u30020\u30021/ http://\u2460\u2461\u2466.0.0.1/
      http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/ http://loc\u00adalhost/ http://%6c%6f%63%61%6c%68%6f%73%74/
      http://%31%32%37.0.0.1/ http://127%2e0%2e0%2e1/ http://127.0.0.1%00.page.test/ http://page.test%00@127.0.0.1/
      http://page.test@127.0.0.1/ http://page.test:80@127.0.0.1/ http://127.0.0.1@page.test/ http://user:pass@page.test/
      http://page.test#@127.0.0.1 http://page.test\\@127.0.0.1/ http://127.0.0.1\\@page.test/ http:\\\\127.0.0.1\\ http:/127.0.0.1/
      http:127.0.0.1 //127.0.0.1/ 127.0.0.1 http:///127.0.0.1/ http://page.test:22/ http://page.test:8080/ http://page.test:6379/
      http://page.test:0/ http://page.test:00080/ http://page.test:80:22/ http://page.test:65616/ http://page.test./
      ftp://page.test/ file:///etc/passwd gopher://page.test:80/_x dict://page.test:80/x ldap://page.test/ tftp://page.test/
      scp://page.test/ smb://page.test/ telnet://page.test:80/ ws://page.test/ unix:///run/x javascript:alert(1) data:text/html,x
      http+unix://x/ HTTPS://[::1]/ hTTp://127.0.0.1/`.trim().split(/\s+/)
      .filter((url) => url !== 'http://page.test#@127.0.0.1')

    refused.push('', ' http://page.test/', 'http://page.test/ ', 'http://page.test/\r\nX: y', 'http://page.test/\n',
      'http://page.test\t/', 'http://127.0.0.1\u0000.page.test/', `http://page.test/${'a'.repeat(3000)}`)

    const wrong = []
    r = await during(async () => {
      for (const url of refused) {
        const { status, code } = await preview(url)
        if (status !== 400 || code !== 'bad_request') wrong.push(`${url}: ${status} ${code}`)
      }
    })
    ok(wrong.length === 0, `${refused.length} addresses are refused`, wrong.join('\n'))
    ok(r.seen.length === 0, 'without any connection', String(r.seen))
    r = await during(() => preview('http://page.test#@127.0.0.1'))
    ok(r.status === 200 && !r.seen.some((s) => s.startsWith('127')), 'a fragment is nobody\'s host', JSON.stringify(r))

    /* names that stand for them */

    const hidden = ['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.0.0.5', '172.16.9.9', '192.168.7.7', '169.254.169.254',
      '100.64.1.1', '198.19.0.1', '192.0.2.9', '203.0.113.9', '224.0.0.5', '255.255.255.255', '240.0.0.9', '::1', '::',
      '::ffff:127.0.0.1', '::ffff:10.0.0.5', `::ffff:${FOUR}`, '::127.0.0.1', 'fe80::5', 'fec0::5', 'fc00::5', 'fd00::5',
      'ff02::5', '2001:db8::5', '2002:7f00:1::1', '2001:0:4136:e378:8000:63bf:80ff:fffe', '64:ff9b::127.0.0.1',
      '64:ff9b::10.0.0.5', '64:ff9b:1::10.0.0.5', '2a00::5efe:10.0.0.5']

    wrong.length = 0
    r = await during(async () => {
      for (const [i, address] of hidden.entries()) {
        net.names[`hidden${i}.test`] = [address]
        const { code } = await preview(`http${i % 5 ? '' : 's'}://hidden${i}.test/private`)
        if (code !== 'preview_failed') wrong.push(`${address}: ${code}`)
      }
    })
    ok(wrong.length === 0, `${hidden.length} names of such addresses have no preview`, wrong.join('\n'))
    ok(r.seen.length === 0, 'without any connection', String(r.seen))
    ok(net.asked.filter(({ name }) => name.startsWith('hidden')).length >= hidden.length, 'though they were looked up')

    net.names['some.test'] = [FOUR, '10.0.0.5', SIX, '::1']
    net.names['foo.localhost'] = ['127.0.0.1']
    r = await during(async () => {
      await preview('http://some.test/')
      await preview('http://foo.localhost/')
      await preview('http://nothing.test/')
    })
    ok(r.seen.every((s) => s === `${FOUR} 80` || s === `${SIX} 80`), 'of several addresses a private one is never taken',
      String(r.seen))

    /* names that change */

    wrong.length = 0
    let told = []
    const flip = (sequence) => {
      let n = 0
      return (type) => {
        const list = type === 1 ? sequence[Math.min(n++, sequence.length - 1)] : []
        told.push(...list)
        return list
      }
    }

    for (const [name, sequence] of Object.entries({
      'once.test': [[FOUR], ['127.0.0.1']],
      'later.test': [['127.0.0.1'], [FOUR]],
      'second.test': [[FOUR], [FOUR], ['169.254.169.254']],
    })) {
      net.names[name] = flip(sequence)
      told = []
      r = await during(async () => {
        for (let i = 0; i < 4; i++) await preview(`http://${name}/?${i}`)
      })
      if (r.seen.some((s) => s !== `${FOUR} 80`)) wrong.push(`${name}: ${r.seen}`)
      if (!told.some((s) => s !== FOUR)) wrong.push(`${name} never changed: ${told}`)
    }
    ok(wrong.length === 0, 'a name that changes its address is connected to where it was looked at', wrong.join('\n'))

    /* a redirect to its own name, which has become another's */

    net.names['turn.test'] = flip([[FOUR], ['127.0.0.1'], ['127.0.0.1']])
    net.pages['/turn'] = (request, response) => {
      response.writeHead(302, { location: 'http://turn.test/private', connection: 'close' })
      response.end()
    }
    r = await during(() => preview('http://turn.test/turn'))
    ok(r.seen.every((s) => s === `${FOUR} 80`), 'also behind a redirect', JSON.stringify(r))

    /* redirects */

    let to
    for (const status of [301, 302, 303, 307, 308]) {
      net.pages[`/to${status}`] = (request, response) => {
        response.writeHead(status, { location: to })
        response.end()
      }
    }
    net.pages['/refresh'] = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', refresh: '0; url=http://127.0.0.1/private',
        link: '<http://127.0.0.1/private>; rel=preload', 'alt-svc': 'h2="127.0.0.1:443"',
        'content-location': 'http://127.0.0.1/private' })
      response.end('<meta http-equiv="refresh" content="0; url=http://127.0.0.1/private"><base href="http://127.0.0.1/">'
        + '<link rel="icon" href="http://127.0.0.1/private"><meta property="og:image" content="http://127.0.0.1/private">'
        + '<title>Stays</title>')
    }

    const places = ['http://127.0.0.1/private', '//127.0.0.1/private', 'http://localhost/private', 'http://[::1]/private',
      'http://2130706433/', 'http://0x7f.1/', 'http://10.0.0.5/', 'http://169.254.169.254/latest/', 'http://hidden0.test/private',
      'http://hidden14.test/private', 'http://hidden16.test/private', 'https://127.0.0.1/', 'http://page.test:22/', 'http://page.test:8080/',
      'http://user@page.test/', 'http://page.test@127.0.0.1/', 'http:\\\\127.0.0.1\\', 'http://127.0.0.1\\@page.test/',
      'file:///etc/passwd', 'gopher://127.0.0.1:6379/_x', 'dict://127.0.0.1:6379/x', 'ftp://127.0.0.1/', 'javascript:1',
      'http://%31%32%37.0.0.1/', 'http://127.0.0.1%2f@page.test/', '']

    wrong.length = 0
    r = await during(async () => {
      for (const [i, place] of places.entries()) {
        to = place
        const { code } = await preview(`http://page.test/to${[301, 302, 303, 307, 308][i % 5]}?${i}`)
        if (code !== 'preview_failed') wrong.push(`${place}: ${code}`)
      }
    })
    ok(wrong.length === 0, `${places.length} redirects to where nobody may go end there`, wrong.join('\n'))
    ok(r.seen.length === places.length && r.seen.every((s) => s === `${FOUR} 80`), 'without any other connection',
      String(r.seen))

    r = await during(() => preview('http://page.test/refresh'))
    ok(r.title === 'Stays' && String(r.seen) === `${FOUR} 80`, 'what the page itself names is not asked for', JSON.stringify(r))

    net.pages['/steps'] = (request, response, url) => {
      const n = Number(url.searchParams.get('n'))
      if (n === 0) return html('<title>There</title>')(request, response)
      response.writeHead(302, { location: `http://${n % 2 ? 'six' : 'page'}.test/steps?n=${n - 1}` })
      response.end()
    }
    ok((await preview('http://page.test/steps?n=3')).title === 'There', 'three redirects are followed')
    ok((await preview('http://page.test/steps?n=4')).code === 'preview_failed', 'four are not')

    /* pages without an end */

    let sent = 0
    const endless = (type, piece) => (request, response) => {
      response.writeHead(200, { 'content-type': type })
      sent = 0
      const more = () => {
        while (!response.destroyed) {
          sent += piece.length
          if (!response.write(piece)) return response.once('drain', more)
        }
      }
      more()
    }

    net.pages['/endless'] = endless('text/html', `<title>Large</title>${' '.repeat(65536)}`)
    r = await preview('http://page.test/endless')
    ok(r.title === 'Large' && sent < 16e6, `of an endless page little is read (${sent} bytes were sent)`, JSON.stringify(r))

    net.pages['/zeros'] = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.concat([Buffer.from('<title>Packed</title>'), Buffer.alloc(200e6)])))
    }
    const memory = () => Math.max(...workers.map((pid) =>
      Number(/VmHWM:\s+(\d+)/.exec(require('node:fs').readFileSync(`/proc/${pid}/status`))[1])))
    const workers = await t.workers()
    const before = memory()
    r = await preview('http://page.test/zeros')
    ok(r.title === 'Packed', 'a page that is packed', JSON.stringify(r))
    ok(memory() - before < 16384, `and unpacks to 200 MB takes ${memory() - before} KB`)

    net.pages['/nested'] = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': Array(30).fill('gzip').join(', ') })
      response.end('x')
    }
    ok((await preview('http://page.test/nested')).code === 'preview_failed', 'nor one that is packed thirty times')

    net.pages['/manyheaders'] = (request, response) => {
      response.socket.write('HTTP/1.1 200 OK\r\n')
      const line = `X-${'a'.repeat(1000)}: ${'b'.repeat(8000)}\r\n`
      const more = () => { while (!response.socket?.destroyed) if (!response.socket.write(line)) return response.socket.once('drain', more) }
      more()
    }
    r = await preview('http://page.test/manyheaders')
    ok(r.code === 'preview_failed' && r.took < 4000, 'headers without an end', JSON.stringify(r))

    net.pages['/image'] = endless('image/png', 'x'.repeat(65536))
    r = await preview('http://page.test/image')
    ok(r.code === 'preview_failed' && sent < 16e6, 'what is no page is not read', `${sent} ${JSON.stringify(r)}`)
    ok((await preview('http://page.test/missing')).code === 'preview_failed', 'nor one that is not there')

    /* and those that never come: each waits for 5 s, all together */

    net.pages['/silent'] = () => {}
    net.pages['/slow'] = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      const timer = setInterval(() => response.write(' '), 200)
      response.on('close', () => clearInterval(timer))
    }
    net.names['mute.test'] = () => null

    const people = []
    for (let i = 0; i < 3; i++) {
      await someone()
      people.push(user)
    }

    for (const pair of [['http://page.test/silent', 'http://page.test/slow'], ['http://mute.test/']]) {
      const all = await Promise.all(pair.map((url, i) => preview(url, people[i])))
      ok(all.every(({ code, took }) => code === 'preview_failed' && took > 900 && took < 9000), `${pair} ends in time`,
        JSON.stringify(all))
    }

    /* only so many at a time; who goes away frees his place */

    net.seen.length = 0
    const leaving = new AbortController()
    const waiting = [0, 1].map((i) => fetch(`${t.url}api/rooms/${people[i].room}/preview`, { method: 'POST',
      body: JSON.stringify({ url: `http://page.test/silent?${i}` }), signal: leaving.signal,
      headers: { cookie: people[i].cookie, 'content-type': 'application/json' } }).catch(() => {}))
    await until(() => net.seen.length >= 2, 'both to be asked for')
    leaving.abort()
    await Promise.all(waiting)

    const end = Date.now() + 10_000
    do r = await preview('http://page.test/again', people[2])
    while (r.status === 503 && Date.now() < end && await new Promise((resolve) => setTimeout(resolve, 100, true)))
    ok(r.code === 'preview_failed' && Date.now() < end, 'places are free again when people have gone', JSON.stringify(r))

    /* who asks too much */

    let n
    let last
    net.pages['/many'] = html('<title>Many</title>')

    /* the wait is of a second: once more, if the one after it came later */

    for (let i = 0; i < 5 && !(Date.now() - last < 1000); i++) {
      await someone()
      n = 0

      do {
        if (n === 29) last = Date.now()
        r = await preview('http://page.test/many', user)
      } while (r.status === 200 && ++n < 60)
    }

    ok(n === 30 && r.code === 'too_many_attempts', `${n} in a row, then one waits`, JSON.stringify(r))

    /* the whole time */

    const log = await t.errorLog()
    ok(!/silent|manyheaders|steps\?/.test(log), 'no path or query of a page is in the log')
    ok(/preview_failed .*"hidden0\.test: its address is not public/.test(log), 'but why there was no preview')
    say(`${net.asked.length} questions for names`)
    ok(await t.finish(), 'the server left nothing behind')
  })
})
