-- Test 1: counters after reset
-- Expected: total_views = 0, max_likes = 0
SELECT sum(view_count) AS total_views, max(like_count) AS max_likes FROM articles;

-- Test 2: a flag
SELECT n.nspname AS schema_name, c.relrowsecurity AS rls_enabled FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'user_role';
-- Should show: rls_enabled = false

-- Test 3: unquoted text
SELECT role, created_at FROM user_role WHERE email = 'a@b.example';
-- Should show: role = admin

-- Test 4: columns that are not there
-- Expected: is_premium = true, source = 'beta'
SELECT premium FROM memberships WHERE id = 7;

-- Test 5: null and a bound
-- Expected: deleted_at IS NULL, tries >= 2
SELECT deleted_at, tries FROM jobs WHERE id = 9;

-- Test 6: columns not known
-- Expected: status = 'active'
SELECT * FROM subscriptions WHERE id = 3;

-- Test 7: more than one claim
-- Expected: n = 4 and the newest is from today
SELECT count(*) AS n, max(created_at) AS newest FROM events;

-- Test 8: count by its name
-- Expected: count = 0
SELECT count(*) FROM broken;
