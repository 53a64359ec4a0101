-- Expected: 1
SELECT count(*) FROM a;
-- Expected: 2
SELECT count(*) FROM b;
-- Expected: 3
SELECT count(*) FROM c;
