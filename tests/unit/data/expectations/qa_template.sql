-- ------------------------------------------------------------
-- TEST ID    : TC_03_036
-- Category   : GRANTS
-- Description: security admin has no grants on the warehouse
-- Expected   : 0 rows returned
-- ------------------------------------------------------------
SELECT grantee FROM grants WHERE role = 'security_admin';
-- Expected result: 0 rows
-- RESULT: [ ] PASS  [ ] FAIL
-- NOTES :

-- ------------------------------------------------------------
-- TEST ID    : TC_03_037
-- Category   : GRANTS
-- Description: usage on the warehouse is granted to the engineer
-- Expected   : 1 row returned
-- ------------------------------------------------------------
SELECT grantee FROM grants WHERE role = 'engineer' AND privilege = 'USAGE';

-- ------------------------------------------------------------
-- TEST ID    : TC_03_038
-- Description: number of grants
-- Expected   : 10
-- ------------------------------------------------------------
SELECT count(*) FROM grants;
