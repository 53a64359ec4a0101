"""The catalog sees every change of the schema that pg_dump sees, and says by name what went."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from pytest_dbmigrate.postgres.catalog import (
    Catalog,
    Figures,
    ObjectChange,
    diff,
    figures,
    snapshot,
    without_database,
)
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.server import Server

Connection = psycopg.Connection[Any]
CORPUS = Path(__file__).parent / "data" / "ddl_changes.sql"


def create_role(conn: Connection, name: str, options: str = "") -> None:
    """Roles belong to the whole server, which other tests use too."""
    if not conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount:
        conn.execute(f"CREATE ROLE {name} {options}")


@contextmanager
def dumping(server: Server, dsn: str) -> Iterator[Callable[[], str]]:
    """pg_dump's print of the schema, made while the block runs, for the call at its end.

    Without the random key that some versions put into it.
    """
    command = [str(server.binaries.tool("pg_dump")), "--schema-only", "--create", dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # ours

        def text() -> str:
            printed, _ = process.communicate()
            assert process.returncode == 0
            return re.sub(r"^\\(un)?restrict .*$", "", printed, flags=re.MULTILINE)

        yield text


def changes(conn: Connection, statement: str) -> tuple[ObjectChange, ...]:
    """What one statement changes."""
    before = snapshot(conn)
    conn.execute(statement)
    return diff(before, snapshot(conn))


def brief(found: tuple[ObjectChange, ...], change: str) -> set[tuple[str, str]]:
    """Kind and identity of what was added, removed or changed."""
    return {(c.kind, c.identity) for c in found if c.change == change}


def seen_by_both(server: Server, conn: Connection, dsn: str) -> tuple[Catalog, str]:
    """The catalog and pg_dump's print of the same moment."""
    with dumping(server, dsn) as dumped:
        return snapshot(conn), dumped()


EXPECTED = {"": (True, True), "same": (False, False), "more": (True, False)}


def test_catalog_differs_exactly_when_pg_dump_does(server: Server, database: str) -> None:
    """After each change of the corpus both see one, or neither, or it is known to see more."""
    script = scan(CORPUS.read_text(), CORPUS.name)
    wrong = []
    marks: list[str] = []
    with psycopg.connect(database, autocommit=True) as conn:
        create_role(conn, "catalog_owner")
        create_role(conn, "catalog_reader")
        catalog, dumped = seen_by_both(server, conn, database)
        for statement in script.statements:
            mark = script.source_line(statement.end_line).partition("-- ")[2]
            if mark.startswith("since ") and server.binaries.major < int(mark.split()[1]):
                continue
            conn.execute(statement.text.replace(":database", conn.info.dbname).encode())
            now, dumped_now = seen_by_both(server, conn, database)
            marks.append("" if mark.startswith("since ") else mark)
            seen = bool(diff(catalog, now))
            if (seen, dumped != dumped_now) != EXPECTED[marks[-1]]:
                wrong.append(
                    f"line {statement.line}: catalog {seen}, pg_dump {dumped != dumped_now}"
                )
            if seen != (catalog.digest != now.digest):
                wrong.append(f"line {statement.line}: the digest does not follow the difference")
            catalog, dumped = now, dumped_now
    assert wrong == []
    assert marks.count("") >= 40
    assert marks.count("same") >= 8


