-- Workspaces are the tenants; everything else belongs to one.
CREATE TYPE public.workspace_role AS ENUM ('owner', 'admin', 'member');

CREATE FUNCTION public.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            NEW.updated_at := now();
            RETURN NEW;
        END;
    $$;

CREATE TABLE public.workspaces (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]+$'),
    owner_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE RESTRICT,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX workspaces_owner_id_idx ON public.workspaces (owner_id);

CREATE TABLE public.user_workspaces (
    user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    role public.workspace_role NOT NULL DEFAULT 'member',
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, workspace_id)
);

CREATE INDEX user_workspaces_workspace_id_idx ON public.user_workspaces (workspace_id);

CREATE TABLE public.user_profiles (
    id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    full_name text NOT NULL,
    job_title text,
    time_zone text NOT NULL DEFAULT 'UTC',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.workspace_invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    email text NOT NULL,
    role public.workspace_role NOT NULL DEFAULT 'member',
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, email)
);

CREATE TABLE public.workspace_settings (
    workspace_id uuid PRIMARY KEY REFERENCES public.workspaces (id) ON DELETE CASCADE,
    brand_voice text NOT NULL DEFAULT 'plain',
    locale text NOT NULL DEFAULT 'en',
    week_starts_on smallint NOT NULL DEFAULT 1 CHECK (week_starts_on BETWEEN 0 AND 6),
    preferences jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE,
    label text NOT NULL,
    key_digest bytea NOT NULL UNIQUE CHECK (octet_length(key_digest) = 32),
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX api_keys_workspace_id_idx ON public.api_keys (workspace_id);

CREATE TRIGGER workspaces_set_updated_at
    BEFORE UPDATE ON public.workspaces
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Policies ask these two. They run as their owner, so that a policy on user_workspaces may ask as
-- well without asking itself for ever.
CREATE FUNCTION public.current_workspace_ids() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = ''
    AS $$
        SELECT m.workspace_id
        FROM public.user_workspaces AS m
        WHERE m.user_id = auth.uid()
    $$;

CREATE FUNCTION public.administered_workspace_ids() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = ''
    AS $$
        SELECT m.workspace_id
        FROM public.user_workspaces AS m
        WHERE m.user_id = auth.uid() AND m.role IN ('owner', 'admin')
    $$;

REVOKE EXECUTE ON FUNCTION public.current_workspace_ids() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION public.administered_workspace_ids() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.current_workspace_ids() TO authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.administered_workspace_ids() TO authenticated, service_role;

COMMENT ON TABLE public.workspaces IS 'A tenant';
COMMENT ON FUNCTION public.current_workspace_ids() IS 'Workspaces the signed-in user belongs to';
COMMENT ON FUNCTION public.administered_workspace_ids() IS 'Those of them the user administers';
