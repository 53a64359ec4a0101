-- Campaigns, the moves they are made of, and the assets they produce.
CREATE TABLE public.campaigns (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    name text NOT NULL,
    objective text NOT NULL,
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'running', 'paused', 'completed')),
    budget numeric(12, 2) CHECK (budget >= 0),
    starts_on date,
    ends_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ends_on >= starts_on)
);

CREATE INDEX campaigns_workspace_id_status_idx ON public.campaigns (workspace_id, status);

CREATE TABLE public.campaign_cohorts (
    campaign_id uuid NOT NULL REFERENCES public.campaigns (id) ON DELETE CASCADE,
    cohort_id uuid NOT NULL REFERENCES public.cohorts (id) ON DELETE CASCADE,
    priority smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (campaign_id, cohort_id)
);

CREATE INDEX campaign_cohorts_cohort_id_idx ON public.campaign_cohorts (cohort_id);

CREATE TABLE public.campaign_metrics (
    campaign_id uuid NOT NULL REFERENCES public.campaigns (id) ON DELETE CASCADE,
    measured_on date NOT NULL,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, measured_on),
    CHECK (clicks <= impressions)
);

CREATE TABLE public.maneuver_types (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    description text NOT NULL
);

CREATE TABLE public.moves (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    campaign_id uuid REFERENCES public.campaigns (id) ON DELETE SET NULL,
    sprint_id uuid REFERENCES public.sprints (id) ON DELETE SET NULL,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'planned'
        CHECK (status IN ('planned', 'active', 'done', 'dropped')),
    due_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX moves_workspace_id_status_idx ON public.moves (workspace_id, status);
CREATE INDEX moves_campaign_id_idx ON public.moves (campaign_id);
CREATE INDEX moves_sprint_id_idx ON public.moves (sprint_id) WHERE sprint_id IS NOT NULL;

CREATE TABLE public.move_metrics (
    move_id uuid NOT NULL REFERENCES public.moves (id) ON DELETE CASCADE,
    metric text NOT NULL,
    value numeric NOT NULL,
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (move_id, metric, measured_at)
);

CREATE TABLE public.tags (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    name text NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE public.move_tags (
    move_id uuid NOT NULL REFERENCES public.moves (id) ON DELETE CASCADE,
    tag_id uuid NOT NULL REFERENCES public.tags (id) ON DELETE CASCADE,
    PRIMARY KEY (move_id, tag_id)
);

CREATE INDEX move_tags_tag_id_idx ON public.move_tags (tag_id);

CREATE TABLE public.assets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    campaign_id uuid REFERENCES public.campaigns (id) ON DELETE SET NULL,
    kind text NOT NULL CHECK (kind IN ('article', 'image', 'video', 'landing_page', 'email')),
    title text NOT NULL,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX assets_workspace_id_idx ON public.assets (workspace_id);
CREATE INDEX assets_campaign_id_idx ON public.assets (campaign_id);

CREATE TABLE public.asset_versions (
    asset_id uuid NOT NULL REFERENCES public.assets (id) ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, version)
);

CREATE TABLE public.channels (
    code text PRIMARY KEY,
    name text NOT NULL,
    max_length integer CHECK (max_length > 0)
);

CREATE TABLE public.content_templates (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    name text NOT NULL UNIQUE,
    body text NOT NULL
);

CREATE TABLE public.content_adaptations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    channel text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (asset_id, channel)
);

CREATE INDEX content_adaptations_workspace_id_idx ON public.content_adaptations (workspace_id);

CREATE VIEW public.campaign_overview WITH (security_invoker = true) AS
    SELECT
        c.id,
        c.workspace_id,
        c.name,
        c.status,
        count(m.id) AS moves,
        count(m.id) FILTER (WHERE m.status = 'done') AS moves_done
    FROM public.campaigns AS c
    LEFT JOIN public.moves AS m ON m.campaign_id = c.id
    GROUP BY c.id;

CREATE TRIGGER campaigns_set_updated_at
    BEFORE UPDATE ON public.campaigns
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER moves_set_updated_at
    BEFORE UPDATE ON public.moves
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER assets_set_updated_at
    BEFORE UPDATE ON public.assets
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

COMMENT ON TABLE public.moves IS 'One step of a campaign, done in a sprint';
COMMENT ON VIEW public.campaign_overview IS 'Campaigns and their progress, as the caller may see';
