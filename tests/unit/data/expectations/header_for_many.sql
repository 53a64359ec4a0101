-- Every query of this file finds faults.
-- Expected: 0 rows

SELECT id FROM a WHERE x IS NULL;

SELECT id FROM b WHERE x IS NULL;
