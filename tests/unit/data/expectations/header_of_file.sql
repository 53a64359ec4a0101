-- QA: e-mail addresses are unique
--
-- Password resets would be ambiguous otherwise.
--
-- Expected result: ZERO rows.
-- ------------------------------------------------

SELECT email, count(*) AS accounts FROM users GROUP BY email HAVING count(*) > 1;
