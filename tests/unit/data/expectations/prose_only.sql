-- The users must have an email address, so this lists those without.
SELECT id FROM users WHERE email IS NULL;

-- Review the output by hand.
SELECT id, name FROM tenants;

SELECT tablename, rowsecurity FROM pg_tables;
-- All tables should show rowsecurity = true

-- Run it twice: the second time it should be faster
SELECT count(*) FROM big;

-- Show at most ten sample rows
SELECT * FROM moves LIMIT 10;

SELECT status, count(*) FROM moves GROUP BY status;
-- Should include: draft, active, done

-- Resultado esperado: 0 filas
SELECT id FROM moves WHERE workspace_id IS NULL;
