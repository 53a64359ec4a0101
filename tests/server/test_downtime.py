"""Downtime: what users do, tried while locks are held for real."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from application import running
from gates import project_of
from psycopg.conninfo import make_conninfo

from pytest_dbmigrate.postgres.secret import Secret
from pytest_dbmigrate.postgres.tried_statements import tried_statements
from pytest_dbmigrate.probes.downtime import Gap, Gaps, Tries
from pytest_dbmigrate.spec.timed_queries import TimedQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg import Connection
    from shop import Live

SCHEMA = """
CREATE TABLE orders (id int PRIMARY KEY);
CREATE TABLE lines (id int);
CREATE TABLE quiet (id int);
"""
MS = 1_000_000


@pytest.fixture
def conn(database: str) -> Iterator[Connection[object]]:
    """Who holds the locks."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCHEMA)
        yield conn


@pytest.fixture
def tries() -> Iterator[Tries]:
    tries = Tries()
    tries.start()
    yield tries
    tries.end()


def statements(conn: Connection[object], tmp_path: Path, migration: str = "") -> dict[str, str]:
    project = project_of(tmp_path, {"001_x.sql": migration or "SELECT 1;"})
    return tried_statements(conn, project.migrations, project.timed)


def waits(conn: Connection[object], count: int = 1) -> None:
    """Until so many tries wait for a lock."""
    query = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
               WHERE NOT l.granted AND a.application_name LIKE '%downtime'"""
    while conn.execute(query).fetchone() < (count,):  # type: ignore[operator]  # a row of one number
        pass


def by_name(seen: Gaps) -> dict[str, Gap]:
    assert seen.problem == ""
    return {gap.name: gap for gap in seen.gaps}


def test_when_nothing_is_locked_then_no_try_waits_long_and_each_was_tried(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """Every table read and written, without a row being touched."""
    tries.begin_sql(Secret(database), statements(conn, tmp_path))
    seen = by_name(tries.end())
    assert set(seen) == {
        f"{what} public.{table}"
        for what in ("reading", "writing")
        for table in ("orders", "lines", "quiet")
    }
    for gap in seen.values():
        assert gap.tries >= 1
        assert gap.failing == gap.left_out == ""
        assert gap.longest_ns > 0


def test_when_a_table_is_locked_then_its_gap_is_as_long_as_the_lock_and_others_have_none(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """The others are tried over another connection while this one waits."""
    tries.begin_sql(Secret(database), statements(conn, tmp_path))
    with conn.transaction():
        conn.execute("LOCK TABLE orders")
        with psycopg.connect(database, autocommit=True) as other:
            waits(other, 2)  # a reader and a writer
            other.execute("SELECT pg_sleep(0.3)")
    seen = by_name(tries.end())
    for name in ("reading public.orders", "writing public.orders"):
        assert seen[name].longest_ns >= 300 * MS
        assert seen[name].at is not None
    assert seen["reading public.quiet"].tries > seen["reading public.orders"].tries


def test_when_an_index_is_built_then_writers_wait_and_readers_do_not(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """A SHARE lock keeps writers out, whom a read-only measurement would not notice."""
    tries.begin_sql(Secret(database), statements(conn, tmp_path))
    with conn.transaction():
        conn.execute("CREATE INDEX ON orders (id)")
        with psycopg.connect(database, autocommit=True) as other:
            waits(other)
            other.execute("SELECT pg_sleep(0.2)")
    seen = by_name(tries.end())
    assert seen["writing public.orders"].longest_ns >= 200 * MS
    assert seen["reading public.orders"].tries > seen["writing public.orders"].tries


def test_when_many_tables_are_locked_then_every_one_of_them_has_its_gap(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """More than there are connections: what could not be tried did not end before the others."""
    conn.execute("".join(f"CREATE TABLE t{n} (x int);" for n in range(8)).encode())
    tries.begin_sql(Secret(database), statements(conn, tmp_path))
    with conn.transaction():
        conn.execute(b"LOCK TABLE " + b", ".join(b"t%d" % n for n in range(8)))
        with psycopg.connect(database, autocommit=True) as other:
            waits(other, 5)
            other.execute("SELECT pg_sleep(0.2)")
    seen = by_name(tries.end())
    long = [name for name, gap in seen.items() if gap.longest_ns >= 200 * MS]
    assert len([name for name in long if " public.t" in name]) >= 5


def test_when_a_table_is_dropped_then_it_is_gone_and_when_a_right_is_taken_then_it_fails(
    conn: Connection[object],
    database: str,
    tries: Tries,
    tmp_path: Path,
    server_role: Callable[[str], str],
) -> None:
    """A table that the migrations remove is no downtime; what users may do no more has no end."""
    role = server_role("user")
    conn.execute(f"GRANT SELECT ON quiet, lines TO {role}".encode())
    with psycopg.connect(database, user=role, autocommit=True) as user:
        asked = statements(user, tmp_path)
    assert list(asked) == ["reading public.lines", "reading public.quiet"]
    tries.begin_sql(Secret(make_conninfo(database, user=role)), asked)
    conn.execute("DROP TABLE lines")
    conn.execute(f"REVOKE SELECT ON quiet FROM {role}".encode())
    seen = by_name(tries.end())
    assert seen["reading public.lines"].gone
    assert seen["reading public.quiet"].failing == "permission denied for table quiet"
    assert not seen["reading public.quiet"].gone


def test_when_the_connections_are_cut_then_that_is_a_gap_and_it_goes_on(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """As in a crash of the server: users have to connect again."""
    tries.begin_sql(Secret(database), statements(conn, tmp_path))
    cut = conn.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name LIKE '%downtime' AND datname = current_database()"
    ).fetchone()
    assert cut == (1,)
    seen = by_name(tries.end())
    assert not any(gap.failing for gap in seen.values())


def test_when_a_query_is_slow_or_wrong_beforehand_then_it_is_left_out_with_the_reason(
    conn: Connection[object], database: str, tries: Tries, tmp_path: Path
) -> None:
    """It would stand in the migrations' way, or say nothing of them."""
    queries = [
        TimedQuery("slow", "SELECT pg_sleep(0.3)", "q.sql", 1),
        TimedQuery("wrong", "SELECT gone FROM orders", "q.sql", 2),
        TimedQuery("good", "SELECT count(*) FROM orders", "q.sql", 3),
        TimedQuery("writes", "SELECT nextval('s')", "q.sql", 3),
    ]
    conn.execute("CREATE SEQUENCE s")
    project = project_of(tmp_path, {"001_x.sql": "SELECT 1;"})
    tries.begin_sql(Secret(database), tried_statements(conn, project.migrations, queries))
    seen = by_name(tries.end())
    assert seen["query slow"].left_out.startswith("takes longer than 250 ms")
    assert seen["query wrong"].left_out == 'column "gone" does not exist'
    assert "read-only" in seen["query writes"].left_out
    assert seen["query good"].tries
    assert conn.execute("SELECT is_called FROM s").fetchone() == (False,)


