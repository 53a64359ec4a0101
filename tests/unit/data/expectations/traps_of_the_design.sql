-- 1. count with rows
-- Expected: 0 rows
SELECT COUNT(*) FROM broken;

-- 2. bare zero on a listing
-- Expected: 0
SELECT id FROM broken;

-- 3. label and count
-- Expected: 2
SELECT 'Company A departments' AS test, COUNT(*) AS count FROM departments WHERE company_id = 'a';

-- 4. columns are values here
-- Expected columns: id, email, role
SELECT column_name FROM information_schema.columns WHERE table_name = 'users';

-- 5. prose that starts with no
-- Expected: no anon rows. Authenticated users see their own.
SELECT grantee FROM information_schema.role_table_grants;

-- 6. prose
-- Expected: no duplicate names
SELECT name, count(*) FROM tenants GROUP BY name;

-- 7. an order, no count
-- Expected: Top 10
SELECT name FROM products ORDER BY sales DESC;

-- 8. one per
-- Expected: One row per transaction
SELECT id FROM transactions;

-- 9. more than a count
-- Expected: seven rows and every one is enabled
SELECT tablename, rowsecurity FROM pg_tables;

-- 10. names
-- Expected: 3 views (a, b, c)
SELECT viewname FROM pg_views;

-- 11. one row of a count
-- Expected: 1 row
SELECT count(*) FROM settings;

-- 12. always one row
-- Expected: 0 rows
SELECT 'views' AS what, count(*) AS total, CASE WHEN count(*) = 0 THEN 'fresh' ELSE 'has data' END AS state FROM article_views;

-- 13. a number on a boolean
-- Expected: 1
SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector');

-- 14. rows of a count, several
-- Expected: 18 rows
SELECT COUNT(*) FROM checklist_items;

-- 15. headings
-- Expected: 5 columns
SELECT a, b, c, d, e FROM wide;

-- 16. rows that are columns
-- Expected: 5 columns
SELECT column_name FROM information_schema.columns WHERE table_name = 'wide';
