"""One migration inside the held transaction, with the accounts that are kept of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres import transaction
from pytest_dbmigrate.postgres.apply import Applied, Fault, apply
from pytest_dbmigrate.postgres.locks import HeldLock, LockWatch, watch_locks
from pytest_dbmigrate.postgres.rows import RowAccount, open_account
from pytest_dbmigrate.postgres.session_settings import (
    changed_settings,
    drop_temporary,
    reset_unseen,
    restore_settings,
)
from pytest_dbmigrate.spec.expectations import Failure

if TYPE_CHECKING:
    from psycopg import Connection

    from pytest_dbmigrate.postgres.query import Answer, Patience
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.statements import Statement

# Looking at pg_locks after each of 20,000 statements costs more than running them: it may take this
# share of the time so far, and then waits.
BUDGET = 0.15
_FREE_NS = 20_000_000
# What may take a lock that matters: everything but plain row statements.
_ROW_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "SELECT", "VALUES", "MERGE", "SET", "COMMENT")


@dataclass(frozen=True, slots=True)
class SeenLock:
    """A lock, when it was first seen, and behind which statements: `first` to `last` of `version`.

    `at_ns` is on time.monotonic_ns()'s clock, and so is `until_ns`, 0 while it is held.
    """

    lock: HeldLock
    version: str
    first: int
    last: int
    at_ns: int
    until_ns: int = 0


@dataclass(slots=True)
class Accounts:
    """What is counted over all migrations of a transaction."""

    rows: RowAccount
    watch: LockWatch
    began_ns: int = field(default_factory=time.monotonic_ns)
    locks: list[SeenLock] = field(default_factory=list)
    _spent_ns: int = 0
    _version: str = ""
    _unseen_from: int = 0

    @classmethod
    def open(cls, conn: Connection[object]) -> Accounts:
        """Begin the accounts, in the transaction, before its first migration."""
        return cls(open_account(conn), watch_locks(conn))

    def begin(self, version: str) -> None:
        """Say which migration comes next."""
        self._version, self._unseen_from = version, 0

    def before(self, statement: Statement) -> None:
        """Count what a statement is about to take away."""
        self.rows.before(statement.text)

    def after(self, statement: Statement, _answer: Answer) -> None:
        """See what a statement has done."""
        self._unseen_from = self._unseen_from or statement.number
        if statement.text[:7].upper().startswith(_ROW_STATEMENTS):
            return
        now = time.monotonic_ns()
        if self._spent_ns - _FREE_NS <= BUDGET * (now - self.began_ns):
            self.look(statement.number)

    def look(self, number: int) -> None:
        """See which locks are new, behind the statement with this number."""
        began = time.monotonic_ns()
        first = self._unseen_from or number
        self.locks += [
            SeenLock(lock, self._version, first, number, began) for lock in self.watch.new()
        ]
        self._unseen_from = 0
        self._spent_ns += time.monotonic_ns() - began


def migrate(
    conn: Connection[object],
    migration: Migration,
    accounts: Accounts,
    applied: Applied,
    patience: Patience,
) -> list[str]:
    """Apply one migration and let its late constraints strike; `applied` is filled in.

    Returns notes: which settings it left changed, and that they were set back.
    """
    wanted = changed_settings(conn)
    accounts.begin(migration.version)
    apply(
        conn,
        migration.script,
        migration.statements,
        before_each=accounts.before,
        after_each=accounts.after,
        patience=patience,
        into=applied,
    )
    if applied.fault is None:
        late = transaction.force_constraints(conn, last=False)
        applied.fault = _late_fault(migration, late)
    if applied.fault is not None:
        return []
    accounts.look(migration.statements[-1].number)
    changed = restore_settings(conn, wanted)
    forbidden = [change for change in changed if change.forbidden]
    if forbidden:
        applied.fault = _at_the_end(
            migration,
            f"{forbidden[0]}: a migration may not change the limits it runs under, "
            "nor switch off triggers and foreign keys",
        )
    notes = [f"{migration.path}: {change}" for change in changed]
    reset_unseen(conn, wanted)
    temporary = drop_temporary(conn)
    if temporary:
        notes.append(f"{migration.path}: temporary, and dropped before anything else: {temporary}")
    return notes


def _late_fault(migration: Migration, late: Answer) -> Fault | None:
    """The violation of a deferred constraint as a fault of the migration's last statement."""
    if not isinstance(late.outcome, Failure):
        return None
    return _at_the_end(
        migration,
        f"a deferred constraint is violated: {late.outcome.message}",
        late.outcome.sqlstate,
        late.position.detail if late.position else "",
    )


def _at_the_end(migration: Migration, message: str, sqlstate: str = "", detail: str = "") -> Fault:
    """What is found only after the last statement, as a fault of that statement."""
    last = migration.statements[-1]
    return Fault(
        message=message,
        sqlstate=sqlstate,
        file=migration.path,
        line=last.line,
        column=last.column,
        source_line=migration.script.source_line(last.line),
        detail=detail,
    )
