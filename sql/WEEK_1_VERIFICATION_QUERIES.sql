-- Week 1, Wednesday: the 12 verifications of 011 and 012, in five query sets (4/1/3/2/2).
-- They read pg_catalog: information_schema shows a role only what it owns or may use.
-- phase: final

-- =================================================================================================
-- QUERY SET 1: Schema conflicts fixed
-- =================================================================================================

-- Check 1: agent_recommendations has its three columns, of the right type
-- name: agent_recommendations_columns
SELECT count(*)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = to_regclass('public.agent_recommendations')
    AND NOT a.attisdropped
    AND (a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) IN (
        ('workspace_id', 'uuid', true),
        ('outcome_status', 'text', true),
        ('outcome_quality_score', 'numeric(3,2)', false)
    );
-- Expected: 3

-- Check 2: agent_trust_scores is keyed by workspace and agent
-- A primary key's columns are never null.
-- name: agent_trust_scores_key
-- expect-value: 'PRIMARY KEY (workspace_id, agent_id)'
SELECT pg_get_constraintdef(c.oid)
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = to_regclass('public.agent_trust_scores')
    AND c.contype = 'p';

-- Check 3: Every trust score is in the workspace of its agent
-- That none is null would prove nothing: the column allows no null.
-- name: trust_scores_follow_their_agents
SELECT t.agent_id, t.workspace_id, a.workspace_id AS workspace_of_agent
FROM public.agent_trust_scores AS t
LEFT JOIN public.agents AS a ON a.id = t.agent_id
WHERE t.workspace_id IS DISTINCT FROM a.workspace_id;
-- Expected: 0 rows

-- Check 4: competitors has one row per workspace and name, and a key that keeps it so
-- name: competitors_unique
-- expect-row: duplicates = 0, without_workspace = 0, keys = 1
SELECT
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM public.competitors
            GROUP BY workspace_id, name
            HAVING count(*) > 1
        ) AS repeated
    ) AS duplicates,
    (
        SELECT count(*)
        FROM public.competitors
        WHERE workspace_id IS NULL
    ) AS without_workspace,
    (
        SELECT count(*)
        FROM pg_catalog.pg_constraint AS c
        WHERE c.conrelid = to_regclass('public.competitors')
            AND pg_get_constraintdef(c.oid) = 'UNIQUE (workspace_id, name)'
    ) AS keys;

-- =================================================================================================
-- QUERY SET 2: Unused tables removed
-- =================================================================================================

-- Check 5: The nine unused tables are gone, and nothing stands in their place
-- name: unused_tables_removed
SELECT count(*)
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
-- Expected: 0

-- =================================================================================================
-- QUERY SET 3: Core tables intact
-- =================================================================================================

-- Check 6: The number of base tables
-- name: table_count
SELECT count(*)
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition;
-- Expected: 43

-- Check 7: They are the tables of the design, none missing and none beside them
-- name: table_names
-- expect-no-rows
WITH designed (table_name) AS (
    VALUES
        ('agent_recommendations'),
        ('agent_trust_scores'),
        ('agents'),
        ('ai_generations'),
        ('api_keys'),
        ('asset_versions'),
        ('assets'),
        ('audit_log'),
        ('autopay_subscriptions'),
        ('billing_history'),
        ('campaign_cohorts'),
        ('campaign_metrics'),
        ('campaigns'),
        ('channels'),
        ('cohorts'),
        ('competitors'),
        ('content_adaptations'),
        ('content_templates'),
        ('email_deliveries'),
        ('feature_flags'),
        ('global_strategies'),
        ('industry_benchmarks'),
        ('integrations'),
        ('job_runs'),
        ('lines_of_operation'),
        ('maneuver_types'),
        ('move_metrics'),
        ('move_tags'),
        ('moves'),
        ('onboarding_steps'),
        ('personas'),
        ('plans'),
        ('positioning'),
        ('rate_limits'),
        ('sprints'),
        ('support_feedback'),
        ('tags'),
        ('user_profiles'),
        ('user_workspaces'),
        ('webhook_events'),
        ('workspace_invitations'),
        ('workspace_settings'),
        ('workspaces')
),
found (table_name) AS (
    SELECT c.relname::text
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition
)
SELECT
    table_name,
    CASE WHEN f.table_name IS NULL THEN 'missing' ELSE 'unexpected' END AS finding
FROM designed AS d
FULL JOIN found AS f USING (table_name)
WHERE d.table_name IS NULL OR f.table_name IS NULL
ORDER BY table_name;

