SELECT count(*) FROM a;

-- Expected: 5

SELECT count(*) FROM b;

-- Expected: 6

SELECT count(*) FROM c;

-- Expected: 7
