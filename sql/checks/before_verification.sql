-- The database as it must be before migration 011: otherwise the plan was made for another one.
-- phase: before

-- =================================================================================================
-- QUERY SET: Starting state
-- =================================================================================================

-- Check 1: The number of base tables
-- name: before_table_count
SELECT count(*)
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition;
-- Expected: 52

-- Check 2: The number of foreign keys
-- name: before_foreign_key_count
SELECT count(*)
FROM pg_catalog.pg_constraint AS c
WHERE c.contype = 'f'
    AND c.connamespace = 'public'::regnamespace
    AND c.conparentid = 0;
-- Expected: 38

-- Check 3: The number of policies
-- name: before_policy_count
SELECT count(*)
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS t ON t.oid = p.polrelid
WHERE t.relnamespace = 'public'::regnamespace;
-- Expected: 16

-- Check 4: The three schema conflicts are there: columns, trust key, competitors key
-- name: before_conflict_count
SELECT count(*)
FROM (VALUES
    (
        'agent_recommendations',
        3 > (
            SELECT count(*)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = to_regclass('public.agent_recommendations')
                AND NOT a.attisdropped
                AND a.attname IN ('workspace_id', 'outcome_status', 'outcome_quality_score')
        )
    ),
    (
        'agent_trust_scores',
        NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = to_regclass('public.agent_trust_scores')
                AND pg_get_constraintdef(c.oid) = 'PRIMARY KEY (workspace_id, agent_id)'
        )
    ),
    (
        'competitors',
        NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = to_regclass('public.competitors')
                AND pg_get_constraintdef(c.oid) = 'UNIQUE (workspace_id, name)'
        )
    )
) AS conflict (table_name, is_present)
JOIN pg_catalog.pg_class AS t
    ON t.relname = conflict.table_name
    AND t.relnamespace = 'public'::regnamespace
WHERE conflict.is_present;
-- Expected: 3

-- Check 5: The nine unused tables are there
-- name: before_unused_tables
-- expect-column: table_name set {quests, quest_moves, quest_milestones, capability_nodes, maneuver_prerequisites, quick_wins, cohort_relations, move_decisions, notifications}
SELECT c.relname AS table_name
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'r'
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
    )
ORDER BY c.relname;

-- Check 6: Nobody has written to the unused tables
-- name: before_unused_tables_empty
SELECT 'quests' AS table_name FROM public.quests
UNION ALL SELECT 'quest_moves' FROM public.quest_moves
UNION ALL SELECT 'quest_milestones' FROM public.quest_milestones
UNION ALL SELECT 'capability_nodes' FROM public.capability_nodes
UNION ALL SELECT 'maneuver_prerequisites' FROM public.maneuver_prerequisites
UNION ALL SELECT 'quick_wins' FROM public.quick_wins
UNION ALL SELECT 'cohort_relations' FROM public.cohort_relations
UNION ALL SELECT 'move_decisions' FROM public.move_decisions
UNION ALL SELECT 'notifications' FROM public.notifications;
-- Expected: 0 rows

-- =================================================================================================
-- QUERY SET: Nothing in the way
-- =================================================================================================

-- Check 7: No competitor will bear a name twice once it is in the workspace of its cohort
-- 011 would stop at its new key; better to know before anything is locked.
-- name: before_competitors_to_merge
-- expect-no-rows
SELECT
    k.workspace_id,
    c.name,
    count(*) AS competitors
FROM public.competitors AS c
JOIN public.cohorts AS k ON k.id = c.cohort_id
GROUP BY k.workspace_id, c.name
HAVING count(*) > 1;

-- Check 8: Every row that 011 gives a foreign key has something to point to
-- name: before_future_orphans
-- expect-no-rows
WITH reference (foreign_key, parent, id) AS (
    SELECT 'agent_recommendations.move_id', 'moves', move_id FROM public.agent_recommendations
    UNION ALL SELECT 'content_adaptations.asset_id', 'assets', asset_id FROM public.content_adaptations
    UNION ALL SELECT 'ai_generations.workspace_id', 'workspaces', workspace_id FROM public.ai_generations
    UNION ALL SELECT 'autopay_subscriptions.workspace_id', 'workspaces', workspace_id FROM public.autopay_subscriptions
    UNION ALL SELECT 'billing_history.workspace_id', 'workspaces', workspace_id FROM public.billing_history
    UNION ALL SELECT 'competitors.workspace_id', 'workspaces', workspace_id FROM public.competitors
    UNION ALL SELECT 'content_adaptations.workspace_id', 'workspaces', workspace_id FROM public.content_adaptations
    UNION ALL SELECT 'global_strategies.workspace_id', 'workspaces', workspace_id FROM public.global_strategies
    UNION ALL SELECT 'integrations.workspace_id', 'workspaces', workspace_id FROM public.integrations
    UNION ALL SELECT 'lines_of_operation.workspace_id', 'workspaces', workspace_id FROM public.lines_of_operation
    UNION ALL SELECT 'sprints.workspace_id', 'workspaces', workspace_id FROM public.sprints
    UNION ALL SELECT 'support_feedback.workspace_id', 'workspaces', workspace_id FROM public.support_feedback
),
parent (name, id) AS (
    SELECT 'workspaces', id FROM public.workspaces
    UNION ALL SELECT 'moves', id FROM public.moves
    UNION ALL SELECT 'assets', id FROM public.assets
)
SELECT r.foreign_key, r.id AS points_to
FROM reference AS r
WHERE r.id IS NOT NULL
    AND NOT EXISTS (SELECT FROM parent AS p WHERE p.name = r.parent AND p.id = r.id)
ORDER BY r.foreign_key, r.id;

-- Check 9: No other session holds a lock on one of our tables
-- Active or idle in transaction: the migrations would wait for it, and everybody behind them. Locks
-- show to every role; what the session is doing shows only with pg_read_all_stats. A prepared
-- transaction has no process. Autovacuum gives way by itself.
-- name: before_no_locks_in_the_way
-- expect-no-rows
SELECT
    l.pid,
    c.relname AS table_name,
    l.mode,
    a.application_name,
    a.state,
    a.xact_start
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
JOIN pg_catalog.pg_database AS d ON d.oid = l.database
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE d.datname = current_database()
    AND c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v')
    AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
ORDER BY a.xact_start, l.pid, c.relname;
