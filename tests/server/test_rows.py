"""Lost rows are the migration's own: none is missed, and none of the traffic's is put on it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from pytest_dbmigrate.postgres.rows import RowChange, open_account
from pytest_dbmigrate.spec.declarations import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.server import Server

Connection = psycopg.Connection[Any]

SHOP = """
    CREATE TABLE shops (id integer PRIMARY KEY, name text, note text);
    INSERT INTO shops SELECT n, 'shop ' || n, CASE WHEN n <= 3 THEN 'seen' END
                      FROM generate_series(1, 10) n;
    CREATE TABLE sales (id integer PRIMARY KEY, shop integer REFERENCES shops ON DELETE CASCADE);
    INSERT INTO sales SELECT n, n FROM generate_series(1, 7) n;
    CREATE TABLE log (at integer, line text) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
    CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20);
    INSERT INTO log SELECT n, 'line' FROM generate_series(5, 15) n;
    CREATE TABLE base (a integer, extra text);
    CREATE TABLE derived (b integer) INHERITS (base);
    INSERT INTO base VALUES (1, 'x'), (2, NULL);
    INSERT INTO derived VALUES (3, 'y', 1), (4, 'z', 1), (5, NULL, 1);
"""


@pytest.fixture(scope="module")
def committed(server: Server) -> Iterator[str]:
    """A database with the shop committed, for all tests that commit nothing."""
    name = f"rows_{uuid4().hex}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(server.dsn(name)) as conn:
            conn.execute(SHOP)
        yield server.dsn(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(committed: str) -> Iterator[Connection]:
    """A fresh connection of the superuser to the shop; what it does is rolled back."""
    with psycopg.connect(committed) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    """A fresh connection of the superuser to a shop of the test's own."""
    with psycopg.connect(database) as connection:
        connection.execute(SHOP)
        connection.commit()
        yield connection


def migrate(
    conn: Connection, *statements: str, declarations: tuple[Declaration, ...] = ()
) -> tuple[RowChange, ...]:
    """What the account of these statements comes to."""
    account = open_account(conn)
    for statement in statements:
        account.before(statement)
        conn.execute(statement)
    return account.changes(declarations)


def lost(found: tuple[RowChange, ...]) -> dict[str, int]:
    """Lost rows by table, where all were counted."""
    assert all(change.counted for change in found)
    return {change.table: change.lost for change in found if change.lost}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM sales WHERE id > 4", {"public.sales": 3}),
        ("DELETE FROM shops WHERE id <= 2", {"public.shops": 2, "public.sales": 2}),
        ("DROP TABLE sales", {"public.sales": 7}),
        ("DROP TABLE IF EXISTS sales, shops", {"public.sales": 7, "public.shops": 10}),
        ("DROP TABLE shops CASCADE", {"public.shops": 10}),
        ("TRUNCATE sales", {"public.sales": 7}),
        ("TRUNCATE shops CASCADE", {"public.shops": 10, "public.sales": 7}),
        ("ALTER TABLE shops DROP COLUMN note", {"public.shops.note": 3}),
        ("ALTER TABLE shops DROP note, DROP COLUMN IF EXISTS x", {"public.shops.note": 3}),
        ("DROP TABLE log", {"public.log_1": 5, "public.log_2": 6}),
        ("TRUNCATE log", {"public.log_1": 5, "public.log_2": 6}),
        ("DROP TABLE log_2", {"public.log_2": 6}),
        ("ALTER TABLE log DROP COLUMN line", {"public.log_1.line": 5, "public.log_2.line": 6}),
        ("DROP TABLE base CASCADE", {"public.base": 2, "public.derived": 3}),
        ("TRUNCATE base", {"public.base": 2, "public.derived": 3}),
        ("TRUNCATE ONLY base", {"public.base": 2}),
        ("ALTER TABLE base DROP extra", {"public.base.extra": 1, "public.derived.extra": 2}),
        ("ALTER TABLE ONLY base DROP extra", {"public.base.extra": 1}),
        (
            "DROP SCHEMA public CASCADE",
            {
                "public.base": 2,
                "public.derived": 3,
                "public.log_1": 5,
                "public.log_2": 6,
                "public.sales": 7,
                "public.shops": 10,
            },
        ),
        ("UPDATE shops SET name = 'other'", {}),
        ("INSERT INTO sales VALUES (8, 8)", {}),
        ("ALTER TABLE shops ALTER COLUMN id TYPE bigint", {}),
        ("ALTER TABLE sales RENAME TO sold", {}),
        ("DROP TABLE IF EXISTS never_was", {}),
        ("DROP INDEX IF EXISTS never_was", {}),
        ("ALTER TABLE log DETACH PARTITION log_1", {}),
    ],
)
def test_one_statement_then_exactly_its_losses_are_counted(
    conn: Connection, statement: str, expected: dict[str, int]
) -> None:
    """Children, partitions and CASCADE included; for a column its values that are not null."""
    assert lost(migrate(conn, statement)) == expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (("DELETE FROM sales WHERE id > 4", "DROP TABLE sales"), {"public.sales": 7}),
        (("DELETE FROM sales WHERE id > 4", "TRUNCATE sales"), {"public.sales": 7}),
        (("INSERT INTO sales VALUES (8, 8)", "DROP TABLE sales"), {"public.sales": 7}),
        (
            ("TRUNCATE sales", "INSERT INTO sales VALUES (9, 9)", "TRUNCATE sales"),
            {"public.sales": 7},
        ),
        (
            ("TRUNCATE sales", "INSERT INTO sales VALUES (9, 9)", "DELETE FROM sales"),
            {"public.sales": 7},
        ),
        (("TRUNCATE sales", "DROP TABLE sales"), {"public.sales": 7}),
        (
            (
                "ALTER TABLE derived NO INHERIT base",
                "ALTER TABLE derived INHERIT base",
                "ALTER TABLE base DROP extra",
            ),
            {"public.base.extra": 1},
        ),
        (("ALTER TABLE sales RENAME TO sold", "DROP TABLE sold"), {"public.sales": 7}),
        (("CREATE TABLE fresh AS SELECT 1", "DROP TABLE fresh"), {}),
        (("ALTER TABLE shops ADD more text DEFAULT 'x'", "ALTER TABLE shops DROP more"), {}),
    ],
)
def test_several_statements_then_each_lost_row_counts_once(
    conn: Connection, statements: tuple[str, ...], expected: dict[str, int]
) -> None:
    """Rows deleted before a DROP are not forgotten; what the migration made itself is no loss."""
    assert lost(migrate(conn, *statements)) == expected


