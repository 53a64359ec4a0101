-- nothing of this file could run; explain reads it nevertheless
BEGIN;
SET search_path TO app;
-- Expected: 4
SELECT count(*) FROM app.roles;
EXPLAIN ANALYZE SELECT * FROM app.roles WHERE id = 1;
-- Expected: Index Scan
DO $$ BEGIN RAISE NOTICE 'ok'; END $$;
INSERT INTO app.roles (name) VALUES ('x');
-- Expected: 0 rows
SELECT pg_terminate_backend(pid) FROM pg_stat_activity;
WITH gone AS (DELETE FROM app.roles RETURNING id) SELECT count(*) FROM gone;
-- Expected: 0
SELECT id INTO kept FROM app.roles;
SELECT id FROM app.roles FOR UPDATE;
ROLLBACK;
