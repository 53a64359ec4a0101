"""Each migration once more, in the same session and in a new one: nothing may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.apply import Fault, apply
from pytest_dbmigrate.postgres.catalog import diff, snapshot
from pytest_dbmigrate.postgres.query import run
from pytest_dbmigrate.postgres.steps import SESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from psycopg import Connection

    from pytest_dbmigrate.postgres.steps import Session
    from pytest_dbmigrate.spec.migrations import Migration


@dataclass(frozen=True, slots=True)
class Rerun:
    """One migration applied again: what it changed, or the error it raised."""

    version: str
    session: Session
    at: datetime
    duration_ns: int
    changed: tuple[str, ...]
    fault: Fault | None


def rerun_all(
    same: Connection[object],
    connect: Callable[[], Connection[object]],
    migrations: Sequence[Migration],
) -> Iterator[Rerun]:
    """Apply the migrations again in order, on the connection they ran on, then on a new one."""
    for session in SESSIONS:
        conn = same if session == "same" else connect()
        try:
            for migration in migrations:
                yield _rerun(conn, migration, session)
        finally:
            if session == "new":
                conn.close()


def _rerun(conn: Connection[object], migration: Migration, session: Session) -> Rerun:
    """Apply one migration again and compare schema and data; what it changed is rolled back."""
    held = migration.transactional
    run(conn, "BEGIN")
    before = snapshot(conn)
    if not held:
        run(conn, "COMMIT")
    applied = apply(conn, migration.script, migration.statements, held=held)
    changed: tuple[str, ...] = ()
    if applied.fault is None:
        if not held:
            run(conn, "BEGIN")
        changes = diff(before, snapshot(conn))
        changed = tuple(f"{c.kind} {c.identity} {c.change}" for c in changes)
    run(conn, "ROLLBACK")
    return Rerun(
        migration.version, session, applied.started, applied.duration_ns, changed, applied.fault
    )
