"""Fixtures for test authors: the run, the target's facts, the migrated schema, and copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from pytest_postgresql.executors import NoopExecutor

    from pytest_dbmigrate.postgres.apply import Applied
    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.guarded import HeldConnection
    from pytest_dbmigrate.postgres.target import Identity
    from pytest_dbmigrate.run import Run


RUN = pytest.StashKey["Run"]()


@pytest.fixture(scope="session")
def dbmigrate_run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """This session's run: its settings, project, gate and record."""
    run = request.config.stash.get(RUN, None)
    if run is None:
        pytest.fail("a fixture of pytest-dbmigrate must be a parameter of the test", pytrace=False)
    yield run
    if run.shared:
        run.complete()
    run.close()


@pytest.fixture(scope="session")
def dbmigrate_target(dbmigrate_run: Run) -> Identity:
    """The target as it described itself: version, database, role, rights."""
    gate = dbmigrate_run.open()
    if dbmigrate_run.identity is None:
        pytest.skip(f"not run: {gate.seen.stopped}")
    return dbmigrate_run.identity


@pytest.fixture(scope="session")
def dbmigrate_migrations(dbmigrate_run: Run) -> dict[str, Applied]:
    """The migrations as they ran, by version."""
    return _migrated(dbmigrate_run).seen.applied


@pytest.fixture
def dbmigrate_connection(dbmigrate_run: Run) -> Iterator[HeldConnection]:
    """A read-only connection to the migrated schema, before COMMIT; what a test does is undone.

    Tests that ask for it are run before the COMMIT and must pass for it.
    """
    gate = _migrated(dbmigrate_run)
    if gate.seen.stopped:
        pytest.skip(f"not run: {gate.seen.stopped}")
    from pytest_dbmigrate.postgres.guarded import lend  # noqa: PLC0415  (import time)

    with lend(gate) as conn:
        yield conn


@pytest.fixture(scope="session")
def dbmigrate_postgresql_proc(dbmigrate_run: Run) -> NoopExecutor:
    """The throw-away server as pytest-postgresql sees one, its template the migrated database.

    Use it as `factories.postgresql("dbmigrate_postgresql_proc")`: each test gets a copy of its own.
    """
    gate = dbmigrate_run.open()
    gate.advance(gate.steps[-1])
    if gate.seen.stopped:
        pytest.skip(f"there is no migrated database to copy: {gate.seen.stopped}")
    copy = dbmigrate_run.template()
    if copy is None:
        pytest.skip("copies are made of a throw-away database only, not of --db-url")
    return copy


@pytest.fixture
def dbmigrate_postgresql(
    dbmigrate_postgresql_proc: NoopExecutor,
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to a copy of the migrated database that is the test's own to write to."""
    import psycopg  # noqa: PLC0415  (import time)
    from pytest_postgresql.janitor import DatabaseJanitor  # noqa: PLC0415

    server = dbmigrate_postgresql_proc
    janitor = DatabaseJanitor(
        user=server.user,
        host=server.host,
        port=server.port,
        dbname=server.dbname,
        template_dbname=server.template_dbname,
    )
    with (
        janitor,
        psycopg.connect(
            host=server.host, port=server.port, user=server.user, dbname=server.dbname
        ) as conn,
    ):
        yield conn


def _migrated(run: Run) -> Gate:
    """The gate, advanced until every migration has been applied and verified."""
    from pytest_dbmigrate.postgres.steps import Step  # noqa: PLC0415  (import time)

    gate = run.open()
    gate.advance(Step("final"))
    return gate
