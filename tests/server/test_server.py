"""The rehearsal's own PostgreSQL: kept to ourselves while it runs, and gone afterwards."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from asking import ask

from pytest_dbmigrate.postgres import server as server_module
from pytest_dbmigrate.postgres.binaries import Binaries, ServerError
from pytest_dbmigrate.postgres.programs import copy_programs
from pytest_dbmigrate.postgres.server import Server, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_database_is_utf8_in_code_point_order_on_every_version(database: str) -> None:
    """Text compares by code point everywhere, and letters beyond ASCII have two cases."""
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT upper('ä'), 'Z' < 'a', 'z' < 'ä'").fetchone()
    assert found == ("Ä", True, True)


def test_the_server_is_reached_through_a_private_socket_only(server: Server) -> None:
    """No network address, and a directory that nobody else may enter."""
    assert ask(server.dsn(), "SHOW listen_addresses") == ""
    assert stat.S_IMODE(Path(server.host).stat().st_mode) == 0o700


def test_the_server_spends_nothing_on_safety_it_does_not_need(server: Server) -> None:
    """Nothing is written to survive a power cut; nothing runs that was not asked for."""
    for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit"):
        assert ask(server.dsn(), f"SHOW {name}") == "off"


def test_no_variable_of_the_environment_leads_the_connection_elsewhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGHOSTADDR wins over a socket's directory in libpq: the rehearsal would reach production."""
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    (tmp_path / "services").write_text("[production]\nhostaddr=192.0.2.1\noptions=-cfsync=on\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSERVICE", "production")
    monkeypatch.setenv("PGHOST", "production.example")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGUSER", "nobody")
    monkeypatch.setenv("PGDATABASE", "nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "standby")
    monkeypatch.setenv("PGCHANNELBINDING", "require")
    monkeypatch.setenv("PGGSSENCMODE", "require")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    assert ask(server.dsn(), "SHOW default_transaction_read_only") == "off"
    pg_dump = server.binaries.tool("pg_dump")
    assert pg_dump is not None
    dump = subprocess.run(  # noqa: S603  (of the installation under test)
        [pg_dump, "--schema-only", server.dsn()], capture_output=True, text=True, check=False
    )
    assert "PostgreSQL database dump complete" in dump.stdout, dump.stderr


def test_nothing_of_the_environment_reaches_the_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration may run programs as superuser: our variables may hold secrets."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:Zq7vX@production.example/app")
    with running_server(server.binaries) as other, psycopg.connect(other.dsn()) as conn:
        conn.execute("CREATE TABLE seen (line text)")
        conn.execute("COPY seen FROM PROGRAM 'env'")
        seen = {line for (line,) in conn.execute("SELECT line FROM seen")}
    assert "TZ=UTC" in seen
    assert not [line for line in seen if "Zq7vX" in line]


def test_settings_are_given_to_the_server(pg18: Server) -> None:
    """Settings of the caller win over ours, except where the server would not be found again."""
    chosen = {"autovacuum": "on", "wal_level": "logical", "port": "1"}
    with running_server(pg18.binaries, settings=chosen) as server:
        assert ask(server.dsn(), "SHOW autovacuum") == "on"
        assert ask(server.dsn(), "SHOW wal_level") == "logical"


def test_the_log_can_be_shown(pg18: Server) -> None:
    """The end of the log, so that a message can say what the server said."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(pg18.dsn(), "SELECT * FROM nowhere_at_all")
    assert 'relation "nowhere_at_all" does not exist' in pg18.log_text()
    assert len(pg18.log_text(limit=20)) <= 20


CHILD = """
import os, signal, sys, time
from pytest_dbmigrate.postgres import server as server_module
from pytest_dbmigrate.postgres.binaries import find_binaries
from pytest_dbmigrate.postgres.programs import copy_programs
from pytest_dbmigrate.postgres.server import running_server
import psycopg
interrupted = []
signal.signal(signal.SIGINT, lambda *_: interrupted.append(1))
with running_server(find_binaries(major=18)) as server, psycopg.connect(server.dsn()) as conn:
    print(server.dsn(), flush=True)
    print(server.host, flush=True)
    while not interrupted:
        signal.sigtimedwait([signal.SIGUSR1], 0.01)
    print(conn.execute("SELECT 'still here'").fetchone()[0], flush=True)