-- Check 8: Row counts of the core tables, and of those that 011 changed, are as before
-- name: core_row_counts
-- expect-same-as-before
SELECT 'agent_recommendations' AS table_name, count(*) AS row_count
FROM public.agent_recommendations
UNION ALL SELECT 'agent_trust_scores', count(*) FROM public.agent_trust_scores
UNION ALL SELECT 'assets', count(*) FROM public.assets
UNION ALL SELECT 'auth.users', count(*) FROM auth.users
UNION ALL SELECT 'campaign_cohorts', count(*) FROM public.campaign_cohorts
UNION ALL SELECT 'campaigns', count(*) FROM public.campaigns
UNION ALL SELECT 'cohorts', count(*) FROM public.cohorts
UNION ALL SELECT 'competitors', count(*) FROM public.competitors
UNION ALL SELECT 'moves', count(*) FROM public.moves
UNION ALL SELECT 'positioning', count(*) FROM public.positioning
UNION ALL SELECT 'user_workspaces', count(*) FROM public.user_workspaces
UNION ALL SELECT 'workspaces', count(*) FROM public.workspaces
ORDER BY table_name;

-- =================================================================================================
-- QUERY SET 4: Foreign keys
-- =================================================================================================

-- Check 9: The foreign keys are those of the design, validated and enforced
-- A key is enforced while none of its triggers is switched off.
-- name: foreign_keys
-- expect-row: foreign_keys = 42, validated = 42, enforced = 42, missing = null, unexpected = null
WITH designed (child, parent, on_delete) AS (
    VALUES
        ('agent_recommendations.agent_id', 'agents.id', 'CASCADE'),
        ('agent_recommendations.move_id', 'moves.id', 'SET NULL'),
        ('agent_recommendations.workspace_id', 'workspaces.id', 'CASCADE'),
        ('agent_trust_scores.agent_id', 'agents.id', 'CASCADE'),
        ('agent_trust_scores.workspace_id', 'workspaces.id', 'CASCADE'),
        ('agents.workspace_id', 'workspaces.id', 'CASCADE'),
        ('ai_generations.workspace_id', 'workspaces.id', 'CASCADE'),
        ('api_keys.workspace_id', 'workspaces.id', 'CASCADE'),
        ('asset_versions.asset_id', 'assets.id', 'CASCADE'),
        ('assets.campaign_id', 'campaigns.id', 'SET NULL'),
        ('assets.workspace_id', 'workspaces.id', 'CASCADE'),
        ('autopay_subscriptions.workspace_id', 'workspaces.id', 'RESTRICT'),
        ('billing_history.workspace_id', 'workspaces.id', 'RESTRICT'),
        ('campaign_cohorts.campaign_id', 'campaigns.id', 'CASCADE'),
        ('campaign_cohorts.cohort_id', 'cohorts.id', 'CASCADE'),
        ('campaign_metrics.campaign_id', 'campaigns.id', 'CASCADE'),
        ('campaigns.workspace_id', 'workspaces.id', 'CASCADE'),
        ('cohorts.workspace_id', 'workspaces.id', 'CASCADE'),
        ('competitors.cohort_id', 'cohorts.id', 'CASCADE'),
        ('competitors.workspace_id', 'workspaces.id', 'CASCADE'),
        ('content_adaptations.asset_id', 'assets.id', 'CASCADE'),
        ('content_adaptations.workspace_id', 'workspaces.id', 'CASCADE'),
        ('global_strategies.workspace_id', 'workspaces.id', 'CASCADE'),
        ('integrations.workspace_id', 'workspaces.id', 'CASCADE'),
        ('lines_of_operation.workspace_id', 'workspaces.id', 'CASCADE'),
        ('move_metrics.move_id', 'moves.id', 'CASCADE'),
        ('move_tags.move_id', 'moves.id', 'CASCADE'),
        ('move_tags.tag_id', 'tags.id', 'CASCADE'),
        ('moves.campaign_id', 'campaigns.id', 'SET NULL'),
        ('moves.sprint_id', 'sprints.id', 'SET NULL'),
        ('moves.workspace_id', 'workspaces.id', 'CASCADE'),
        ('personas.cohort_id', 'cohorts.id', 'CASCADE'),
        ('positioning.workspace_id', 'workspaces.id', 'CASCADE'),
        ('sprints.workspace_id', 'workspaces.id', 'CASCADE'),
        ('support_feedback.workspace_id', 'workspaces.id', 'CASCADE'),
        ('tags.workspace_id', 'workspaces.id', 'CASCADE'),
        ('user_profiles.id', 'auth.users.id', 'CASCADE'),
        ('user_workspaces.user_id', 'auth.users.id', 'CASCADE'),
        ('user_workspaces.workspace_id', 'workspaces.id', 'CASCADE'),
        ('workspace_invitations.workspace_id', 'workspaces.id', 'CASCADE'),
        ('workspace_settings.workspace_id', 'workspaces.id', 'CASCADE'),
        ('workspaces.owner_id', 'auth.users.id', 'RESTRICT')
),
found AS (
    SELECT
        format(
            '%s.%s',
            child.relname,
            (
                SELECT string_agg(a.attname, '+' ORDER BY k.position)
                FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.conrelid AND a.attnum = k.attnum
            )
        ) AS child,
        format(
            '%s%s.%s',
            CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END,
            parent.relname,
            (
                SELECT string_agg(a.attname, '+' ORDER BY k.position)
                FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.confrelid AND a.attnum = k.attnum
            )
        ) AS parent,
        CASE c.confdeltype
            WHEN 'a' THEN 'NO ACTION'
            WHEN 'r' THEN 'RESTRICT'
            WHEN 'c' THEN 'CASCADE'
            WHEN 'n' THEN 'SET NULL'
            WHEN 'd' THEN 'SET DEFAULT'
        END AS on_delete,
        c.convalidated AS is_validated,
        NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgconstraint = c.oid AND t.tgenabled NOT IN ('O', 'A')
        ) AS is_enforced
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_class AS child ON child.oid = c.conrelid
    JOIN pg_catalog.pg_class AS parent ON parent.oid = c.confrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = parent.relnamespace
    WHERE c.contype = 'f'
        AND c.connamespace = 'public'::regnamespace
        AND c.conparentid = 0
),
missing AS (
    SELECT child, parent, on_delete FROM designed
    EXCEPT
    SELECT child, parent, on_delete FROM found
),
unexpected AS (
    SELECT child, parent, on_delete FROM found
    EXCEPT
    SELECT child, parent, on_delete FROM designed
)
SELECT
    count(*) AS foreign_keys,
    count(*) FILTER (WHERE is_validated) AS validated,
    count(*) FILTER (WHERE is_enforced) AS enforced,
    (
        SELECT string_agg(format('%s to %s, %s', child, parent, on_delete), '; ' ORDER BY child)
        FROM missing
    ) AS missing,
    (
        SELECT string_agg(format('%s to %s, %s', child, parent, on_delete), '; ' ORDER BY child)
        FROM unexpected
    ) AS unexpected
