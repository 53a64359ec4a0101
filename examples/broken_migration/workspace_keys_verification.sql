-- Check 1: Notes belong to a workspace
SELECT count(*)
FROM pg_catalog.pg_constraint
WHERE conrelid = 'notes'::regclass AND contype = 'f' AND convalidated;
-- Expected: 1

-- Check 2: and can be found by it
SELECT count(*)
FROM pg_catalog.pg_index
WHERE indrelid = 'notes'::regclass AND indexrelid::regclass::text = 'notes_workspace_id_idx';
-- Expected: 1
