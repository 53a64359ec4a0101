-- The assistants, what they recommend, and how far they are trusted.
CREATE TABLE public.agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    name text NOT NULL,
    specialty text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, name)
);

-- Conflict 1: two versions of this table were written; the one that was deployed knows neither the
-- workspace nor what became of a recommendation.
CREATE TABLE public.agent_recommendations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_id uuid NOT NULL REFERENCES public.agents (id) ON DELETE CASCADE,
    move_id uuid,
    summary text NOT NULL,
    confidence numeric(3, 2) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX agent_recommendations_agent_id_idx ON public.agent_recommendations (agent_id);

-- Conflict 2: the key names the agent alone; the code that reads it asks by workspace and agent.
CREATE TABLE public.agent_trust_scores (
    agent_id uuid PRIMARY KEY REFERENCES public.agents (id) ON DELETE CASCADE,
    score numeric(4, 3) NOT NULL CHECK (score BETWEEN 0 AND 1),
    sample_size integer NOT NULL DEFAULT 0 CHECK (sample_size >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.ai_generations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    purpose text NOT NULL,
    model text NOT NULL,
    input_tokens integer NOT NULL CHECK (input_tokens >= 0),
    output_tokens integer NOT NULL CHECK (output_tokens >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ai_generations_workspace_id_created_at_idx
    ON public.ai_generations (workspace_id, created_at);

COMMENT ON TABLE public.agent_trust_scores IS 'How far a workspace trusts its agent';
