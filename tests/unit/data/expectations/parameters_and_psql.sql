-- param: table = moves | cohorts
-- expect-value: 0
SELECT count(*) FROM :"table" WHERE workspace_id IS NULL;

-- Expected: 1 row
SELECT id FROM users WHERE id = $1;

-- Expected: 1 row
SELECT id FROM users WHERE id = :user_id;

-- Expected: 0 rows
SELECT id FROM users WHERE email = 'YOUR_EMAIL@example.com';
