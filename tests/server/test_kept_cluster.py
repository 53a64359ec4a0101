"""A cluster is made once and copied for later runs, and made anew where the copy is odd."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from asking import ask

from pytest_dbmigrate.postgres import kept_cluster
from pytest_dbmigrate.postgres.binaries import find_binaries
from pytest_dbmigrate.postgres.server import running_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_dbmigrate.postgres.binaries import Binaries

SYSTEM = "SELECT system_identifier::text FROM pg_control_system()"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own, still empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / kept_cluster.FOLDER


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    return find_binaries(major=18)


def system(binaries: Binaries) -> str:
    """The identifier that initdb gave the cluster of a new server; copies have the same."""
    with running_server(binaries) as server:
        ask(server.dsn(), "CREATE TABLE of_this_run (id integer)")
        return str(ask(server.dsn(), SYSTEM))


def test_when_a_server_starts_again_then_its_cluster_is_a_copy_without_anything_of_a_run(
    cache: Path, binaries: Binaries
) -> None:
    first = system(binaries)
    with running_server(binaries) as server:
        assert ask(server.dsn(), SYSTEM) == first
        assert ask(server.dsn(), "SELECT to_regclass('of_this_run') IS NULL")
    assert len(list(cache.iterdir())) == 1


def test_when_a_cluster_is_kept_then_nobody_else_can_read_it(
    cache: Path, binaries: Binaries
) -> None:
    system(binaries)
    for path in (cache, *cache.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def damage_file(kept: Path) -> None:
    os.truncate(kept / "data" / "global" / "pg_control", 100)


def damage_inventory(kept: Path) -> None:
    (kept / "inventory").unlink()


def open_to_others(kept: Path) -> None:
    kept.chmod(0o777)


@pytest.mark.parametrize("harm", [damage_file, damage_inventory, open_to_others])
def test_when_the_kept_cluster_is_odd_then_initdb_makes_another(
    cache: Path, binaries: Binaries, harm: Callable[[Path], None]
) -> None:
    first = system(binaries)
    harm(next(cache.iterdir()))
    second = system(binaries)
    assert second != first
    assert system(binaries) == second


@pytest.mark.parametrize("where", ["", "relative", "/proc/nowhere"])
def test_when_nothing_can_be_kept_then_the_server_starts_all_the_same(
    binaries: Binaries, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", where)
    monkeypatch.setenv("HOME", "/proc/nowhere")
    assert system(binaries) != system(binaries)


def test_when_many_installations_were_used_then_only_the_last_are_kept(
    cache: Path, binaries: Binaries, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    keys = [kept_cluster.key_of(binaries, [str(n)]) for n in range(6)]
    for number, key in enumerate(keys):
        kept_cluster.keep(key, data)
        if (cache / key).exists():
            os.utime(cache / key, (number, number))
    assert {p.name for p in cache.iterdir()} == set(keys[-kept_cluster.KEPT_AT_MOST :])
