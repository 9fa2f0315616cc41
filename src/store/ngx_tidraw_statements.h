
/*
 * Every statement Tidraw runs, one text for both databases.
 *
 * Included several times with other meanings of TD_STMT and TD_GUARD, hence
 * without an include guard.  Parameters are $1, $2, …; texts and 64-bit
 * integers only; booleans are 0 and 1; times are milliseconds UTC.
 * A guard is a data-changing statement that must change at least one row,
 * else the whole operation is undone (NGX_DECLINED).
 */


/* rooms in a worker: opening, catching up, committing */

TD_STMT(ROOM_OPEN,
    "SELECT num, clock, history_start, schema, name FROM rooms"
    " WHERE id = $1 AND deleted_at IS NULL")

TD_STMT(ROOM_RECORDS,
    "SELECT r.id, r.clock, r.state FROM records r"
    " JOIN rooms b ON b.num = r.room WHERE b.id = $1 ORDER BY r.clock, r.id")

TD_STMT(ROOM_TOMBSTONES,
    "SELECT t.id, t.clock FROM tombstones t"
    " JOIN rooms b ON b.num = t.room WHERE b.id = $1 ORDER BY t.clock")

TD_STMT(ROOM_CLOCK,
    "SELECT clock, history_start, schema FROM rooms"
    " WHERE num = $1 AND deleted_at IS NULL")

TD_STMT(ROOM_RECORDS_SINCE,
    "SELECT id, clock, state FROM records WHERE room = $1 AND clock > $2"
    " ORDER BY clock, id")

TD_STMT(ROOM_TOMBSTONES_SINCE,
    "SELECT id, clock FROM tombstones WHERE room = $1 AND clock > $2"
    " ORDER BY clock")

TD_GUARD(ROOM_COMMIT,
    "UPDATE rooms SET clock = $3, updated_at = $4, schema = $5,"
    " history_start = $6"
    " WHERE num = $1 AND clock = $2 AND deleted_at IS NULL")

TD_STMT(RECORD_PUT,
    "INSERT INTO records (room, id, clock, state) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (room, id) DO UPDATE"
    " SET clock = excluded.clock, state = excluded.state")

TD_STMT(RECORD_DELETE,
    "DELETE FROM records WHERE room = $1 AND id = $2")

TD_STMT(TOMBSTONE_PUT,
    "INSERT INTO tombstones (room, id, clock) VALUES ($1, $2, $3)"
    " ON CONFLICT (room, id) DO UPDATE SET clock = excluded.clock")

TD_STMT(TOMBSTONE_DELETE,
    "DELETE FROM tombstones WHERE room = $1 AND id = $2")

TD_STMT(TOMBSTONES_PRUNE,
    "DELETE FROM tombstones WHERE room = $1 AND clock < $2")
