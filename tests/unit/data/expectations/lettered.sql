-- A. Realm tables
-- Expected: three rows, one per realm table.
select event_object_table from information_schema.triggers where trigger_name like '%realm%';
-- B. public contract
-- Expected count: 1.
select count(*) as public_rpc_count from pg_proc where proname = 'get_public_voucher';
-- C. only the explicit function
-- Expected result: get_public_voucher(uuid) only.
select p.proname, pg_get_function_identity_arguments(p.oid) as arguments from pg_proc p;
-- D. nobody may write
-- Expected: no rows.
select grantee from information_schema.role_table_grants where privilege_type = 'INSERT';
-- E. still authorised
-- Expected count: 0 (which would be refused by the application).
select count(*) as is_authorized from patients where id = 22;
-- F. Readable
-- Expected: true
select has_function_privilege('authenticated', 'f()', 'execute') and not has_function_privilege('anon', 'f()', 'execute') as ready;
