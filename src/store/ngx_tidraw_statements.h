
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
    "SELECT num, clock, history_start, schema, name, logged FROM rooms"
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
    " history_start = CASE WHEN history_start > $6 THEN history_start"
    " ELSE $6 END,"
    " logged = CASE WHEN $8 = 1 THEN $7 ELSE logged + $7 END, size = $9"
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


/* history of a board */

TD_STMT(HISTORY_PUT,
    "INSERT INTO history (room, clock, since, at, people, changes)"
    " VALUES ($1, $2, $3, $4, $5, $6)")

TD_STMT(STATE_PUT,
    "INSERT INTO states (room, clock, at, schema, state)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (room, clock) DO NOTHING")

/*
 * What leads to a clock: the last state before it, and the rows from there.  A
 * state that a row leads past has been named there, and leads to itself only.
 */

#define TD_HISTORY_STATE                                                     \
    " FROM states s WHERE s.room = $1 AND s.clock <= $2 AND (s.clock = $2"   \
    " OR coalesce((SELECT h.since FROM history h WHERE h.room = s.room"      \
    " AND h.clock > s.clock ORDER BY h.clock LIMIT 1), s.clock) >= s.clock)" \
    " ORDER BY s.clock DESC LIMIT 1"

TD_STMT(HISTORY_STATE,
    "SELECT s.clock, s.schema, s.state" TD_HISTORY_STATE)

TD_STMT(HISTORY_ROWS,
    "SELECT since, clock, changes FROM history WHERE room = $1"
    " AND clock > coalesce((SELECT s.clock" TD_HISTORY_STATE "), 1)"
    " AND clock <= (SELECT coalesce(min(clock), 0) FROM history"
    " WHERE room = $1 AND clock >= $2)"
    " ORDER BY clock")

#undef TD_HISTORY_STATE

TD_STMT(HISTORY_BOUNDS,
    "SELECT (SELECT at FROM history WHERE room = $1 ORDER BY clock LIMIT 1),"
    " (SELECT at FROM history WHERE room = $1 ORDER BY clock DESC LIMIT 1)")

TD_STMT(HISTORY_MOMENTS,
    "SELECT k, people, max(clock), max(at) FROM"
    " (SELECT at / $4 AS k, people, clock, at FROM history"
    " WHERE room = $1 AND at >= $2 AND at <= $3) AS m"
    " GROUP BY k, people ORDER BY k, max(clock) LIMIT $5")

TD_STMT(HISTORY_VERSIONS,
    "SELECT s.clock, s.at, s.name, u.id, u.name, u.color, u.picture"
    " FROM states s"
    " LEFT JOIN users u ON u.id = s.named_by"
    " WHERE s.room = $1 AND s.name IS NOT NULL ORDER BY s.clock")

/* $8: how many of a board may have a name */

TD_GUARD(STATE_NAME,
    "INSERT INTO states (room, clock, at, schema, state, name, named_by,"
    " named_at) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT),"
    " coalesce((SELECT at FROM history WHERE room = $1 AND clock >= $2"
    " ORDER BY clock LIMIT 1), CAST($7 AS BIGINT)), CAST($3 AS TEXT),"
    " CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT),"
    " CAST($7 AS BIGINT) WHERE (SELECT count(*) FROM states WHERE room = $1"
    " AND clock <> $2 AND name IS NOT NULL) < $8"
    " ON CONFLICT (room, clock) DO UPDATE"
    " SET name = excluded.name, named_by = excluded.named_by,"
    " named_at = excluded.named_at")

TD_GUARD(STATE_UNNAME,
    "UPDATE states SET name = NULL, named_by = NULL, named_at = NULL"
    " WHERE room = $1 AND clock = $2 AND name IS NOT NULL")

/*
 * The next board with rows that are too old ($2), or to be thinned ($3).
 */

TD_STMT(KEEP_FIND,
    "SELECT num, thinned, CASE WHEN first_at < $2 THEN 1 ELSE 0 END FROM"
    " (SELECT r.num AS num, r.thinned AS thinned,"
    " (SELECT h.at FROM history h WHERE h.room = r.num"
    " ORDER BY h.clock LIMIT 1) AS first_at,"
    " (SELECT h.at FROM history h WHERE h.room = r.num"
    " AND h.clock > r.thinned ORDER BY h.clock LIMIT 1) AS next_at"
    " FROM rooms r WHERE r.num > $1) AS k"
    " WHERE first_at < $2 OR next_at < $3 ORDER BY num LIMIT 1")

