'use strict'

/*
 * An S3 server for the tests: s3rver, and before it what s3rver leaves out -
 * the check of signatures (by aws4) and of payloads, giving up and listing
 * uploads of many parts, and failures on demand.
 *
 *     node server.cjs '{"port":9000,"dir":"folder","bucket":"b", ...}'
 *
 * port, dir, bucket, key, secret, region; page: the most that a listing tells
 *
 *     GET  /-/log      all requests: [{ method, url, status, range }]
 *     POST /-/control  { fail: [{ method, match, status, times, late }],
 *                        slow: ms }; late: after it has had its effect
 */

const crypto = require('crypto')
const fs = require('fs')
const http = require('http')
const path = require('path')
const { URL } = require('url')
const aws4 = require('aws4')
const S3rver = require('s3rver')

const o = JSON.parse(process.argv[2])
const uploads = path.join(o.dir, o.bucket, '._S3rver_uploads')
const log = []
let control = {}

/* what it hides its continuation tokens with is no part of OpenSSL 3 */

const twice = (part) => Buffer.concat([part, part])

for (const name of ['createCipheriv', 'createDecipheriv']) {
    const make = crypto[name]

    crypto[name] = (kind, key, iv) => kind === 'des'
        ? make('aes-128-cbc', twice(key), twice(iv)) : make(kind, key, iv)
}

const store = new S3rver({
    port: 0, address: '127.0.0.1', silent: true, directory: o.dir,
    vhostBuckets: false, configureBuckets: o.missing ? []
        : [{ name: o.bucket }],
})

function refuse(res, status, code, message) {
    res.writeHead(status, { 'Content-Type': 'application/xml' })
    res.end('<?xml version="1.0"?>\n<Error><Code>' + code + '</Code><Message>'
            + (message || code) + '</Message></Error>')
}

/* [status, code] of what is wrong, or null. */

function wrong(req, body) {
    const url = new URL(req.url, 'http://x')
    const auth = req.headers.authorization
    const query = url.searchParams
    const headers = {}
    let credential, names, signature

    if (auth) {
        const m = new RegExp('^AWS4-HMAC-SHA256 Credential=([^,]+), ?'
            + 'SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$').exec(auth)

        if (!m) {
            return [400, 'AuthorizationHeaderMalformed']
        }

        [, credential, names, signature] = m

        const sha = crypto.createHash('sha256').update(body).digest('hex')

        if (sha !== req.headers['x-amz-content-sha256']) {
            return [400, 'XAmzContentSHA256Mismatch']
        }
    } else {
        credential = query.get('X-Amz-Credential')
        names = query.get('X-Amz-SignedHeaders')
        signature = query.get('X-Amz-Signature')

        if (!signature) {
            return [403, 'AccessDenied']
        }

        const d = query.get('X-Amz-Date').replace(
            /^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')

        if (Date.now() > Date.parse(d) + 1000 * query.get('X-Amz-Expires')) {
            return [403, 'AccessDenied', 'Request has expired']
        }
    }

    const [key, , region] = credential.split('/')

    if (key !== o.key) {
        return [403, 'InvalidAccessKeyId']
    }

    if (region !== o.region) {
        return [400, 'AuthorizationHeaderMalformed', 'expecting ' + o.region]
    }

    for (const name of names.split(';')) {
        headers[name] = req.headers[name]
    }

    const mine = aws4.sign({
        service: 's3', region, method: req.method, host: req.headers.host,
        path: auth ? req.url
            : req.url.replace(/&X-Amz-Signature=[0-9a-f]+/, ''),
        headers, signQuery: !auth,
    }, { accessKeyId: o.key, secretAccessKey: o.secret })

    const its = auth ? mine.headers.Authorization.replace(/.*Signature=/, '')
        : mine.path.replace(/.*X-Amz-Signature=/, '')

    return its === signature ? null : [403, 'SignatureDoesNotMatch']
}

function list(res) {
    let xml = '<ListMultipartUploadsResult>'

    for (const id of fs.existsSync(uploads) ? fs.readdirSync(uploads) : []) {
        const dir = path.join(uploads, id)

        xml += '<Upload><Key>' + fs.readFileSync(path.join(dir, 'key'))
            + '</Key><UploadId>' + id + '</UploadId><Initiated>'
            + fs.statSync(path.join(dir, 'key')).mtime.toISOString()
            + '</Initiated></Upload>'
    }

    res.writeHead(200, { 'Content-Type': 'application/xml' })
    res.end(xml + '</ListMultipartUploadsResult>')
}

function pass(req, res, body, port, late) {
    let url = req.url

    if (req.headers.host.startsWith(o.bucket + '.')) {
        url = '/' + o.bucket + url
    }

    /* it has an account of its own, and believes in every signature */

    const headers = { ...req.headers, 'content-length': body.length }

    if (headers.authorization) {
        headers.authorization = headers.authorization.replace(
            'Credential=' + o.key, 'Credential=S3RVER')
    }

    if (o.page) {
        url = url.replace(/max-keys=\d+/, 'max-keys=' + o.page)
    }

    url = url.replace('X-Amz-Credential=' + o.key, 'X-Amz-Credential=S3RVER')

    const on = http.request({
        host: '127.0.0.1', port, method: req.method, path: url, headers,
    }, (answer) => {
        if (late) {
            answer.resume()
            answer.on('end', () => refuse(res, late, 'InternalError'))
            return
        }

        res.writeHead(answer.statusCode, answer.headers)
        answer.pipe(res)
    })

    on.on('error', () => res.destroy())
    on.end(body)
}

function serve(req, res, body, port) {
    if (req.url.startsWith('/-/')) {
        if (req.method === 'POST') {
            control = JSON.parse(body)
        }

        res.end(JSON.stringify(log))
        return
    }

    const entry = { method: req.method, url: req.url,
        range: req.headers.range || '', bytes: body.length }

    log.push(entry)
    res.on('finish', () => { entry.status = res.statusCode })

    const bad = wrong(req, body)

    if (bad) {
        refuse(res, ...bad)
        return
    }

    const fail = (control.fail || []).find((f) => f.times > 0
        && req.method.match('^(' + f.method + ')$')
        && (!f.match || req.url.match(f.match)))

    if (fail) {
        fail.times--

        if (!fail.late) {
            refuse(res, fail.status, fail.code || 'SlowDown')
            return
        }
    }

    setTimeout(act, control.slow || 0, req, res, body, port, fail)
}

function act(req, res, body, port, fail) {
    const query = new URL(req.url, 'http://x').searchParams

    if (req.method === 'DELETE' && query.has('uploadId')) {
        fs.rmSync(path.join(uploads, query.get('uploadId')),
                  { recursive: true, force: true })
        res.writeHead(204)
        res.end()

    } else if (req.method === 'GET' && query.has('uploads')) {
        list(res)

    } else if (req.method !== 'GET' && query.has('uploadId')
               && !fs.existsSync(path.join(uploads, query.get('uploadId')))) {
        refuse(res, 404, 'NoSuchUpload')

    } else {
        pass(req, res, body, port, fail && fail.status)
    }
}

store.run().then(({ port }) => {
    const server = http.createServer((req, res) => {
        const parts = []

        req.on('data', (part) => parts.push(part))
        req.on('error', () => {})
        req.on('end', () => serve(req, res, Buffer.concat(parts), port))
    })

    server.keepAliveTimeout = 2000
    server.listen(o.port, '127.0.0.1', () => console.log('ready'))
})
