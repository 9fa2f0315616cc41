
/*
 * Statements about an account that is taken away or brought.  A part of
 * ngx_tidraw_statements.h, which includes it.
 */


/* an account leaves: its boards as they came, and all of one of them */

TD_STMT(ARCHIVE_BOARDS,
    "SELECT r.id FROM members m JOIN rooms r ON r.num = m.room"
    " WHERE m.user_id = $1 AND r.deleted_at IS NULL"
    " ORDER BY r.created_at, r.num")

TD_STMT(ARCHIVE_BOARD,
    "SELECT r.name, r.created_at, r.updated_at, r.schema, r.template, m.role,"
    " m.favourite, m.folder FROM rooms r"
    " JOIN members m ON m.room = r.num AND m.user_id = $2"
    " WHERE r.id = $1 AND r.deleted_at IS NULL")

TD_STMT(ARCHIVE_THUMBNAIL,
    "SELECT t.type, t.data FROM thumbnails t JOIN rooms r ON r.num = t.room"
    " WHERE r.id = $1")

TD_STMT(ARCHIVE_FILES,
    "SELECT f.id, f.w, f.name, b.hash, b.gen, b.size, b.type, f.created_at,"
    " b.place"
    " FROM files f JOIN blobs b ON b.hash = f.hash"
    " JOIN rooms r ON r.num = f.room WHERE r.id = $1 ORDER BY f.id, f.w")


/* one comes: a board as it was elsewhere, with its times; $9: how many of
 * them a user may own */

TD_GUARD(ARCHIVE_ROOM_PUT,
    "INSERT INTO rooms (id, name, name_key, created_by, created_at,"
    " updated_at, schema, template) SELECT CAST($1 AS TEXT),"
    " CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT),"
    " CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS TEXT),"
    " CAST($8 AS TEXT) WHERE (SELECT count(*) FROM members"
    " WHERE user_id = $4 AND role = 'owner') < $9")

TD_STMT(ARCHIVE_FAVOURITE,
    "UPDATE members SET favourite = 1 WHERE user_id = $2"
    " AND room = (SELECT num FROM rooms WHERE id = $1)")

TD_STMT(ARCHIVE_THUMBNAIL_PUT,
    "INSERT INTO thumbnails (room, type, data)"
    " SELECT num, CAST($2 AS TEXT), CAST($3 AS TEXT) FROM rooms"
    " WHERE id = $1")

TD_STMT(ARCHIVE_THUMBNAIL_SET,
    "UPDATE rooms SET thumbnail = $2 WHERE id = $1")

/* $7: when it was made; $8: now */

TD_STMT(ARCHIVE_FILE_PUT,
    "INSERT INTO files (room, id, w, hash, size, name, created_by,"
    " created_at, seen_at, checked_at)"
    " SELECT num, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT),"
    " b.size, CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS BIGINT),"
    " CAST($8 AS BIGINT), CAST($8 AS BIGINT) FROM rooms, blobs b"
    " WHERE id = $1 AND b.hash = $4")

/* $3, $4: what files of the board and of the user may take */

TD_GUARD(ARCHIVE_FITS,
    "UPDATE rooms SET name = name WHERE id = $1"
    " AND (SELECT COALESCE(sum(f.size), 0) FROM files f"
    " WHERE f.room = rooms.num) <= $3"
    " AND (SELECT COALESCE(sum(f.size), 0) FROM files f"
    " WHERE f.created_by = $2) <= $4")