TD_STMT(KEEP_LAST,
    "SELECT clock, at FROM history WHERE room = $1 AND at < $2"
    " ORDER BY clock DESC LIMIT 1")

/* $4, $5: how many, and where their texts have become this long no more */

TD_STMT(KEEP_ROWS,
    "SELECT h.since, h.clock, h.at, h.people, h.changes,"
    " (SELECT count(*) FROM states s WHERE s.room = h.room"
    " AND s.clock = h.since) FROM history h"
    " WHERE h.room = $1 AND h.clock > $2 AND h.at < $3 AND h.clock <="
    " (SELECT max(t.clock) FROM (SELECT l.clock AS clock,"
    " sum(l.len) OVER (ORDER BY l.clock) - l.len AS earlier FROM"
    " (SELECT clock, length(changes) AS len FROM history WHERE room = $1"
    " AND clock > $2 AND at < $3 ORDER BY clock LIMIT $4) AS l) AS t"
    " WHERE t.earlier < $5) ORDER BY h.clock")

TD_GUARD(KEEP_THINNED,
    "UPDATE rooms SET thinned = $3 WHERE num = $1 AND thinned = $2")

TD_STMT(HISTORY_CUT,
    "DELETE FROM history WHERE room = $1 AND clock > $2 AND clock <= $3")

TD_STMT(HISTORY_FORGET,
    "DELETE FROM history WHERE room = $1 AND clock <= $2")

TD_STMT(STATES_FORGET,
    "DELETE FROM states WHERE room = $1 AND clock < $2 AND name IS NULL")

/* what the records of a board come to, after they were put there at once */

TD_STMT(ROOM_MEASURE,
    "UPDATE rooms SET size = (SELECT COALESCE(sum(length(x.state)), 0)"
    " FROM records x WHERE x.room = rooms.num) WHERE id = $1")

/* a record of a board that is being made */

TD_STMT(RECORD_NEW,
    "INSERT INTO records (room, id, clock, state)"
    " SELECT num, CAST($2 AS TEXT), 1, CAST($3 AS TEXT) FROM rooms"
    " WHERE id = $1")


/* accounts */

TD_STMT(USER_ANY,
    "SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS u")

TD_STMT(USER_GET,
    "SELECT id, name, email, color, role, created_at, locale, picture,"
    " last_seen_at FROM users WHERE id = $1 AND disabled = 0")

TD_STMT(USER_SECRET,
    "SELECT password_hash, email FROM users WHERE id = $1 AND disabled = 0")

TD_STMT(USER_PERSON,
    "SELECT id, name, color, picture FROM users WHERE id = $1")

TD_STMT(USER_BY_EMAIL,
    "SELECT id, name, email, color, role, created_at, password_hash, disabled"
    " FROM users WHERE email = $1")

TD_STMT(USER_CREATE,
    "INSERT INTO users (id, email, name, color, role, password_hash, disabled,"
    " created_at, updated_at) VALUES ($1, $2, $3, $4, 'user', $5, 0, $6, $6)")

TD_GUARD(USER_CREATE_FIRST,
    "INSERT INTO users (id, email, name, color, role, password_hash, disabled,"
    " created_at, updated_at)"
    " SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT),"
    " CAST($4 AS TEXT), 'admin', CAST($5 AS TEXT), 0, CAST($6 AS BIGINT),"
    " CAST($6 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM users)")

TD_STMT(USER_UPDATE,
    "UPDATE users SET name = COALESCE(CAST($2 AS TEXT), name),"
    " color = COALESCE(CAST($3 AS TEXT), color), updated_at = $4,"
    " email = COALESCE(CAST($5 AS TEXT), email),"
    " locale = NULLIF(COALESCE(CAST($6 AS TEXT), locale), '')"
    " WHERE id = $1")

TD_STMT(USER_SEEN,
    "UPDATE users SET last_seen_at = $2 WHERE id ="
    " (SELECT user_id FROM sessions WHERE token_hash = $1)")

/* $3: what it was, null: whatever it was */

