-- Check 1: No account was lost
-- expect-same-as-before
SELECT count(*) FROM accounts;
