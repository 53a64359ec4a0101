"""A right that a migration needs and its role lacks is named before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pytest_dbmigrate.postgres.privileges import MissingRight, missing_rights
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    CREATE SCHEMA work;
    GRANT USAGE, CREATE ON SCHEMA work TO privileges_app;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE TABLE work.ours (id integer, theirs_id integer);
    ALTER TABLE work.ours OWNER TO privileges_app;
    CREATE TABLE work.parents (at date) PARTITION BY RANGE (at);
"""


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    """The superuser who made the shop, in autocommit mode."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE privileges_app LOGIN;"
            " EXCEPTION WHEN duplicate_object THEN END $$"
        )
        connection.execute(SHOP.encode())
        yield connection


@pytest.fixture
def app(admin: Connection, database: str) -> Iterator[Connection]:
    """The role that migrates."""
    assert admin
    with psycopg.connect(database, user="privileges_app") as connection:
        yield connection


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
    admin: Connection, app: Connection, sql: str, right: str, on: str
) -> None:
    """The server refuses the statement for it, and the repair names what to run."""
    (found,) = missing(app, sql)
    assert (found.right, found.role, found.line) == (right, "privileges_app", 1)
    assert found.on.startswith(on)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(sql.encode())
    app.rollback()
    admin.execute(found.repair.encode())
    assert found not in missing(app, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE work.ours ADD note text; CREATE INDEX ON work.ours (note)",
        "CREATE TABLE work.new (id integer); ALTER TABLE work.new ADD x text; DROP TABLE work.new",
        "DROP TABLE IF EXISTS theirs_not; ALTER TABLE IF EXISTS never_was ADD x text",
        "CREATE TEMP TABLE theirs (id integer, x text); INSERT INTO theirs VALUES (1)",
        "SET LOCAL search_path = work; CREATE TABLE theirs (id integer); DROP TABLE theirs",
        """SET LOCAL search_path = work; ALTER TABLE ours ADD x text;
           ALTER TABLE ours RENAME TO theirs; ALTER TABLE theirs ADD y text""",
    ],
)
def test_nothing_is_missing_then_nothing_is_told(app: Connection, sql: str) -> None:
    """The script runs as this role; names it makes itself or looks up elsewhere are not guessed."""
    assert missing(app, sql) == ()
    app.execute(sql.encode())


def test_a_role_given_on_the_way_then_nothing_after_it_is_told(
    admin: Connection, app: Connection
) -> None:
    """After SET ROLE the rights are another role's."""
    admin.execute("GRANT postgres TO privileges_app")
    try:
        sql = "SET LOCAL ROLE postgres; ALTER TABLE theirs ADD x text"
        assert missing(app, sql) == ()
        app.execute(sql.encode())
        assert missing(app, "DO $$ BEGIN SET LOCAL ROLE postgres; END $$; DROP TABLE theirs") == ()
    finally:
        app.rollback()
        admin.execute("REVOKE postgres FROM privileges_app")


def test_a_superuser_or_a_member_of_the_owner_then_nothing_is_missing(
    admin: Connection, app: Connection
) -> None:
    """Ownership comes with membership, as the server has it."""
    sql = "ALTER TABLE theirs ADD note text; DROP VIEW seen; CREATE SCHEMA fresh"
    assert missing(admin, sql) == ()
    admin.execute(
        "DO $$ BEGIN CREATE ROLE privileges_owner; EXCEPTION WHEN duplicate_object THEN END $$"
    )
    admin.execute("ALTER TABLE theirs OWNER TO privileges_owner")
    admin.execute("GRANT privileges_owner TO privileges_app")
    assert missing(app, "ALTER TABLE theirs ADD note text") == ()
    admin.execute("REVOKE privileges_owner FROM privileges_app")
    assert len(missing(app, "ALTER TABLE theirs ADD note text")) == 1


def test_one_right_needed_often_then_it_is_told_once_with_its_first_line(app: Connection) -> None:
    """Each with the line of the first statement that needs it, whole in one line of text."""
    found = missing(
        app, "\nINSERT INTO theirs VALUES (1);\nINSERT INTO theirs VALUES (2);\nDROP TABLE theirs;"
    )
    assert [(m.right, m.line) for m in found] == [("INSERT", 2), ("ownership", 4)]
    assert str(found[0]) == (
        "role privileges_app lacks INSERT of TABLE public.theirs:"
        " GRANT INSERT ON public.theirs TO privileges_app;"
    )