TD_GUARD(USER_PASSWORD,
    "UPDATE users SET password_hash = $2, updated_at = $4 WHERE id = $1"
    " AND disabled = 0"
    " AND (CAST($3 AS TEXT) IS NULL OR password_hash = $3)")

TD_STMT(USER_REHASH,
    "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")


/* sessions */

TD_STMT(SESSION_GET,
    "SELECT u.id, u.name, u.email, u.color, u.role, u.created_at,"
    " s.last_used_at, s.scopes FROM sessions s JOIN users u ON u.id = s.user_id"
    " WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled = 0")

TD_STMT(SESSION_PUT,
    "INSERT INTO sessions (token_hash, id, user_id, created_at, last_used_at,"
    " expires_at, agent, address) VALUES ($1, $2, $3, $4, $4, $5, $6, $7)")

TD_STMT(SESSION_TOUCH,
    "UPDATE sessions SET last_used_at = $2,"
    " expires_at = CASE WHEN scopes IS NULL THEN $3 ELSE expires_at END"
    " WHERE token_hash = $1")

TD_STMT(SESSION_DELETE,
    "DELETE FROM sessions WHERE token_hash = $1")

TD_STMT(SESSIONS_EXPIRE,
    "DELETE FROM sessions WHERE expires_at <= $1")

TD_STMT(SESSIONS_TRIM,
    "DELETE FROM sessions WHERE user_id = $1 AND scopes IS NULL"
    " AND token_hash NOT IN (SELECT token_hash FROM sessions"
    " WHERE user_id = $1 AND scopes IS NULL"
    " ORDER BY last_used_at DESC LIMIT $2)")

TD_STMT(SESSION_LIST,
    "SELECT id, token_hash, created_at, last_used_at, address, agent"
    " FROM sessions WHERE user_id = $1 AND scopes IS NULL AND expires_at > $2"
    " ORDER BY last_used_at DESC, id")

TD_STMT(SESSION_BY_ID,
    "SELECT token_hash FROM sessions WHERE user_id = $1 AND id = $2"
    " AND scopes IS NULL")

TD_GUARD(SESSION_END,
    "DELETE FROM sessions WHERE user_id = $1 AND id = $2 AND scopes IS NULL")

/* all of a user but $2; with API tokens where $3 is 1 */

TD_STMT(SESSIONS_END,
    "DELETE FROM sessions WHERE user_id = $1"
    " AND (CAST($2 AS TEXT) IS NULL OR token_hash <> $2)"
    " AND (scopes IS NULL OR CAST($3 AS BIGINT) = 1)")


/* API tokens */

TD_STMT(TOKEN_LIST,
    "SELECT id, name, scopes, created_at, last_used_at, expires_at"
    " FROM sessions WHERE user_id = $1 AND scopes IS NOT NULL"
    " AND expires_at > $2 ORDER BY created_at DESC, id")

TD_GUARD(TOKEN_CREATE,
    "INSERT INTO sessions (token_hash, id, user_id, created_at, last_used_at,"
    " expires_at, name, scopes) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT),"
    " CAST($3 AS TEXT), CAST($4 AS BIGINT), 0, CAST($5 AS BIGINT),"
    " CAST($6 AS TEXT), CAST($7 AS BIGINT) WHERE (SELECT count(*)"
    " FROM sessions WHERE user_id = $3 AND scopes IS NOT NULL) < $8")

TD_STMT(TOKEN_BY_ID,
    "SELECT name FROM sessions WHERE user_id = $1 AND id = $2"
    " AND scopes IS NOT NULL")

TD_GUARD(TOKEN_DELETE,
    "DELETE FROM sessions WHERE user_id = $1 AND id = $2"
    " AND scopes IS NOT NULL")


/* links to set a new password */

TD_STMT(RESET_EXPIRE,
    "DELETE FROM resets WHERE expires_at <= $1")

TD_STMT(RESET_CREATE,
    "INSERT INTO resets (token_hash, user_id, created_at, expires_at)"
    " SELECT CAST($1 AS TEXT), id, CAST($2 AS BIGINT), CAST($3 AS BIGINT)"
    " FROM users WHERE email = $4 AND disabled = 0")

TD_STMT(RESET_USER,
    "SELECT id, name, email, locale FROM users WHERE email = $1"
    " AND disabled = 0")

