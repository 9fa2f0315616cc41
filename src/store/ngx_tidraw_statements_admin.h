
/*
 * Statements about accounts as a whole: leaving, administration, the activity
 * log.  A part of ngx_tidraw_statements.h, which includes it.
 */


/* the end of an account; boards that nobody else owns go along or to $2 */

#define TD_SOLE_OWNER                                                        \
    "m.user_id = $1 AND m.role = 'owner' AND NOT EXISTS"                     \
    " (SELECT 1 FROM members o WHERE o.room = m.room AND o.role = 'owner'"   \
    " AND o.user_id <> $1)"

TD_STMT(LEAVE_ROOMS,
    "SELECT r.id FROM members m JOIN rooms r ON r.num = m.room WHERE "
    TD_SOLE_OWNER)

/* what was given to somebody meanwhile is seen by what follows */

TD_STMT(LEAVE_LOCK,
    "UPDATE rooms SET name = name WHERE num IN (SELECT m.room FROM members m"
    " WHERE m.user_id = $1 AND m.role = 'owner')")

TD_STMT(LEAVE_TRANSFER,
    "INSERT INTO members (room, user_id, role, created_at)"
    " SELECT m.room, CAST($2 AS TEXT), 'owner', CAST($3 AS BIGINT)"
    " FROM members m WHERE " TD_SOLE_OWNER
    " ON CONFLICT (room, user_id) DO UPDATE SET role = 'owner'")

TD_STMT(LEAVE_DELETE,
    "DELETE FROM rooms WHERE num IN (SELECT m.room FROM members m WHERE "
    TD_SOLE_OWNER ")")

/* who changes administrators waits for whoever else does */

TD_STMT(ADMIN_LOCK,
    "INSERT INTO settings (key, value) VALUES ('admin_lock', '')"
    " ON CONFLICT (key) DO UPDATE SET value = ''")

TD_GUARD(USER_DELETE,
    "DELETE FROM users WHERE id = $1 AND (role <> 'admin' OR disabled = 1"
    " OR EXISTS (SELECT 1 FROM users o WHERE o.id <> $1"
    " AND o.role = 'admin' AND o.disabled = 0))")


/* pictures of people */

TD_STMT(PICTURE_SET,
    "UPDATE users SET picture = CAST($2 AS BIGINT) WHERE id = $1")

TD_STMT(USER_PICTURE,
    "SELECT id, picture FROM users WHERE id = $1")

TD_STMT(PICTURE_PUT,
    "INSERT INTO pictures (user_id, type, data) VALUES ($1, $2, $3)"
    " ON CONFLICT (user_id) DO UPDATE"
    " SET type = excluded.type, data = excluded.data")

TD_STMT(PICTURE_DELETE,
    "DELETE FROM pictures WHERE user_id = $1")

TD_STMT(PICTURE_GET,
    "SELECT u.picture, p.type, p.data FROM pictures p"
    " JOIN users u ON u.id = p.user_id WHERE p.user_id = $1")


/* users */

#define TD_ADMIN_USERS(order)                                                \
    "SELECT u.id, u.name, u.email, u.color, u.role, u.created_at, u.locale," \
    " u.picture, u.last_seen_at, u.disabled,"                                \
    " (SELECT count(*) FROM members m WHERE m.user_id = u.id"                \
    " AND m.role = 'owner'),"                                                \
    " CAST(b.boards AS BIGINT), CAST(f.files AS BIGINT),"                    \
    " (SELECT count(*) FROM sessions s WHERE s.user_id = u.id"               \
    " AND s.scopes IS NULL AND s.expires_at > $2)"                           \
    " FROM users u"                                                          \
    " LEFT JOIN (SELECT m.user_id, sum(r.size) AS boards FROM members m"     \
    " JOIN rooms r ON r.num = m.room WHERE m.role = 'owner'"                 \
    " GROUP BY m.user_id) b ON b.user_id = u.id"                             \
    " LEFT JOIN (SELECT x.created_by, sum(x.size) AS files FROM files x"     \
    " GROUP BY x.created_by) f ON f.created_by = u.id"                       \
    " WHERE CAST($1 AS TEXT) IS NULL"                                        \
    " OR lower(u.name) LIKE lower($1) ESCAPE '!'"                            \
    " OR u.email LIKE lower($1) ESCAPE '!'"                                  \
    " ORDER BY " order " LIMIT $3 OFFSET $4"

TD_STMT(ADMIN_USERS, TD_ADMIN_USERS("u.created_at, u.id"))

TD_STMT(ADMIN_USERS_SIZE,
    TD_ADMIN_USERS("COALESCE(b.boards, 0) + COALESCE(f.files, 0) DESC, u.id"))