def test_a_dump_restored_elsewhere_then_it_is_the_same_catalog(
    server: Server, database: str
) -> None:
    """Nothing that depends on OIDs, on the order of creation or on the database's name is in it."""
    script = scan(CORPUS.read_text(), CORPUS.name)
    end = script.text.index("-- going away")
    other = f"restored_{uuid4().hex}"
    with psycopg.connect(database, autocommit=True) as conn:
        create_role(conn, "catalog_owner")
        create_role(conn, "catalog_reader")
        for statement in script.statements:
            mark = script.source_line(statement.end_line).partition("-- since ")[2]
            if statement.start < end and int(mark or 0) <= server.binaries.major:
                conn.execute(statement.text.replace(":database", conn.info.dbname).encode())
        conn.execute(f"CREATE DATABASE {other}")
        try:
            command = [str(server.binaries.tool("pg_dump")), database]
            text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603
            command = [
                str(server.binaries.tool("psql")),
                "-Xq",
                "-vON_ERROR_STOP=1",
                server.dsn(other),
            ]
            subprocess.run(command, check=True, input=text, capture_output=True)  # noqa: S603
            with psycopg.connect(server.dsn(other)) as restored:
                source, copy = snapshot(conn), snapshot(restored)
        finally:
            conn.execute(f"DROP DATABASE {other} WITH (FORCE)")
    assert len(source.objects) > 100
    assert diff(without_database(source), without_database(copy)) == ()
    assert {c.kind for c in diff(source, copy)} == {"database setting", "grant"}


SHOP = """
    CREATE TABLE shops (id integer PRIMARY KEY, name text NOT NULL, opened timestamptz);
    CREATE TABLE sales (id integer PRIMARY KEY, shop integer CONSTRAINT of_shop REFERENCES shops,
                        at timestamptz CHECK (at > '2024-01-29 08:00+00'));
    CREATE VIEW shop_sales AS
        SELECT s.name, count(*) FROM shops s JOIN sales ON shop = s.id GROUP BY 1;
    CREATE POLICY own ON shops USING (name = current_user);
    COMMENT ON COLUMN shops.name IS 'as painted on the door';
"""


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    """A connection of the superuser, in a transaction from its first statement on."""
    with psycopg.connect(database) as connection:
        yield connection


def test_dropping_with_cascade_then_what_went_along_shows_by_name(conn: Connection) -> None:
    """The view, and the key that the surviving table lost, are told apart from the table's own."""
    conn.execute(SHOP)
    found = changes(conn, "DROP TABLE shops CASCADE")
    assert {
        ("table", "public.shops"),
        ("column", "public.shops.name"),
        ("policy", "own on public.shops"),
        ("comment", "table column public.shops.name on public.shops"),
        ("view", "public.shop_sales"),
        ("foreign key", "of_shop on public.sales"),
    } <= brief(found, "removed")
    assert brief(found, "added") == brief(found, "changed") == set()
    lost = [c for c in found if c.parent == "public.sales"]
    assert [(c.kind, c.before) for c in lost] == [
        ("foreign key", "FOREIGN KEY (shop) REFERENCES public.shops(id)")
    ]


def test_changing_a_column_then_before_and_after_are_told(conn: Connection) -> None:
    """One change, with both definitions; adding a column says nothing about the others' order."""
    conn.execute(SHOP + "DROP VIEW shop_sales")
    assert changes(conn, "ALTER TABLE shops ALTER name SET DEFAULT 'x', ADD COLUMN x int")[:2] == (
        ObjectChange(
            "column",
            "public.shops.name",
            "changed",
            "text NOT NULL",
            "text NOT NULL DEFAULT 'x'::text",
            "public.shops",
        ),
        ObjectChange("column", "public.shops.x", "added", "", "integer", "public.shops"),
    )


def test_moving_a_column_to_the_end_then_the_order_has_changed(conn: Connection) -> None:
    """INSERT without a column list depends on the order, so it is compared."""
    conn.execute(SHOP + "DROP VIEW shop_sales")
    found = changes(conn, "ALTER TABLE sales DROP COLUMN shop, ADD COLUMN shop integer")
    assert ("column order", "public.sales") in brief(found, "changed")


def test_reading_then_nothing_of_it_stays_in_the_transaction(conn: Connection) -> None:
    """No setting, lock or transaction id, and what is uncommitted is seen."""
    conn.execute("SET LOCAL search_path = public; SET LOCAL lock_timeout = '7s'")
    snapshot(conn)
    assert conn.execute(
        "SELECT current_setting('search_path'), current_setting('lock_timeout'),"
        " pg_current_xact_id_if_assigned()::text,"
        " (SELECT count(*) FROM pg_locks"
        "  WHERE pid = pg_backend_pid() AND relation <> 'pg_locks'::regclass)"
    ).fetchone() == ("public", "7s", None, 0)
    assert ("table", "public.uncommitted") in brief(
        changes(conn, "CREATE TABLE uncommitted ()"), "added"
    )


