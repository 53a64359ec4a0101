/*
 * 1. Tenants
 * Expected: 3 rows
 */
SELECT id FROM tenants;

/* Expected: 0 */
SELECT count(*) FROM orphans;

SELECT count(*) FROM members; /* Expected: 12 */

SELECT count(*) /* Expected: 3 */ FROM roles;

/*
Test 5: settings
Expected: 2 rows
  - theme
  - locale
*/
SELECT key FROM settings;

/* Should return true */ SELECT EXISTS (SELECT 1 FROM roles);
