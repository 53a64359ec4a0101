-- 1.1 tables
-- Expected: 13+ tables
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public';
-- 1.2 rows
-- Expected: at least 2 rows
SELECT id FROM plans;
-- 1.3 positive
-- Expected: > 0
SELECT count(*) FROM users;
-- 1.4 range
-- Expected: 2-4 rows
SELECT id FROM regions;
-- 1.5 between
-- Expected: between 10 and 20
SELECT count(*) FROM shards;
-- 1.6 or more
-- Expected: 1 or more rows
SELECT id FROM owners;
-- 1.7 below
-- Expected: less than 5
SELECT count(*) FROM failed_jobs;
-- 1.8 a bound on a listing
-- Expected: 10+
SELECT name FROM screens;
-- 1.9 exactly
-- Expected: exactly 1 row
SELECT id FROM config;
-- 1.10 thousands
-- Expected: 1,234
SELECT count(*) FROM readings;
-- 1.11 decimals
-- Expected: 1.0
SELECT avg(ratio) FROM parts;
-- 1.12 negative
-- Expected: -5
SELECT min(delta) FROM moves;
