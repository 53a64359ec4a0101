-- =====================================================
-- 1. CHECK TABLES (Expected: 13)
-- =====================================================
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public';

-- =====================================================
-- 2. CHECK POLICIES (must be 24)
-- =====================================================
SELECT count(*) AS policy_count FROM pg_policies;

-- =====================================================
-- 3. ORPHANS (should be 0)
-- =====================================================
SELECT count(*) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE c.id IS NULL;

-- =====================================================
-- STAFF ACCESS (must be 0 rows)
-- =====================================================

-- Staff direct select on markets
SELECT id FROM markets WHERE owner_id IS NULL;

-- Staff direct select on products — expected 0 rows
SELECT id FROM products WHERE owner_id IS NULL;

-- =====================================================
-- 6. INDEXES (should show ~50 indexes)
-- =====================================================
SELECT indexname FROM pg_indexes WHERE schemaname = 'public';
