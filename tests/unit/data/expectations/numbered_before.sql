-- Verification after migration 012
-- Run in the SQL editor, read-only

-- 1. Tables in public
-- Expected: 43
SELECT count(*) FROM pg_tables WHERE schemaname = 'public';

-- 2. Removed tables
-- Expected: 0 (all tables dropped)
SELECT count(*) FROM pg_tables WHERE tablename IN ('quests', 'quick_wins');

-- 3. Columns of agent_recommendations
-- Expected: 3 (all columns present)
SELECT count(*)
FROM information_schema.columns
WHERE table_name = 'agent_recommendations'
  AND column_name IN ('workspace_id', 'outcome_status', 'outcome_quality_score');

-- 4. Backfill
-- Expected: Total row count = filled count (100% backfilled)
SELECT count(*) AS total, count(workspace_id) AS filled FROM agent_trust_scores;

-- 5. Connections
-- Expected: Minimal active connections
SELECT count(*) FROM pg_stat_activity WHERE state = 'active';

-- 6. Foreign keys
-- Expected: 42
SELECT count(*) FROM pg_constraint WHERE contype = 'f';

-- 7. Orphaned moves
-- Expected: 0 rows
SELECT m.id FROM moves m LEFT JOIN workspaces w ON w.id = m.workspace_id WHERE w.id IS NULL;

-- 8. Policies
-- Expected: 18 policies
SELECT count(*) FROM pg_policies WHERE schemaname = 'public';
