"""Where a run directory stands, and who takes away what a killed run left."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from asking import ask

from pytest_dbmigrate.postgres import directories
from pytest_dbmigrate.postgres import server as server_module
from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.server import Server, running_server

MORE_THAN_ANY_MEMORY = 1 << 60


def test_the_cluster_stands_in_memory_or_on_disk(pg18: Server, temporary: Path) -> None:
    """Memory when there is room for what the run needs, else the temporary directory."""
    with running_server(pg18.binaries, space=MORE_THAN_ANY_MEMORY) as server:
        assert Path(server.host).is_relative_to(temporary)
        assert ask(server.dsn(), "SELECT 1") == 1
    assert list(temporary.iterdir()) == []


def test_small_shared_memory_does_not_fail_parallel_queries(
    pg18: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has 64 MB of it: the server then uses files instead."""
    for module in (directories, server_module):
        monkeypatch.setattr(module, "free_bytes", lambda _directory: 64 << 20)
    with running_server(pg18.binaries) as server:
        assert ask(server.dsn(), "SHOW dynamic_shared_memory_type") == "mmap"
        assert not Path(server.host).is_relative_to(directories.MEMORY)


def test_a_temporary_directory_with_a_long_path_is_not_used(
    pg18: Server, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Unix socket's path has at most 107 bytes, so another directory is taken."""
    deep = temporary / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with running_server(pg18.binaries, space=MORE_THAN_ANY_MEMORY) as server:
        assert ask(server.dsn(), "SELECT 1") == 1
        assert not Path(server.host).is_relative_to(deep)


def test_when_no_directory_will_do_then_each_is_named_with_its_reason(
    pg18: Server, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out names TMPDIR and --db-url."""
    with_comma = temporary / "a,b"
    with_comma.mkdir()
    monkeypatch.setattr(directories, "bases", lambda: [directories.MEMORY, with_comma])
    with (
        pytest.raises(ServerError) as caught,
        running_server(pg18.binaries, space=MORE_THAN_ANY_MEMORY),
    ):
        pass
    assert "comma" in str(caught.value)
    assert "TMPDIR" in str(caught.value)
    assert "--db-url" in str(caught.value)


def test_a_sweep_takes_only_what_a_dead_run_of_ours_left(temporary: Path) -> None:
    """Not what is alive, not what is not made by us, not what another user owns."""
    dead = temporary / f"{directories.PREFIX}dead"
    foreign = temporary / f"{directories.PREFIX}foreign"
    link = temporary / f"{directories.PREFIX}link"
    unlike = temporary / f"{directories.PREFIX}without-lock"
    for path in (dead, foreign, unlike):
        path.mkdir()
        (path / "file").touch()
    for path in (dead, foreign):
        (path / directories.LOCK).touch()
    link.symlink_to(dead)
    if os.geteuid() == 0:
        os.chown(foreign, 65534, 65534)
    with directories.private_directory(temporary) as alive:
        removed = directories.sweep()
        assert dead in removed
        left = {alive, link, unlike, *([foreign] if os.geteuid() == 0 else [])}
        assert set(temporary.iterdir()) == left
    assert not alive.exists()
