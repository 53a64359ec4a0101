-- 011: fix the three schema conflicts that two versions of earlier migrations left behind.
--
--   1. agent_recommendations knows its workspace and what became of a recommendation
--   2. agent_trust_scores is keyed by workspace and agent
--   3. competitors has one row per workspace and name, and a key that keeps it so
--
-- Also the foreign keys that those versions forgot, and row level security on both agent tables.
-- Loses no row. Can be run again: what is there already is left as it is.

-- 1. agent_recommendations ------------------------------------------------------------------------

ALTER TABLE public.agent_recommendations
    ADD COLUMN IF NOT EXISTS workspace_id uuid,
    ADD COLUMN IF NOT EXISTS outcome_status text NOT NULL DEFAULT 'pending'
        CONSTRAINT agent_recommendations_outcome_status_check
        CHECK (outcome_status IN ('pending', 'accepted', 'rejected', 'expired')),
    ADD COLUMN IF NOT EXISTS outcome_quality_score numeric(3, 2)
        CONSTRAINT agent_recommendations_outcome_quality_score_check
        CHECK (outcome_quality_score BETWEEN 0 AND 1);

UPDATE public.agent_recommendations AS recommendation
SET workspace_id = agent.workspace_id
FROM public.agents AS agent
WHERE agent.id = recommendation.agent_id
    AND recommendation.workspace_id IS NULL;

ALTER TABLE public.agent_recommendations ALTER COLUMN workspace_id SET NOT NULL;

-- 2. agent_trust_scores ---------------------------------------------------------------------------

ALTER TABLE public.agent_trust_scores ADD COLUMN IF NOT EXISTS workspace_id uuid;

-- Each score goes to the workspace of its own agent, never to a default one.
UPDATE public.agent_trust_scores AS trust
SET workspace_id = agent.workspace_id
FROM public.agents AS agent
WHERE agent.id = trust.agent_id
    AND trust.workspace_id IS NULL;

ALTER TABLE public.agent_trust_scores ALTER COLUMN workspace_id SET NOT NULL;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS c
        WHERE c.conrelid = 'public.agent_trust_scores'::regclass
            AND c.contype = 'p'
            AND pg_catalog.pg_get_constraintdef(c.oid) = 'PRIMARY KEY (workspace_id, agent_id)'
    ) THEN
        ALTER TABLE public.agent_trust_scores
            DROP CONSTRAINT agent_trust_scores_pkey,
            ADD CONSTRAINT agent_trust_scores_pkey PRIMARY KEY (workspace_id, agent_id);
    END IF;
END;
$$;

-- 3. competitors ----------------------------------------------------------------------------------

-- Rows of the older version were found for a cohort; they belong to its workspace.
UPDATE public.competitors AS competitor
SET workspace_id = cohort.workspace_id
FROM public.cohorts AS cohort
WHERE cohort.id = competitor.cohort_id
    AND competitor.workspace_id IS NULL;

ALTER TABLE public.competitors ALTER COLUMN workspace_id SET NOT NULL;

-- Two rows that still bear one name in one workspace stop the migration here, by name: which of
-- them is right is for their owner to say, not for a script.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS c
        WHERE c.conrelid = 'public.competitors'::regclass
            AND c.conname = 'competitors_workspace_id_name_key'
    ) THEN
        ALTER TABLE public.competitors
            ADD CONSTRAINT competitors_workspace_id_name_key UNIQUE (workspace_id, name);
    END IF;
END;
$$;

-- Foreign keys ------------------------------------------------------------------------------------