@pytest.mark.parametrize(
    "setting",
    [
        "search_path = public, pg_catalog",
        "datestyle = 'German'",
        "timezone = 'Asia/Tokyo'",
        "quote_all_identifiers = on",
        "intervalstyle = 'iso_8601'",
    ],
)
def test_a_session_setting_that_changes_how_things_print_then_nothing_changes(
    conn: Connection, setting: str
) -> None:
    """A migration may leave such a setting behind; the schema is the same."""
    conn.execute(SHOP)
    conn.execute("ALTER TABLE sales ADD took interval DEFAULT '3 days 02:00'")
    assert changes(conn, f"SET LOCAL {setting}") == ()


def test_read_by_an_unprivileged_role_then_it_is_the_same_catalog(conn: Connection) -> None:
    """pg_catalog hides nothing that is read, whoever asks."""
    create_role(conn, "catalog_reader")
    conn.execute(SHOP + "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    conn.execute("CREATE EXTENSION postgres_fdw")
    conn.execute("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'x')")
    conn.execute("CREATE USER MAPPING FOR postgres SERVER far OPTIONS (user 'u')")
    mine = snapshot(conn)
    conn.execute("SET LOCAL ROLE catalog_reader")
    theirs = snapshot(conn)
    assert brief(diff(mine, theirs), "removed") == set()
    # Of another role's user mapping not even the names of the options are told.
    assert {c.kind for c in diff(mine, theirs)} <= {"user mapping"}


def test_secrets_in_options_and_settings_then_they_are_not_in_the_catalog(conn: Connection) -> None:
    """A change of definition is evidence, which people sign and pass on."""
    conn.execute("CREATE EXTENSION postgres_fdw")
    conn.execute("CREATE FOREIGN DATA WRAPPER vault OPTIONS (api_key 'hunter1')")
    conn.execute("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.example')")
    conn.execute(
        "CREATE USER MAPPING FOR postgres SERVER far OPTIONS (user 'u', password 'hunter2')"
    )
    conn.execute(f"ALTER DATABASE {conn.info.dbname} SET app.jwt_secret = 'hunter3'")
    catalog = snapshot(conn)
    text = " ".join(catalog.objects.values())
    assert "hunter" not in text
    assert "host=far.example" in text
    assert "OPTIONS (password, user)" in text


def test_the_server_refusing_a_query_then_the_transaction_goes_on(conn: Connection) -> None:
    """An error is raised as the server's; what the transaction did before is not lost."""
    create_role(conn, "catalog_reader")
    conn.execute("CREATE TABLE kept (); REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC")
    conn.execute("SET LOCAL ROLE catalog_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="pg_policy"):
        snapshot(conn)
    conn.execute("RESET ROLE")
    assert conn.execute("SELECT to_regclass('kept')::text").fetchone() == ("kept",)


def test_counting_then_base_tables_keys_and_policies_of_one_schema_only(conn: Connection) -> None:
    """Partitioned tables and partitions are base tables, views and other schemas' are not."""
    conn.execute(SHOP)
    conn.execute(
        'CREATE SCHEMA "Public"; CREATE TABLE "Public".other (id int);'
        "CREATE TABLE log (at date) PARTITION BY RANGE (at);"
        "CREATE TABLE log_all PARTITION OF log DEFAULT"
    )
    assert figures(snapshot(conn)) == Figures(tables=4, foreign_keys=1, policies=1)
    assert figures(snapshot(conn), '"Public"') == Figures(tables=1, foreign_keys=0, policies=0)


def test_catalogs_of_two_major_versions_then_they_are_not_compared(conn: Connection) -> None:
    """Each version prints definitions its own way: a difference would mean nothing."""
    catalog = snapshot(conn)
    with pytest.raises(ValueError, match="cannot be compared"):
        diff(catalog, Catalog(catalog.major - 1, catalog.objects, catalog.digest))
