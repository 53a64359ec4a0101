SELECT count(*) FROM a;
-- Expected: 1
SELECT count(*) FROM b;
-- Expected: 2
SELECT count(*) FROM c;
-- Expected: 3