TD_STMT(RESET_GET,
    "SELECT u.id, u.name FROM resets r JOIN users u ON u.id = r.user_id"
    " WHERE r.token_hash = $1 AND r.expires_at > $2 AND u.disabled = 0")

TD_GUARD(RESET_TAKE,
    "DELETE FROM resets WHERE token_hash = $1 AND expires_at > $2")

TD_STMT(RESET_FORGET,
    "DELETE FROM resets WHERE user_id = $1")


/* settings by name */

TD_STMT(SETTING_GET,
    "SELECT value FROM settings WHERE key = $1")

TD_STMT(SETTING_PUT,
    "INSERT INTO settings (key, value) VALUES ($1, $2)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value")


/* the first account: the row "setup_code" is the right to make it */

TD_STMT(SETUP_GET,
    "SELECT value FROM settings WHERE key = 'setup_code'")

TD_STMT(SETUP_OFFER,
    "INSERT INTO settings (key, value)"
    " SELECT 'setup_code', CAST($1 AS TEXT)"
    " WHERE NOT EXISTS (SELECT 1 FROM users)"
    " ON CONFLICT (key) DO NOTHING")

TD_GUARD(SETUP_TAKE,
    "DELETE FROM settings WHERE key = 'setup_code'")


/* by which name the hosts of a site know it */

TD_STMT(SITE_ID_OFFER,
    "INSERT INTO settings (key, value) VALUES ('site_id', $1)"
    " ON CONFLICT (key) DO NOTHING")

TD_STMT(SITE_ID_GET,
    "SELECT value FROM settings WHERE key = 'site_id'")


/* orders to live sessions: the last ones, the newest first */

TD_STMT(ORDER_NUMBER,
    "INSERT INTO settings (key, value) VALUES ('orders', '1')"
    " ON CONFLICT (key) DO UPDATE"
    " SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)")

TD_STMT(ORDER_PUT,
    "INSERT INTO orders (num, kind, room, subject)"
    " SELECT CAST(value AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS TEXT),"
    " CAST($3 AS TEXT) FROM settings WHERE key = 'orders'")

TD_STMT(ORDERS_PRUNE,
    "DELETE FROM orders WHERE num <= (SELECT CAST(value AS BIGINT)"
    " FROM settings WHERE key = 'orders') - $1")

TD_STMT(ORDERS_SINCE,
    "SELECT num, kind, room, subject FROM orders WHERE num >= $1"
    " ORDER BY num DESC LIMIT $2")


/* access to a board */

TD_STMT(ACCESS_ROOM,
    "SELECT r.num, r.deleted_at, m.role, m.opened_at FROM rooms r"
    " LEFT JOIN members m ON m.room = r.num AND m.user_id ="
    " (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id"
    " WHERE s.token_hash = $2 AND s.expires_at > $3 AND u.disabled = 0)"
    " WHERE r.id = $1")

TD_STMT(ACCESS_LINK,
    "SELECT l.id, l.role, l.expires_at, l.password_hash FROM links l"
    " JOIN rooms r ON r.num = l.room WHERE r.id = $1 AND l.token_hash = $2")


/* boards in the API; owner: the first of the owners; m: who asks */

#define TD_ROOM_COLUMNS                                                       \
    "SELECT r.id, r.name, r.created_at, r.updated_at, r.deleted_at,"          \
    " u.id, u.name, u.color, u.picture, m.role, m.favourite, m.folder,"       \
    " m.opened_at, r.thumbnail, r.template, r.name_key"

#define TD_ROOM_OWNER                                                         \
    " LEFT JOIN users u ON u.id ="                                            \
    " (SELECT o.user_id FROM members o WHERE o.room = r.num"                  \
    " AND o.role = 'owner' ORDER BY o.created_at, o.user_id LIMIT 1)"

/* $8: how many boards a user may own */

TD_GUARD(ROOM_CREATE,
    "INSERT INTO rooms (id, name, name_key, created_by, created_at,"
    " updated_at, schema, template) SELECT CAST($1 AS TEXT),"
    " CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT),"
    " CAST($5 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT),"
    " CAST($7 AS TEXT) WHERE (SELECT count(*) FROM members"
    " WHERE user_id = $4 AND role = 'owner') < $8")

