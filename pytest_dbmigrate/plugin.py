"""pytest hooks, each a few lines that call a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate import options, workers
from pytest_dbmigrate.fixtures import (
    dbmigrate_connection,
    dbmigrate_migrations,
    dbmigrate_postgresql,
    dbmigrate_postgresql_proc,
    dbmigrate_run,
    dbmigrate_target,
)
from pytest_dbmigrate.session import GateSession

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "dbmigrate_connection",
    "dbmigrate_migrations",
    "dbmigrate_postgresql",
    "dbmigrate_postgresql_proc",
    "dbmigrate_run",
    "dbmigrate_target",
]

SESSION = pytest.StashKey[GateSession]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    options.add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None]:
    """Add `--db-url` after the conftests, whose own one it gives way to."""
    yield
    options.add_db_url(parser)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register this session's hooks behind those of every other plugin."""
    settings = options.read_settings(config)
    if settings.target is not None:
        workers.refuse_live(config)
    session = GateSession(config, settings)
    config.stash[SESSION] = session
    config.pluginmanager.register(session.selection, "dbmigrate-selection")
    config.pluginmanager.register(session.controller, "dbmigrate-controller")
    config.pluginmanager.register(session, "dbmigrate-session")
