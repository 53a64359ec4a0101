"""A clone of a target on real servers: what it is, what it is not, and that the target stays."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from clones import bindir_of, cloned, made, value
from psycopg.conninfo import make_conninfo
from supabase_like import supabase_like

from pytest_dbmigrate.postgres import directories
from pytest_dbmigrate.postgres.binaries import ServerError, find_binaries
from pytest_dbmigrate.postgres.catalog import snapshot
from pytest_dbmigrate.postgres.cloning import clone, read_snapshot
from pytest_dbmigrate.postgres.data_digest import changed_tables, data_digest
from pytest_dbmigrate.postgres.sequences import positions
from pytest_dbmigrate.postgres.target import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.cloning import Clone
    from pytest_dbmigrate.postgres.server import Server

# What dumps have been known to lose, all in one database.
ALL_KINDS = """
CREATE EXTENSION hstore;
CREATE TABLE parents (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    upper_name text GENERATED ALWAYS AS (upper(name)) STORED, tags hstore);
CREATE TABLE days (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE days_2024 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE days_default PARTITION OF days DEFAULT;
CREATE UNLOGGED TABLE fast (n int);
CREATE SEQUENCE alone START 1000 INCREMENT 5;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE children (id serial PRIMARY KEY, parent int REFERENCES parents, m mood, p positive);
CREATE MATERIALIZED VIEW counted AS SELECT parent, count(*) FROM children GROUP BY parent;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON children FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION seen();
ALTER TABLE children ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON children USING (parent = 1);
COMMENT ON TABLE children IS 'of parents';
INSERT INTO parents (name, tags) SELECT 'p' || n, 'a=>1' FROM generate_series(1, 50) n;
INSERT INTO days SELECT '2024-06-01'::date + n, n FROM generate_series(1, 400) n;
INSERT INTO fast VALUES (1), (2);
INSERT INTO children (parent, m, p) SELECT 1 + n % 50, 'high', n FROM generate_series(1, 200) n;
SELECT nextval('alone'), nextval('alone');
SELECT lo_from_bytea(0, 'a large object'), lo_from_bytea(0, 'another one');
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[Server]:
    """A Supabase-like server of version 15."""
    with supabase_like(find_binaries(major=15)) as server:
        yield server


@pytest.fixture(scope="module")
def its_clone(platform: Server) -> Iterator[Clone]:
    """Its clone, as its `postgres`, who may not read all of it."""
    target = parse_url(make_conninfo(platform.dsn(), user="postgres"))
    with clone(target, data="all") as made_clone:
        yield made_clone


def rows_of(dsn: str, conn: psycopg.Connection[Any]) -> tuple[str, ...]:
    """The tables whose rows are not the same in a target and its clone."""
    with psycopg.connect(dsn) as source, conn.transaction():
        assert positions(source) == positions(conn)
        return changed_tables(data_digest(source), data_digest(conn))


def facts(clone: Clone) -> tuple[object, ...]:
    """Everything in which it differs but what was removed."""
    d = clone.differences
    return d.version, d.locale, d.extensions, d.errors, d.schema


NOTHING: tuple[object, ...] = ("", "", (), [], ())


def test_when_a_target_is_cloned_on_its_own_version_then_nothing_differs(server: Server) -> None:
    """Identity and generated columns, partitions, unlogged rows, sequences, large objects."""
    with made(server, ALL_KINDS) as dsn, cloned(dsn) as (clone, conn):
        assert facts(clone) == NOTHING
        assert rows_of(dsn, conn) == ()
        objects = "SELECT string_agg(lo_get(oid), ',' ORDER BY oid) FROM pg_largeobject_metadata"
        assert value(conn, objects) == b"a large object,another one"
        with psycopg.connect(dsn) as source:
            assert clone.schema.digest == snapshot(source).digest == snapshot(conn).digest
        # Its plans are made as the target's are: from statistics.
        assert value(conn, "SELECT count(*) FROM pg_stats WHERE tablename = 'parents'")


def test_when_another_version_clones_then_it_is_said_and_names_are_compared(pg15: Server) -> None:
    with made(pg15, ALL_KINDS) as dsn, cloned(dsn, bindir=bindir_of(18)) as (clone, conn):
        version, *others = facts(clone)
        assert str(version).startswith("the target is PostgreSQL 15.")
        assert "the clone 18." in str(version)
        # hstore came in another version with the other server.
        assert [str(line).split()[0] for line in clone.differences.extensions] in ([], ["hstore"])
        assert others[0] == ""
        assert others[2:] == [[], ()]
        assert value(conn, "SELECT count(*) FROM children") == 200


def test_when_a_table_is_missing_in_a_clone_of_another_version_then_it_is_named(
    pg15: Server,
) -> None:
    """Names are compared where definitions cannot be: an access method is not there."""
    script = "CREATE EXTENSION bloom; CREATE EXTENSION pgcrypto; CREATE TABLE t (a int);"
    script += "CREATE FUNCTION salted() RETURNS text LANGUAGE sql RETURN gen_salt('md5');"
    with made(pg15, script) as dsn, cloned(dsn, bindir=bindir_of(18)) as (clone, _):
        assert clone.differences.extensions == ("pgcrypto 1.3 is missing in the clone",)
        assert any("pgcrypto" in line for line in clone.differences.errors)
        assert "function public.salted() is missing in the clone" in clone.differences.schema


def test_when_only_the_schema_is_cloned_then_there_are_no_rows(pg15: Server) -> None:
    with made(pg15, ALL_KINDS) as dsn, cloned(dsn, "none") as (clone, conn):
        assert facts(clone) == NOTHING
        counted = "SELECT (SELECT count(*) FROM parents) + (SELECT count(*) FROM days)"
        assert value(conn, counted) == 0
        assert value(conn, "SELECT count(*) FROM pg_largeobject_metadata") == 0


def test_when_a_target_is_cloned_then_nothing_is_written_to_it(pg15: Server) -> None:
    """Its dump and the server's own counters are the same before and after."""

    def state(dsn: str) -> tuple[object, ...]:
        dump = subprocess.run(  # noqa: S603  (the test's own database)
            [f"{bindir_of(15)}/pg_dump", f"--dbname={dsn}"], capture_output=True, check=True
        ).stdout
        # pg_dump 15.14 and later: a random key that keeps psql's own commands out.
        text = [x for x in dump.decode().splitlines() if not x.startswith("\\")]
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("SELECT pg_stat_force_next_flush()")
            counters = conn.execute(
                "SELECT tup_inserted, tup_updated, tup_deleted, temp_files FROM pg_stat_database"
                " WHERE datname = current_database()"
            ).fetchone()
            xid = value(conn, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        return text, counters, xid

    with made(pg15, ALL_KINDS) as dsn:
        before = state(dsn)
        with cloned(dsn):
            pass
        assert state(dsn) == before


def test_when_the_target_is_a_platform_then_the_clone_runs_as_its_postgres(
    its_clone: Clone,
) -> None:
    """Which is no superuser there; the one who made the clone's cluster has another name."""
    with its_clone.rehearsal.connect() as conn:
        assert conn.execute(
            "SELECT current_user::text, session_user::text, rolsuper, rolbypassrls, rolcreaterole"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchall() == [("postgres", "postgres", False, True, True)]
        assert value(conn, "SELECT current_database()") == "postgres"
        assert value(conn, "SHOW search_path") == '"$user", public, extensions'
        assert value(conn, "SHOW default_text_search_config") == "pg_catalog.english"
        assert value(conn, "SELECT current_setting('app.settings.jwt_exp')") == "3600"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM pg_authid")


def test_when_the_target_is_a_platform_then_roles_owners_and_policies_are_cloned(
    platform: Server, its_clone: Clone
) -> None:
    with its_clone.rehearsal.connect() as conn:
        roles = "SELECT rolname::text, rolinherit, rolcanlogin, rolbypassrls FROM pg_roles"
        roles += " WHERE rolname !~ '^(pg_|dbmigrate)' ORDER BY 1"
        members = "SELECT roleid::regrole::text, member::regrole::text, admin_option"
        members += " FROM pg_auth_members WHERE roleid::regrole::text !~ '^pg_' ORDER BY 1, 2"
        with psycopg.connect(platform.dsn()) as source:
            assert conn.execute(roles.encode()).fetchall() == source.execute(roles).fetchall()
            assert conn.execute(members.encode()).fetchall() == source.execute(members).fetchall()
        owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'auth.users'::regclass"
        assert value(conn, owner) == "supabase_auth_admin"
        conn.execute("SET ROLE authenticated")
        assert value(conn, "SELECT count(*) FROM moves") == 52
        # What its role could not read is missing, and nothing else.
        assert all("vault" in line for line in its_clone.differences.schema)


def test_when_the_role_may_not_read_a_table_then_it_is_left_out_by_name(its_clone: Clone) -> None:
    with its_clone.rehearsal.connect() as conn:
        assert its_clone.differences.errors == [
            "vault.keys was not cloned: postgres may not read it",
            "vault.secrets was not cloned: postgres may not read it",
        ]
        kept = "SELECT count(*) FROM pg_class WHERE relnamespace = 'vault'::regnamespace"
        assert value(conn, kept) == 0
        assert value(conn, "SELECT count(*) FROM auth.users") == 15


def test_when_something_leads_out_of_the_clone_then_it_is_removed_and_listed(
    its_clone: Clone,
) -> None:
    with its_clone.rehearsal.connect() as conn:
        assert [r for r in its_clone.differences.removed if "network" not in r] == [
            "subscription from_elsewhere",
            "user mapping PUBLIC on server elsewhere",
            "user mapping postgres on server elsewhere",
            "scheduled job SELECT 1 of cron.job",
            "scheduled job nightly of cron.job",
        ]
        assert value(conn, "SELECT count(*) FROM pg_user_mappings") == 0
        assert value(conn, "SELECT count(*) FROM cron.job") == 0
        assert value(conn, "SELECT count(*) FROM pg_stat_subscription") == 0
        with pytest.raises(psycopg.errors.Error, match="user mapping not found"):
            conn.execute("SELECT * FROM remote")


def test_when_a_function_dials_out_then_the_clone_has_no_network(pg15: Server) -> None:
    """A call of dblink may hold its password itself: there is no user mapping to drop."""
    with made(pg15, "CREATE EXTENSION dblink") as dsn, cloned(dsn) as (clone, conn):
        if not any("network" in line for line in clone.differences.removed):
            pytest.skip("this kernel or container does not let a process leave the network")
        with pytest.raises(psycopg.errors.Error, match="could not establish"):
            conn.execute("SELECT dblink_connect('host=192.0.2.1 connect_timeout=2')")


def test_when_an_extension_is_missing_then_it_is_named(platform: Server) -> None:
    """The wheel has no pgcrypto: what needs it is missing too, and everything else is there."""
    with cloned(platform.dsn(), role="postgres", bindir=bindir_of(18)) as (clone, conn):
        assert clone.differences.extensions[0] == "pgcrypto 1.3 is missing in the clone"
        assert any("pgcrypto" in line for line in clone.differences.errors)
        assert value(conn, "SELECT count(*) FROM auth.users") == 15


def test_when_a_member_of_an_extension_cannot_be_read_then_the_extension_is_left_out(
    pg15: Server,
) -> None:
    """Such tables are locked although they are not dumped, and --exclude-table does not help."""
    role = f"reader_{uuid4().hex}"
    script = f"""
    CREATE ROLE {role} LOGIN;
    CREATE TABLE shown (a int); GRANT SELECT ON shown TO {role}; INSERT INTO shown VALUES (1);
    CREATE EXTENSION hstore; CREATE EXTENSION citext;
    CREATE SCHEMA closed; CREATE TABLE closed.key (a int);
    ALTER EXTENSION hstore ADD TABLE closed.key;
    """
    with made(pg15, script) as dsn, cloned(dsn, role=role) as (clone, conn):
        assert clone.differences.errors == [
            f"extension hstore was not cloned: {role} may not read its table closed.key"
        ]
        assert clone.differences.extensions == ("hstore 1.8 is missing in the clone",)
        assert value(conn, "SELECT count(*) FROM shown") == 1
        assert value(conn, "SELECT count(*) FROM pg_extension WHERE extname = 'citext'") == 1


def test_when_row_security_hides_rows_from_the_role_then_it_is_refused(pg15: Server) -> None:
    """A clone with some of the rows would be believed; without rows nothing is hidden."""
    role = f"tenant_{uuid4().hex}"
    script = f"""
    CREATE ROLE {role} LOGIN; CREATE TABLE rows (a int); GRANT SELECT ON rows TO {role};
    ALTER TABLE rows ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON rows USING (a = 1);
    INSERT INTO rows VALUES (1), (2);
    """
    with made(pg15, script) as dsn:
        refused = pytest.raises(ServerError, match=r"public\.rows cannot be read whole")
        with refused, cloned(dsn, role=role):
            pass
        with cloned(dsn, "none", role=role) as (clone, _):
            assert facts(clone) == NOTHING


def test_when_the_role_is_read_only_and_impatient_then_the_clone_is_made(pg15: Server) -> None:
    """Its settings go with it, but its limits do not hold for the transaction that is dumped."""
    role = f"careful_{uuid4().hex}"
    script = f"""
    CREATE ROLE {role} LOGIN; GRANT pg_read_all_data TO {role}; CREATE TABLE t (a int);
    ALTER ROLE {role} SET default_transaction_read_only = on;
    ALTER ROLE {role} SET idle_in_transaction_session_timeout = '1min';
    ALTER ROLE {role} SET statement_timeout = '1min';
    """
    with made(pg15, script) as dsn:
        target = parse_url(make_conninfo(dsn, user=role))
        with read_snapshot(target, "", 10, 7) as source:
            shown = ("idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout")
            assert [value(source.conn, f"SHOW {name}") for name in shown] == ["0", "0", "7ms"]
        with cloned(dsn, role=role) as (clone, conn):
            assert facts(clone) == NOTHING
            assert value(conn, "SHOW default_transaction_read_only") == "on"
            assert value(conn, "SHOW statement_timeout") == "1min"


@pytest.mark.parametrize("bindir", [15, 18])
def test_when_the_target_has_a_locale_of_its_own_then_the_clone_has_it_or_says_so(
    pg15: Server, bindir: int
) -> None:
    """The wheel is built without ICU."""
    icu = "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'"
    with (
        made(pg15, "CREATE TABLE t (a text)", icu) as dsn,
        cloned(dsn, bindir=bindir_of(bindir)) as (clone, conn),
    ):
        if bindir == 15:
            assert clone.differences.locale == ""
            assert value(conn, "SELECT 'ä' < 'b' AND 'a' < 'B'")
        else:
            assert "sorts by de-DE" in clone.differences.locale
            assert "ICU is not supported in this build" in clone.differences.locale


def test_when_the_encoding_is_another_then_the_clone_has_it(pg15: Server) -> None:
    script = "CREATE TABLE t (a text); INSERT INTO t VALUES ('ä')"
    latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    with made(pg15, script, latin) as dsn, cloned(dsn) as (clone, conn):
        assert facts(clone) == NOTHING
        assert value(conn, "SHOW server_encoding") == "LATIN1"
        assert value(conn, "SELECT a FROM t") == "ä"


def test_when_a_clone_takes_long_then_it_says_how_far_it_is(pg15: Server) -> None:
    said: list[str] = []
    with made(pg15, ALL_KINDS) as dsn, cloned(dsn, say=said.append, tell_seconds=0):
        pass
    assert said[0].startswith("cloning target_")
    assert "MB of about" in said[1]


def test_when_cloning_fails_then_no_server_and_no_folder_is_left(
    pg15: Server, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that somebody holds, for longer than pg_dump may wait."""
    monkeypatch.setattr(directories, "MEMORY", temporary)
    with made(pg15, "CREATE TABLE held (a int)") as dsn, psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE held")
        refused = pytest.raises(ServerError, match="held")
        with refused, cloned(dsn, lock_timeout=1):
            pass
    assert list(temporary.iterdir()) == []


def test_when_a_secret_could_only_be_shown_then_it_is_refused(pg15: Server) -> None:
    """A key's passphrase has no variable of its own: it would stand in the process list."""
    target = parse_url(f"{pg15.dsn()} sslpassword=Zq7vX")
    refused = pytest.raises(ServerError, match=r"sslpassword.*process list")
    with refused as raised, clone(target, data="all"):
        pass
    assert "Zq7vX" not in str(raised.value)
