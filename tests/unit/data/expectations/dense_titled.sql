-- Test 1: exact duplicates
SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1;
-- Must return 0 rows
-- Test 2: near duplicates
SELECT a.id FROM t a JOIN t b ON a.k = b.k AND a.id < b.id;
-- Must return 0 rows
-- Test 3: total
SELECT count(*) FROM t;
-- Must return 15331407
