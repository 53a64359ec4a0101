-- Check 1: Every order has a status
SELECT count(*) FROM orders WHERE status IS NULL;
-- Expected: 0

-- Check 2: An order is shipped when it has a date of shipping, and only then
SELECT id, status, shipped_at
FROM orders
WHERE (status = 'shipped') <> (shipped_at IS NOT NULL);
-- Expected: 0 rows

-- Check 3: No order was lost
-- expect-same-as-before
SELECT count(*) FROM orders;
