"""pg_dump goes where we went, with TLS where we had it, and never in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clones import bindir_of, cloned, made, value
from psycopg.conninfo import conninfo_to_dict
from tls import Encrypted, encrypted

from pytest_dbmigrate.postgres import dumping
from pytest_dbmigrate.postgres.binaries import ServerError, program_places
from pytest_dbmigrate.postgres.dumping import connection_like, errors_of, find_dump_tools
from pytest_dbmigrate.postgres.target import connect, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server


@pytest.fixture
def tls(pg15: Server, tmp_path: Path) -> Iterator[Encrypted]:
    with encrypted(pg15, tmp_path) as address:
        yield address


def url(dsn: str, tls: Encrypted, more: str) -> str:
    """The URL of a database behind the TLS address."""
    database = conninfo_to_dict(dsn)["dbname"]
    return f"postgresql://postgres@127.0.0.1:{tls.port}/{database}?{more}"


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-full"])
def test_when_the_target_speaks_tls_then_so_does_pg_dump(
    pg15: Server, tls: Encrypted, mode: str
) -> None:
    """Also where the mode would let it fall back to plain text."""
    more = f"sslmode={mode}&sslrootcert={tls.certificate}"
    with (
        made(pg15, "CREATE TABLE t AS SELECT 1 AS a") as dsn,
        cloned(url(dsn, tls, more)) as (_, conn),
    ):
        assert value(conn, "SELECT a FROM t") == 1
    # Ours, and pg_dump's for tables and for rows.
    assert len(tls.encrypted) == 3
    assert tls.plain == []


def test_when_the_environment_wants_the_certificate_checked_then_pg_dump_checks_it(
    pg15: Server, tls: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mode that stands in PGSSLMODE is not replaced by a weaker one on the command line."""
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(tls.certificate))
    with made(pg15, "") as dsn:
        target = parse_url(url(dsn, tls, ""))
        with connect(target) as conn:
            (words,) = connection_like(conn, target).words
    assert conninfo_to_dict(words.removeprefix("--dbname="))["sslmode"] == "verify-full"


def test_when_no_pg_dump_speaks_tls_then_nothing_is_sent(
    pg15: Server, tls: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's is built without: it is refused, and what would do is named."""
    wheel = next(p for p in program_places() if "wheel" in p[1])
    monkeypatch.setattr(dumping, "program_places", lambda _bindir="": iter([wheel]))
    refused = pytest.raises(ServerError, match="No pg_dump that speaks TLS for a server of")
    with made(pg15, "") as dsn, refused as raised, cloned(url(dsn, tls, "sslmode=prefer")):
        pass
    assert "18.6 was built without TLS" in str(raised.value)
    assert "postgresql-client-15" in str(raised.value)
    assert tls.plain == []


def test_when_the_named_programs_have_no_tls_then_others_of_this_machine_dump() -> None:
    """Which server the clone runs on is one decision, which pg_dump reads the target another."""
    assert find_dump_tools(15, tls=False, bindir=bindir_of(18)).major == 18
    assert find_dump_tools(15, tls=True, bindir=bindir_of(18)).major == 15


def test_when_every_pg_dump_is_older_than_the_server_then_it_is_refused() -> None:
    """pg_dump refuses a server that is newer than itself."""
    with pytest.raises(ServerError, match="is older than the server"):
        find_dump_tools(99, tls=False)


def test_when_pg_restore_complains_then_each_error_is_told_with_its_object() -> None:
    said = """\
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 2; 3079 16385 EXTENSION pgcrypto (no owner)
pg_restore: error: could not execute query: ERROR:  extension "pgcrypto" is not available
DETAIL:  Could not open extension control file.
HINT:  The extension must first be installed.
Command was: CREATE EXTENSION pgcrypto;
pg_restore: error: could not open input file
pg_restore: warning: errors ignored on restore: 2
"""
    assert list(errors_of(said)) == [
        'extension "pgcrypto" is not available (EXTENSION pgcrypto (no owner))',
        "could not open input file",
    ]
