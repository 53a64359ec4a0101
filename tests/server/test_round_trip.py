"""What PostgreSQL prints otherwise after a dump and restore is no difference; all else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from clones import cloned, made

from pytest_dbmigrate.postgres.catalog import diff, snapshot
from pytest_dbmigrate.postgres.round_trip import as_reread, as_restored

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.server import Server

# Every kind of object that may hold such a condition.
CONDITIONS = r"""
CREATE TABLE e (s varchar(20), n int, CHECK (s IN ('active', 'it''s', 'a, b', E'back\\slash')),
    CHECK (s NOT IN ('x', 'y')), k boolean GENERATED ALWAYS AS (s IN ('a', 'b')) STORED);
CREATE INDEX i ON e (n) WHERE s IN ('a', 'b');
CREATE VIEW v AS SELECT * FROM e WHERE s IN ('a', 'b');
ALTER TABLE e ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON e USING (s IN ('a', 'b'));
CREATE DOMAIN d AS varchar(9) CHECK (VALUE IN ('a', 'b'));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON e FOR EACH ROW WHEN (NEW.s IN ('a', 'b')) EXECUTE FUNCTION f();
"""


def test_when_a_condition_prints_otherwise_once_restored_then_the_clone_is_equal(
    server: Server,
) -> None:
    """The server itself says how it prints them; that the two differ at all is shown as well."""
    with made(server, CONDITIONS) as dsn, cloned(dsn) as (clone, conn):
        with psycopg.connect(dsn) as source:
            target, copy = snapshot(source), snapshot(conn)
        assert len(diff(target, copy)) >= 8
        assert diff(as_restored(target), copy) == ()
        assert clone.differences.schema == ()
        assert as_restored(copy) == copy


@pytest.mark.parametrize(
    "text",
    [
        "CHECK (s = ANY ((ARRAY['a'::text, 'b'::text])::text[]))",
        "CHECK (s = ANY ((ARRAY['a'::character varying, x])::text[]))",
        "CHECK (s = ANY ((ARRAY['a'::character varying])::name[]))",
        "'(ARRAY['",
    ],
)
def test_when_it_is_not_that_very_form_then_it_stays_as_it_is(text: str) -> None:
    assert as_reread(text) == text


def test_when_a_value_is_another_then_it_is_still_a_difference() -> None:
    one = as_reread("((s)::text = ANY ((ARRAY['a'::character varying])::text[]))")
    assert one == "((s)::text = ANY (ARRAY[('a'::character varying)::text]))"
    assert one != as_reread("((s)::text = ANY ((ARRAY['b'::character varying])::text[]))")
