"""Figures of a running database, on both servers, as roles with few rights see them too."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_dbmigrate.postgres import metrics
from pytest_dbmigrate.postgres.binaries import find_binaries
from pytest_dbmigrate.postgres.query import ConnectionLostError
from pytest_dbmigrate.postgres.server import running_server
from pytest_dbmigrate.postgres.slow_statements import (
    SLOWEST,
    StatementCount,
    Statements,
    read_statements,
    slowest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from pytest_dbmigrate.postgres.metrics import Reading
    from pytest_dbmigrate.postgres.server import Server


@pytest.fixture
def conn(database: str) -> Iterator[Connection[object]]:
    """A connection as the gate opens them."""
    with psycopg.connect(database, autocommit=True, prepare_threshold=None) as conn:
        yield conn


def flush(conn: Connection[object]) -> None:
    """Have the server count what this session did, now (PostgreSQL 15 and later)."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.execute("SELECT 1")


def reading(conn: Connection[object], name: str) -> Reading:
    return metrics.read(conn).readings[name]


def test_when_a_database_is_read_then_every_figure_has_a_value_and_its_moment(
    conn: Connection[object],
) -> None:
    """In the order of the report, with units."""
    seen = metrics.read(conn)
    assert list(seen.readings) == list(metrics.NAMES)
    for name, each in seen.readings.items():
        assert each.value is not None, (name, each.text)
        assert each.unit == metrics.NAMES[name]
        assert each.at >= seen.at
    assert seen.server_started


def test_when_sessions_come_then_they_are_counted_against_what_the_server_allows(
    conn: Connection[object], database: str
) -> None:
    """Ours are left out: those that read, and those that are said to be ours."""
    before = reading(conn, "connections")
    with psycopg.connect(database), psycopg.connect(database) as ours:
        readings = metrics.read(conn, ours=[ours.info.backend_pid]).readings
    now = readings["connections"]
    assert before.value is not None
    assert now.value == before.value + 1
    assert now.limit == 100
    assert now.text == f"{now.value} of 100 (max_connections)"


def test_when_a_session_waits_for_a_lock_then_it_is_told_with_whom_it_waits_for(
    conn: Connection[object], database: str
) -> None:
    """The pid, the mode, the table and the blocker; not what it runs."""
    conn.execute("CREATE TABLE held (x int)")
    assert reading(conn, "waiting-locks").text == "0"
    with psycopg.connect(database) as holder, psycopg.connect(database) as waiter:
        holder.execute("LOCK TABLE held")
        thread = threading.Thread(target=lambda: waiter.execute("SELECT 'secret' FROM held"))
        thread.start()
        polls = (reading(conn, "waiting-locks") for _ in itertools.count())
        seen = next(each for each in polls if each.value)
        holder.rollback()
        thread.join()
        assert seen.value == 1
        assert f"pid {waiter.info.backend_pid} waits" in seen.details[0]
        assert "AccessShareLock on public.held" in seen.details[0]
        assert seen.details[0].endswith(f"behind pid {holder.info.backend_pid}")
        assert seen.longest is not None
        assert "secret" not in seen.text + "".join(seen.details)


def test_when_transactions_are_rolled_back_then_they_are_counted_and_ours_are_not(
    conn: Connection[object], database: str
) -> None:
    """Reading the figures commits."""
    flush(conn)
    before = reading(conn, "rollbacks")
    for _ in range(3):
        metrics.read(conn, tables=True)
    flush(conn)
    assert reading(conn, "rollbacks").value == before.value
    with psycopg.connect(database) as other:
        other.execute("SELECT 1")
        other.rollback()
        other.execute("SELECT pg_stat_force_next_flush()")
        other.commit()
    now = reading(conn, "rollbacks")
    assert before.value is not None
    assert now.value == before.value + 1
    assert now.since == before.since