TD_STMT(ROOMS_OWNED,
    "SELECT count(*) FROM members WHERE user_id = $1 AND role = 'owner'")

TD_STMT(ROOM_CREATE_OWNER,
    "INSERT INTO members (room, user_id, role, created_at, folder)"
    " SELECT num, CAST($2 AS TEXT), 'owner', CAST($3 AS BIGINT),"
    " (SELECT f.id FROM folders f WHERE f.id = $4 AND f.user_id = $2)"
    " FROM rooms WHERE id = $1")

TD_STMT(ROOM_GET,
    TD_ROOM_COLUMNS " FROM rooms r"
    " LEFT JOIN members m ON m.room = r.num AND m.user_id = $2" TD_ROOM_OWNER
    " WHERE r.num = $1")

TD_STMT(ROOM_GET_BY_ID,
    TD_ROOM_COLUMNS " FROM rooms r"
    " LEFT JOIN members m ON m.room = r.num AND m.user_id = $2" TD_ROOM_OWNER
    " WHERE r.id = $1")

/*
 * $2, $3: behind which place; $4: the bin; $5: a pattern, $7: a folder, "none"
 * for those in no folder, both may be empty; $6: favourites alone; $8: how
 * many
 */

#define TD_ROOM_LIST                                                          \
    TD_ROOM_COLUMNS " FROM members m JOIN rooms r ON r.num = m.room"          \
    TD_ROOM_OWNER " WHERE m.user_id = $1"                                     \
    " AND CASE WHEN CAST($4 AS BIGINT) = 1"                                   \
    " THEN r.deleted_at IS NOT NULL AND m.role = 'owner'"                     \
    " ELSE r.deleted_at IS NULL END"                                          \
    " AND (CAST($5 AS TEXT) = '' OR r.name_key LIKE $5 ESCAPE '!')"           \
    " AND (CAST($6 AS BIGINT) = 0 OR m.favourite = 1)"                        \
    " AND (CAST($7 AS TEXT) = '' OR m.folder = $7"                            \
    " OR ($7 = 'none' AND m.folder IS NULL))"

#define TD_ROOM_LIST_BY(time)                                                 \
    " AND (" time " < $2 OR (" time " = $2 AND r.id < $3))"                   \
    " ORDER BY " time " DESC, r.id DESC LIMIT $8"

TD_STMT(ROOM_LIST_UPDATED,
    TD_ROOM_LIST TD_ROOM_LIST_BY("r.updated_at"))

TD_STMT(ROOM_LIST_OPENED,
    TD_ROOM_LIST TD_ROOM_LIST_BY("COALESCE(m.opened_at, 0)"))

TD_STMT(ROOM_LIST_CREATED,
    TD_ROOM_LIST TD_ROOM_LIST_BY("r.created_at"))

TD_STMT(ROOM_LIST_NAME,
    TD_ROOM_LIST
    " AND (r.name_key > $2 OR (r.name_key = $2 AND r.id > $3))"
    " ORDER BY r.name_key, r.id LIMIT $8")

#undef TD_ROOM_LIST_BY
#undef TD_ROOM_LIST
#undef TD_ROOM_OWNER
#undef TD_ROOM_COLUMNS

TD_GUARD(ROOM_RENAME,
    "UPDATE rooms SET name = $2, name_key = $4, updated_at = $3"
    " WHERE num = $1 AND deleted_at IS NULL")

TD_GUARD(ROOM_DELETE,
    "UPDATE rooms SET deleted_at = $2 WHERE num = $1 AND deleted_at IS NULL")

TD_GUARD(ROOM_PURGE,
    "DELETE FROM rooms WHERE num = $1 AND deleted_at IS NOT NULL")

TD_STMT(ROOMS_BIN_OLD,
    "SELECT 1 FROM rooms WHERE deleted_at < $1 LIMIT 1")

/*
 * A few at a time, so that nobody waits for it; not what was restored while
 * this waited for its row.
 */

TD_STMT(ROOMS_BIN_ENTER,
    "INSERT INTO activity (at, action, room, room_name)"
    " SELECT CAST($1 AS BIGINT), 'room.purged', id, name FROM rooms"
    " WHERE deleted_at < $2 ORDER BY deleted_at, num LIMIT 10")

