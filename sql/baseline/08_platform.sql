-- Support, integrations, and what runs in the background.
CREATE TABLE public.support_feedback (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    rating smallint CHECK (rating BETWEEN 1 AND 5),
    message text NOT NULL,
    resolved_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX support_feedback_workspace_id_idx ON public.support_feedback (workspace_id);

CREATE TABLE public.integrations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    provider text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    connected_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, provider)
);

-- The log outlives what it speaks of, hence no foreign keys.
CREATE TABLE public.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_id uuid,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_log_occurred_at_idx ON public.audit_log USING brin (occurred_at);

CREATE TABLE public.webhook_events (
    id text PRIMARY KEY,
    source text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz
);

CREATE INDEX webhook_events_payload_idx ON public.webhook_events USING gin (payload jsonb_path_ops);

CREATE TABLE public.job_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    error text,
    CHECK (finished_at >= started_at)
);

CREATE TABLE public.feature_flags (
    name text PRIMARY KEY,
    is_enabled boolean NOT NULL DEFAULT false,
    rollout_percent smallint NOT NULL DEFAULT 0 CHECK (rollout_percent BETWEEN 0 AND 100)
);

CREATE TABLE public.email_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient text NOT NULL,
    template text NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'bounced')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.onboarding_steps (
    position smallint PRIMARY KEY,
    title text NOT NULL,
    is_optional boolean NOT NULL DEFAULT false
);

CREATE TABLE public.industry_benchmarks (
    industry text NOT NULL,
    metric text NOT NULL,
    median numeric NOT NULL,
    PRIMARY KEY (industry, metric)
);

CREATE TABLE public.rate_limits (
    bucket text PRIMARY KEY,
    tokens integer NOT NULL CHECK (tokens >= 0),
    refilled_at timestamptz NOT NULL DEFAULT now()
);