def test_when_rows_die_and_files_grow_then_size_and_dead_rows_grow(
    conn: Connection[object],
) -> None:
    """The largest tables stand on top, by their quoted names."""
    before = metrics.read(conn, tables=True)
    conn.execute('CREATE TABLE "Big one" AS SELECT generate_series(1, 10000) AS x')
    conn.execute('DELETE FROM "Big one" WHERE x > 9000')
    flush(conn)
    now = metrics.read(conn, tables=True)
    size, earlier = (s.readings["database-size"].value for s in (now, before))
    assert size is not None
    assert earlier is not None
    assert size > earlier + 300_000
    assert now.readings["dead-rows"].value == 1000
    assert now.readings["dead-rows"].details == ('public."Big one": 1000',)
    assert before.tables == ()
    assert [t.name for t in now.tables] == ['public."Big one"']
    assert now.tables[0].size > 300_000
    assert now.tables[0].dead == 1000


def test_when_a_sort_needs_files_then_they_are_counted_with_their_bytes(
    conn: Connection[object],
) -> None:
    """What work_mem could not hold."""
    assert reading(conn, "temporary-files").text == "0, 0 bytes"
    conn.execute("SET work_mem = '64kB'")
    conn.execute("SELECT count(*) FROM (SELECT x FROM generate_series(1, 20000) x ORDER BY -x) s")
    flush(conn)
    seen = reading(conn, "temporary-files")
    assert seen.value
    assert not seen.text.endswith(", 0 bytes")


def test_when_the_role_may_do_nothing_then_it_still_sees_all_but_statements(
    conn: Connection[object], database: str, server_role: Callable[[str], str]
) -> None:
    """The figures come from what every role sees, so that no right has to be given for them."""
    del conn
    role = server_role("nobody")
    with psycopg.connect(database, user=role, autocommit=True) as nobody:
        seen = metrics.read(nobody, tables=True)
    assert [n for n, each in seen.readings.items() if each.value is None] == []


