-- Verification queries (uncomment to run)
-- SELECT COUNT(*) AS zones FROM delivery_zones; -- Should be 0
-- SELECT COUNT(*) AS fees FROM delivery_fees; -- Should be 0

-- 1. the one that runs
-- Expected: 2
SELECT count(*) FROM branches;

-- select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
--   where n.nspname = 'public' and proname = 'exec_sql';   -- expect 0 rows
SELECT count(*) FROM pg_proc;

SELECT tablename FROM pg_tables;

-- Check it by hand:
-- SELECT column_name
--   FROM information_schema.columns
--   WHERE table_name = 'profiles';
-- Expected: 3 rows

/* Old check, kept for reference
SELECT count(*) FROM legacy;
Expected: 7
*/
SELECT count(*) FROM modern;
