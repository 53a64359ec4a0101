"""A right that a migration needs and its role lacks is named before anything is sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from pytest_dbmigrate.postgres.privileges import MissingRight, missing_rights
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.server import Server

Connection = psycopg.Connection[Any]

SHOP = """
    CREATE TABLE theirs (id integer PRIMARY KEY, name text);
    CREATE INDEX theirs_name ON theirs (name);
    CREATE VIEW seen AS SELECT * FROM theirs;
    CREATE TYPE mood AS ENUM ('glad');
    CREATE POLICY own ON theirs USING (true);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE SCHEMA closed;
    CREATE TABLE closed.inner_one (id integer);
    CREATE SCHEMA work AUTHORIZATION privileges_app;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE TABLE work.ours (id integer, theirs_id integer);
    ALTER TABLE work.ours OWNER TO privileges_app;
    CREATE TABLE work.parents (at date) PARTITION BY RANGE (at);
"""


@pytest.fixture(scope="module")
def committed(server: Server) -> Iterator[str]:
    """A database with the shop committed; the tests roll back what they do."""
    name = f"privileges_{uuid4().hex}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(server.dsn(name)) as conn:
            conn.execute("CREATE ROLE privileges_app; CREATE ROLE privileges_owner")
            conn.execute(SHOP.encode())
        yield server.dsn(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute("DROP ROLE privileges_app, privileges_owner")


@pytest.fixture
def conn(committed: str) -> Iterator[Connection]:
    """A connection of the superuser who made the shop, as the role that migrates."""
    with psycopg.connect(committed) as connection:
        connection.execute("SET LOCAL ROLE privileges_app")
        yield connection
        connection.rollback()


@contextmanager
def superuser(conn: Connection) -> Iterator[None]:
    """Be the superuser for a while."""
    conn.execute("RESET ROLE")
    yield
    conn.execute("SET LOCAL ROLE privileges_app")


def missing(conn: Connection, sql: str) -> tuple[MissingRight, ...]:
    """What is missing for a script."""
    return missing_rights(conn, scan(sql, "011.sql").statements)


@pytest.mark.parametrize(
    ("sql", "right", "on"),
    [
        ("ALTER TABLE theirs ADD note text", "ownership", "TABLE public.theirs"),
        (
            "ALTER TABLE IF EXISTS ONLY public.theirs DROP name CASCADE",
            "ownership",
            "TABLE public.theirs",
        ),
        ("DROP TABLE IF EXISTS theirs CASCADE", "ownership", "TABLE public.theirs"),
        ("DROP VIEW seen", "ownership", "VIEW public.seen"),
        ("DROP INDEX theirs_name", "ownership", "TABLE public.theirs"),
        (
            "CREATE INDEX IF NOT EXISTS theirs_name ON theirs (name)",
            "ownership",
            "TABLE public.theirs",
        ),
        ("CREATE UNIQUE INDEX ON theirs (name)", "ownership", "TABLE public.theirs"),
        ("ALTER TYPE mood ADD VALUE 'sad'", "ownership", "TYPE public.mood"),
        ("CREATE POLICY more ON theirs USING (false)", "ownership", "TABLE public.theirs"),
        ("DROP POLICY own ON theirs", "ownership", "TABLE public.theirs"),
        ("ALTER TABLE theirs ENABLE ROW LEVEL SECURITY", "ownership", "TABLE public.theirs"),
        (
            "CREATE TRIGGER t BEFORE UPDATE OF name ON theirs EXECUTE FUNCTION touch()",
            "TRIGGER",
            "TABLE public.theirs",
        ),
        ("COMMENT ON COLUMN theirs.name IS 'x'", "ownership", "TABLE public.theirs"),
        ("CREATE TABLE fresh (id integer)", "CREATE", "SCHEMA public"),
        ("CREATE VIEW public.fresh AS SELECT 1", "CREATE", "SCHEMA public"),
        ("CREATE SCHEMA fresh", "CREATE", "DATABASE"),
        (
            "CREATE TABLE work.fresh (id integer REFERENCES theirs)",
            "REFERENCES",
            "TABLE public.theirs",
        ),
        (
            "ALTER TABLE work.ours ADD FOREIGN KEY (theirs_id) REFERENCES public.theirs (id)",
            "REFERENCES",
            "TABLE public.theirs",
        ),
        (
            "CREATE TABLE work.part PARTITION OF work.parents DEFAULT",
            "ownership",
            "TABLE work.parents",
        ),
        ("INSERT INTO theirs (id) VALUES (1)", "INSERT", "TABLE public.theirs"),
        ("update only public.theirs set name = 'x'", "UPDATE", "TABLE public.theirs"),
        ("DELETE FROM theirs", "DELETE", "TABLE public.theirs"),
        ("TRUNCATE TABLE ONLY theirs", "TRUNCATE", "TABLE public.theirs"),
        ("ALTER TABLE closed.inner_one ADD x integer", "USAGE", "SCHEMA closed"),
    ],
)
def test_a_right_is_missing_then_it_is_named_and_its_repair_gives_it(
    conn: Connection, sql: str, right: str, on: str
) -> None:
    """The server refuses the statement for it, and the repair names what to run."""
    (found,) = missing(conn, sql)
    assert (found.right, found.role, found.line) == (right, "privileges_app", 1)
    assert found.on.startswith(on)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
        conn.execute(sql.encode())
    with superuser(conn):
        conn.execute(found.repair.encode())
    assert found not in missing(conn, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE work.ours ADD note text; CREATE INDEX ON work.ours (note)",
        "CREATE TABLE work.new (id integer); ALTER TABLE work.new ADD x text; DROP TABLE work.new",
        "DROP TABLE work.parents",
        "DROP TABLE IF EXISTS theirs_not; ALTER TABLE IF EXISTS never_was ADD x text",
        "CREATE TEMP TABLE theirs (id integer, x text); INSERT INTO theirs VALUES (1)",
        "SET LOCAL search_path = work; CREATE TABLE theirs (id integer); DROP TABLE theirs",
        """SET LOCAL search_path = work; ALTER TABLE ours ADD x text;
           ALTER TABLE ours RENAME TO theirs; ALTER TABLE theirs ADD y text""",
    ],
)
def test_nothing_is_missing_then_nothing_is_told(conn: Connection, sql: str) -> None:
    """The script runs as this role; names it makes itself or looks up elsewhere are not guessed."""
    assert missing(conn, sql) == ()
    conn.execute(sql.encode())


def test_a_role_taken_on_the_way_then_nothing_after_it_is_told(conn: Connection) -> None:
    """After SET ROLE the rights are another role's, also where a block sets it."""
    with superuser(conn):
        conn.execute("ALTER TABLE theirs OWNER TO privileges_owner")
        conn.execute("GRANT privileges_owner TO privileges_app")
        conn.execute("GRANT USAGE, CREATE ON SCHEMA closed TO privileges_owner")
    sql = "SET LOCAL ROLE privileges_owner; CREATE TABLE closed.fresh (id integer)"
    assert missing(conn, sql) == ()
    conn.execute(sql.encode())
    block = "DO $$ BEGIN SET LOCAL ROLE privileges_owner; END $$; DROP TABLE closed.inner_one"
    conn.execute("SET LOCAL ROLE privileges_app")
    assert missing(conn, block) == ()
    assert missing(conn, "GRANT a TO b; DROP TABLE closed.inner_one") == ()


