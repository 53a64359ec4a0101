-- The unused tables went, and took nothing along.
-- phase: after 012

-- =================================================================================================
-- QUERY SET: After 012
-- =================================================================================================

-- Check 1: The number of base tables
-- name: after_012_table_count
SELECT count(*)
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition;
-- Expected: 43

-- Check 2: None of the nine is left
-- name: after_012_unused_tables
SELECT c.relname AS table_name
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relname IN (
        'quests',
        'quest_moves',
        'quest_milestones',
        'capability_nodes',
        'maneuver_prerequisites',
        'quick_wins',
        'cohort_relations',
        'move_decisions',
        'notifications'
    );
-- Expected: 0 rows

-- Check 3: Views are what they were
-- name: after_012_views
-- expect-same-as-before
SELECT
    c.relname AS view_name,
    c.reloptions,
    pg_get_viewdef(c.oid) AS definition
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('v', 'm')
ORDER BY c.relname;
