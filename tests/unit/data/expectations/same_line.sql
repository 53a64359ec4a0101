-- quick smoke test
SELECT count(*) FROM accounts;            -- Expected: 120
SELECT count(*) FROM accounts WHERE balance < 0;  -- should be 0
SELECT to_regclass('public.accounts') IS NOT NULL; -- expect true
SELECT max(version) FROM schema_migrations; -- expected 42
SELECT id FROM accounts WHERE owner_id IS NULL; -- expect 0 rows
SELECT count(*) FROM ledger; -- => 9182
SELECT name FROM plans ORDER BY name; -- free, pro, team
SELECT count(*) FROM ledger WHERE amount = 0; -- must be 0
SELECT currency FROM accounts LIMIT 1; -- Expected: 'EUR'
SELECT count(*) FROM sessions; -- about 300
SELECT rate FROM fx WHERE id = 3; -- Expected: 1.0825
