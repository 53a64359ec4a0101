-- All three fixes, looked at before 012 begins.
-- phase: after 011

-- =================================================================================================
-- QUERY SET: After 011
-- =================================================================================================

-- Check 1: agent_recommendations has its three columns
-- name: after_011_columns
SELECT count(*)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = to_regclass('public.agent_recommendations')
    AND NOT a.attisdropped
    AND (a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) IN (
        ('workspace_id', 'uuid', true),
        ('outcome_status', 'text', true),
        ('outcome_quality_score', 'numeric(3,2)', false)
    );
-- Expected: 3 (all columns present)

-- Check 2: The key of agent_trust_scores
-- name: after_011_trust_key
-- expect-value: 'PRIMARY KEY (workspace_id, agent_id)'
SELECT pg_get_constraintdef(c.oid)
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = to_regclass('public.agent_trust_scores')
    AND c.contype = 'p';

-- Check 3: The key of competitors
-- name: after_011_competitors_key
-- expect-value: 'UNIQUE (workspace_id, name)'
SELECT pg_get_constraintdef(c.oid)
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = to_regclass('public.competitors')
    AND c.contype = 'u';

-- Check 4: The backfill is complete, and every row went where it belongs
-- name: after_011_backfill
-- expect-no-rows
WITH filled (table_name, row_key, workspace_id, belongs_to) AS (
    SELECT 'agent_recommendations', r.id, r.workspace_id, a.workspace_id
    FROM public.agent_recommendations AS r
    LEFT JOIN public.agents AS a ON a.id = r.agent_id
    UNION ALL
    SELECT 'agent_trust_scores', t.agent_id, t.workspace_id, a.workspace_id
    FROM public.agent_trust_scores AS t
    LEFT JOIN public.agents AS a ON a.id = t.agent_id
    UNION ALL
    SELECT 'competitors', c.id, c.workspace_id, k.workspace_id
    FROM public.competitors AS c
    LEFT JOIN public.cohorts AS k ON k.id = c.cohort_id
)
SELECT table_name, row_key, workspace_id, belongs_to
FROM filled
WHERE workspace_id IS NULL
    OR workspace_id IS DISTINCT FROM belongs_to
ORDER BY table_name, row_key;

-- Check 5: The three new indexes are there and usable
-- name: after_011_indexes
-- expect-column: index_name set {agent_recommendations_workspace_id_outcome_status_idx, agent_recommendations_move_id_idx, agent_trust_scores_agent_id_idx}
SELECT c.relname AS index_name
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
    AND i.indisvalid
    AND i.indisready
    AND c.relname IN (
        'agent_recommendations_workspace_id_outcome_status_idx',
        'agent_recommendations_move_id_idx',
        'agent_trust_scores_agent_id_idx'
    )
ORDER BY c.relname;

-- Check 6: Tables, foreign keys and policies between the two migrations
-- name: after_011_figures
-- expect-row: tables = 52, foreign_keys = 52, policies = 20
SELECT
    (
        SELECT count(*)
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
    ) AS tables,
    (
        SELECT count(*)
        FROM pg_catalog.pg_constraint AS c
        WHERE c.contype = 'f'
            AND c.connamespace = 'public'::regnamespace
            AND c.conparentid = 0
    ) AS foreign_keys,
    (
        SELECT count(*)
        FROM pg_catalog.pg_policy AS p
        JOIN pg_catalog.pg_class AS t ON t.oid = p.polrelid
        WHERE t.relnamespace = 'public'::regnamespace
    ) AS policies;
