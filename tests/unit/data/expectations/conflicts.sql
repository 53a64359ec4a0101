-- 1. tables (expected: 4)
SELECT count(*) FROM pg_tables;
-- Expected: 5

-- 2. policies (expected: 4)
SELECT count(*) FROM pg_policies;
-- Expected: 4

-- 3. rows and value
-- Expected: 3 rows
SELECT name FROM plans;
-- Expected: free, pro, team

-- 4. key beats phrase
-- Expected: 3
-- expect-value: 4
SELECT count(*) FROM plans;
