-- The same rows in every build: ids are numbered, times are fixed, nothing is random.
-- Workspaces 1, 2 and 3 are of different size, so that a row in the wrong one shows in the counts:
-- 71, 52 and 33 of the 156 moves, 16, 14 and 12 of the 42 trust scores.
CREATE FUNCTION pg_temp.seed_id(kind integer, n integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    RETURN (lpad(kind::text, 8, '0') || '-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid;

CREATE FUNCTION pg_temp.seed_time(n integer) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE
    RETURN timestamptz '2024-01-08 08:00:00+00' + n * interval '53 minutes';

-- Users: 15. The first of each workspace owns it; users 5 and 11 belong to two.
INSERT INTO auth.users (id, email, email_confirmed_at, last_sign_in_at, created_at)
SELECT
    pg_temp.seed_id(1, n),
    'user' || n || '@example.com',
    pg_temp.seed_time(n + 1),
    pg_temp.seed_time(n * 9),
    pg_temp.seed_time(n)
FROM generate_series(1, 15) AS n;

INSERT INTO public.workspaces (id, name, slug, owner_id, created_at, updated_at)
SELECT
    pg_temp.seed_id(2, w.n),
    w.name,
    w.slug,
    pg_temp.seed_id(1, w.owner),
    pg_temp.seed_time(w.n),
    pg_temp.seed_time(w.n)
FROM (VALUES
    (1, 'Harbour Lane Studio', 'harbour-lane', 1),
    (2, 'Quarry & Sons', 'quarry-sons', 7),
    (3, 'Tern Analytics', 'tern-analytics', 12)
) AS w (n, name, slug, owner);

INSERT INTO public.user_workspaces (user_id, workspace_id, role, joined_at)
SELECT
    pg_temp.seed_id(1, n),
    pg_temp.seed_id(2, CASE WHEN n <= 6 THEN 1 WHEN n <= 11 THEN 2 ELSE 3 END),
    (CASE WHEN n IN (1, 7, 12) THEN 'owner' WHEN n IN (2, 8) THEN 'admin' ELSE 'member' END)
        ::public.workspace_role,
    pg_temp.seed_time(n)
FROM generate_series(1, 15) AS n;

INSERT INTO public.user_workspaces (user_id, workspace_id, role, joined_at)
VALUES
    (pg_temp.seed_id(1, 5), pg_temp.seed_id(2, 2), 'member', pg_temp.seed_time(40)),
    (pg_temp.seed_id(1, 11), pg_temp.seed_id(2, 3), 'member', pg_temp.seed_time(41));

INSERT INTO public.user_profiles (id, full_name, job_title, updated_at)
SELECT
    pg_temp.seed_id(1, n),
    'User ' || n,
    CASE n % 3 WHEN 0 THEN 'Strategist' WHEN 1 THEN 'Marketing lead' END,
    pg_temp.seed_time(n)
FROM generate_series(1, 15) AS n;

INSERT INTO public.workspace_invitations (id, workspace_id, email, expires_at, created_at)
SELECT
    pg_temp.seed_id(3, n),
    pg_temp.seed_id(2, 1 + n % 3),
    'guest' || n || '@example.com',
    pg_temp.seed_time(400 + n),
    pg_temp.seed_time(100 + n)
FROM generate_series(1, 4) AS n;

INSERT INTO public.workspace_settings (workspace_id, brand_voice, updated_at)
SELECT pg_temp.seed_id(2, n), (ARRAY['warm', 'dry', 'precise'])[n], pg_temp.seed_time(n)
FROM generate_series(1, 3) AS n;

INSERT INTO public.api_keys (id, workspace_id, label, key_digest, created_at)
SELECT
    pg_temp.seed_id(4, n),
    pg_temp.seed_id(2, 1 + n % 3),
    'key ' || n,
    sha256(convert_to('seed key ' || n, 'UTF8')),
    pg_temp.seed_time(60 + n)
FROM generate_series(1, 5) AS n;

INSERT INTO public.positioning (id, workspace_id, category, promise, proof_points, updated_at)
SELECT
    pg_temp.seed_id(5, n),
    pg_temp.seed_id(2, n),
    (ARRAY['design studio', 'stone merchant', 'analytics'])[n],
    (ARRAY['Brands that last', 'Stone you can trace', 'Numbers you can defend'])[n],
    ARRAY['case study ' || n],
    pg_temp.seed_time(n)
FROM generate_series(1, 3) AS n;

INSERT INTO public.global_strategies (id, workspace_id, title, horizon, status, created_at)
SELECT
    pg_temp.seed_id(6, n),
    pg_temp.seed_id(2, 1 + n % 3),
    'Strategy ' || n,
    daterange('2024-01-01', '2025-01-01'),
    CASE WHEN n <= 3 THEN 'active' ELSE 'draft' END,
    pg_temp.seed_time(n)
FROM generate_series(1, 5) AS n;

INSERT INTO public.lines_of_operation (id, workspace_id, name, objective, sort_order, created_at)
SELECT
    pg_temp.seed_id(7, n),
    pg_temp.seed_id(2, 1 + n % 3),
    'Line ' || n,
    'Objective of line ' || n,
    n,
    pg_temp.seed_time(n)
FROM generate_series(1, 9) AS n;

-- Sprints 1 and 2 belong to workspace 1, 3 and 4 to workspace 2, 5 and 6 to workspace 3.
INSERT INTO public.sprints (id, workspace_id, name, starts_on, ends_on)
SELECT
    pg_temp.seed_id(8, n),
    pg_temp.seed_id(2, (n + 1) / 2),
    'Sprint ' || 1 + (n + 1) % 2,
    date '2024-01-08' + 14 * ((n + 1) % 2),
    date '2024-01-19' + 14 * ((n + 1) % 2)
FROM generate_series(1, 6) AS n;

-- Cohorts: 8. 1 to 3 of workspace 1, 4 to 6 of workspace 2, 7 and 8 of workspace 3.
INSERT INTO public.cohorts (id, workspace_id, name, description, estimated_size, created_at)
SELECT
    pg_temp.seed_id(9, n),
    pg_temp.seed_id(2, (n + 2) / 3),
    (ARRAY[
        'Hotel owners', 'Independent cafés', 'Galleries',
        'Architects', 'Landscape gardeners', 'Stonemasons',
        'Finance leads', 'Data teams'
    ])[n],
    'Cohort ' || n,
    250 * n,
    pg_temp.seed_time(n)
FROM generate_series(1, 8) AS n;

INSERT INTO public.personas (id, cohort_id, name, goals)
SELECT
    pg_temp.seed_id(10, n),
    pg_temp.seed_id(9, 1 + n % 8),
    'Persona ' || n,
    ARRAY['goal ' || n]
FROM generate_series(1, 11) AS n;

-- Competitors: 8. The last three come from the older version, without a workspace; two of them
-- bear one name in two workspaces.
INSERT INTO public.competitors (
    id, workspace_id, cohort_id, name, website, threat_level, created_at
)
SELECT
    pg_temp.seed_id(11, c.n),
    CASE WHEN c.workspace IS NOT NULL THEN pg_temp.seed_id(2, c.workspace) END,
    pg_temp.seed_id(9, c.cohort),
    c.name,
    c.website,
    c.threat_level,
    pg_temp.seed_time(c.n)
FROM (VALUES
    (1, 1, 1, 'Brightloop', 'https://brightloop.example', 4),
    (2, 1, 3, 'Kitehouse', 'https://kitehouse.example', 2),
    (3, 2, 4, 'Granary Works', 'https://granary.example', 3),
    (4, 2, 5, 'Kitehouse', 'https://kitehouse.example', 3),
    (5, 3, 7, 'Plainfield Data', 'https://plainfield.example', 5),
    (6, NULL, 2, 'Oldmill', 'https://oldmill.example', 2),
    (7, NULL, 6, 'Oldmill', 'https://oldmill.example', 4),
    (8, NULL, 8, 'Ledgerline', NULL, 1)
) AS c (n, workspace, cohort, name, website, threat_level);

-- Campaigns: 12. 1 to 5 of workspace 1, 6 to 9 of workspace 2, 10 to 12 of workspace 3.
INSERT INTO public.campaigns (
    id, workspace_id, name, objective, status, budget, starts_on, ends_on, created_at, updated_at
)
SELECT
    pg_temp.seed_id(12, n),
    pg_temp.seed_id(2, CASE WHEN n <= 5 THEN 1 WHEN n <= 9 THEN 2 ELSE 3 END),
    'Campaign ' || n,
    'Objective of campaign ' || n,
    (ARRAY['draft', 'running', 'paused', 'completed'])[1 + n % 4],
    1500.00 * n,
    date '2024-01-15' + n,
    date '2024-03-15' + n,
    pg_temp.seed_time(n),
    pg_temp.seed_time(n)
FROM generate_series(1, 12) AS n;

INSERT INTO public.campaign_cohorts (campaign_id, cohort_id, priority)
SELECT c.id, k.id, row_number() OVER (PARTITION BY c.id ORDER BY k.id)
FROM public.campaigns AS c
JOIN public.cohorts AS k ON k.workspace_id = c.workspace_id
WHERE right(c.id::text, 2)::integer % 3 <> right(k.id::text, 2)::integer % 3;

INSERT INTO public.campaign_metrics (campaign_id, measured_on, impressions, clicks, conversions)
SELECT pg_temp.seed_id(12, n), date '2024-01-20' + d, 1000 * n + d, 40 * n + d, n
FROM generate_series(1, 12) AS n, generate_series(1, 5) AS d
WHERE n % 4 IN (1, 2);

INSERT INTO public.maneuver_types (id, name, description)
SELECT pg_temp.seed_id(13, n), m.name, m.description
FROM (VALUES
    (1, 'Flank', 'Win where the leader does not look'),
    (2, 'Siege', 'Stay where they cannot afford to'),
    (3, 'Feint', 'Make noise elsewhere'),
    (4, 'Alliance', 'Borrow reach')
) AS m (n, name, description);

-- Moves: 156, each in a campaign and sprint of its own workspace; every ninth waits for a sprint.
INSERT INTO public.moves (
    id, workspace_id, campaign_id, sprint_id, title, status, due_on, created_at, updated_at
)
SELECT
    pg_temp.seed_id(14, n),
    pg_temp.seed_id(2, w),
    pg_temp.seed_id(12, CASE w WHEN 1 THEN 1 + n % 5 WHEN 2 THEN 6 + n % 4 ELSE 10 + n % 3 END),
    CASE WHEN n % 9 <> 0 THEN pg_temp.seed_id(8, 2 * w - n % 2) END,
    'Move ' || n,
    (ARRAY['planned', 'active', 'done', 'dropped'])[1 + n % 4],
    date '2024-02-01' + n % 40,
    pg_temp.seed_time(n),
    pg_temp.seed_time(n)
FROM (
    SELECT n, CASE WHEN n <= 71 THEN 1 WHEN n <= 123 THEN 2 ELSE 3 END AS w
    FROM generate_series(1, 156) AS n
) AS numbered;

INSERT INTO public.move_metrics (move_id, metric, value, measured_at)
SELECT pg_temp.seed_id(14, n), 'reach', 10 * n, pg_temp.seed_time(300 + n)
FROM generate_series(1, 156, 4) AS n;

INSERT INTO public.tags (id, workspace_id, name)
SELECT pg_temp.seed_id(15, n), pg_temp.seed_id(2, 1 + n % 3), 'tag ' || n
FROM generate_series(1, 7) AS n;

INSERT INTO public.move_tags (move_id, tag_id)
SELECT m.id, min(t.id::text)::uuid
FROM public.moves AS m
JOIN public.tags AS t ON t.workspace_id = m.workspace_id
WHERE m.status = 'active'
GROUP BY m.id;

-- Assets: 42, namely 19, 14 and 9.
INSERT INTO public.assets (id, workspace_id, campaign_id, kind, title, body, created_at, updated_at)
SELECT
    pg_temp.seed_id(16, n),
    pg_temp.seed_id(2, w),
    pg_temp.seed_id(12, CASE w WHEN 1 THEN 1 + n % 5 WHEN 2 THEN 6 + n % 4 ELSE 10 + n % 3 END),
    (ARRAY['article', 'image', 'video', 'landing_page', 'email'])[1 + n % 5],
    'Asset ' || n,
    'Body of asset ' || n,
    pg_temp.seed_time(n),
    pg_temp.seed_time(n)
FROM (
    SELECT n, CASE WHEN n <= 19 THEN 1 WHEN n <= 33 THEN 2 ELSE 3 END AS w
    FROM generate_series(1, 42) AS n
) AS numbered;

INSERT INTO public.asset_versions (asset_id, version, body, created_at)
SELECT pg_temp.seed_id(16, n), v, 'Version ' || v || ' of asset ' || n, pg_temp.seed_time(n + v)
FROM generate_series(1, 42, 2) AS n, generate_series(1, 3) AS v;

INSERT INTO public.channels (code, name, max_length)
VALUES
    ('blog', 'Blog', NULL),
    ('newsletter', 'Newsletter', 20000),
    ('social', 'Social post', 500),
    ('sms', 'Text message', 160);

INSERT INTO public.content_templates (id, kind, name, body)
SELECT pg_temp.seed_id(17, n), 'article', 'Template ' || n, 'Outline ' || n
FROM generate_series(1, 6) AS n;

INSERT INTO public.content_adaptations (id, workspace_id, asset_id, channel, body, created_at)
SELECT
    pg_temp.seed_id(18, row_number() OVER (ORDER BY a.id)::integer),
    a.workspace_id,
    a.id,
    'social',
    'Short form of ' || a.title,
    a.created_at
FROM public.assets AS a
WHERE a.kind IN ('article', 'video', 'email');

-- Agents: 45, namely 17, 15 and 13; the last of each workspace is too new to have a trust score.
INSERT INTO public.agents (id, workspace_id, name, specialty, created_at)
SELECT
    pg_temp.seed_id(19, n),
    pg_temp.seed_id(2, CASE WHEN n <= 17 THEN 1 WHEN n <= 32 THEN 2 ELSE 3 END),
    'Agent ' || n,
    (ARRAY['research', 'copy', 'media', 'analysis'])[1 + n % 4],
    pg_temp.seed_time(n)
FROM generate_series(1, 45) AS n;

INSERT INTO public.agent_trust_scores (agent_id, score, sample_size, updated_at)
SELECT pg_temp.seed_id(19, n), round(0.400 + n * 0.011, 3), 3 * n, pg_temp.seed_time(200 + n)
FROM generate_series(1, 45) AS n
WHERE n NOT IN (17, 32, 45);

INSERT INTO public.agent_recommendations (id, agent_id, move_id, summary, confidence, created_at)
SELECT
    pg_temp.seed_id(20, a.n::integer),
    a.id,
    CASE WHEN a.n % 6 <> 0 THEN m.id END,
    'Recommendation ' || a.n,
    round(0.50 + (a.n % 40) * 0.01, 2),
    pg_temp.seed_time(250 + a.n::integer)
FROM (
    SELECT id, workspace_id, row_number() OVER (ORDER BY id) AS n
    FROM public.agents
    WHERE specialty <> 'media'
) AS a
JOIN LATERAL (
    SELECT c.id
    FROM public.moves AS c
    WHERE c.workspace_id = a.workspace_id
    ORDER BY c.id
    OFFSET a.n % 20
    LIMIT 1
) AS m ON true;

INSERT INTO public.ai_generations (
    workspace_id, purpose, model, input_tokens, output_tokens, created_at
)
SELECT
    pg_temp.seed_id(2, 1 + n % 3),
    (ARRAY['draft', 'summary', 'critique'])[1 + n % 3],
    'writer-2',
    200 + 3 * n,
    80 + n,
    pg_temp.seed_time(n)
FROM generate_series(1, 64) AS n;

INSERT INTO public.plans (code, name, monthly_price, seats)
VALUES
    ('starter', 'Starter', 29.00, 3),
    ('team', 'Team', 99.00, 10),
    ('scale', 'Scale', 399.00, 50);

INSERT INTO public.autopay_subscriptions (
    id, workspace_id, plan_code, status, current_period_end, created_at
)
SELECT
    pg_temp.seed_id(21, n),
    pg_temp.seed_id(2, n),
    (ARRAY['team', 'team', 'starter'])[n],
    'active',
    pg_temp.seed_time(800),
    pg_temp.seed_time(n)
FROM generate_series(1, 3) AS n;

INSERT INTO public.billing_history (workspace_id, amount, description, charged_at)
SELECT
    pg_temp.seed_id(2, 1 + n % 3),
    (ARRAY[99.00, 29.00, 99.00])[1 + n % 3],
    'Invoice ' || n,
    pg_temp.seed_time(20 * n)
FROM generate_series(1, 18) AS n;

INSERT INTO public.support_feedback (id, workspace_id, rating, message, created_at)
SELECT
    pg_temp.seed_id(22, n),
    pg_temp.seed_id(2, 1 + n % 3),
    1 + n % 5,
    'Feedback ' || n,
    pg_temp.seed_time(n)
FROM generate_series(1, 10) AS n;

INSERT INTO public.integrations (id, workspace_id, provider, connected_at)
SELECT
    pg_temp.seed_id(23, n),
    pg_temp.seed_id(2, 1 + n % 3),
    'provider-' || n,
    pg_temp.seed_time(n)
FROM generate_series(1, 5) AS n;

INSERT INTO public.audit_log (occurred_at, actor_id, action, subject)
SELECT pg_temp.seed_time(n), pg_temp.seed_id(1, 1 + n % 15), 'update', 'moves/' || n
FROM generate_series(1, 90) AS n;

INSERT INTO public.webhook_events (id, source, payload, received_at, processed_at)
SELECT
    'evt_' || lpad(n::text, 6, '0'),
    'billing',
    jsonb_build_object('invoice', n),
    pg_temp.seed_time(n),
    pg_temp.seed_time(n) + interval '2 seconds'
FROM generate_series(1, 18) AS n;

INSERT INTO public.job_runs (job, started_at, finished_at)
SELECT
    'nightly-metrics',
    pg_temp.seed_time(27 * n),
    pg_temp.seed_time(27 * n) + interval '41 seconds'
FROM generate_series(1, 14) AS n;

INSERT INTO public.feature_flags (name, is_enabled, rollout_percent)
VALUES
    ('agent-outcomes', false, 0),
    ('new-editor', true, 100),
    ('campaign-overview', true, 25);

INSERT INTO public.email_deliveries (recipient, template, status, created_at)
SELECT 'user' || n || '@example.com', 'weekly-summary', 'sent', pg_temp.seed_time(n)
FROM generate_series(1, 15) AS n;

INSERT INTO public.onboarding_steps (position, title, is_optional)
VALUES
    (1, 'Name your workspace', false),
    (2, 'Describe a cohort', false),
    (3, 'Invite your team', true),
    (4, 'Plan a first move', false);

INSERT INTO public.industry_benchmarks (industry, metric, median)
SELECT i, m, 0.02
FROM unnest(ARRAY['design', 'construction', 'software']) AS i, unnest(ARRAY['ctr', 'cvr']) AS m;

INSERT INTO public.rate_limits (bucket, tokens, refilled_at)
SELECT 'workspace:' || n, 100, pg_temp.seed_time(500)
FROM generate_series(1, 3) AS n;

DROP FUNCTION pg_temp.seed_id(integer, integer);
DROP FUNCTION pg_temp.seed_time(integer);
