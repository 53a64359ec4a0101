-- 003: loans know their branch, fines are numbers, and a loan can be renewed.
-- Can be run again.
ALTER TABLE public.loans ADD COLUMN IF NOT EXISTS branch_id integer;

UPDATE public.loans AS loan
SET branch_id = copy.branch_id
FROM public.copies AS copy
WHERE copy.id = loan.copy_id
    AND loan.branch_id IS NULL;

ALTER TABLE public.loans ALTER COLUMN branch_id SET NOT NULL;

DO $$
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = 'public.fines'::regclass
            AND a.attname = 'amount'
            AND a.atttypid = 'text'::regtype
    ) THEN
        ALTER TABLE public.fines
            ALTER COLUMN amount TYPE numeric(6, 2) USING amount::numeric(6, 2);
    END IF;
END;
$$;

CREATE TABLE IF NOT EXISTS public.loan_renewals (
    loan_id integer NOT NULL REFERENCES public.loans (id),
    renewed_on date NOT NULL,
    PRIMARY KEY (loan_id, renewed_on)
);

DO $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT
            wanted.child_table,
            wanted.child_column,
            wanted.parent_table,
            wanted.child_table || '_' || wanted.child_column || '_fkey' AS key_name
        FROM (VALUES
            ('loans', 'branch_id', 'branches'),
            ('fines', 'loan_id', 'loans'),
            ('reservations', 'member_id', 'members')
        ) AS wanted (child_table, child_column, parent_table)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS c
            WHERE c.conrelid = format('public.%I', target.child_table)::regclass
                AND c.conname = target.key_name
        );
        EXECUTE format(
            'ALTER TABLE public.%I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES public.%I (id)',
            target.child_table,
            target.key_name,
            target.child_column,
            target.parent_table
        );
    END LOOP;
END;
$$;

ALTER TABLE public.loans ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.fines ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.loan_renewals ENABLE ROW LEVEL SECURITY;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polname = 'loans_of_branch') THEN
        CREATE POLICY loans_of_branch ON public.loans
            FOR SELECT TO authenticated
            USING (branch_id = public.current_branch());
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polname = 'fines_of_branch') THEN
        CREATE POLICY fines_of_branch ON public.fines
            FOR SELECT TO authenticated
            USING (loan_id IN (SELECT l.id FROM public.loans AS l));
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polname = 'loan_renewals_of_branch') THEN
        CREATE POLICY loan_renewals_of_branch ON public.loan_renewals
            FOR SELECT TO authenticated
            USING (loan_id IN (SELECT l.id FROM public.loans AS l));
    END IF;
END;
$$;

GRANT SELECT ON public.loans, public.fines, public.loan_renewals TO authenticated;