-- The loop's record is called target, and every column is qualified: a variable that bears a
-- column's name makes the whole block fail as ambiguous.
DO $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT
            wanted.child_table,
            wanted.child_column,
            wanted.parent_table,
            wanted.on_delete,
            wanted.child_table || '_' || wanted.child_column || '_fkey' AS key_name
        FROM (VALUES
            ('agent_recommendations', 'workspace_id', 'workspaces', 'CASCADE'),
            ('agent_recommendations', 'move_id', 'moves', 'SET NULL'),
            ('agent_trust_scores', 'workspace_id', 'workspaces', 'CASCADE'),
            ('ai_generations', 'workspace_id', 'workspaces', 'CASCADE'),
            ('autopay_subscriptions', 'workspace_id', 'workspaces', 'RESTRICT'),
            ('billing_history', 'workspace_id', 'workspaces', 'RESTRICT'),
            ('competitors', 'workspace_id', 'workspaces', 'CASCADE'),
            ('content_adaptations', 'workspace_id', 'workspaces', 'CASCADE'),
            ('content_adaptations', 'asset_id', 'assets', 'CASCADE'),
            ('global_strategies', 'workspace_id', 'workspaces', 'CASCADE'),
            ('integrations', 'workspace_id', 'workspaces', 'CASCADE'),
            ('lines_of_operation', 'workspace_id', 'workspaces', 'CASCADE'),
            ('sprints', 'workspace_id', 'workspaces', 'CASCADE'),
            ('support_feedback', 'workspace_id', 'workspaces', 'CASCADE')
        ) AS wanted (child_table, child_column, parent_table, on_delete)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = format('public.%I', target.child_table)::regclass
                AND c.conname = target.key_name
        );
        EXECUTE format(
            'ALTER TABLE public.%I ADD CONSTRAINT %I '
                || 'FOREIGN KEY (%I) REFERENCES public.%I (id) ON DELETE %s',
            target.child_table,
            target.key_name,
            target.child_column,
            target.parent_table,
            target.on_delete
        );
    END LOOP;
END;
$$;

-- Indexes -----------------------------------------------------------------------------------------

CREATE INDEX IF NOT EXISTS agent_recommendations_workspace_id_outcome_status_idx
    ON public.agent_recommendations (workspace_id, outcome_status);

CREATE INDEX IF NOT EXISTS agent_recommendations_move_id_idx
    ON public.agent_recommendations (move_id);

-- The new key leads with the workspace; deleting an agent still looks for it by agent.
CREATE INDEX IF NOT EXISTS agent_trust_scores_agent_id_idx
    ON public.agent_trust_scores (agent_id);

-- Row level security ------------------------------------------------------------------------------

ALTER TABLE public.agent_recommendations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.agent_trust_scores ENABLE ROW LEVEL SECURITY;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = 'public.agent_recommendations'::regclass
            AND p.polname = 'agent_recommendations_members_read'
    ) THEN
        CREATE POLICY agent_recommendations_members_read ON public.agent_recommendations
            FOR SELECT TO authenticated
            USING (workspace_id IN (SELECT public.current_workspace_ids()));
    END IF;

    -- Members record what became of a recommendation.
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = 'public.agent_recommendations'::regclass
            AND p.polname = 'agent_recommendations_members_write'
    ) THEN
        CREATE POLICY agent_recommendations_members_write ON public.agent_recommendations
            FOR UPDATE TO authenticated
            USING (workspace_id IN (SELECT public.current_workspace_ids()))
            WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = 'public.agent_trust_scores'::regclass
            AND p.polname = 'agent_trust_scores_members_read'
    ) THEN
        CREATE POLICY agent_trust_scores_members_read ON public.agent_trust_scores
            FOR SELECT TO authenticated
            USING (workspace_id IN (SELECT public.current_workspace_ids()));
    END IF;

    -- Only those who administer a workspace correct how far it trusts an agent.
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = 'public.agent_trust_scores'::regclass
            AND p.polname = 'agent_trust_scores_admins_write'
    ) THEN
        CREATE POLICY agent_trust_scores_admins_write ON public.agent_trust_scores
            FOR UPDATE TO authenticated
            USING (workspace_id IN (SELECT public.administered_workspace_ids()))
            WITH CHECK (workspace_id IN (SELECT public.administered_workspace_ids()));
    END IF;
END;
$$;

GRANT SELECT, UPDATE ON public.agent_recommendations, public.agent_trust_scores TO authenticated;
GRANT SELECT ON public.agent_recommendations, public.agent_trust_scores TO anon;
