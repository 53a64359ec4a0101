-- A library with branches: every figure differs from every other, and from those of sql/.
--
--                     before   after 003   after 004
--   base tables           13          14          11
--   foreign keys           8          12          10
--   policies               4           7           6
--   schema conflicts       2           0           0
--   unused tables          3           3           0
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'authenticated') THEN
        CREATE ROLE authenticated NOLOGIN NOINHERIT;
    END IF;
EXCEPTION
    -- Two databases of one server built at the same moment: the other one was first.
    WHEN duplicate_object OR unique_violation THEN
        NULL;
END;
$$;

CREATE FUNCTION public.current_branch() RETURNS integer
    LANGUAGE sql STABLE
    AS $$
        SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'branch')::integer
    $$;

CREATE TABLE public.branches (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE public.opening_hours (
    branch_id integer NOT NULL,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens_at time NOT NULL,
    closes_at time NOT NULL CHECK (closes_at > opens_at),
    PRIMARY KEY (branch_id, weekday)
);

CREATE TABLE public.staff (
    id integer PRIMARY KEY,
    branch_id integer NOT NULL REFERENCES public.branches (id),
    name text NOT NULL
);

CREATE TABLE public.members (
    id integer PRIMARY KEY,
    branch_id integer NOT NULL REFERENCES public.branches (id),
    name text NOT NULL
);

CREATE TABLE public.suppliers (
    id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE public.titles (
    id integer PRIMARY KEY,
    supplier_id integer,
    name text NOT NULL
);

CREATE TABLE public.copies (
    id integer PRIMARY KEY,
    title_id integer NOT NULL REFERENCES public.titles (id),
    branch_id integer NOT NULL REFERENCES public.branches (id)
);

-- Conflict 1: a loan does not know the branch it was made at.
CREATE TABLE public.loans (
    id integer PRIMARY KEY,
    copy_id integer NOT NULL REFERENCES public.copies (id),
    member_id integer NOT NULL REFERENCES public.members (id),
    lent_on date NOT NULL,
    returned_on date
);

-- Conflict 2: amounts of money are text.
CREATE TABLE public.fines (
    id integer PRIMARY KEY,
    loan_id integer NOT NULL,
    amount text NOT NULL
);

CREATE TABLE public.reservations (
    id integer PRIMARY KEY,
    member_id integer NOT NULL,
    title_id integer NOT NULL,
    reserved_on date NOT NULL
);

CREATE TABLE public.reading_groups (
    id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE public.reading_group_members (
    reading_group_id integer NOT NULL REFERENCES public.reading_groups (id),
    member_id integer NOT NULL REFERENCES public.members (id),
    PRIMARY KEY (reading_group_id, member_id)
);

CREATE TABLE public.wish_lists (
    id integer PRIMARY KEY,
    branch_id integer NOT NULL,
    wish text NOT NULL
);

ALTER TABLE public.staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.copies ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.wish_lists ENABLE ROW LEVEL SECURITY;

CREATE POLICY staff_of_branch ON public.staff
    FOR SELECT TO authenticated
    USING (branch_id = public.current_branch());

CREATE POLICY members_of_branch ON public.members
    FOR SELECT TO authenticated
    USING (branch_id = public.current_branch());

CREATE POLICY copies_of_branch ON public.copies
    FOR SELECT TO authenticated
    USING (branch_id = public.current_branch());

CREATE POLICY wish_lists_of_branch ON public.wish_lists
    FOR SELECT TO authenticated
    USING (branch_id = public.current_branch());

GRANT USAGE ON SCHEMA public TO authenticated;
GRANT SELECT ON public.staff, public.members, public.copies, public.wish_lists TO authenticated;
