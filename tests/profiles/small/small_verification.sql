-- The library's checks, of all phases, in one file.

-- =================================================================================================
-- QUERY SET 1: Starting state
-- =================================================================================================

-- Check 1: Figures before
-- name: small_before
-- phase: before
-- expect-row: tables = 13, foreign_keys = 8, policies = 4, unused = 3
SELECT
    (
        SELECT count(*)
        FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    ) AS tables,
    (
        SELECT count(*)
        FROM pg_catalog.pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'f'
    ) AS foreign_keys,
    (SELECT count(*) FROM pg_catalog.pg_policy) AS policies,
    (
        SELECT count(*)
        FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace
            AND relname IN ('reading_groups', 'reading_group_members', 'wish_lists')
    ) AS unused;

-- =================================================================================================
-- QUERY SET 2: After 003
-- =================================================================================================

-- Check 2: Figures between the migrations
-- name: small_between
-- phase: after 003
-- expect-row: tables = 14, foreign_keys = 12, policies = 7
SELECT
    (
        SELECT count(*)
        FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    ) AS tables,
    (
        SELECT count(*)
        FROM pg_catalog.pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'f'
    ) AS foreign_keys,
    (SELECT count(*) FROM pg_catalog.pg_policy) AS policies;

-- =================================================================================================
-- QUERY SET 3: Tables
-- =================================================================================================

-- Check 3: The number of base tables
-- name: small_table_count
SELECT count(*)
FROM pg_catalog.pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
-- Expected: 11

-- Check 4: They are these
-- name: small_table_names
-- expect-column: table_name set {branches, copies, fines, loan_renewals, loans, members, opening_hours, reservations, staff, suppliers, titles}
SELECT relname AS table_name
FROM pg_catalog.pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY relname;

-- Check 5: Rows
-- name: small_rows
-- expect-row: branches = 5, copies = 37, fines = 19, loans = 41, members = 17, opening_hours = 35, reservations = 15, staff = 9, titles = 23
SELECT
    (SELECT count(*) FROM public.branches) AS branches,
    (SELECT count(*) FROM public.copies) AS copies,
    (SELECT count(*) FROM public.fines) AS fines,
    (SELECT count(*) FROM public.loans) AS loans,
    (SELECT count(*) FROM public.members) AS members,
    (SELECT count(*) FROM public.opening_hours) AS opening_hours,
    (SELECT count(*) FROM public.reservations) AS reservations,
    (SELECT count(*) FROM public.staff) AS staff,
    (SELECT count(*) FROM public.titles) AS titles;

-- Check 6: Fines are the same sum as before, now as numbers
-- name: small_fines
-- expect-same-as-before
SELECT sum(amount::numeric) AS total
FROM public.fines;

-- =================================================================================================
-- QUERY SET 4: Keys
-- =================================================================================================

-- Check 7: The number of foreign keys, all validated
-- name: small_foreign_keys
-- expect-row: foreign_keys = 10, validated = 10
SELECT
    count(*) AS foreign_keys,
    count(*) FILTER (WHERE convalidated) AS validated
FROM pg_catalog.pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype = 'f';

-- Check 8: Every loan was made where its copy stands
-- name: small_backfill
SELECT l.id, l.branch_id, c.branch_id AS branch_of_copy
FROM public.loans AS l
LEFT JOIN public.copies AS c ON c.id = l.copy_id
WHERE l.branch_id IS DISTINCT FROM c.branch_id;
-- Expected: no rows

-- Check 9: Fines are numbers
-- name: small_fine_type
SELECT format_type(atttypid, atttypmod)
FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass('public.fines') AND attname = 'amount';
-- Expected: 'numeric(6,2)'

-- =================================================================================================
-- QUERY SET 5: Row level security
-- =================================================================================================

-- Check 10: The policies, each in force and limited to a branch, at least by its loan
-- name: small_policies
-- expect-row: policies = 6, in_force = 6, limited = 6
SELECT
    count(*) AS policies,
    count(*) FILTER (WHERE t.relrowsecurity) AS in_force,
    count(*) FILTER (
        WHERE pg_get_expr(p.polqual, t.oid) ~ '^\((branch_id = .*current_branch|loan_id IN )'
    ) AS limited
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS t ON t.oid = p.polrelid;

-- Check 11: Branch 2 sees its own
-- name: small_isolation
-- as: authenticated
-- claims: {"role": "authenticated", "branch": 2}
-- expect-row: copies >= 1, members >= 1, loans >= 1, fines >= 1, foreign_rows = 0
SELECT
    (SELECT count(*) FROM public.copies) AS copies,
    (SELECT count(*) FROM public.members) AS members,
    (SELECT count(*) FROM public.loans) AS loans,
    (SELECT count(*) FROM public.fines) AS fines,
    (SELECT count(*) FROM public.copies WHERE branch_id <> 2)
        + (SELECT count(*) FROM public.members WHERE branch_id <> 2)
        + (SELECT count(*) FROM public.loans WHERE branch_id <> 2)
        + (SELECT count(*) FROM public.staff WHERE branch_id <> 2) AS foreign_rows;
