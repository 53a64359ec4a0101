-- Post-deploy checks

SELECT count(*) FROM users;
-- Expected: 15

SELECT email, count(*) FROM users GROUP BY email HAVING count(*) > 1;
-- Expected: 0 rows

SELECT id FROM users WHERE email IS NULL;
-- Should return no rows

SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'events') AS table_exists;
-- Expected: true

SELECT tablename FROM pg_tables WHERE tablename IN ('users', 'events', 'tickets');
-- Expected: 3 rows

SELECT tablename FROM pg_tables WHERE tablename IN ('users', 'events', 'tickets');
-- Expected: 3 rows (users, events, tickets)

SELECT relrowsecurity FROM pg_class WHERE relname = 'users';
-- Expected: true

SELECT viewname FROM pg_views WHERE schemaname = 'public';
-- Expected: 3 views (v_daily, v_weekly, v_monthly)

SELECT trigger_name FROM information_schema.triggers WHERE event_object_table = 'users';
-- Expected: 2 triggers

SELECT status, count(*) FROM tickets GROUP BY status;
-- Expected: open 5, closed 7
