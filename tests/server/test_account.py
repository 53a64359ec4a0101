"""Who runs PostgreSQL, which refuses root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import ask

from pytest_dbmigrate.postgres import account
from pytest_dbmigrate.postgres.binaries import Binaries, ServerError
from pytest_dbmigrate.postgres.programs import copy_programs
from pytest_dbmigrate.postgres.server import Server, running_server

if TYPE_CHECKING:
    from pathlib import Path


def test_programs_that_no_other_user_can_reach_are_copied(pg18: Server, tmp_path: Path) -> None:
    """A virtual environment below /root: pytest's own directories are closed to others as well."""
    tmp_path.chmod(0o700)
    hidden = copy_programs(pg18.binaries.bindir, tmp_path)
    # What an umask of 077 leaves when a wheel is installed.
    (hidden.parent / "share" / "postgres.bki").chmod(0o600)
    (hidden.parent / "lib").chmod(0o700)
    binaries = Binaries(hidden, pg18.binaries.version, pg18.binaries.major, "a test")
    with running_server(binaries) as server:
        assert str(ask(server.dsn(), "SHOW server_version")) == pg18.binaries.version
        assert server.binaries == binaries
        ask(server.dsn(), "CREATE EXTENSION vector")


def test_when_no_user_can_be_had_then_the_ways_out_are_named(
    pg18: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no user at all, the error lists what was tried."""
    monkeypatch.setattr(account, "_candidates", lambda: iter(()))
    monkeypatch.setattr(account, "_has_name", lambda _uid: False)
    with pytest.raises(ServerError, match="--db-url"), running_server(pg18.binaries):
        pass


def test_a_user_namespace_runs_it_where_no_other_user_can_be_had(
    pg18: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel allows that; where it does not, the error says so and names the ways out."""
    namespace = account.Account("a user namespace", namespace=True)
    monkeypatch.setattr(account, "_candidates", lambda: iter([namespace]))
    monkeypatch.setattr(account, "_has_name", lambda _uid: False)
    try:
        with running_server(pg18.binaries) as server:
            assert server.account == "a user namespace"
            assert ask(server.dsn(), "SELECT 1") == 1
    except ServerError as error:
        if "user namespaces" not in str(error):
            raise
        pytest.skip(f"this machine has no user namespaces for us: {error}")
