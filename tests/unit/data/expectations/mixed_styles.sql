-- ===== VERIFICATION QUERIES =====

-- Check that all indexes were created
SELECT tablename, indexname FROM pg_indexes WHERE indexname LIKE 'idx_%';

-- Expected output: 3 indexes
-- idx_bookings_created_at
-- idx_bookings_status
-- idx_customers_email

-- Check the sizes
SELECT tablename, pg_size_pretty(pg_relation_size(tablename::regclass)) AS size FROM pg_tables;

-- Expected: total size ~50-100 MB (small compared to the gain)

-- ===== PERFORMANCE =====

-- Test 1: sequential scans (should be 0)
-- Expected: 0
SELECT count(*) FROM pg_stat_user_tables WHERE seq_scan > 1000;

-- Test 2: duplicates
-- Expected: 0 rows
-- If any row comes back, run the clean-up again.
SELECT email, count(*) FROM users GROUP BY email HAVING count(*) > 1;

-- ===== EXPECTED IMPROVEMENTS =====
-- Bookings list: 200 ms -> 20 ms
