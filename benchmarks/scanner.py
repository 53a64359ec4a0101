"""How fast `scan` splits SQL, as a ratio to sqlparse.split on the same text.

Usage: python benchmarks/scanner.py [MB of SQL, 0.5 unless told] [runs, 5 unless told]

The SQL is generated: tables, indexes, policies, functions and rows as migrations hold them. Runs
are interleaved, so that what else the machine does falls on both; the medians are compared.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING

import sqlparse

from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = """-- {name}: what the {noun} of one tenant are
CREATE TABLE public.{name} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES public.tenants (id) ON DELETE CASCADE,
    title text NOT NULL CHECK (title <> ''),
    amount numeric(12, 2) DEFAULT 0.00, -- in the tenant's currency
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.{name} IS 'The {noun}; one row each, it''s never deleted.';
"""
INDEX = """CREATE INDEX IF NOT EXISTS {name}_by_tenant ON public.{name}
    USING btree (tenant_id, created_at DESC) WHERE amount > 0;
ALTER TABLE ONLY public.{name} ADD CONSTRAINT {name}_amount CHECK (amount >= 0) NOT VALID;
"""
POLICY = """/* Each tenant sees its own {noun}. */
ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {name}_isolation ON public.{name} FOR ALL TO app
    USING (tenant_id = current_setting('app.tenant')::uuid)
    WITH CHECK (tenant_id = (current_setting('app.claims')::jsonb ->> 'tenant')::uuid);
"""
FUNCTION = """CREATE OR REPLACE FUNCTION public.touch_{name}() RETURNS trigger
LANGUAGE plpgsql AS $function$
DECLARE
    changed integer := 0; -- rows
BEGIN
    UPDATE public.{name} SET title = NEW.title WHERE id = NEW.id AND title <> 'it''s; the same';
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN NEW;
END;
$function$;
CREATE FUNCTION public.total_{name}(tenant uuid) RETURNS numeric STABLE
BEGIN ATOMIC
    SELECT CASE WHEN count(*) > 0 THEN sum(amount) END FROM public.{name} WHERE tenant_id = tenant;
END;
"""
ROWS = """INSERT INTO public.{name} (tenant_id, title, amount) VALUES
    ('00000000-0000-0000-0000-00000000000{digit}', 'First; {noun}', {digit}.50),
    ('00000000-0000-0000-0000-00000000000{digit}', 'It''s the second', -1e{digit}),
    ('00000000-0000-0000-0000-00000000000{digit}', E'Third\\tof {noun}', NULL);
"""


def generated_sql(size: int) -> str:
    """About `size` characters of SQL, the same each time."""
    chance = random.Random(0)  # noqa: S311  (no secret)
    parts: list[str] = []
    written = 0
    while written < size:
        noun = chance.choice(["orders", "invoices", "members", "shipments"])
        part = chance.choice([TABLE, INDEX, POLICY, FUNCTION, ROWS]).format(
            name=f"{noun}_{len(parts)}", noun=noun, digit=chance.randint(1, 9)
        )
        parts.append(part)
        written += len(part)
    return "\n".join(parts)


def seconds(split: Callable[[str], int], sql: str) -> float:
    """The processor time that one split takes, without garbage collection in between."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        split(sql)
        return time.process_time() - start
    finally:
        gc.enable()


def scanned(sql: str) -> int:
    """The number of statements that `scan` finds."""
    return len(scan(sql, "generated.sql").statements)


def split_by_sqlparse(sql: str) -> int:
    """The number of texts into which sqlparse splits."""
    return len(sqlparse.split(sql))


def peak_memory(sql: str) -> int:
    """The bytes that Python allocates at most while `scan` runs and for what it returns."""
    tracemalloc.start()
    try:
        scanned(sql)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure, and print what was measured."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    sql = generated_sql(round(megabytes * 1e6))
    size = len(sql.encode()) / 1e6
    print(f"{size:.2f} MB of generated SQL, {runs} interleaved runs, medians of processor time")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(runs):
        ours.append(seconds(scanned, sql))
        theirs.append(seconds(split_by_sqlparse, sql))
    scan_speed = size / statistics.median(ours)
    sqlparse_speed = size / statistics.median(theirs)
    print(f"scan           {scan_speed:6.2f} MB/s, {scanned(sql)} statements")
    print(f"sqlparse.split {sqlparse_speed:6.2f} MB/s, {split_by_sqlparse(sql)} texts")
    print(f"ratio          {scan_speed / sqlparse_speed:6.1f}")
    print(f"memory of scan {peak_memory(sql) / len(sql.encode()):6.2f} bytes for each byte of SQL")


if __name__ == "__main__":
    main()