FROM found;

-- Check 10: No row points to a row that is not there
-- Looks at the rows themselves: a key whose trigger was once switched off is still called valid.
-- name: orphaned_records
WITH reference (foreign_key, parent, id) AS (
    SELECT 'agent_recommendations.workspace_id', 'workspaces', workspace_id FROM public.agent_recommendations
    UNION ALL SELECT 'agent_trust_scores.workspace_id', 'workspaces', workspace_id FROM public.agent_trust_scores
    UNION ALL SELECT 'agents.workspace_id', 'workspaces', workspace_id FROM public.agents
    UNION ALL SELECT 'ai_generations.workspace_id', 'workspaces', workspace_id FROM public.ai_generations
    UNION ALL SELECT 'api_keys.workspace_id', 'workspaces', workspace_id FROM public.api_keys
    UNION ALL SELECT 'assets.workspace_id', 'workspaces', workspace_id FROM public.assets
    UNION ALL SELECT 'autopay_subscriptions.workspace_id', 'workspaces', workspace_id FROM public.autopay_subscriptions
    UNION ALL SELECT 'billing_history.workspace_id', 'workspaces', workspace_id FROM public.billing_history
    UNION ALL SELECT 'campaigns.workspace_id', 'workspaces', workspace_id FROM public.campaigns
    UNION ALL SELECT 'cohorts.workspace_id', 'workspaces', workspace_id FROM public.cohorts
    UNION ALL SELECT 'competitors.workspace_id', 'workspaces', workspace_id FROM public.competitors
    UNION ALL SELECT 'content_adaptations.workspace_id', 'workspaces', workspace_id FROM public.content_adaptations
    UNION ALL SELECT 'global_strategies.workspace_id', 'workspaces', workspace_id FROM public.global_strategies
    UNION ALL SELECT 'integrations.workspace_id', 'workspaces', workspace_id FROM public.integrations
    UNION ALL SELECT 'lines_of_operation.workspace_id', 'workspaces', workspace_id FROM public.lines_of_operation
    UNION ALL SELECT 'moves.workspace_id', 'workspaces', workspace_id FROM public.moves
    UNION ALL SELECT 'positioning.workspace_id', 'workspaces', workspace_id FROM public.positioning
    UNION ALL SELECT 'sprints.workspace_id', 'workspaces', workspace_id FROM public.sprints
    UNION ALL SELECT 'support_feedback.workspace_id', 'workspaces', workspace_id FROM public.support_feedback
    UNION ALL SELECT 'tags.workspace_id', 'workspaces', workspace_id FROM public.tags
    UNION ALL SELECT 'user_workspaces.workspace_id', 'workspaces', workspace_id FROM public.user_workspaces
    UNION ALL SELECT 'workspace_invitations.workspace_id', 'workspaces', workspace_id FROM public.workspace_invitations
    UNION ALL SELECT 'workspace_settings.workspace_id', 'workspaces', workspace_id FROM public.workspace_settings
    UNION ALL SELECT 'user_profiles.id', 'auth.users', id FROM public.user_profiles
    UNION ALL SELECT 'user_workspaces.user_id', 'auth.users', user_id FROM public.user_workspaces
    UNION ALL SELECT 'workspaces.owner_id', 'auth.users', owner_id FROM public.workspaces
    UNION ALL SELECT 'assets.campaign_id', 'campaigns', campaign_id FROM public.assets
    UNION ALL SELECT 'campaign_cohorts.campaign_id', 'campaigns', campaign_id FROM public.campaign_cohorts
    UNION ALL SELECT 'campaign_metrics.campaign_id', 'campaigns', campaign_id FROM public.campaign_metrics
    UNION ALL SELECT 'moves.campaign_id', 'campaigns', campaign_id FROM public.moves
    UNION ALL SELECT 'agent_recommendations.move_id', 'moves', move_id FROM public.agent_recommendations
    UNION ALL SELECT 'move_metrics.move_id', 'moves', move_id FROM public.move_metrics
    UNION ALL SELECT 'move_tags.move_id', 'moves', move_id FROM public.move_tags
    UNION ALL SELECT 'campaign_cohorts.cohort_id', 'cohorts', cohort_id FROM public.campaign_cohorts
    UNION ALL SELECT 'competitors.cohort_id', 'cohorts', cohort_id FROM public.competitors
    UNION ALL SELECT 'personas.cohort_id', 'cohorts', cohort_id FROM public.personas
    UNION ALL SELECT 'asset_versions.asset_id', 'assets', asset_id FROM public.asset_versions
    UNION ALL SELECT 'content_adaptations.asset_id', 'assets', asset_id FROM public.content_adaptations
    UNION ALL SELECT 'agent_recommendations.agent_id', 'agents', agent_id FROM public.agent_recommendations
    UNION ALL SELECT 'agent_trust_scores.agent_id', 'agents', agent_id FROM public.agent_trust_scores
    UNION ALL SELECT 'moves.sprint_id', 'sprints', sprint_id FROM public.moves
    UNION ALL SELECT 'move_tags.tag_id', 'tags', tag_id FROM public.move_tags
),
parent (name, id) AS (
    SELECT 'workspaces', id FROM public.workspaces
    UNION ALL SELECT 'auth.users', id FROM auth.users
    UNION ALL SELECT 'campaigns', id FROM public.campaigns
    UNION ALL SELECT 'moves', id FROM public.moves
    UNION ALL SELECT 'cohorts', id FROM public.cohorts
    UNION ALL SELECT 'assets', id FROM public.assets
    UNION ALL SELECT 'agents', id FROM public.agents
    UNION ALL SELECT 'sprints', id FROM public.sprints
    UNION ALL SELECT 'tags', id FROM public.tags
)
SELECT r.foreign_key, r.id AS points_to
FROM reference AS r
WHERE r.id IS NOT NULL
    AND NOT EXISTS (SELECT FROM parent AS p WHERE p.name = r.parent AND p.id = r.id)