@pytest.mark.parametrize(
    ("statement", "table", "why"),
    [
        ("DO $$ BEGIN EXECUTE 'DROP TABLE sales'; END $$", "public.sales", "dropped"),
        ("DO $$ BEGIN EXECUTE 'TRUNCATE sales'; END $$", "public.sales", "truncated it"),
        ("DO $$ BEGIN ALTER TABLE shops DROP note; END $$", "public.shops.note", "dropped"),
    ],
)
def test_a_block_that_takes_rows_then_they_are_said_not_to_be_counted(
    conn: Connection, statement: str, table: str, why: str
) -> None:
    """Nothing is claimed: not a number, and least of all that nothing was lost."""
    ddl = ("CREATE INDEX ON shops (name)", "ALTER TABLE base ALTER COLUMN a TYPE bigint")
    (found,) = migrate(conn, ddl[0], statement, *ddl)
    assert (found.table, found.counted) == (table, False)
    assert why in found.note


@pytest.mark.parametrize(
    "does",
    [
        "ALTER TABLE shops ALTER COLUMN id TYPE bigint",
        "INSERT INTO shops SELECT n FROM generate_series(11, 15) n; CLUSTER shops USING shops_pkey",
        "CREATE TABLE fresh (a int); TRUNCATE fresh",
    ],
)
def test_a_block_that_rewrites_or_fills_then_nothing_is_lost(conn: Connection, does: str) -> None:
    """Another file with the rows of before in it is no loss."""
    assert lost(migrate(conn, f"DO $$ BEGIN {does}; END $$")) == {}


def test_a_block_that_truncates_and_fills_again_then_it_is_not_counted(conn: Connection) -> None:
    """The rows there are came after it: those of before are gone, nobody knows how many."""
    fill = "INSERT INTO sales SELECT n FROM generate_series(1, 9) n"
    (found,) = migrate(conn, f"DO $$ BEGIN TRUNCATE sales; {fill}; END $$")
    assert (found.table, found.counted) == ("public.sales", False)


def test_a_block_that_only_deletes_then_it_is_counted(conn: Connection) -> None:
    """The server counts deleted rows whatever statement deletes them."""
    block = "DO $$ BEGIN EXECUTE 'DELETE FROM sales WHERE id < 3'; END $$"
    assert lost(migrate(conn, block)) == {"public.sales": 2}


