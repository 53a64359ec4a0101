-- Test 1
-- Before the fix: should return 3
-- After the fix: should return 0
SELECT count(*) FROM duplicates;

-- Test 2: rows left after the cleanup (expected: 7)
SELECT count(*) FROM kept;

-- Test 3
-- Expected: 0 after rollback
SELECT count(*) FROM remaining;

-- Test 4: Should return 12
SELECT count(*) FROM moved;

-- Test 5
-- If the import ran: expected 4
SELECT count(*) FROM imported;
