-- Who the workspace speaks to, against whom, and along which lines.
CREATE TABLE public.positioning (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL UNIQUE REFERENCES public.workspaces (id) ON DELETE CASCADE,
    category text NOT NULL,
    promise text NOT NULL,
    proof_points text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.global_strategies (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    title text NOT NULL,
    horizon daterange NOT NULL,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX global_strategies_workspace_id_idx ON public.global_strategies (workspace_id);

CREATE TABLE public.lines_of_operation (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    name text NOT NULL,
    objective text NOT NULL,
    sort_order smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, name)
);

CREATE TABLE public.sprints (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    name text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    CHECK (ends_on > starts_on),
    UNIQUE (workspace_id, starts_on)
);

CREATE TABLE public.cohorts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    name text NOT NULL,
    description text,
    estimated_size integer CHECK (estimated_size >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, name)
);

CREATE TABLE public.personas (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    cohort_id uuid NOT NULL REFERENCES public.cohorts (id) ON DELETE CASCADE,
    name text NOT NULL,
    goals text[] NOT NULL DEFAULT '{}',
    objections text[] NOT NULL DEFAULT '{}'
);

CREATE INDEX personas_cohort_id_idx ON public.personas (cohort_id);

-- Conflict 3: the first version kept competitors by cohort, the second by workspace. Both kinds of
-- rows are there, the older ones without a workspace, and nothing keeps a name from coming twice.
CREATE TABLE public.competitors (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid,
    cohort_id uuid NOT NULL REFERENCES public.cohorts (id) ON DELETE CASCADE,
    name text NOT NULL,
    website text,
    threat_level smallint NOT NULL DEFAULT 3 CHECK (threat_level BETWEEN 1 AND 5),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX competitors_cohort_id_idx ON public.competitors (cohort_id);
