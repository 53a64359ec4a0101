-- What a workspace pays for, and what it has paid.
CREATE TABLE public.plans (
    code text PRIMARY KEY,
    name text NOT NULL,
    monthly_price numeric(10, 2) NOT NULL CHECK (monthly_price >= 0),
    seats integer NOT NULL CHECK (seats > 0)
);

CREATE TABLE public.autopay_subscriptions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    plan_code text NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'past_due', 'cancelled')),
    current_period_end timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX autopay_subscriptions_one_active_key
    ON public.autopay_subscriptions (workspace_id)
    WHERE status = 'active';

CREATE TABLE public.billing_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    amount numeric(10, 2) NOT NULL,
    currency char(3) NOT NULL DEFAULT 'EUR',
    description text NOT NULL,
    charged_at timestamptz NOT NULL
);

CREATE INDEX billing_history_workspace_id_charged_at_idx
    ON public.billing_history (workspace_id, charged_at DESC);