TD_STMT(ROOMS_BIN_PURGE,
    "DELETE FROM rooms WHERE deleted_at < $1 AND num IN (SELECT num FROM rooms"
    " WHERE deleted_at < $1 ORDER BY deleted_at, num LIMIT 10)")

TD_STMT(ROOM_RESTORE,
    "UPDATE rooms SET deleted_at = NULL WHERE num = $1")

/* a lock on the row: what follows sees what others did before */

TD_GUARD(ROOM_LOCK,
    "UPDATE rooms SET name = name WHERE num = $1 AND deleted_at IS NULL")


/* copies and pictures of boards */

TD_GUARD(ROOM_COPY,
    "UPDATE rooms SET (schema, template, thumbnail) ="
    " (SELECT o.schema, o.template, o.thumbnail FROM rooms o"
    " WHERE o.num = $2) WHERE id = $1")

TD_STMT(RECORDS_COPY,
    "INSERT INTO records (room, id, clock, state)"
    " SELECT n.num, o.id, 1, o.state FROM records o, rooms n"
    " WHERE o.room = $2 AND n.id = $1")

TD_STMT(ROOM_EXPORT,
    "SELECT r.id, r.clock, r.state FROM records r"
    " JOIN rooms b ON b.num = r.room WHERE b.id = $1 ORDER BY r.id")

TD_STMT(RECORD_ADD,
    "INSERT INTO records (room, id, clock, state)"
    " SELECT num, CAST($2 AS TEXT), 1, CAST($3 AS TEXT) FROM rooms"
    " WHERE id = $1"
    " ON CONFLICT (room, id) DO UPDATE SET state = excluded.state")

/* the history before it does not lead to what stands there then */

TD_GUARD(ROOM_REPLACE,
    "UPDATE rooms SET clock = $3, history_start = $3, schema = $4,"
    " updated_at = $5, logged = 0"
    " WHERE num = $1 AND clock = $2 AND deleted_at IS NULL")

TD_STMT(RECORDS_CLEAR,
    "DELETE FROM records WHERE room = $1")

TD_STMT(TOMBSTONES_CLEAR,
    "DELETE FROM tombstones WHERE room = $1")

TD_STMT(THUMBNAIL_COPY,
    "INSERT INTO thumbnails (room, type, data)"
    " SELECT n.num, o.type, o.data FROM thumbnails o, rooms n"
    " WHERE o.room = $2 AND n.id = $1")

TD_STMT(THUMBNAIL_GET,
    "SELECT r.thumbnail, t.type, t.data FROM thumbnails t"
    " JOIN rooms r ON r.num = t.room WHERE t.room = $1")

TD_STMT(THUMBNAIL_PUT,
    "INSERT INTO thumbnails (room, type, data) VALUES ($1, $2, $3)"
    " ON CONFLICT (room) DO UPDATE"
    " SET type = excluded.type, data = excluded.data")

/* a version is never given twice */

TD_GUARD(THUMBNAIL_SET,
    "UPDATE rooms SET thumbnail ="
    " CASE WHEN thumbnail >= $2 THEN thumbnail + 1 ELSE $2 END"
    " WHERE num = $1 AND deleted_at IS NULL")


/* what a member keeps about a board, and the folders he keeps it in */

TD_STMT(MEMBER_OPENED,
    "UPDATE members SET opened_at = $3 WHERE user_id = $2"
    " AND room = (SELECT num FROM rooms WHERE id = $1)")

TD_GUARD(MEMBER_FAVOURITE,
    "UPDATE members SET favourite = $3 WHERE room = $1 AND user_id = $2")

TD_GUARD(MEMBER_FOLDER,
    "UPDATE members SET folder = CAST($3 AS TEXT)"
    " WHERE room = $1 AND user_id = $2"
    " AND (CAST($3 AS TEXT) IS NULL OR EXISTS"
    " (SELECT 1 FROM folders f WHERE f.id = CAST($3 AS TEXT)"
    " AND f.user_id = $2))")

TD_STMT(FOLDER_LIST,
    "SELECT id, name FROM folders WHERE user_id = $1 ORDER BY name_key, id")

