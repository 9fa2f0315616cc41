
/*
 * Statements about files of boards and the contents they share.  A part of
 * ngx_tidraw_statements.h, which includes it.
 */


/* files; created_by NULL: a guest's, of no user's share */

TD_STMT(FILE_USE,
    "SELECT (SELECT CAST(COALESCE(sum(size), 0) AS BIGINT) FROM files"
    " WHERE room = $1), (SELECT CAST(COALESCE(sum(size), 0) AS BIGINT)"
    " FROM files WHERE created_by = $2)")

TD_STMT(FILE_GET,
    "SELECT b.hash, b.gen, b.place, b.size, b.type, b.width, b.height,"
    " f.name, f.created_at FROM files f JOIN blobs b ON b.hash = f.hash"
    " WHERE f.room = $1 AND f.id = $2 AND (f.w = 0 OR f.w >= $3)"
    " ORDER BY CASE f.w WHEN 0 THEN 2147483647 ELSE f.w END LIMIT 1")

/* one that is elsewhere is from now on where it was brought last */

TD_STMT(BLOB_PUT,
    "INSERT INTO blobs (hash, gen, place, size, type, width, height,"
    " created_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"
    " ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at,"
    " gen = CASE WHEN blobs.place = excluded.place THEN blobs.gen"
    " ELSE excluded.gen END, place = excluded.place")

TD_GUARD(BLOB_USE,
    "UPDATE blobs SET used_at = $3 WHERE hash = $1 AND place = $2")

TD_STMT(BLOB_GET,
    "SELECT gen, place FROM blobs WHERE hash = $1")

/* $8, $9: what the board and the user may have, this one included */

TD_GUARD(FILE_PUT,
    "INSERT INTO files (room, id, w, hash, size, name, created_by,"
    " created_at, seen_at, checked_at)"
    " SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), 0, CAST($3 AS TEXT),"
    " CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT),"
    " CAST($7 AS BIGINT), CAST($7 AS BIGINT), CAST($7 AS BIGINT)"
    " WHERE (SELECT COALESCE(sum(size), 0) FROM files WHERE room = $1) + $4"
    " <= $8 AND (SELECT COALESCE(sum(size), 0) FROM files"
    " WHERE created_by = $6) + $4 <= $9")

TD_GUARD(FILE_REDUCED_PUT,
    "INSERT INTO files (room, id, w, hash, size, name, created_by,"
    " created_at, seen_at, checked_at)"
    " SELECT f.room, f.id, CAST($3 AS BIGINT), CAST($4 AS TEXT),"
    " CAST($5 AS BIGINT), NULL, CAST($6 AS TEXT), CAST($7 AS BIGINT),"
    " f.seen_at, f.checked_at FROM files f"
    " WHERE f.room = $1 AND f.id = $2 AND f.w = 0"
    " AND (SELECT count(*) FROM files WHERE room = $1 AND id = $2) < 6"
    " AND (SELECT COALESCE(sum(size), 0) FROM files WHERE room = $1) + $5"
    " <= $8 AND (SELECT COALESCE(sum(size), 0) FROM files"
    " WHERE created_by = $6) + $5 <= $9")

/* what nobody needs; a record names a file by its id anywhere in its text */

TD_STMT(FILES_UNCHECKED,
    "SELECT id, room FROM files WHERE w = 0 AND checked_at < $1"
    " ORDER BY checked_at, room, id LIMIT $2")

/*
 * The board's clock, and 1: something names the file, 2: no asset does, but
 * one did after $3, 0: nothing does.  It reads all of the board and its
 * history, so it stands in no transaction that writes.
 */

TD_STMT(FILE_NAMED,
    "SELECT r.clock, CASE WHEN EXISTS (SELECT 1 FROM records a"
    " WHERE a.room = $1 AND a.id >= 'asset:' AND a.id < 'asset;'"
    " AND a.state LIKE '%' || CAST($2 AS TEXT) || '%') THEN 1"
    " WHEN f.seen_at >= $3 THEN 2"
    " WHEN EXISTS (SELECT 1 FROM records a WHERE a.room = $1"
    " AND a.state LIKE '%' || CAST($2 AS TEXT) || '%')"
    " OR EXISTS (SELECT 1 FROM states s WHERE s.room = $1"
    " AND s.state LIKE '%' || CAST($2 AS TEXT) || '%')"
    " OR EXISTS (SELECT 1 FROM history h WHERE h.room = $1"
    " AND h.changes LIKE '%' || CAST($2 AS TEXT) || '%') THEN 1"
    " ELSE 0 END FROM files f JOIN rooms r ON r.num = f.room"
    " WHERE f.room = $1 AND f.id = $2 AND f.w = 0")

/* nobody writes to the board until the end of the transaction */

TD_STMT(ROOM_HOLD,
    "UPDATE rooms SET name = name WHERE num = $1")

/* $3: the clock at which nothing named it */

TD_STMT(FILE_ORPHAN_DELETE,
    "DELETE FROM files WHERE room = $1 AND id = $2"
    " AND EXISTS (SELECT 1 FROM rooms r WHERE r.num = $1 AND r.clock = $3)"
    " AND EXISTS (SELECT 1 FROM files o WHERE o.room = $1 AND o.id = $2"
    " AND o.w = 0 AND o.seen_at < $4)")

/* $3: 1 when something names it */

TD_STMT(FILE_CHECKED,
    "UPDATE files SET seen_at = CASE WHEN CAST($3 AS BIGINT) = 1"
    " THEN CAST($4 AS BIGINT) ELSE seen_at END,"
    " checked_at = CAST($4 AS BIGINT) WHERE room = $1 AND id = $2")

TD_STMT(BLOBS_UNUSED,
    "SELECT b.hash, b.gen, b.place FROM blobs b WHERE b.used_at < $1"
    " AND NOT EXISTS (SELECT 1 FROM files f WHERE f.hash = b.hash) LIMIT $2")

TD_GUARD(BLOB_DELETE,
    "DELETE FROM blobs WHERE hash = $1 AND gen = $2 AND used_at < $3"
    " AND NOT EXISTS (SELECT 1 FROM files f WHERE f.hash = $1)")

/* all files of board $1 also for the board with the id $2, as user $3's */

TD_STMT(FILES_COPY,
    "INSERT INTO files (room, id, w, hash, size, name, created_by,"
    " created_at, seen_at, checked_at)"
    " SELECT n.num, f.id, f.w, f.hash, f.size, f.name, CAST($3 AS TEXT),"
    " CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($4 AS BIGINT)"
    " FROM files f, rooms n WHERE f.room = $1 AND n.id = $2")
