-- Beyond the 12: row level security tried as each kind of caller, relation by relation.
-- phase: after 012
-- stays: true

-- =================================================================================================
-- QUERY SET: Tenant isolation
-- =================================================================================================

-- Check 1: The owner of workspace 2 sees own rows everywhere (the control of check 2)
-- name: tenant_sees_own_rows
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000007", "role": "authenticated"}
-- param: relation = agent_recommendations | agent_trust_scores | agents | assets | billing_history | campaign_overview | campaigns | cohorts | competitors | content_adaptations | moves | positioning | sprints | user_workspaces
-- expect-visible
SELECT r.workspace_id
FROM public.:"relation" AS r
WHERE r.workspace_id = '00000002-0000-4000-8000-000000000002';

-- Check 2: and no row of workspaces 1 and 3
-- name: tenant_sees_no_foreign_rows
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000007", "role": "authenticated"}
-- param: relation = agent_recommendations | agent_trust_scores | agents | assets | billing_history | campaign_overview | campaigns | cohorts | competitors | content_adaptations | moves | positioning | sprints | user_workspaces
-- expect-no-rows
SELECT r.workspace_id
FROM public.:"relation" AS r
WHERE r.workspace_id IS DISTINCT FROM '00000002-0000-4000-8000-000000000002';

-- Check 3: A member who administers nothing sees moves, and no invoice
-- name: member_sees_no_invoices
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000009", "role": "authenticated"}
-- expect-row: moves >= 1, invoices = 0
SELECT
    (SELECT count(*) FROM public.moves) AS moves,
    (SELECT count(*) FROM public.billing_history) AS invoices;

-- Check 4: A member of two workspaces sees both, and not the third
-- name: member_of_two_workspaces
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000005", "role": "authenticated"}
-- expect-column: name set {Harbour Lane Studio, Quarry & Sons}
SELECT name
FROM public.workspaces
ORDER BY name;

-- Check 5: A signed-in user of no workspace sees nothing
-- name: stranger_sees_nothing
-- as: authenticated
-- claims: {"sub": "00000001-0000-4000-8000-000000000099", "role": "authenticated"}
SELECT 'workspaces' AS relation FROM public.workspaces
UNION ALL SELECT 'user_workspaces' FROM public.user_workspaces
UNION ALL SELECT 'user_profiles' FROM public.user_profiles
UNION ALL SELECT 'moves' FROM public.moves
UNION ALL SELECT 'campaigns' FROM public.campaigns
UNION ALL SELECT 'assets' FROM public.assets
UNION ALL SELECT 'agents' FROM public.agents
UNION ALL SELECT 'agent_trust_scores' FROM public.agent_trust_scores;
-- Expected: 0 rows

-- Check 6: anon may ask, and sees nothing
-- name: anon_sees_nothing
-- as: anon
-- claims: {"role": "anon"}
-- param: relation = agent_recommendations | agent_trust_scores | agents | assets | billing_history | campaign_cohorts | campaigns | cohorts | competitors | content_adaptations | moves | positioning | sprints | user_profiles | user_workspaces | workspaces
-- expect-value: 0
SELECT count(*)
FROM public.:"relation";

-- Check 7: anon may not even ask for what the API does not serve
-- name: anon_is_refused
-- as: anon
-- claims: {"role": "anon"}
-- param: relation = audit_log | api_keys | autopay_subscriptions | campaign_overview
-- expect-error: 42501
SELECT count(*)
FROM public.:"relation";

-- Check 8: What a caller may write is limited to own workspaces by every policy that lets one write
-- A verification cannot write, so it reads the rule: FOR ALL, INSERT and UPDATE check the new row.
-- name: writes_stay_at_home
-- expect-no-rows
SELECT
    p.polrelid::regclass AS table_name,
    p.polname AS policy,
    pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS t ON t.oid = p.polrelid
WHERE t.relnamespace = 'public'::regnamespace
    AND p.polcmd IN ('*', 'a', 'w')
    AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
        !~ '(current_workspace_ids|administered_workspace_ids|auth\.uid)\(\)'
ORDER BY p.polname;

-- Check 9: Neither API role is exempt from policies
-- name: api_roles_obey_policies
-- expect-column: is_exempt every = false
SELECT rolname, rolbypassrls OR rolsuper AS is_exempt
FROM pg_catalog.pg_roles
WHERE rolname IN ('anon', 'authenticated')
ORDER BY rolname;
