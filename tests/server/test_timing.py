"""The application's queries, timed on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_dbmigrate.postgres.timing import Timing, measure
from pytest_dbmigrate.spec.timed_queries import TimedQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection


@pytest.fixture
def conn(database: str) -> Iterator[Connection[object]]:
    with psycopg.connect(database, autocommit=True, prepare_threshold=None) as conn:
        conn.execute("CREATE TABLE orders AS SELECT generate_series(1, 2000) AS id")
        yield conn


def time_it(conn: Connection[object], sql: str, runs: int = 3, seconds: float = 10) -> Timing:
    (timing,) = measure(conn, [TimedQuery("q", sql, "q.sql", 1, runs)], seconds)
    return timing


def test_when_a_query_is_timed_then_the_median_of_its_runs_and_its_plan_are_there(
    conn: Connection[object],
) -> None:
    """The run that fills the caches is not among them."""
    timing = time_it(conn, "SELECT id FROM orders WHERE id <= 1500")
    assert len(timing.times_ns) == 3
    assert timing.median_ns == sorted(timing.times_ns)[1]
    assert timing.median_ns > 0
    assert timing.rows == 1500
    assert timing.plan == ("Seq Scan on orders", "  Filter: (id <= 1500)")
    assert conn.info.transaction_status.name == "IDLE"


def test_when_an_index_comes_then_the_plan_is_another_one(conn: Connection[object]) -> None:
    """Without costs, which differ from one ANALYZE to the next."""
    before = time_it(conn, "SELECT id FROM orders WHERE id = 7")
    conn.execute("CREATE UNIQUE INDEX ON orders (id)")
    conn.execute("ANALYZE orders")
    after = time_it(conn, "SELECT id FROM orders WHERE id = 7")
    assert before.plan != after.plan
    assert "Index" in after.plan[0]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT gone FROM orders", 'column "gone" does not exist'),
        ("SELECT 1/(id - id) FROM orders", "division by zero"),
        ("SELECT pg_sleep(10)", "statement timeout"),
    ],
)
def test_when_a_query_fails_then_it_says_why_and_the_next_one_is_timed(
    conn: Connection[object], sql: str, why: str
) -> None:
    """A query that the migration broke has no time, which must not read as 0."""
    queries = [TimedQuery("bad", sql, "q.sql", 1), TimedQuery("good", "SELECT 1", "q.sql", 2)]
    bad, good = measure(conn, queries, 0.1)
    assert bad.median_ns is None
    assert why in bad.why
    assert good.median_ns


def test_when_a_query_would_write_then_the_server_refuses(conn: Connection[object]) -> None:
    """A function that writes cannot be seen in the text."""
    conn.execute(
        "CREATE FUNCTION sly() RETURNS void LANGUAGE sql AS 'INSERT INTO orders VALUES (0)'"
    )
    assert "read-only" in time_it(conn, "SELECT sly()").why
    assert conn.execute("SELECT count(*) FROM orders").fetchone() == (2000,)
