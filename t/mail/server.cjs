'use strict'

/*
 * A mail server for the tests: smtp-server behind a pipe of commands.
 *
 *     node server.cjs '{"port":2525,"out":"folder", ...}'
 *
 * port     where it listens on 127.0.0.1
 * out      every mail becomes a file of it, with a first line in JSON
 * tls      "starttls", "tls" or none
 * key, cert  files
 * user, password   what it wants to see; none: no AUTH
 * refuse   an address that it does not know
 * busy     an address that it asks to try later
 * slow     milliseconds between the end of a mail and its answer
 */

const fs = require('fs')
const path = require('path')
const { SMTPServer } = require('smtp-server')

const o = JSON.parse(process.argv[2])
let n = 0

const server = new SMTPServer({
    name: 'mail.test',
    banner: 'test',
    logger: false,
    secure: o.tls === 'tls',
    key: o.key && fs.readFileSync(o.key),
    cert: o.cert && fs.readFileSync(o.cert),
    authOptional: !o.user,
    disabledCommands: [...(o.tls === 'starttls' ? [] : ['STARTTLS']),
        ...(o.user ? [] : ['AUTH'])],
    allowInsecureAuth: !o.tls,

    onAuth(auth, session, done) {
        if (auth.username === o.user && auth.password === o.password) {
            return done(null, { user: auth.username })
        }

        done(new Error(`no: ${auth.username} ${auth.password}`))
    },

    onRcptTo(address, session, done) {
        if (address.address === o.refuse) {
            return done(Object.assign(new Error('No such mailbox'),
                { responseCode: 550 }))
        }

        if (address.address === o.busy) {
            return done(Object.assign(new Error('Please come later'),
                { responseCode: 451 }))
        }

        done()
    },

    onData(stream, session, done) {
        const parts = []

        stream.on('data', (part) => parts.push(part))
        stream.on('end', () => {
            const about = {
                from: session.envelope.mailFrom.address,
                to: session.envelope.rcptTo.map((a) => a.address),
                secure: session.secure,
                user: session.user || null,
            }
            const file = path.join(o.out, `${process.pid}-${++n}`)

            fs.writeFileSync(`${file}.tmp`, Buffer.concat([
                Buffer.from(JSON.stringify(about) + '\n'), ...parts]))
            fs.renameSync(`${file}.tmp`, `${file}.mail`)

            setTimeout(() => done(null, 'taken'), o.slow || 0)
        })
    },
})

server.on('error', () => {})
server.listen(o.port, '127.0.0.1', () => console.log('ready'))