TD_STMT(ADMIN_USER,
    "SELECT id, name, email, color, role, created_at, locale, picture,"
    " last_seen_at, disabled FROM users WHERE id = $1")

TD_GUARD(ADMIN_USER_SET,
    "UPDATE users SET role = COALESCE(CAST($2 AS TEXT), role),"
    " disabled = COALESCE(CAST($3 AS BIGINT), disabled),"
    " name = COALESCE(CAST($4 AS TEXT), name), updated_at = $5"
    " WHERE id = $1 AND (role <> 'admin' OR disabled = 1"
    " OR (COALESCE(CAST($2 AS TEXT), role) = 'admin'"
    " AND COALESCE(CAST($3 AS BIGINT), disabled) = 0)"
    " OR EXISTS (SELECT 1 FROM users o WHERE o.id <> $1"
    " AND o.role = 'admin' AND o.disabled = 0))")

TD_STMT(RESET_ADD,
    "INSERT INTO resets (token_hash, user_id, created_at, expires_at)"
    " VALUES ($1, $2, $3, $4)")


/* boards */

#define TD_ADMIN_ROOMS(order)                                                \
    "SELECT r.id, r.name, r.created_at, r.updated_at, r.deleted_at,"         \
    " u.id, u.name, u.color, u.picture, r.size, CAST(f.files AS BIGINT)"     \
    " FROM rooms r"                                                          \
    " LEFT JOIN (SELECT x.room, sum(x.size) AS files FROM files x"           \
    " GROUP BY x.room) f ON f.room = r.num"                                  \
    " LEFT JOIN users u ON u.id ="                                           \
    " (SELECT o.user_id FROM members o WHERE o.room = r.num"                 \
    " AND o.role = 'owner' ORDER BY o.created_at, o.user_id LIMIT 1)"        \
    " WHERE CAST($1 AS TEXT) IS NULL"                                        \
    " OR lower(r.name) LIKE lower($1) ESCAPE '!'"                            \
    " ORDER BY " order ", r.num LIMIT $2 OFFSET $3"

TD_STMT(ADMIN_ROOMS_UPDATED, TD_ADMIN_ROOMS("r.updated_at DESC"))

TD_STMT(ADMIN_ROOMS_NAME, TD_ADMIN_ROOMS("lower(r.name)"))

TD_STMT(ADMIN_ROOMS_SIZE, TD_ADMIN_ROOMS("r.size + COALESCE(f.files, 0) DESC"))

TD_STMT(ADMIN_ROOM,
    "SELECT num, deleted_at FROM rooms WHERE id = $1")

TD_GUARD(ADMIN_ROOM_PURGE,
    "DELETE FROM rooms WHERE num = $1")

TD_STMT(ADMIN_ROOM_OWNERS,
    "UPDATE members SET role = 'editor' WHERE room = $1 AND role = 'owner'"
    " AND user_id <> $2")

TD_STMT(ADMIN_ROOM_OWNER,
    "INSERT INTO members (room, user_id, role, created_at)"
    " VALUES ($1, $2, 'owner', $3)"
    " ON CONFLICT (room, user_id) DO UPDATE SET role = 'owner'")


/* the activity log, newest first; null: any */

TD_STMT(ACTIVITY_LIST,
    "SELECT a.num, a.at, a.action, u.id, u.name, u.color, u.picture,"
    " a.actor_name, a.room, a.room_name, a.target, a.address, a.agent"
    " FROM activity a LEFT JOIN users u ON u.id = a.actor"
    " WHERE a.num < $1"
    " AND (CAST($2 AS TEXT) IS NULL OR a.action = $2"
    " OR a.action LIKE $2 || '.%')"
    " AND (CAST($3 AS TEXT) IS NULL OR a.actor = $3)"
    " AND (CAST($4 AS TEXT) IS NULL OR a.room = $4)"
    " AND a.at >= $5 AND a.at < $6"
    " AND (CAST($7 AS TEXT) IS NULL"
    " OR lower(a.actor_name) LIKE lower($7) ESCAPE '!'"
    " OR lower(a.room_name) LIKE lower($7) ESCAPE '!'"
    " OR lower(a.target) LIKE lower($7) ESCAPE '!'"
    " OR a.address LIKE $7 ESCAPE '!')"
    " ORDER BY a.num DESC LIMIT $8")


/* numbers */

TD_STMT(STATS_COUNTS,
    "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM rooms"
    " WHERE deleted_at IS NULL), (SELECT count(*) FROM rooms"
    " WHERE deleted_at IS NOT NULL), (SELECT bytes FROM database_size)")
