"""What data there is: bounded counts, a digest that finds any change, where sequences stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pytest_dbmigrate.postgres.data_digest import changed_tables, data_digest
from pytest_dbmigrate.postgres.row_counts import RowCount, row_counts
from pytest_dbmigrate.postgres.sequences import SequenceMove, moves, positions

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]

SHOP = """
    CREATE TABLE shops (id integer PRIMARY KEY, name text, note text);
    INSERT INTO shops SELECT n, 'shop ' || n FROM generate_series(1, 10) n;
    CREATE TABLE sales (id integer PRIMARY KEY);
    CREATE TABLE log (at integer) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
    CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20);
    INSERT INTO log SELECT generate_series(5, 15);
    DO $$ BEGIN CREATE ROLE data_reader; EXCEPTION WHEN duplicate_object THEN END $$;
"""


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    """A connection of the superuser to a shop of the test's own."""
    with psycopg.connect(database) as connection:
        connection.execute(SHOP)
        connection.commit()
        yield connection


def test_counting_named_tables_then_bounded_and_never_a_false_zero(conn: Connection) -> None:
    """Names as a user writes them; beyond the limit "at least"; what is hidden has a reason."""
    conn.execute("GRANT SELECT ON shops, log TO data_reader; SET LOCAL ROLE data_reader")
    found = row_counts(conn, ["shops", "public.log", "sales", "never"], limit=10)
    assert found[:2] == (RowCount("public.shops", 10), RowCount("public.log", 10, at_least=True))
    assert found[2].rows is None
    assert "permission denied" in found[2].why
    assert found[3] == RowCount("never", why="there is no such table")


def test_the_same_rows_in_another_order_then_the_digest_is_the_same(conn: Connection) -> None:
    """Only content counts; a changed value is seen, in its table."""
    conn.execute("SET LOCAL timezone = 'Asia/Tokyo'; ALTER TABLE shops ADD t timestamptz")
    before = data_digest(conn)
    conn.execute("SET LOCAL timezone = 'UTC'; UPDATE shops SET name = name WHERE id % 2 = 0")
    assert changed_tables(before, data_digest(conn)) == ()
    assert data_digest(conn).digest == before.digest
    conn.execute("UPDATE shops SET note = '' WHERE id = 9")
    conn.execute("INSERT INTO log SELECT * FROM log LIMIT 1")
    assert changed_tables(before, data_digest(conn)) == ("public.log_1", "public.shops")
    assert data_digest(conn).digest != before.digest


def test_tables_too_large_or_hidden_then_the_digest_says_that_it_left_them_out(
    conn: Connection,
) -> None:
    """What was not read is not compared, and named."""
    conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO data_reader")
    conn.execute("CREATE TABLE wide AS SELECT repeat('x', 100) FROM generate_series(1, 2000)")
    conn.execute("REVOKE SELECT ON sales FROM data_reader; SET LOCAL ROLE data_reader")
    found = data_digest(conn, limit_bytes=100_000)
    assert set(found.tables) == {
        "public.log_1",
        "public.log_2",
        "public.shops",
    }
    assert "permission denied" in found.not_read["public.sales"]
    assert "the limit is 100,000 bytes" in found.not_read["public.wide"]


def test_a_sequence_moves_then_it_is_told_although_nothing_else_is(conn: Connection) -> None:
    """Rolling back does not bring it back, so it is read again afterwards."""
    conn.execute("CREATE SEQUENCE counter; CREATE SEQUENCE quiet")
    conn.commit()
    before = positions(conn)
    conn.execute("SELECT nextval('counter') FROM generate_series(1, 3)")
    conn.rollback()
    assert moves(before, positions(conn)) == (SequenceMove("public.counter", None, 3),)
