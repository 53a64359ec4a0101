-- 1. constraint is gone
SELECT conname FROM pg_constraint WHERE conname LIKE '%knack%';

-- Expected result: No rows (constraint removed)

-- ============================================
-- MORE QUERIES
-- ============================================

-- 2. constraints left
SELECT conname FROM pg_constraint ORDER BY conname;

-- Expected result: 2 rows

-- 3. comparison
SELECT count(*) FROM students;

-- Expected result: 310
