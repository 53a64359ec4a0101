-- Test 1
SELECT 'Tables' AS test, CASE WHEN count(*) = 11 THEN '✅ PASS' ELSE '❌ FAIL' END AS status FROM pg_tables;

-- Test 2: everything passes
-- Expected: all PASS
SELECT name, status FROM health_checks;

-- Test 3: no failure
-- Expected: PASS
SELECT CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS result FROM broken;

-- Test 4: the text in quotes
-- Expected: 'PASS'
SELECT CASE WHEN count(*) = 0 THEN 'PASS' ELSE 'FAIL' END AS result FROM broken;
