

/* appended for t/store: what the tests need beside the real statements */

TD_STMT(TEST_ROOM_ADD,
    "INSERT INTO rooms (id, name, created_at, updated_at)"
    " VALUES ($1, $2, $3, $3)")

TD_STMT(TEST_ROOM_ADD_NUM,
    "INSERT INTO rooms (id, name, created_at, updated_at)"
    " VALUES ($1, $2, $3, $3) RETURNING num")

TD_STMT(TEST_ROOM_GET,
    "SELECT num, name, clock, deleted_at FROM rooms WHERE id = $1")

TD_STMT(TEST_ROOM_COUNT,
    "SELECT count(*) FROM rooms")

TD_GUARD(TEST_ROOM_GUARD,
    "UPDATE rooms SET name = $2 WHERE id = $1")

TD_STMT(TEST_CLOCK_ADD,
    "UPDATE rooms SET clock = clock + $2 WHERE id = $1")

TD_STMT(TEST_ECHO,
    "SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT)")

TD_STMT(TEST_SETTING_PUT,
    "INSERT INTO settings (key, value) VALUES ($1, $2)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value")

TD_STMT(TEST_SETTING_GET,
    "SELECT value FROM settings WHERE key = $1")

TD_STMT(TEST_MANY,
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < $1) SELECT i, CAST($2 AS TEXT) FROM n")

TD_STMT(TEST_SPIN,
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < $1) SELECT count(*) FROM n")

TD_STMT(TEST_MEMBER_ADD,
    "INSERT INTO members (room, user_id, role, created_at)"
    " VALUES ($1, $2, 'editor', 0)")

TD_STMT(TEST_BAD,
    "SELECT nothing FROM nowhere")
