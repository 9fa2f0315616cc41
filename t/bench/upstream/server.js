'use strict'

/*
 * The upstream sync server for the benchmark: rooms at /connect/ROOM.
 *
 *     node server.js PORT GENERATION [DIR]
 *
 * GENERATION is 5 or 3 (the pinned packages of that major version). With DIR
 * each room is kept there by the package's own SQLite storage, as durable as
 * Tidraw (WAL, synchronous FULL); without, in memory. GET /schema answers the
 * serialized schema, which the load generator needs.
 */

const http = require('node:http')
const path = require('node:path')
const { WebSocketServer } = require('ws')

const [port, generation, dir] = process.argv.slice(2)

const packages = {
	3: ['sync-core-3', 'tlschema-3'],
	5: ['@tldraw/sync-core', '@tldraw/tlschema'],
}[generation]

if (!packages || !(Number(port) > 0)) {
	console.error('usage: node server.js PORT 3|5 [DIR]')
	process.exit(2)
}

const sync = require(packages[0])
const { createTLSchema } = require(packages[1])

const schema = createTLSchema()
const rooms = new Map()

function openDatabase(file) {
	let db

	try {
		db = new (require('better-sqlite3'))(file)
	} catch (e) {
		if (e.code !== 'MODULE_NOT_FOUND') throw e
		db = new (require('node:sqlite').DatabaseSync)(file)
	}

	db.exec('PRAGMA journal_mode = WAL')
	db.exec('PRAGMA synchronous = FULL')

	return db
}

function getRoom(name) {
	let room = rooms.get(name)
	if (room) return room

	const options = { schema }

	if (dir) {
		const db = openDatabase(path.join(dir, `${encodeURIComponent(name)}.db`))
		const sql = new sync.NodeSqliteWrapper(db)
		options.storage = new sync.SQLiteSyncStorage({ sql })
	}

	room = new sync.TLSocketRoom(options)
	rooms.set(name, room)

	return room
}

const server = http.createServer((request, response) => {
	const found = request.url === '/schema'

	response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
	response.end(found ? JSON.stringify(schema.serialize()) : '{}')
})

const sockets = new WebSocketServer({ server })

sockets.on('connection', (socket, request) => {
	const url = new URL(request.url, 'http://localhost')
	const sessionId = url.searchParams.get('sessionId')
	const name = url.pathname.replace(/^\/connect\//, '')

	getRoom(name).handleSocketConnect({ sessionId, socket })
})

process.on('SIGTERM', () => process.exit(0))

server.listen({ port: Number(port), host: '127.0.0.1', backlog: 511 })
