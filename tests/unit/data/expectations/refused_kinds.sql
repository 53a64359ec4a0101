-- A. time
-- Expected: ~234ms
SELECT sum(total_exec_time) FROM pg_stat_statements;

-- B. percent
-- Expected: 99%
SELECT round(100.0 * count(email) / count(*)) FROM users;

-- C. money
-- Expected: $1,250.00
SELECT sum(amount) FROM invoices;

-- D. comparison
-- Expected: same as before
SELECT count(*) FROM users;

-- E. another query
-- Expected: matches query 3
SELECT count(*) FROM accounts;

-- F. all
-- Expected: all true
SELECT relrowsecurity FROM pg_class;

-- G. alternatives
-- Expected: 5 or 6
SELECT count(*) FROM plans;

-- H. conditional
-- Expected: 3 if the demo data is loaded
SELECT count(*) FROM demo;

-- I. several numbers
-- Expected: 21715, 0, 20
SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c);

-- J. placeholder
-- Expected: N rows
SELECT id FROM a;

-- K. placeholder in the statement
-- Expected: 0 rows
SELECT id FROM drafts WHERE seller_id = '<your-user-id>';

-- L. approximate
-- Expected: about 40 rows
SELECT id FROM lots;

-- M. list below
-- Expected:
--   - anon
--   - authenticated
SELECT rolname FROM pg_roles;

-- N. another language
-- Erwartet: 0 Zeilen
SELECT id FROM fehler;

-- O. table below
-- Expected:
-- role  | count
-- ------+------
-- admin | 2
SELECT role, count(*) FROM users GROUP BY role;

-- P. each
-- Expected: 1 each
SELECT tenant, count(*) FROM owners GROUP BY tenant;
