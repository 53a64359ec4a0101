-- Expected: 1
SELECT count(*) FROM a;

SELECT count(*) FROM b;
-- Expected: 2

SELECT count(*) FROM c;
-- Expected: 3
SELECT count(*) FROM d;
