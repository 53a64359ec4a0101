"""Which locks a migration holds, who stands in its way, and what its role may know about them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pytest_dbmigrate.postgres.lock_forecast import forecast_locks
from pytest_dbmigrate.postgres.locks import (
    HeldLock,
    blockers,
    lock_holders,
    sees_activity,
    watch_locks,
)
from pytest_dbmigrate.postgres.server import Server, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]

SHOP = """
    CREATE TABLE shops (id integer PRIMARY KEY, name text);
    CREATE TABLE sales (id integer PRIMARY KEY, shop integer REFERENCES shops);
    INSERT INTO shops VALUES (1, 'one');
"""


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    """The observer: a superuser in autocommit mode, with the shop committed."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SHOP)
        yield connection


@pytest.fixture
def conn(admin: Connection, database: str) -> Iterator[Connection]:
    """The migration's connection."""
    assert admin
    with psycopg.connect(database) as connection:
        yield connection


def test_each_statement_then_only_the_locks_it_added_are_told(conn: Connection) -> None:
    """A stronger mode on the same table is new; what was told is not told again."""
    watch = watch_locks(conn)
    conn.execute("SELECT FROM shops")
    assert watch.new() == (HeldLock("public.shops", "AccessShareLock"),)
    conn.execute("ALTER TABLE shops ADD note text")
    assert watch.new() == (HeldLock("public.shops", "AccessExclusiveLock"),)
    assert watch.new() == ()


def test_relations_made_or_dropped_in_the_transaction_then_they_have_names(
    conn: Connection,
) -> None:
    """A dropped table by the name it had; a new one is marked, as nobody can wait for it."""
    watch = watch_locks(conn)
    conn.execute('CREATE TABLE "New One" (id integer PRIMARY KEY)')
    assert HeldLock('public."New One"', "AccessExclusiveLock", created=True) in watch.new()
    conn.execute('DROP TABLE sales; DROP TABLE "New One"')
    # The key's other end loses its triggers, so it is locked as well.
    assert watch.new() == (
        HeldLock("public.sales", "AccessExclusiveLock"),
        HeldLock("public.shops", "AccessExclusiveLock"),
    )


def test_an_index_locked_without_its_table_then_it_is_told(conn: Connection) -> None:
    """DROP INDEX and REINDEX INDEX keep every reader of the table waiting: planning needs it."""
    conn.execute("CREATE INDEX sales_shop ON sales (shop)")
    conn.commit()
    watch = watch_locks(conn)
    conn.execute("REINDEX INDEX sales_shop")
    assert watch.new() == (
        HeldLock("public.sales", "ShareLock"),
        HeldLock("public.sales_shop", "AccessExclusiveLock"),
    )


@pytest.mark.parametrize(
    ("mode", "blocks"),
    [
        ("ACCESS SHARE", ""),
        ("ROW EXCLUSIVE", ""),
        ("SHARE UPDATE EXCLUSIVE", ""),
        ("SHARE", "writers"),
        ("SHARE ROW EXCLUSIVE", "writers"),
        ("EXCLUSIVE", "writers"),
        ("ACCESS EXCLUSIVE", "readers and writers"),
    ],
)
def test_a_lock_then_it_says_whom_it_blocks(conn: Connection, mode: str, blocks: str) -> None:
    """As the documentation's table of conflicts has it for SELECT and for INSERT."""
    watch = watch_locks(conn)
    conn.execute(f"LOCK TABLE shops IN {mode} MODE")
    (lock,) = watch.new()
    assert lock.blocks == blocks


@contextmanager
def waiting(conn: Connection, observer: Connection, statement: str) -> Iterator[int]:
    """The pid of a connection while its statement waits for a lock; cancelled at the end."""
    pid = conn.info.backend_pid

    def work() -> None:
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute(statement)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        while observer.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid]).fetchone() == (
            0,
        ):
            pass
        yield pid
    finally:
        observer.execute("SELECT pg_cancel_backend(%s)", [pid])
        worker.join()
        conn.rollback()


def test_a_session_in_our_way_then_it_is_named_with_what_it_holds(
    conn: Connection, admin: Connection, database: str
) -> None:
    """Pid, user, application, state and ages; never the text of its query."""
    with psycopg.connect(database, application_name="billing") as other:
        theirs = other.info.backend_pid
        other.execute("UPDATE shops SET name = 'two' WHERE 1 = 1")
        (holder,) = lock_holders(admin, ["public.shops"], ours=[conn.info.backend_pid])
        assert lock_holders(admin, ["public.sales"]) == ()
        with waiting(conn, admin, "ALTER TABLE shops ADD note text") as pid:
            (found,) = blockers(admin, pid)
    for session in (holder, found):
        assert (session.pid, session.user) == (theirs, "postgres")
        assert (session.application, session.state) == ("billing", "idle in transaction")
        assert session.visible
        assert (session.transaction_seconds or 0) > 0
        assert (session.query_seconds or 0) > 0
        assert session.locks == (HeldLock("public.shops", "RowExclusiveLock"),)
    assert blockers(admin, pid) == ()


