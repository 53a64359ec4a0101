"""Fixtures for test authors: the run, the target's facts, the migrated schema, and copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.postgres.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.apply import Applied
    from pytest_dbmigrate.postgres.target import Identity
    from pytest_dbmigrate.run import Run


@pytest.fixture(scope="session")
def dbmigrate_run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """This session's run: its settings, project, gate and record."""
    from pytest_dbmigrate.plugin import SESSION  # noqa: PLC0415  (the plugin imports this module)

    run = request.config.stash[SESSION].run
    if run is None:
        raise pytest.UsageError("dbmigrate_run was asked for at run time: name it as a parameter")
    yield run
    run.close()


@pytest.fixture(scope="session")
def dbmigrate_target(dbmigrate_run: Run) -> Identity | None:
    """The target as it described itself: version, database, role, rights; None if unreachable."""
    dbmigrate_run.open()
    return dbmigrate_run.identity


@pytest.fixture(scope="session")
def dbmigrate_migrations(dbmigrate_run: Run) -> dict[str, Applied]:
    """The migrations as they ran, by version."""
    dbmigrate_run.open().advance(Step("final"))
    return dbmigrate_run.gate.applied
