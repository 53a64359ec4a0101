"""Reaching a target for real: who answers, and what is said when nobody does."""

from __future__ import annotations

import os
import signal
import traceback
from typing import TYPE_CHECKING

import psycopg
import pytest
from asking import ask
from guarded import IN_A_URL, PASSWORD, TELLTALE, Guarded, guarded_server
from wire import listening, relay

from pytest_dbmigrate.postgres.target import TargetError, connect, identify, parse_url

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server

SECRET = IN_A_URL


@pytest.fixture(scope="module")
def door(pg18: Server) -> Iterator[Guarded]:
    """A server that wants a password from the role `deploy` and refuses `stranger`."""
    with guarded_server(pg18.binaries) as guarded:
        yield guarded


@pytest.fixture
def guarded(door: Guarded) -> Server:
    """The guarded server itself."""
    return door.server


@pytest.fixture
def port(door: Guarded) -> int:
    """The guarded server behind a TCP address, as a target is."""
    return door.port


def refusal(text: str, timeout: int = 10) -> str:
    """The message of a connection that fails; nothing secret stands in it or in its frames."""
    target = parse_url(text)
    with pytest.raises(TargetError) as caught:
        connect(target, timeout=timeout)
    assert TELLTALE not in frames(caught.value)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def frames(error: BaseException) -> str:
    """What a traceback with --showlocals shows of an error, apart from this file's own frames."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    entries = [
        entry
        for each in seen
        for entry in traceback.TracebackException.from_exception(each, capture_locals=True).stack
        if entry.filename != __file__
    ]
    return " ".join([*map(str, seen), *(f"{each} {each.locals}" for each in entries)])


# Connected


def test_a_connection_is_utf8_and_prepares_nothing(
    guarded: Server, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a pooler a prepared statement would be met in another session, or not at all."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connect(parse_url(f"postgresql://deploy:{SECRET}@127.0.0.1:{port}/postgres")) as conn:
        assert conn.prepare_threshold is None
        assert conn.info.encoding == "utf-8"
        assert not conn.autocommit
        row = conn.execute(
            "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )
        assert row.fetchone() == ("pytest-dbmigrate",)
    with connect(parse_url(guarded.dsn()), application_name="observer", autocommit=True) as conn:
        assert conn.autocommit
        assert conn.execute("SHOW application_name").fetchone() == ("observer",)


def test_variables_and_files_complete_a_url(
    guarded: Server, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGPASSWORD, a password file, a service file: libpq looks at them, so we need not."""
    url = f"postgresql://deploy@127.0.0.1:{port}/postgres"
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert "no password supplied" in refusal(url)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    connect(parse_url(url)).close()
    monkeypatch.delenv("PGPASSWORD")
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:deploy:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    connect(parse_url(url)).close()
    services = tmp_path / "services"
    services.write_text(f"[staging]\nhost={guarded.host}\nuser=plain\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    with connect(parse_url("service=staging")) as conn:
        assert identify(conn).role == "plain"


# Not connected


def test_a_wrong_password_is_said_without_it(port: int) -> None:
    """Host, port, database, role, the server's words and what to look at."""
    message = refusal(f"postgresql://deploy:{SECRET}x@127.0.0.1:{port}/postgres")
    assert f'database "postgres" at 127.0.0.1, port {port}, as role "deploy"' in message
    assert 'password authentication failed for user "deploy"' in message
    assert "PGPASSWORD" in message
    assert f"postgresql://deploy:***@127.0.0.1:{port}/postgres" in message


@pytest.mark.parametrize(
    ("url", "said", "advice"),
    [
        ("{role}/nowhere", 'database "nowhere" does not exist', "check the database's name"),
        ("nobody_here@{at}/postgres", 'role "nobody_here" does not exist', "check the role's name"),
        ("stranger@{at}/postgres", "pg_hba.conf rejects connection", "pg_hba.conf must allow"),
        ("{role}/postgres?sslmode=require", "server does not support SSL", "TLS"),
        ("{role}/postgres?sslmode=verify-everything", "invalid sslmode value", "psql connects"),
        ("deploy:Zq7vX@host.invalid/postgres", "failed to resolve host", "host's name"),
        ("deploy:Zq7vX@127.0.0.1:1/postgres", "Connection refused", "check host and port"),
        ("deploy:Zq7vX@/postgres?host=/nonexistent", "No such file", "check host and port"),
        ("/?service=nowhere_at_all", 'service "nowhere_at_all" not found', "service's name"),
    ],
)
def test_each_reason_comes_with_what_to_do(port: int, url: str, said: str, advice: str) -> None:
    """The server's own words or libpq's, then the advice that fits them."""
    at = f"127.0.0.1:{port}"
    message = refusal("postgresql://" + url.format(at=at, role=f"deploy:{SECRET}@{at}"))
    assert said in message
    assert advice in message


def test_what_libpq_says_is_scrubbed() -> None:
    """A password that happens to be one of its words proves it."""
    message = refusal("postgresql://deploy:refused@127.0.0.1:1/postgres")
    assert 'as role "deploy": Connection ***.' in message


def test_a_server_that_does_not_answer_is_given_up() -> None:
    """A firewall that drops everything must not hold a run for minutes."""
    kept: list[socket.socket] = []
    with listening(kept.append) as silent:
        message = refusal(f"postgresql://deploy:{SECRET}@127.0.0.1:{silent}/app", timeout=2)
    assert "timeout expired" in message
    assert "firewall" in message
    for each in kept:
        each.close()


def test_a_ctrl_c_while_connecting_shows_no_password() -> None:
    """The interrupt rises through psycopg's frames, whose variables hold the whole URL."""
    kept: list[socket.socket] = []

    def interrupt(client: socket.socket) -> None:
        kept.append(client)
        os.kill(os.getpid(), signal.SIGINT)

    target = parse_url(f"postgresql://deploy:{SECRET}@127.0.0.1/app")
    with listening(interrupt) as silent:
        target = parse_url(f"postgresql://deploy:{SECRET}@127.0.0.1:{silent}/app")
        with pytest.raises(KeyboardInterrupt) as caught:
            connect(target)
    assert TELLTALE not in frames(caught.value)
    for each in kept:
        each.close()


# Who answers


def test_the_server_and_the_role_are_identified(server: Server, database: str) -> None:
    """A superuser on an own server sees everything."""
    with connect(parse_url(database)) as conn:
        found = identify(conn)
        assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    assert found.server_version_num // 10000 == server.binaries.major
    assert found.server_version.startswith(server.version)
    identifier = ask(database, "SELECT system_identifier::text FROM pg_control_system()")
    assert found.system_identifier == identifier
    assert found.timeline == 1
    assert found.database == ask(database, "SELECT current_database()")
    assert (found.role, found.session_user) == ("postgres", "postgres")
    assert (found.superuser, found.bypassrls) == (True, True)
    assert (found.in_recovery, found.read_only, found.pooled) == (False, False, False)
    assert found.encoding == "UTF8"
    assert found.collation.startswith("C")
    assert found.url_redacted.startswith("postgresql://postgres@/test_")


def test_what_a_plain_role_may_not_see_is_none_and_breaks_nothing(guarded: Server) -> None:
    """A service may take pg_control_system() away; the transaction goes on."""
    with connect(parse_url(guarded.dsn().replace("user=postgres", "user=plain"))) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = identify(conn)
        assert conn.execute("SHOW transaction_read_only").fetchone() == ("on",)
    assert found.system_identifier is None
    assert found.timeline == 1
    assert (found.role, found.superuser, found.bypassrls) == ("plain", False, False)


def test_role_and_defaults_are_those_of_the_session(database: str) -> None:
    """SET ROLE and a role's read-only default change what a run may do."""
    with connect(parse_url(database), autocommit=True) as conn:
        conn.execute("CREATE ROLE owner_of_all NOLOGIN BYPASSRLS")
        conn.execute("SET ROLE owner_of_all")
        conn.execute("SET default_transaction_read_only = on")
        found = identify(conn)
        conn.execute("RESET ROLE")
        conn.execute("SET default_transaction_read_only = off")
        conn.execute("DROP ROLE owner_of_all")
    assert (found.role, found.session_user) == ("owner_of_all", "postgres")
    assert (found.superuser, found.bypassrls, found.read_only) == (False, True, True)


def test_a_pooler_in_between_is_noticed(server: Server) -> None:
    """It tells the client a process id that is not the server's own."""

    def another_pid(data: bytes) -> bytes:
        start = data.find(b"K\x00\x00\x00\x0c")  # BackendKeyData: length 12, pid, key
        return data if start < 0 else data[: start + 5] + b"\x00\x00\x00\x07" + data[start + 9 :]

    with (
        listening(relay(server, another_pid)) as pooler,
        connect(parse_url(f"postgresql://postgres@127.0.0.1:{pooler}/postgres")) as conn,
    ):
        assert identify(conn).pooled
