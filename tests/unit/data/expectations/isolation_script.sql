-- ---------------------------------------------------------------------
-- A. Structure
-- ---------------------------------------------------------------------
-- Expect 5 rows, all with rowsecurity = true.
select tablename, rowsecurity from pg_tables where schemaname = 'public';

-- Expect 17 policies (1 on organizations, 4 on each of the other four).
select tablename, policyname, cmd from pg_policies;

-- ---------------------------------------------------------------------
-- B. Nobody sees another tenant
-- ---------------------------------------------------------------------
-- Direct read across tenants — expect 0 rows, not an error.
select * from contacts where organization_id = 'b2';

-- Direct read across tenants — expect 0 rows
select * from events where organization_id = 'b2';

select current_org_id() as acting_org;  -- expect null

-- Expect: organizations 1, contacts 2, events 7.
select 'organizations' as t, count(*) from organizations union all select 'contacts', count(*) from contacts;

-- Expect the mirror image of section A:
-- organizations 1, contacts 1
select slug from organizations;

-- Expected: 13 tables created
select count(*) from pg_tables where tablename in ('a', 'b');
