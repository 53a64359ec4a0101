"""Ways to break who may see what in the migrated reference database. Pure data."""

from __future__ import annotations

from breakage import breakage

_MOVES_RULE = "workspace_id IN (SELECT public.current_workspace_ids())"

ROW_SECURITY = (
    breakage(
        "a policy is gone",
        "DROP POLICY moves_members ON moves",
        "policies",
        "workspace_isolation",
        "tenant_sees_own_rows",
    ),
    breakage(
        "a policy is gone, one added elsewhere keeps the count right",
        "DROP POLICY moves_members ON moves; ALTER TABLE tags ENABLE ROW LEVEL SECURITY; "
        f"CREATE POLICY tags_members ON tags TO authenticated USING ({_MOVES_RULE})",
        "policies",
        "workspace_isolation",
    ),
    breakage(
        "a policy lets everybody read",
        "ALTER POLICY moves_members ON moves USING (true)",
        "policies",
        "workspace_isolation",
        "tenant_sees_no_foreign_rows",
    ),
    breakage(
        "a policy lets everybody write",
        "ALTER POLICY moves_members ON moves WITH CHECK (true)",
        "policies",
        "writes_stay_at_home",
    ),
    breakage(
        "a second policy lets everybody in",
        "CREATE POLICY moves_all ON moves TO authenticated USING (true)",
        "policies",
        "workspace_isolation",
        "writes_stay_at_home",
    ),
    breakage(
        "a policy compares the wrong column",
        "ALTER POLICY positioning_members ON positioning "
        "USING (id IN (SELECT public.current_workspace_ids()))",
        "policies",
        "workspace_isolation",
    ),
    breakage(
        "a policy is for every role",
        "ALTER POLICY moves_members ON moves TO PUBLIC",
        "policies",
        "workspace_isolation",
    ),
    breakage(
        "a policy is for anon",
        "CREATE POLICY campaigns_teaser ON campaigns FOR SELECT TO anon USING (true)",
        "policies",
        "workspace_isolation",
        "anon_sees_nothing",
    ),
    breakage(
        "a policy restricts where it should permit",
        "DROP POLICY moves_members ON moves; CREATE POLICY moves_members ON moves AS RESTRICTIVE "
        f"TO authenticated USING ({_MOVES_RULE}) WITH CHECK ({_MOVES_RULE})",
        "policies",
        "workspace_isolation",
    ),
    breakage(
        "a policy is for reading only",
        "DROP POLICY moves_members ON moves; CREATE POLICY moves_members ON moves FOR SELECT "
        f"TO authenticated USING ({_MOVES_RULE})",
        "policies",
    ),
    breakage(
        "a policy is renamed",
        "ALTER POLICY moves_members ON moves RENAME TO moves_everybody",
        "policies",
    ),
    breakage(
        "row level security is switched off, its policy still there",
        "ALTER TABLE moves DISABLE ROW LEVEL SECURITY",
        "policies",
        "workspace_isolation",
        "anon_sees_nothing",
    ),
    breakage(
        "the function behind the policies returns every workspace",
        "CREATE OR REPLACE FUNCTION current_workspace_ids() RETURNS SETOF uuid LANGUAGE sql STABLE "
        "SECURITY DEFINER SET search_path = '' AS 'SELECT id FROM public.workspaces'",
        "workspace_isolation",
        "stranger_sees_nothing",
        "member_of_two_workspaces",
    ),
    breakage(
        "the function behind the policies asks itself for ever",
        "ALTER FUNCTION current_workspace_ids() SECURITY INVOKER",
        "workspace_isolation",
    ),
    breakage(
        "every caller is taken for the same user",
        "CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE "
        "AS $$ SELECT uuid '00000001-0000-4000-8000-000000000001' $$",
        "tenant_sees_own_rows",
        "tenant_sees_no_foreign_rows",
    ),
    breakage(
        "every member is taken for an administrator",
        "CREATE OR REPLACE FUNCTION administered_workspace_ids() RETURNS SETOF uuid "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' "
        "AS 'SELECT public.current_workspace_ids()'",
        "member_sees_no_invoices",
    ),
    breakage(
        "a view reads with its owner's rights",
        "ALTER VIEW campaign_overview RESET (security_invoker)",
        "after_012_views",
        "workspace_isolation",
        "tenant_sees_no_foreign_rows",
    ),
    breakage(
        "a new view reads with its owner's rights and is open to anon",
        "CREATE VIEW move_titles AS SELECT workspace_id, title FROM moves; "
        "GRANT SELECT ON move_titles TO anon",
        "workspace_isolation",
    ),
    breakage(
        "a table without row level security is open to everybody",
        "GRANT SELECT ON tags TO PUBLIC",
        "workspace_isolation",
    ),
    breakage(
        "a copy of a guarded table is open to every signed-in user",
        "CREATE MATERIALIZED VIEW move_titles AS SELECT workspace_id, title FROM moves; "
        "GRANT SELECT ON move_titles TO authenticated",
        "workspace_isolation",
    ),
    breakage(
        "a table without row level security is open to every signed-in user",
        "GRANT SELECT ON audit_log TO authenticated",
        "workspace_isolation",
    ),
    breakage(
        "one column of a table without row level security is open to anon",
        "GRANT SELECT (email) ON workspace_invitations TO anon",
        "workspace_isolation",
    ),
    breakage(
        "the digests of API keys are open to anon",
        "GRANT SELECT ON api_keys TO anon",
        "workspace_isolation",
        "anon_is_refused",
    ),
    breakage(
        "signed-in users may truncate, which no policy stops",
        "GRANT TRUNCATE ON moves TO authenticated",
        "workspace_isolation",
    ),
    breakage(
        "signed-in users may not read at all",
        "REVOKE SELECT ON moves FROM authenticated",
        "workspace_isolation",
    ),
    breakage(
        "signed-in users are exempt from policies",
        "ALTER ROLE authenticated BYPASSRLS",
        "api_roles_obey_policies",
    ),
)
