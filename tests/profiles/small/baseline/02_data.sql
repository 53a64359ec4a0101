-- branches 5, opening_hours 35, staff 9, members 17, suppliers 1, titles 23, copies 37, loans 41,
-- fines 19, reservations 15; the three unused tables are empty.
INSERT INTO public.branches (id, name)
SELECT n, 'Branch ' || n
FROM generate_series(1, 5) AS n;

INSERT INTO public.opening_hours (branch_id, weekday, opens_at, closes_at)
SELECT b, d, '09:00', '17:30'
FROM generate_series(1, 5) AS b, generate_series(1, 7) AS d;

INSERT INTO public.staff (id, branch_id, name)
SELECT n, 1 + n % 5, 'Librarian ' || n
FROM generate_series(1, 9) AS n;

INSERT INTO public.members (id, branch_id, name)
SELECT n, 1 + n % 5, 'Member ' || n
FROM generate_series(1, 17) AS n;

INSERT INTO public.suppliers (id, name)
VALUES (1, 'The only supplier');

INSERT INTO public.titles (id, supplier_id, name)
SELECT n, 1, 'Title ' || n
FROM generate_series(1, 23) AS n;

INSERT INTO public.copies (id, title_id, branch_id)
SELECT n, 1 + n % 23, 1 + n % 5
FROM generate_series(1, 37) AS n;

INSERT INTO public.loans (id, copy_id, member_id, lent_on, returned_on)
SELECT
    n,
    1 + n % 37,
    1 + n % 17,
    date '2024-01-01' + n,
    CASE WHEN n % 3 = 0 THEN date '2024-03-01' END
FROM generate_series(1, 41) AS n;

INSERT INTO public.fines (id, loan_id, amount)
SELECT n, 2 * n, (0.25 * n)::numeric(6, 2)::text
FROM generate_series(1, 19) AS n;

INSERT INTO public.reservations (id, member_id, title_id, reserved_on)
SELECT n, 1 + n % 17, 1 + n % 23, date '2024-02-01' + n
FROM generate_series(1, 15) AS n;