"""


@pytest.fixture
def child(pg18: Server) -> Iterator[subprocess.Popen[str]]:
    """Another process with a server of its own, in a process group of its own; `pg18` runs too."""
    with subprocess.Popen(  # noqa: S603  (this file, in another process)
        [sys.executable, "-c", textwrap.dedent(CHILD)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        yield process
        process.kill()
    assert ask(pg18.dsn(), "SELECT 1") == 1


def line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise TypeError
    return process.stdout.readline().strip()


def test_when_the_owner_is_killed_then_the_server_ends_and_the_next_start_clears_up(
    pg18: Server, child: subprocess.Popen[str]
) -> None:
    """SIGKILL leaves no time for us: the kernel ends the server, the next run sweeps its files."""
    dsn, socket = line(child), Path(line(child))
    child.kill()
    child.wait()
    with pytest.raises(psycopg.OperationalError):  # noqa: PT012  (until it is gone, at most 10 s)
        for _ in range(1000):
            ask(dsn, "SELECT pg_sleep(0.01)")
    assert socket.exists()
    with running_server(pg18.binaries):
        assert not socket.parent.exists()


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server(child: subprocess.Popen[str]) -> None:
    """The terminal signals its whole group; the server must outlive our own clearing up."""
    line(child)
    socket = Path(line(child))
    os.killpg(child.pid, signal.SIGINT)
    assert line(child) == "still here"
    assert child.wait() == 0
    assert not socket.parent.exists()


def test_two_servers_at_once_are_strangers(pg18: Server) -> None:
    """Each has its own cluster, and starting or stopping one leaves the other alone."""
    with running_server(pg18.binaries) as other:
        ask(other.dsn(), "CREATE DATABASE only_here")
        assert ask(pg18.dsn(), "SELECT count(*) FROM pg_database WHERE datname = 'only_here'") == 0
    assert ask(pg18.dsn(), "SELECT 1") == 1


def test_a_setting_the_server_refuses_is_shown_with_its_own_words(
    pg18: Server, temporary: Path
) -> None:
    """The log's end, the installation, the directory and the ways out; and nothing is left."""
    with (
        pytest.raises(ServerError) as caught,
        running_server(pg18.binaries, settings={"shared_buffers": "plenty"}, space=1 << 60),
    ):
        pass
    message = str(caught.value)
    assert 'invalid value for parameter "shared_buffers": "plenty"' in message
    assert str(pg18.binaries.bindir) in message
    assert "--dbmigrate-pg-bindir" in message
    assert list(temporary.iterdir()) == []


def test_an_error_of_the_system_is_one_of_the_server(
    pg18: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that vanishes or fills up in between."""
    monkeypatch.setattr(server_module, "choose_base", lambda *_, **__: Path("/nonexistent"))
    with (
        pytest.raises(ServerError, match=r"No such file or directory.*--db-url"),
        running_server(pg18.binaries),
    ):
        pass


def test_an_initdb_that_fails_is_shown_with_its_own_words(pg18: Server, temporary: Path) -> None:
    """An installation without its share directory."""
    bindir = copy_programs(pg18.binaries.bindir, temporary)
    (bindir.parent / "share" / "postgres.bki").unlink()
    broken = Binaries(bindir, pg18.binaries.version, pg18.binaries.major, "a test")
    with pytest.raises(ServerError) as caught, running_server(broken):
        pass
    assert "initdb failed with status 1" in str(caught.value)
    assert "postgres.bki" in str(caught.value)