TD_GUARD(FOLDER_CREATE,
    "INSERT INTO folders (id, user_id, name, name_key, created_at)"
    " SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT),"
    " CAST($4 AS TEXT), CAST($5 AS BIGINT)"
    " WHERE (SELECT count(*) FROM folders WHERE user_id = $2) < $6")

TD_GUARD(FOLDER_RENAME,
    "UPDATE folders SET name = $3, name_key = $4"
    " WHERE id = $1 AND user_id = $2")

TD_GUARD(FOLDER_DELETE,
    "DELETE FROM folders WHERE id = $1 AND user_id = $2")


/* members; the last owner stays one */

TD_STMT(MEMBER_LIST,
    "SELECT u.id, u.name, u.color, u.email, m.role, u.picture FROM members m"
    " JOIN users u ON u.id = m.user_id WHERE m.room = $1"
    " ORDER BY m.created_at, u.id")

TD_STMT(MEMBER_GET,
    "SELECT u.id, u.name, u.color, u.email, m.role, u.picture FROM members m"
    " JOIN users u ON u.id = m.user_id WHERE m.room = $1 AND m.user_id = $2")

TD_STMT(MEMBER_ADD,
    "INSERT INTO members (room, user_id, role, created_at)"
    " VALUES ($1, $2, $3, $4)")

TD_STMT(MEMBER_JOIN,
    "INSERT INTO members (room, user_id, role, created_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (room, user_id) DO UPDATE"
    " SET role = CASE WHEN members.role = 'owner' OR excluded.role = 'owner'"
    " THEN 'owner' WHEN members.role = 'editor' OR excluded.role = 'editor'"
    " THEN 'editor' ELSE 'viewer' END")

TD_STMT(MEMBER_ROLE,
    "UPDATE members SET role = $3 WHERE room = $1 AND user_id = $2"
    " AND (role <> 'owner' OR $3 = 'owner' OR (SELECT count(*) FROM members o"
    " WHERE o.room = $1 AND o.role = 'owner') > 1)")

TD_GUARD(MEMBER_RAISE,
    "UPDATE members SET role = 'owner' WHERE room = $1 AND user_id = $2"
    " AND user_id <> $3")

TD_STMT(MEMBER_DELETE,
    "DELETE FROM members WHERE room = $1 AND user_id = $2"
    " AND (role <> 'owner' OR (SELECT count(*) FROM members o"
    " WHERE o.room = $1 AND o.role = 'owner') > 1)")


/* share links */

TD_STMT(LINK_LIST,
    "SELECT id, role, created_at, expires_at, password_hash FROM links"
    " WHERE room = $1 ORDER BY created_at, id")

TD_GUARD(LINK_CREATE,
    "INSERT INTO links (id, room, token_hash, role, created_by, created_at,"
    " expires_at, password_hash) SELECT CAST($1 AS TEXT),"
    " CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT),"
    " CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT),"
    " CAST($9 AS TEXT)"
    " WHERE (SELECT count(*) FROM links WHERE room = $2) < $8")

/* $5, $7: whether the one before it is a change */

TD_GUARD(LINK_UPDATE,
    "UPDATE links SET role = COALESCE(CAST($3 AS TEXT), role),"
    " expires_at = CASE WHEN CAST($5 AS BIGINT) = 1"
    " THEN CAST($4 AS BIGINT) ELSE expires_at END,"
    " password_hash = CASE WHEN CAST($7 AS BIGINT) = 1"
    " THEN CAST($6 AS TEXT) ELSE password_hash END"
    " WHERE room = $1 AND id = $2")

TD_STMT(LINK_GET,
    "SELECT id, role, created_at, expires_at, password_hash FROM links"
    " WHERE room = $1 AND id = $2")

TD_STMT(LINK_UNLOCK,
    "SELECT l.password_hash, l.expires_at FROM links l"
    " JOIN rooms r ON r.num = l.room WHERE r.id = $1 AND l.token_hash = $2"
    " AND r.deleted_at IS NULL")

TD_GUARD(LINK_DELETE,
    "DELETE FROM links WHERE room = $1 AND id = $2")


/* invitations */

TD_STMT(INVITE_LIST,
    "SELECT id, role, email, created_at, expires_at FROM invites"
    " WHERE room = $1 AND used_at IS NULL AND expires_at > $2"
    " ORDER BY created_at, id")

