SELECT
    count(*)          -- Expected: 5
FROM orders;

SELECT id,            -- should be 0
       total          -- Expected: 12
FROM orders
WHERE id = 4
-- Expected: 1 row
;

SELECT timp,  -- Should be 0.5
       ore    -- Should be 5.0
FROM reper
WHERE nr = 'T1';
-- Expected: 1 row
