-- Who may see what. A table that the API serves has row level security and one policy; the others
-- are for the backend (service_role) alone. No policy names anon: it may ask, and sees nothing.
ALTER TABLE public.workspaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_workspaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.positioning ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sprints ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.competitors ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.campaign_cohorts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.moves ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.content_adaptations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.agents ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.billing_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.quests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY workspaces_members_read ON public.workspaces
    FOR SELECT TO authenticated
    USING (id IN (SELECT public.current_workspace_ids()));

CREATE POLICY user_workspaces_members_read ON public.user_workspaces
    FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY user_profiles_own ON public.user_profiles
    FOR ALL TO authenticated
    USING (id = (SELECT auth.uid()))
    WITH CHECK (id = (SELECT auth.uid()));

CREATE POLICY positioning_members ON public.positioning
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY sprints_members ON public.sprints
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY cohorts_members ON public.cohorts
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY competitors_members ON public.competitors
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY campaigns_members ON public.campaigns
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY campaign_cohorts_members ON public.campaign_cohorts
    FOR ALL TO authenticated
    USING (campaign_id IN (
        SELECT c.id
        FROM public.campaigns AS c
        WHERE c.workspace_id IN (SELECT public.current_workspace_ids())
    ))
    WITH CHECK (campaign_id IN (
        SELECT c.id
        FROM public.campaigns AS c
        WHERE c.workspace_id IN (SELECT public.current_workspace_ids())
    ));

CREATE POLICY moves_members ON public.moves
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY assets_members ON public.assets
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY content_adaptations_members ON public.content_adaptations
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY agents_members_read ON public.agents
    FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY billing_history_admins_read ON public.billing_history
    FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT public.administered_workspace_ids()));

CREATE POLICY quests_members ON public.quests
    FOR ALL TO authenticated
    USING (workspace_id IN (SELECT public.current_workspace_ids()))
    WITH CHECK (workspace_id IN (SELECT public.current_workspace_ids()));

CREATE POLICY notifications_own_read ON public.notifications
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()));

GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA public TO service_role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service_role;

GRANT SELECT, INSERT, UPDATE, DELETE ON
    public.user_profiles,
    public.positioning,
    public.sprints,
    public.cohorts,
    public.competitors,
    public.campaigns,
    public.campaign_cohorts,
    public.moves,
    public.assets,
    public.content_adaptations,
    public.quests
    TO authenticated;

GRANT SELECT ON
    public.workspaces,
    public.user_workspaces,
    public.agents,
    public.billing_history,
    public.notifications,
    public.campaign_overview
    TO authenticated;

GRANT SELECT ON
    public.workspaces,
    public.user_workspaces,
    public.user_profiles,
    public.positioning,
    public.sprints,
    public.cohorts,
    public.competitors,
    public.campaigns,
    public.campaign_cohorts,
    public.moves,
    public.assets,
    public.content_adaptations,
    public.agents,
    public.billing_history,
    public.quests,
    public.notifications
    TO anon;
