-- 1. users
SELECT count(*) FROM users;
-- 2. orphans
SELECT id FROM orders WHERE user_id IS NULL;

-- ============================================
-- Expected results:
-- Query 1: 15
-- Query 2: 0 rows
-- ============================================