def test_a_superuser_or_a_member_of_the_owner_then_nothing_is_missing(conn: Connection) -> None:
    """Ownership comes with membership, as the server has it."""
    with superuser(conn):
        sql = "ALTER TABLE theirs ADD note text; DROP VIEW seen; CREATE SCHEMA fresh"
        assert missing(conn, sql) == ()
        conn.execute("ALTER TABLE theirs OWNER TO privileges_owner")
        conn.execute("GRANT privileges_owner TO privileges_app")
    assert missing(conn, "ALTER TABLE theirs ADD note text") == ()
    with superuser(conn):
        conn.execute("REVOKE privileges_owner FROM privileges_app")
    assert len(missing(conn, "ALTER TABLE theirs ADD note text")) == 1


def test_one_right_needed_often_then_it_is_told_once_with_its_first_line(conn: Connection) -> None:
    """Each with the line of the first statement that needs it, whole in one line of text."""
    inserts = "\nINSERT INTO theirs VALUES (1);\nINSERT INTO theirs VALUES (2);\n"
    found = missing(conn, inserts + "DROP TABLE theirs;")
    assert [(m.right, m.line) for m in found] == [("INSERT", 2), ("ownership", 4)]
    assert str(found[0]) == (
        "role privileges_app lacks INSERT of TABLE public.theirs:"
        " GRANT INSERT ON public.theirs TO privileges_app;"
    )