ORDER BY r.foreign_key, r.id;
-- Expected: 0 rows

-- =================================================================================================
-- QUERY SET 5: Row level security
-- =================================================================================================

-- Check 11: The policies are those of the design, each on a table whose row level security is on
-- A policy is its table, name, command, role and both expressions: one that lets everybody in has
-- the right name and the wrong expression.
-- name: policies
-- expect-row: policies = 18, in_force = 18, missing = null, unexpected = null
WITH rule (code, expression) AS (
    VALUES
        ('member', '(workspace_id IN ( SELECT current_workspace_ids() AS current_workspace_ids))'),
        (
            'admin',
            '(workspace_id IN ( SELECT administered_workspace_ids() AS administered_workspace_ids))'
        ),
        ('workspace', '(id IN ( SELECT current_workspace_ids() AS current_workspace_ids))'),
        ('self', '(id = ( SELECT auth.uid() AS uid))'),
        (
            'campaign',
            '(campaign_id IN ( SELECT c.id FROM campaigns c WHERE (c.workspace_id IN '
                || '( SELECT current_workspace_ids() AS current_workspace_ids))))'
        )
),
listed (table_name, policy, command, using_rule, check_rule) AS (
    VALUES
        ('agent_recommendations', 'agent_recommendations_members_read', 'SELECT', 'member', NULL),
        ('agent_recommendations', 'agent_recommendations_members_write', 'UPDATE', 'member', 'member'),
        ('agent_trust_scores', 'agent_trust_scores_admins_write', 'UPDATE', 'admin', 'admin'),
        ('agent_trust_scores', 'agent_trust_scores_members_read', 'SELECT', 'member', NULL),
        ('agents', 'agents_members_read', 'SELECT', 'member', NULL),
        ('assets', 'assets_members', 'ALL', 'member', 'member'),
        ('billing_history', 'billing_history_admins_read', 'SELECT', 'admin', NULL),
        ('campaign_cohorts', 'campaign_cohorts_members', 'ALL', 'campaign', 'campaign'),
        ('campaigns', 'campaigns_members', 'ALL', 'member', 'member'),
        ('cohorts', 'cohorts_members', 'ALL', 'member', 'member'),
        ('competitors', 'competitors_members', 'ALL', 'member', 'member'),
        ('content_adaptations', 'content_adaptations_members', 'ALL', 'member', 'member'),
        ('moves', 'moves_members', 'ALL', 'member', 'member'),
        ('positioning', 'positioning_members', 'ALL', 'member', 'member'),
        ('sprints', 'sprints_members', 'ALL', 'member', 'member'),
        ('user_profiles', 'user_profiles_own', 'ALL', 'self', 'self'),
        ('user_workspaces', 'user_workspaces_members_read', 'SELECT', 'member', NULL),
        ('workspaces', 'workspaces_members_read', 'SELECT', 'workspace', NULL)
),
designed AS (
    SELECT *, 'permissive' AS kind, 'authenticated' AS roles
    FROM listed
),
found AS (
    SELECT
        t.relname::text AS table_name,
        p.polname::text AS policy,
        CASE p.polcmd
            WHEN 'r' THEN 'SELECT'
            WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE'
            ELSE 'ALL'
        END AS command,
        coalesce(u.code, seen.using_expression) AS using_rule,
        coalesce(w.code, seen.check_expression) AS check_rule,
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS kind,
        (
            SELECT string_agg(coalesce(r.rolname, 'public'), '+' ORDER BY r.rolname)
            FROM unnest(p.polroles) AS allowed (oid)
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = allowed.oid
        ) AS roles,
        t.relrowsecurity AS is_in_force
    FROM pg_catalog.pg_policy AS p
    JOIN pg_catalog.pg_class AS t ON t.oid = p.polrelid
    -- How an expression is written out depends on the reader's search_path and on line breaks.
    CROSS JOIN LATERAL (
        SELECT
            regexp_replace(pg_get_expr(p.polqual, t.oid), '(public\.|\s)+', ' ', 'g'),
            regexp_replace(pg_get_expr(p.polwithcheck, t.oid), '(public\.|\s)+', ' ', 'g')
    ) AS seen (using_expression, check_expression)
    LEFT JOIN rule AS u ON u.expression = seen.using_expression
    LEFT JOIN rule AS w ON w.expression = seen.check_expression
    WHERE t.relnamespace = 'public'::regnamespace
),
missing AS (
    SELECT * FROM designed
    EXCEPT
    SELECT table_name, policy, command, using_rule, check_rule, kind, roles FROM found
),
unexpected AS (
    SELECT table_name, policy, command, using_rule, check_rule, kind, roles FROM found
    EXCEPT
    SELECT * FROM designed
)
SELECT
    count(*) AS policies,
    count(*) FILTER (WHERE is_in_force) AS in_force,
    (
        SELECT string_agg(format('%s on %s', policy, table_name), '; ' ORDER BY policy)
        FROM missing
    ) AS missing,
    (
        SELECT string_agg(
            format(
                '%s on %s: %s for %s to %s using %s with check %s',
                policy, table_name, kind, command, roles, using_rule, check_rule
            ),
            '; ' ORDER BY policy
        )
        FROM unexpected
    ) AS unexpected
