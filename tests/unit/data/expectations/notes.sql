-- 1: harmless
-- Expected: 0 rows (no duplicates)
SELECT id FROM t1;
-- 2: a hedge
-- Expected: 0 rows (unless the import is running)
SELECT id FROM t2;
-- 3: a sentence
-- Expected: 0 rows. A row here is a user without a profile.
SELECT id FROM t3;
-- 4: a consequence
-- Should be 0. If not, there are integrity issues.
SELECT count(*) FROM t4;
-- 5: a dash
-- Expected: 4 rows - core tables
SELECT id FROM t5;
-- 6: a claim
-- Expected: 4 rows - all enabled
SELECT id FROM t6;
-- 7: a restriction
-- Expected: 3 rows with status active
SELECT id, status FROM t7;
-- 8: two sentences about others
-- Expected: 0 rows. Authenticated sees 5 rows.
SELECT id FROM t8;
-- 9: another number beside a count
-- Expected: 20 (9 old + 11 new)
SELECT count(*) FROM t9;
-- 10: names beside a count
-- Expected: 2 (anon, authenticated)
SELECT count(*) FROM t10;
-- 11: semicolon
-- Expected: 0; anything else is a fault
SELECT count(*) FROM t11;
-- 12: was
-- Expected: 0 rows (was 2)
SELECT id FROM t12;
-- 13: the same number again
-- Expected: 43 (43 tables in public)
SELECT count(*) FROM t13;
-- 14: alternative in the note
-- Expected: 43 (or 44)
SELECT count(*) FROM t14;