def test_when_a_table_is_locked_then_its_size_is_not_waited_for(
    conn: Connection[object], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure that cannot be had in time says why; the others are there."""
    conn.execute("CREATE TABLE held AS SELECT 1 AS x")
    flush(conn)
    monkeypatch.setattr(metrics.fetch, "__defaults__", (0.05,))
    with psycopg.connect(database) as holder:
        holder.execute("LOCK TABLE held")
        seen = metrics.read(conn, tables=True)
        assert seen.tables == ()
        assert seen.readings["database-size"].value


def test_when_the_server_is_gone_then_the_caller_is_told(
    conn: Connection[object], database: str
) -> None:
    """A lost connection is not a figure of 0."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
    with pytest.raises(ConnectionLostError):
        metrics.read(conn)


def test_when_names_are_redefined_in_front_of_the_catalog_then_ours_are_still_the_catalogs(
    conn: Connection[object],
) -> None:
    """A search_path that a role or database has by default leads to no table of the user's."""
    conn.execute("CREATE TABLE public.pg_stat_database (datname name)")
    conn.execute("SET search_path = public, pg_catalog")
    assert reading(conn, "connections").value is not None
    assert reading(conn, "dead-rows").value is not None


# -- statements ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[15, 18])
def counting(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Servers that load pg_stat_statements."""
    request.getfixturevalue(f"pg{request.param}")  # skips where there is none
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with running_server(find_binaries(major=request.param), settings=settings) as server:
        yield server


@contextmanager
def database_of(server: Server, schema: str = "public") -> Iterator[Connection[object]]:
    """The server's own database, with the extension while the block lasts."""
    with psycopg.connect(server.dsn(), autocommit=True, prepare_threshold=None) as conn:
        conn.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
        conn.execute(f'CREATE EXTENSION pg_stat_statements SCHEMA "{schema}"'.encode())
        try:
            yield conn
        finally:
            conn.execute("DROP EXTENSION pg_stat_statements")


def statements(conn: Connection[object]) -> Statements:
    found = read_statements(conn)
    assert isinstance(found, Statements), found.text
    return found


def test_when_statements_ran_between_two_readings_then_the_slowest_mean_of_that_time_is_told(
    counting: Server,
) -> None:
    """What ran before does not count, nor what is ours or does no work of the application's."""
    with database_of(counting, "Stats of") as conn:
        conn.execute("SELECT pg_sleep(0.2)")
        earlier = statements(conn)
        metrics.read(conn)
        conn.execute("BEGIN")
        conn.execute("ROLLBACK")
        nothing = slowest(earlier, statements(conn))
        assert nothing.value is None
        assert nothing.text.startswith("no statement of the application ran")
        for seconds in (0.01, 0.03):
            conn.execute(f"SELECT 1, pg_sleep({seconds})".encode())
        conn.execute("SELECT 1 AS quick")
        seen = slowest(earlier, statements(conn))
    assert seen.value is not None
    assert seen.value >= 20
    assert seen.unit == "ms"
    assert "2 calls: SELECT $1, pg_sleep($2)" in seen.details[0]
    assert not any(": SELECT pg_sleep(" in line for line in seen.details)


def test_when_the_statistics_are_reset_in_between_then_nothing_is_claimed(
    counting: Server,
) -> None:
    """What ran before the reset is not known."""
    with database_of(counting) as conn:
        conn.execute("SELECT 1, 2")
        earlier = statements(conn)
        conn.execute("SELECT pg_stat_statements_reset()")
        conn.execute("SELECT 1, 2")
        seen = slowest(earlier, statements(conn))
    assert seen.value is None
    assert "were reset" in seen.text


def test_when_the_role_may_not_see_others_statements_then_the_grant_is_shown(
    counting: Server,
) -> None:
    """Its own statements alone would look like a database without slow ones."""
    with database_of(counting) as conn:
        conn.execute("CREATE ROLE watcher LOGIN")
        try:
            with psycopg.connect(counting.dsn(), user="watcher", autocommit=True) as other:
                seen = read_statements(other)
                assert not isinstance(seen, Statements)
                assert seen.text == "role watcher does not see the statements of other roles"
                assert seen.todo == "GRANT pg_read_all_stats TO watcher;"
                conn.execute("GRANT pg_read_all_stats TO watcher")
                assert isinstance(read_statements(other), Statements)
        finally:
            conn.execute("DROP ROLE watcher")


def test_when_the_extension_is_missing_then_the_line_that_adds_it_is_shown(
    conn: Connection[object],
) -> None:
    """Missing in the database, or there and not loaded by the server."""
    seen = read_statements(conn)
    assert not isinstance(seen, Statements)
    assert "not installed in this database" in seen.text
    assert seen.todo.startswith("CREATE EXTENSION pg_stat_statements;")
    conn.execute("CREATE EXTENSION pg_stat_statements")
    seen = read_statements(conn)
    assert not isinstance(seen, Statements)
    assert "shared_preload_libraries" in seen.text


@pytest.mark.parametrize("version", ["1.7", "1.8", "1.9"])
def test_when_the_extension_is_an_old_one_then_its_own_columns_are_read(
    counting: Server, version: str
) -> None:
    """pg_upgrade leaves the extension as it was: total_time became total_exec_time in 1.8."""
    with psycopg.connect(counting.dsn(), autocommit=True) as conn:
        try:
            conn.execute(f"CREATE EXTENSION pg_stat_statements VERSION '{version}'".encode())
        except psycopg.errors.FeatureNotSupported:
            pytest.skip(f"this server has no pg_stat_statements {version}")
        try:
            earlier = statements(conn)
            conn.execute("SELECT 1, 2, 3")
            assert slowest(earlier, statements(conn)).value is not None
        finally:
            conn.execute("DROP EXTENSION pg_stat_statements")


def test_when_a_count_goes_down_then_all_that_it_has_is_new() -> None:
    """One statement's counts can be forgotten alone, or make room for others and come back."""

    def seen(calls: int, total: float) -> Statements:
        counts = {("1", "2", "true"): StatementCount(calls, total, "SELECT slow")}
        return Statements(datetime.now(UTC), counts, "t")

    assert slowest(seen(10, 10.0), seen(2, 3000.0)).value == 1500
    assert slowest(seen(10, 10.0), seen(12, 30.0)).value == 10
    assert slowest(seen(10, 10.0), seen(10, 10.0)).value is None
    assert slowest(seen(10, 10.0), seen(10, 10.0)).name == SLOWEST
