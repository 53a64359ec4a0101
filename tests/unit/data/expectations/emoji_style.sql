-- ✅ Step 1: check mock data
SELECT COUNT(*) AS mock_count FROM zoning WHERE is_mock;
-- ✅ Expected: 0

-- ✅ Step 2: coverage by county
SELECT county, COUNT(*) FROM zoning GROUP BY county;
-- ✅ Expected: 3 rows (New Castle, Kent, Sussex)
-- or 2 rows if Kent is not ready

-- ✅ Step 3: drafts kept
SELECT (draft->>'n')::int AS n FROM drafts ORDER BY 1;
-- ✅ Expected: 3, 4, 5, 6, 7 (oldest 2 deleted)

-- ✅ Step 4: old approach
SELECT count(*) FROM cleanup_truncate;
-- ❌ Expected: 0 rows (ALL data removed - does NOT meet the requirement)

-- ✅ Step 5: roles
SELECT role, count(*) FROM grants GROUP BY role;
-- ✅ Expected: admin=6, editor=4

-- ✅ Step 6: enabled
SELECT rowsecurity FROM pg_tables WHERE tablename = 'zoning';
-- ➡ Expected: true ✅

-- ✅ Step 7: still there
SELECT count(*) FROM zoning;
-- 🎯 Expected: 62 ✓
