-- The way back: what undoes a step of the schema, in both databases, for
-- tools/downgrade.sh.  Each part begins with the version that it leaves, the
-- newest first.  Edits and accounts stay; what only the newer version knows
-- of goes.

-- version 10
DROP INDEX history_at;

-- version 9
DROP TABLE previews;

-- version 8
DROP VIEW database_size;
ALTER TABLE rooms DROP COLUMN size;

-- version 7
DROP TABLE mails;

-- version 6
DROP TABLE files;
DROP TABLE blobs;
