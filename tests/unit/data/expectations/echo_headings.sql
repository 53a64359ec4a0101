\echo '1. Checking task index'
SELECT count(*) FROM tasks WHERE task_index IS NULL;
-- Expected: 0
\echo '2. Programs'
SELECT id FROM programs WHERE title = '';
-- Expected: 0 rows

\echo '── backfill ──'
SELECT
    (SELECT count(*) FROM regs WHERE approved) AS approved_regs,
    (SELECT count(*) FROM prefs WHERE rank = 1) AS rank_1_prefs;
-- Expected: approved_regs equals rank_1_prefs

\echo '── constraint ──'
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname LIKE '%rank%';
-- Expected: 1 row, definition includes 1..3 bounds.
-- (The tool prefixes the constraint name with the table.)

\echo '── indexes ──'
SELECT indexname FROM pg_indexes WHERE indexname IN ('uq_a', 'uq_b');
-- Expected: 2 rows, both with `WHERE (deleted_at IS NULL)` in the definition.
