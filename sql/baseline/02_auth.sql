-- What the platform brings along: its users, and the functions that read the caller's token.
CREATE SCHEMA auth;

CREATE TABLE auth.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    email_confirmed_at timestamptz,
    last_sign_in_at timestamptz,
    raw_user_meta_data jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email_key ON auth.users (lower(email));

CREATE FUNCTION auth.jwt() RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
    $$;

CREATE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
        SELECT nullif(auth.jwt() ->> 'sub', '')::uuid
    $$;

CREATE FUNCTION auth.role() RETURNS text
    LANGUAGE sql STABLE
    AS $$
        SELECT nullif(auth.jwt() ->> 'role', '')
    $$;

COMMENT ON FUNCTION auth.uid() IS 'The signed-in user: the claim sub of the request''s token';

GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