FROM found;

-- Check 12: A tenant sees its own rows everywhere and nobody else's, and anon sees nothing
-- Tried as the owner of workspace 1, who belongs to no other. The catalog answers for anon in the
-- same statement: no relation is open to it (or to any signed-in user) past row level security,
-- which does not stop TRUNCATE, and no policy applies to it.
-- name: workspace_isolation
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000001", "role": "authenticated"}
-- expect-row: relations_with_own_rows = 17, foreign_rows = 0, unguarded = null, open_to_anon = null
WITH tenant (user_id, workspace_id) AS (
    VALUES (
        uuid '00000001-0000-4000-8000-000000000001',
        uuid '00000002-0000-4000-8000-000000000001'
    )
),
visible (relation, belongs_to) AS (
    SELECT 'agent_recommendations', workspace_id FROM public.agent_recommendations
    UNION ALL SELECT 'agent_trust_scores', workspace_id FROM public.agent_trust_scores
    UNION ALL SELECT 'agents', workspace_id FROM public.agents
    UNION ALL SELECT 'assets', workspace_id FROM public.assets
    UNION ALL SELECT 'billing_history', workspace_id FROM public.billing_history
    UNION ALL SELECT 'campaign_overview', workspace_id FROM public.campaign_overview
    UNION ALL SELECT 'campaigns', workspace_id FROM public.campaigns
    UNION ALL SELECT 'cohorts', workspace_id FROM public.cohorts
    UNION ALL SELECT 'competitors', workspace_id FROM public.competitors
    UNION ALL SELECT 'content_adaptations', workspace_id FROM public.content_adaptations
    UNION ALL SELECT 'moves', workspace_id FROM public.moves
    UNION ALL SELECT 'positioning', workspace_id FROM public.positioning
    UNION ALL SELECT 'sprints', workspace_id FROM public.sprints
    UNION ALL SELECT 'user_profiles', id FROM public.user_profiles
    UNION ALL SELECT 'user_workspaces', workspace_id FROM public.user_workspaces
    UNION ALL SELECT 'workspaces', id FROM public.workspaces
    -- A link whose campaign stays hidden belongs to nobody we may see, hence to somebody else.
    UNION ALL
    SELECT 'campaign_cohorts', c.workspace_id
    FROM public.campaign_cohorts AS l
    LEFT JOIN public.campaigns AS c ON c.id = l.campaign_id
),
relation AS (
    SELECT
        c.oid,
        c.relname,
        CASE
            WHEN c.relkind IN ('r', 'p') THEN c.relrowsecurity
            WHEN c.relkind = 'v' AND c.reloptions IS NOT NULL
                THEN c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on']
            ELSE false
        END AS is_guarded
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
)
SELECT
    count(DISTINCT v.relation) FILTER (WHERE v.belongs_to IN (t.user_id, t.workspace_id))
        AS relations_with_own_rows,
    count(*) FILTER (WHERE (v.belongs_to IN (t.user_id, t.workspace_id)) IS NOT TRUE)
        AS foreign_rows,
    (
        SELECT string_agg(DISTINCT format('%s for %s', r.relname, api.name), '; ')
        FROM relation AS r
        CROSS JOIN (VALUES ('anon'), ('authenticated')) AS api (name)
        WHERE has_table_privilege(api.name, r.oid, 'TRUNCATE')
            OR NOT r.is_guarded
            AND (
                has_table_privilege(api.name, r.oid, 'SELECT, INSERT, UPDATE, DELETE')
                OR has_any_column_privilege(api.name, r.oid, 'SELECT, INSERT, UPDATE')
            )
    ) AS unguarded,
    (
        SELECT string_agg(p.polname, '; ' ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p
        JOIN relation AS r ON r.oid = p.polrelid
        WHERE EXISTS (
            SELECT
            FROM unnest(p.polroles) AS allowed (oid)
            WHERE allowed.oid = 0 OR pg_has_role('anon', allowed.oid, 'MEMBER')
        )
    ) AS open_to_anon
FROM visible AS v
CROSS JOIN tenant AS t;
