-- 1. goes on in brackets
-- Expected: 0 rows (every order
-- has its customer)
SELECT id FROM orders WHERE customer_id IS NULL;

-- 2. goes on and restricts
-- Expected: 3 rows,
-- each with its own owner
SELECT id FROM shops;

-- 3. a list of names below
-- Expected: 3 rows
-- moves
-- cohorts
-- campaigns
SELECT tablename FROM pg_tables;

-- 4. a second expectation below
-- Expected: 2 rows
-- Expected: both enabled
SELECT name, enabled FROM flags;

-- 5. what it is about, below
-- Expected: 0 rows
-- Orphaned moves
SELECT id FROM moves WHERE workspace_id IS NULL;

-- 6. a table below
SELECT role, count(*) FROM users GROUP BY role;
-- Expected: 2 rows
-- admin | 1
-- user  | 7

-- 7. numbered below
SELECT email, role FROM members;
-- Expected: two rows
-- 1. eve | admin
-- 2. bob | admin
