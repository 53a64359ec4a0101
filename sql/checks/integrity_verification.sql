-- Beyond the 12: what must be true of the migrated database, and would be missed by counting.
-- phase: after 012

-- =================================================================================================
-- QUERY SET: Integrity
-- =================================================================================================

-- Check 1: No schema conflict is left
-- name: conflict_count
SELECT count(*)
FROM (VALUES
    (
        'agent_recommendations lacks columns',
        3 > (
            SELECT count(*)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = to_regclass('public.agent_recommendations')
                AND NOT a.attisdropped
                AND a.attname IN ('workspace_id', 'outcome_status', 'outcome_quality_score')
        )
    ),
    (
        'agent_trust_scores is not keyed by workspace and agent',
        NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = to_regclass('public.agent_trust_scores')
                AND pg_get_constraintdef(c.oid) = 'PRIMARY KEY (workspace_id, agent_id)'
        )
    ),
    (
        'competitors is not unique by workspace and name',
        NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = to_regclass('public.competitors')
                AND pg_get_constraintdef(c.oid) = 'UNIQUE (workspace_id, name)'
        )
    )
) AS conflict (description, is_present)
WHERE conflict.is_present;
-- Expected: 0

-- Check 2: The core rows are the very rows of before, not just as many
-- name: core_rows
-- expect-same-as-before
SELECT 'assets' AS table_name, min(id::text), max(id::text), sum(hashtextextended(id::text, 0)) AS ids
FROM public.assets
UNION ALL
SELECT 'campaign_cohorts', min(campaign_id::text), max(campaign_id::text),
    sum(hashtextextended(campaign_id::text || cohort_id::text, 0))
FROM public.campaign_cohorts
UNION ALL
SELECT 'campaigns', min(id::text), max(id::text), sum(hashtextextended(id::text, 0))
FROM public.campaigns
UNION ALL
SELECT 'cohorts', min(id::text), max(id::text), sum(hashtextextended(id::text, 0))
FROM public.cohorts
UNION ALL
SELECT 'competitors', min(id::text), max(id::text), sum(hashtextextended(id::text || name, 0))
FROM public.competitors
UNION ALL
SELECT 'moves', min(id::text), max(id::text), sum(hashtextextended(id::text, 0))
FROM public.moves
UNION ALL
SELECT 'positioning', min(id::text), max(id::text), sum(hashtextextended(id::text, 0))
FROM public.positioning
UNION ALL
SELECT 'user_workspaces', min(user_id::text), max(user_id::text),
    sum(hashtextextended(user_id::text || workspace_id::text, 0))
FROM public.user_workspaces
UNION ALL
SELECT 'workspaces', min(id::text), max(id::text), sum(hashtextextended(id::text, 0))
FROM public.workspaces
ORDER BY table_name;

-- Check 3: The columns of the core tables are what they were
-- name: core_columns
-- expect-same-as-before
SELECT
    t.relname AS table_name,
    a.attnum AS position,
    a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS is_required,
    pg_get_expr(d.adbin, d.adrelid) AS default_value
FROM pg_catalog.pg_class AS t
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
WHERE t.relnamespace = 'public'::regnamespace
    AND NOT a.attisdropped
    AND t.relname IN (
        'assets',
        'campaign_cohorts',
        'campaigns',
        'cohorts',
        'moves',
        'positioning',
        'user_workspaces',
        'workspaces'
    )
ORDER BY t.relname, a.attnum;

-- Check 4: Backfilled rows are in the workspace they belong to
-- name: backfilled_rows
-- expect-no-rows
WITH filled (table_name, row_key, workspace_id, belongs_to) AS (
    SELECT 'agent_recommendations', r.id, r.workspace_id, a.workspace_id
    FROM public.agent_recommendations AS r
    LEFT JOIN public.agents AS a ON a.id = r.agent_id
    UNION ALL
    SELECT 'competitors', c.id, c.workspace_id, k.workspace_id
    FROM public.competitors AS c
    LEFT JOIN public.cohorts AS k ON k.id = c.cohort_id
)
SELECT table_name, row_key, workspace_id, belongs_to
FROM filled
WHERE workspace_id IS DISTINCT FROM belongs_to
ORDER BY table_name, row_key;

-- Check 5: No row points into another workspace
-- A foreign key allows it: both rows are there.
-- name: references_across_workspaces
-- expect-no-rows
WITH reference (foreign_key, row_key, workspace_id, points_into) AS (
    SELECT 'agent_recommendations.move_id', r.id, r.workspace_id, m.workspace_id
    FROM public.agent_recommendations AS r
    JOIN public.moves AS m ON m.id = r.move_id
    UNION ALL
    SELECT 'assets.campaign_id', a.id, a.workspace_id, c.workspace_id
    FROM public.assets AS a
    JOIN public.campaigns AS c ON c.id = a.campaign_id
    UNION ALL
    SELECT 'campaign_cohorts', l.campaign_id, c.workspace_id, k.workspace_id
    FROM public.campaign_cohorts AS l
    JOIN public.campaigns AS c ON c.id = l.campaign_id
    JOIN public.cohorts AS k ON k.id = l.cohort_id
    UNION ALL
    SELECT 'content_adaptations.asset_id', d.id, d.workspace_id, a.workspace_id
    FROM public.content_adaptations AS d
    JOIN public.assets AS a ON a.id = d.asset_id
    UNION ALL
    SELECT 'moves.campaign_id', m.id, m.workspace_id, c.workspace_id
    FROM public.moves AS m
    JOIN public.campaigns AS c ON c.id = m.campaign_id
    UNION ALL
    SELECT 'moves.sprint_id', m.id, m.workspace_id, s.workspace_id
    FROM public.moves AS m
    JOIN public.sprints AS s ON s.id = m.sprint_id
)
SELECT foreign_key, row_key, workspace_id, points_into
FROM reference
WHERE workspace_id <> points_into
ORDER BY foreign_key, row_key;

-- Check 6: No trigger is switched off
-- name: triggers_off
SELECT t.tgrelid::regclass AS table_name, t.tgname AS trigger_name
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace
    AND t.tgenabled NOT IN ('O', 'A');
-- Expected: 0 rows

-- Check 7: No index is invalid, and the three of 011 are there
-- name: indexes
-- expect-row: invalid = 0, of_011 = 3
SELECT
    count(*) FILTER (WHERE NOT (i.indisvalid AND i.indisready)) AS invalid,
    count(*) FILTER (WHERE c.relname IN (
        'agent_recommendations_workspace_id_outcome_status_idx',
        'agent_recommendations_move_id_idx',
        'agent_trust_scores_agent_id_idx'
    )) AS of_011
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace;

-- Check 8: No constraint waits to be validated
-- name: not_valid_constraints
SELECT c.conrelid::regclass AS table_name, c.conname AS constraint_name
FROM pg_catalog.pg_constraint AS c
WHERE c.connamespace = 'public'::regnamespace
    AND NOT c.convalidated;
-- Expected: 0 rows
