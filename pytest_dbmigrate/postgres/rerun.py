"""Each migration once more, in the same session and in a new one: nothing may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.apply import Fault, apply
from pytest_dbmigrate.postgres.catalog import Catalog, diff, snapshot
from pytest_dbmigrate.postgres.data_digest import DataDigest, changed_tables, data_digest
from pytest_dbmigrate.postgres.query import run, value
from pytest_dbmigrate.postgres.rows import open_account
from pytest_dbmigrate.postgres.steps import SESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from psycopg import Connection

    from pytest_dbmigrate.postgres.steps import Session
    from pytest_dbmigrate.spec.migrations import Migration


@dataclass(frozen=True, slots=True)
class Rerun:
    """One migration applied again: what it changed, or the error it raised.

    `unread` are tables that were written to and whose rows could not be compared, and why.
    """

    version: str
    session: Session
    at: datetime
    duration_ns: int
    changed: tuple[str, ...]
    fault: Fault | None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Schema and rows of a database at one moment."""

    schema: Catalog
    rows: DataDigest

    @classmethod
    def of(cls, conn: Connection[object]) -> State:
        """Read both, in the connection's transaction."""
        return cls(snapshot(conn), data_digest(conn))

    def changes(self, later: State) -> tuple[str, ...]:
        """What is different in a later state, a line each."""
        schema = (f"{c.kind} {c.identity} {c.change}" for c in diff(self.schema, later.schema))
        rows = (f"rows of {name} changed" for name in changed_tables(self.rows, later.rows))
        return (*schema, *rows)


def rerun_all(
    same: Connection[object],
    connect: Callable[[], Connection[object]],
    migrations: Sequence[Migration],
) -> Iterator[Rerun]:
    """Apply the migrations again in order, on the connection they ran on, then on a new one."""
    run(same, "BEGIN")
    state = State.of(same)
    run(same, "ROLLBACK")
    for session in SESSIONS:
        conn = same if session == "same" else connect()
        try:
            for migration in migrations:
                yield _rerun(conn, migration, session, state)
        finally:
            if session == "new":
                conn.close()


def _rerun(
    conn: Connection[object], migration: Migration, session: Session, before: State
) -> Rerun:
    """Apply one migration again and compare; what it changed is rolled back where it can be."""
    held = migration.transactional
    if held:
        run(conn, "BEGIN READ WRITE")  # a role's default may be read-only
    account = open_account(conn)
    applied = apply(conn, migration.script, migration.statements, held=held)
    changed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    if applied.fault is None and not (held and _wrote_nothing(conn)):
        if not held:
            run(conn, "BEGIN")
        after = State.of(conn)
        changed = before.changes(after)
        written = {change.table for change in account.changes()}
        unread = tuple(
            f"{name}: {why}" for name, why in sorted(after.rows.not_read.items()) if name in written
        )
    if held or applied.fault is None:
        run(conn, "ROLLBACK")
    return Rerun(
        migration.version,
        session,
        applied.started,
        applied.duration_ns,
        changed,
        applied.fault,
        unread,
    )


def _wrote_nothing(conn: Connection[object]) -> bool:
    """Whether the transaction has no id: PostgreSQL gives it one with the first thing it writes."""
    return value(conn, "SELECT pg_catalog.txid_current_if_assigned()") is None
