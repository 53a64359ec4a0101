SELECT count(*) FROM a;

SELECT count(*) FROM b;

-- Expected: 6

SELECT count(*) FROM c;

SELECT count(*) FROM d;