def test_when_migrations_name_a_table_then_it_is_among_the_first(
    conn: Connection[object], tmp_path: Path
) -> None:
    """A database of a thousand tables: those that will be locked must be tried."""
    asked = statements(conn, tmp_path, "ALTER TABLE Quiet ADD COLUMN y int;")
    assert list(asked)[:2] == ["reading public.quiet", "writing public.quiet"]


def test_when_nobody_can_connect_then_there_is_no_figure_but_why(tries: Tries) -> None:
    """And no password in the words."""
    tries.begin_sql(Secret("host=/nowhere dbname=x password=hunter2"), {"a": "SELECT 1"})
    seen = tries.end()
    assert "Cannot connect to database" in seen.problem
    assert "hunter2" not in seen.problem
    assert seen.gaps == ()


def test_when_it_was_not_begun_or_its_process_dies_then_that_is_said(database: str) -> None:
    """Nothing is claimed of what was not measured."""
    tries = Tries()
    assert tries.end().problem == "it was not begun"
    tries.start()
    assert tries.end().problem == "it was not begun"
    tries.start()
    tries.begin_sql(Secret(database), {"a": "SELECT 1"})
    process = tries._process
    assert process is not None
    process.kill()
    assert tries.end().problem.startswith("its process ended")


def test_when_the_gates_process_dies_then_the_tries_end_by_themselves(database: str) -> None:
    """A killed run leaves nobody behind who knocks at production."""
    tries = Tries()
    tries.start()
    tries.begin_sql(Secret(database), {"a": "SELECT 1"})
    process = tries._process
    assert process is not None
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()
    assert process.wait(timeout=10) is not None


def test_when_the_application_dies_and_recovers_then_the_gap_of_its_probe_is_as_long(
    live: Live, tmp_path: Path, tries: Tries
) -> None:
    """The HTTP probe's own tries."""
    with running(live.dsn, tmp_path / "application.log") as application:
        request = {"name": "health", "method": "GET", "url": f"{application.url}/health"}
        wrong = {"name": "moved", "method": "GET", "url": f"{application.url}/moved"}
        more: dict[str, object] = {"headers": {}, "status": 200}
        tries.begin_http(Secret(json.dumps([request | more, wrong | more])))
        application.die()
        live.ask("SELECT pg_sleep(0.2)")
        asked = len(application.asked)
        application.start()
        while len(application.asked) == asked:
            pass
        seen = by_name(tries.end())
    assert seen["health"].longest_ns >= 200 * MS
    assert seen["health"].failing == ""
    assert seen["moved"].left_out == "answered 302"


def test_when_a_module_of_the_same_name_lies_about_then_it_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """The process starts in the user's folder, which may hold anything."""
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    tries = Tries()
    tries.start()
    tries.begin_sql(Secret(database), {"a": "SELECT 1"})
    assert by_name(tries.end())["a"].tries
    assert sys.path