TD_GUARD(INVITE_CREATE,
    "INSERT INTO invites (id, room, token_hash, role, email, created_by,"
    " created_at, expires_at) SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT),"
    " CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT),"
    " CAST($7 AS BIGINT), CAST($8 AS BIGINT)"
    " WHERE (SELECT count(*) FROM invites WHERE room = $2"
    " AND used_at IS NULL AND expires_at > $7) < $9")

TD_GUARD(INVITE_DELETE,
    "DELETE FROM invites WHERE room = $1 AND id = $2 AND used_at IS NULL")

TD_STMT(INVITE_GET,
    "SELECT r.id, r.name, r.num, i.role, i.email, i.expires_at, i.used_at,"
    " u.id, u.name, u.color, u.picture FROM invites i"
    " JOIN rooms r ON r.num = i.room"
    " LEFT JOIN users u ON u.id = i.created_by"
    " WHERE i.token_hash = $1 AND r.deleted_at IS NULL")

TD_GUARD(INVITE_USE,
    "UPDATE invites SET used_at = $2, used_by = $3 WHERE token_hash = $1"
    " AND used_at IS NULL AND expires_at > $2")


/* the activity log */

TD_STMT(ACTIVITY_PUT,
    "INSERT INTO activity (at, action, actor, actor_name, room, room_name,"
    " target, address, agent) VALUES ($1, $2, $3, $4, $5,"
    " (SELECT name FROM rooms WHERE id = $5), $6, $7, $8)")

TD_STMT(ACTIVITY_OLD,
    "SELECT 1 FROM activity WHERE at < $1 LIMIT 1")

TD_STMT(ACTIVITY_PRUNE,
    "DELETE FROM activity WHERE num IN"
    " (SELECT num FROM activity WHERE at < $1 ORDER BY at LIMIT 1000)")


/* previews of pages; of more than so many the oldest go */

TD_STMT(PREVIEW_GET,
    "SELECT title, description FROM previews"
    " WHERE hash = $1 AND fetched_at > $2")

TD_STMT(PREVIEW_PUT,
    "INSERT INTO previews (hash, title, description, fetched_at)"
    " VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (hash) DO UPDATE SET title = excluded.title,"
    " description = excluded.description, fetched_at = excluded.fetched_at")

TD_STMT(PREVIEW_PRUNE,
    "DELETE FROM previews WHERE fetched_at <= $1 OR fetched_at <"
    " (SELECT fetched_at FROM previews ORDER BY fetched_at DESC"
    " LIMIT 1 OFFSET $2)")


/* mails on their way; a row that MAIL_CLAIM changed is the caller's */

TD_STMT(MAIL_PUT,
    "INSERT INTO mails (id, recipient, subject, plain, html, created_at,"
    " expires_at, next_at, tries) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT),"
    " CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),"
    " CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($6 AS BIGINT), 0"
    " WHERE (SELECT count(*) FROM mails) < $8")

TD_STMT(MAIL_WAITS,
    "SELECT 1 FROM mails WHERE id = $1")

TD_STMT(MAIL_DUE,
    "SELECT id, recipient, subject, plain, html, created_at, expires_at,"
    " next_at, tries FROM mails WHERE next_at <= $1"
    " ORDER BY next_at, id LIMIT 1")

TD_GUARD(MAIL_CLAIM,
    "UPDATE mails SET next_at = $4, tries = tries + 1"
    " WHERE id = $1 AND tries = $2 AND next_at = $3")

TD_STMT(MAIL_LATER,
    "UPDATE mails SET next_at = $3, error = $4 WHERE id = $1 AND tries = $2")

TD_GUARD(MAIL_DONE,
    "DELETE FROM mails WHERE id = $1 AND tries = $2")

/* of who invites, and of whom he invites if that is known */

TD_STMT(INVITE_FACTS,
    "SELECT r.name, u.locale,"
    " (SELECT o.locale FROM users o WHERE o.email = $3)"
    " FROM rooms r JOIN users u ON u.id = $2 WHERE r.num = $1")


#include "ngx_tidraw_statements_admin.h"
#include "ngx_tidraw_statements_archive.h"
#include "ngx_tidraw_statements_files.h"


/* health */

TD_STMT(PING,
    "SELECT 1")