def test_a_role_without_pg_read_all_stats_then_it_is_told_what_it_cannot_see(
    conn: Connection, admin: Connection, database: str
) -> None:
    """Who blocks is known to everybody; its state and age only to pg_read_all_stats."""
    admin.execute(
        "DO $$ BEGIN CREATE ROLE locks_reader; EXCEPTION WHEN duplicate_object THEN END $$"
    )
    with psycopg.connect(database, application_name="billing") as other:
        other.execute("LOCK TABLE shops IN SHARE MODE")
        admin.execute("SET ROLE locks_reader")
        assert not sees_activity(admin)
        (found,) = lock_holders(admin)
        admin.execute("RESET ROLE")
    assert sees_activity(admin)
    assert (found.user, found.application, found.visible) == ("postgres", "billing", False)
    assert (found.state, found.transaction_seconds, found.query_seconds) == ("", None, None)
    assert found.locks == (HeldLock("public.shops", "ShareLock"),)
    assert conn


def test_a_forgotten_prepared_transaction_then_it_is_named_by_its_identifier(pg18: Server) -> None:
    """It has no session: pid 0, and only ROLLBACK PREPARED with its identifier ends it."""
    with (
        running_server(pg18.binaries, settings={"max_prepared_transactions": "2"}) as server,
        psycopg.connect(server.dsn(), autocommit=True) as admin,
        psycopg.connect(server.dsn()) as conn,
    ):
        admin.execute(SHOP)
        conn.execute("INSERT INTO shops VALUES (2, 'two')")
        conn.execute("PREPARE TRANSACTION 'forgotten'")
        (holder,) = lock_holders(admin, ["public.shops"])
        with waiting(conn, admin, "ALTER TABLE shops ADD note text") as pid:
            (found,) = blockers(admin, pid)
        admin.execute("ROLLBACK PREPARED 'forgotten'")
    for session in (holder, found):
        assert (session.pid, session.prepared, session.user) == (0, "forgotten", "postgres")
        assert (session.state, session.visible) == ("prepared", True)
        assert session.locks == (HeldLock("public.shops", "RowExclusiveLock"),)


def test_forecasting_then_it_is_not_below_what_the_run_really_takes(
    conn: Connection, admin: Connection
) -> None:
    """New tables with their keys and TOAST, and the partitions and indexes of old ones."""
    admin.execute(
        "CREATE TABLE log (at integer, line text) PARTITION BY RANGE (at);"
        + "".join(
            f"CREATE TABLE log_{n} PARTITION OF log FOR VALUES FROM ({n}) TO ({n + 1});"
            for n in range(20)
        )
        + "CREATE INDEX ON log (line)"
    )
    statements = [
        *(
            f"CREATE TABLE made_{n} (id serial PRIMARY KEY, a text UNIQUE, b int REFERENCES shops)"
            for n in range(40)
        ),
        "CREATE UNIQUE INDEX ON sales (shop)",
        "ALTER TABLE log ADD COLUMN x integer",
        *(f"INSERT INTO shops VALUES ({n}, 'x')" for n in range(10, 60)),
        "DROP TABLE sales",
    ]
    forecast = forecast_locks(conn, statements)
    for statement in statements:
        conn.execute(statement)
    # One entry of the lock table an object, whatever its modes.
    held = conn.execute(
        "SELECT count(DISTINCT (locktype, relation, classid, objid, objsubid)) FROM pg_locks"
        " WHERE pid = pg_backend_pid()"
    ).fetchone()
    assert held is not None
    assert held[0] <= forecast.expected <= 2 * held[0]
    assert not forecast.too_many
    assert forecast.hidden == 0


def test_forecasting_thousands_of_tables_then_it_is_too_many(conn: Connection) -> None:
    """Such a run fails half-way, and other sessions with it."""
    statements = [f"CREATE TABLE t{n} (id integer PRIMARY KEY)" for n in range(2_000)]
    assert forecast_locks(conn, statements).too_many
    assert not forecast_locks(conn, statements[:100]).too_many
    assert forecast_locks(conn, ["DO $$ BEGIN END $$", "CALL f()"]).hidden == 2
