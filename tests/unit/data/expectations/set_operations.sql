-- 1. union
-- Expected: 2 rows
SELECT 'a' AS k, count(*) FROM a UNION ALL SELECT 'b', count(*) FROM b;
-- 2. union with noun
-- Expected: 5 tables
SELECT 'a' AS k, count(*) FROM a UNION ALL SELECT 'b', count(*) FROM b;
-- 3. except finds nothing
-- Expected: 0 rows
SELECT id FROM a EXCEPT SELECT id FROM b;
-- 4. bare number on a union
-- Expected: 3
SELECT count(*) FROM a UNION SELECT count(*) FROM b;
-- 5. with
-- Expected: 0
WITH gaps AS (SELECT id FROM a WHERE id NOT IN (SELECT id FROM b)) SELECT count(*) FROM gaps;
-- 6. having
-- Expected: 0 rows
SELECT count(*) FROM a HAVING count(*) > 1;
-- 7. values
-- Expected: 2 rows
VALUES (1), (2);
-- 8. table
-- Expected: 4 rows
TABLE regions;
-- 9. show
-- Expected: 'on'
SHOW row_security;
-- 10. a number is text in SHOW
-- Expected: 100
SHOW max_connections;
-- 11. window function lists rows
-- Expected: 6
SELECT count(*) OVER () FROM a;
