-- 2024-01-29 deployment checks

-- 1.5 Tables with RLS (expected 20)
SELECT count(*) FROM pg_class WHERE relrowsecurity;

-- #2 Indexes: expect 3 rows
SELECT indexname FROM pg_indexes;

-- Check 3 - orphans, should return 0
SELECT count(*) FROM orphans;

-- V4: legacy policies are gone
SELECT policyname FROM pg_policies WHERE policyname LIKE 'legacy%';
-- Expected: 0 rows

-- V5: the new policy
SELECT policyname, qual FROM pg_policies WHERE policyname = 'owner_only';
-- Expected: 1 row named 'owner_only', qual contains
--           'current_owner' AND 'EXISTS'

-- QUERY SET 2: TYPES

-- Query 2.1: enum labels (4)
SELECT enumlabel FROM pg_enum;