def test_counting_switched_off_then_nothing_counts_as_counted(conn: Connection) -> None:
    """A superuser can switch the server's counters off; then nobody knows."""
    found = migrate(conn, "SET LOCAL track_counts = off", "DELETE FROM sales")
    assert [(c.table, c.counted) for c in found if not c.counted] == [("all tables", False)]


def test_what_the_session_did_before_then_it_is_not_the_migrations(own: Connection) -> None:
    """The server's counters also hold what this session did in earlier transactions."""
    own.execute("DELETE FROM sales WHERE id = 1")
    own.commit()
    assert lost(migrate(own, "DELETE FROM sales WHERE id = 2")) == {"public.sales": 1}


def test_a_declared_loss_then_it_says_so(conn: Connection) -> None:
    """Declared by table or by column; the undeclared rest stays undeclared."""
    found = migrate(
        conn,
        "DELETE FROM sales WHERE id = 1",
        "ALTER TABLE shops DROP note, DROP name",
        declarations=(Declaration(("sales",), 1), Declaration(("shops", "note"), 1)),
    )
    assert {c.table: c.declared for c in found} == {
        "public.sales": True,
        "public.shops.note": True,
        "public.shops.name": False,
    }


def test_a_role_that_row_security_hides_rows_from_then_no_false_zero(conn: Connection) -> None:
    """An owner under forced row security sees no row, so the rows are not counted."""
    conn.execute("DO $$ BEGIN CREATE ROLE rows_owner; EXCEPTION WHEN duplicate_object THEN END $$")
    conn.execute(
        "GRANT ALL ON SCHEMA public TO rows_owner; ALTER TABLE sales OWNER TO rows_owner;"
        "ALTER TABLE sales ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "SET LOCAL ROLE rows_owner"
    )
    (found,) = migrate(conn, "DROP TABLE sales")
    assert (found.table, found.counted, found.lost) == ("public.sales", False, 0)
    assert "may not read all its rows" in found.note


def test_an_owner_without_other_rights_then_its_losses_are_counted(conn: Connection) -> None:
    """What an owner may drop it may count."""
    conn.execute("DO $$ BEGIN CREATE ROLE rows_owner; EXCEPTION WHEN duplicate_object THEN END $$")
    conn.execute("GRANT ALL ON SCHEMA public TO rows_owner; ALTER TABLE sales OWNER TO rows_owner")
    conn.execute("SET LOCAL ROLE rows_owner")
    assert lost(migrate(conn, "DROP TABLE sales")) == {"public.sales": 7}


@contextmanager
def traffic(dsn: str, statements: list[str]) -> Iterator[threading.Semaphore]:
    """Another session that runs these statements over and over, each its own transaction.

    The semaphore is released once a round.
    """
    stop, rounds = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SET lock_timeout = '50ms'")
            while not stop.is_set():
                for statement in statements:
                    try:
                        other.execute(statement)
                    except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable):
                        continue
                rounds.release()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield rounds
    finally:
        stop.set()
        worker.join()


def test_others_write_meanwhile_then_only_our_deletes_are_lost(
    own: Connection, database: str
) -> None:
    """No false alarm from their deletes, and their inserts mask none of ours."""
    theirs = [
        "INSERT INTO sales SELECT n, NULL FROM generate_series(100, 120) n ON CONFLICT DO NOTHING",
        "DELETE FROM sales WHERE id > 110",
    ]
    with traffic(database, theirs) as rounds:
        account = open_account(own)
        for _ in range(3):
            rounds.acquire()
        own.execute("DELETE FROM sales WHERE id < 3")
        for _ in range(3):
            rounds.acquire()
        assert lost(account.changes()) == {"public.sales": 2}


def test_others_insert_until_the_drop_then_their_rows_are_counted_too(
    own: Connection, database: str
) -> None:
    """The lock is taken before counting: no row comes between the count and the DROP."""
    theirs = ["INSERT INTO sales SELECT coalesce(max(id), 0) + 1, NULL FROM sales"]
    with traffic(database, theirs) as rounds:
        account = open_account(own)
        for _ in range(3):
            rounds.acquire()
        account.before("DROP TABLE sales")
        for _ in range(2):
            rounds.acquire()
        there = own.execute("SELECT count(*) FROM sales").fetchone()
        own.execute("DROP TABLE sales")
        found = lost(account.changes())
        own.rollback()
    assert there is not None
    assert there[0] >= 10
    assert found == {"public.sales": there[0]}
