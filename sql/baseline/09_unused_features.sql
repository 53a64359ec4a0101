-- Features that were built and never shipped: nine empty tables. Migration 012 removes them.
CREATE TABLE public.quests (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    campaign_id uuid REFERENCES public.campaigns (id) ON DELETE SET NULL,
    title text NOT NULL,
    reward_points integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX quests_campaign_id_idx ON public.quests (campaign_id);

CREATE TABLE public.quest_moves (
    quest_id uuid NOT NULL REFERENCES public.quests (id) ON DELETE CASCADE,
    move_id uuid NOT NULL REFERENCES public.moves (id) ON DELETE CASCADE,
    PRIMARY KEY (quest_id, move_id)
);

CREATE TABLE public.quest_milestones (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    quest_id uuid NOT NULL REFERENCES public.quests (id) ON DELETE CASCADE,
    title text NOT NULL,
    reached_at timestamptz
);

CREATE TABLE public.capability_nodes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    tier smallint NOT NULL DEFAULT 1
);

CREATE TABLE public.maneuver_prerequisites (
    maneuver_type_id uuid NOT NULL REFERENCES public.maneuver_types (id) ON DELETE CASCADE,
    capability_node_id uuid NOT NULL REFERENCES public.capability_nodes (id) ON DELETE CASCADE,
    PRIMARY KEY (maneuver_type_id, capability_node_id)
);

CREATE TABLE public.quick_wins (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    title text NOT NULL,
    effort smallint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.cohort_relations (
    cohort_id uuid NOT NULL REFERENCES public.cohorts (id) ON DELETE CASCADE,
    related_cohort_id uuid NOT NULL REFERENCES public.cohorts (id) ON DELETE CASCADE,
    relation text NOT NULL,
    PRIMARY KEY (cohort_id, related_cohort_id)
);

CREATE TABLE public.move_decisions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    move_id uuid NOT NULL REFERENCES public.moves (id) ON DELETE CASCADE,
    decided_by uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    decision text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.notifications (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    body text NOT NULL,
    read_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX notifications_user_id_idx ON public.notifications (user_id) WHERE read_at IS NULL;
