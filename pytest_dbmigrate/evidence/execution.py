"""The execution log: each migration as it ran, statement by statement, and what it changed."""

from __future__ import annotations

from typing import Literal

from pytest_dbmigrate.evidence.results import Nanoseconds, Record, Result, Sha256, Time

MigrationOutcome = Literal["committed", "rolled back", "failed", "not run", "unknown"]


class Notice(Record, frozen=True):
    """A NOTICE or WARNING the server sent while a statement ran."""

    severity: str
    sqlstate: str
    message: str


class Lock(Record, frozen=True):
    """A lock first seen held after a statement; `held_ns` lasts until COMMIT or ROLLBACK.

    `predicted_ns` is how long the rehearsal held it, where it was one on all rows.
    """

    relation: str
    mode: str
    at_ns: Nanoseconds
    held_ns: Nanoseconds
    predicted_ns: Nanoseconds | None = None


class SqlError(Record, frozen=True):
    """A statement's error, with its place in the user's file."""

    message: str
    sqlstate: str = ""
    detail: str = ""
    hint: str = ""
    context: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    source_line: str = ""


class StatementRun(Record, frozen=True):
    """One statement of a migration. `start_ns` counts from the first statement of the run.

    `predicted_ns` is what it took in the rehearsal that allowed this run, where that was one on all
    rows of the target.
    """

    line: int
    end_line: int
    text: str
    tag: str
    start_ns: Nanoseconds
    duration_ns: Nanoseconds
    rows: int | None = None
    notices: tuple[Notice, ...] = ()
    locks: tuple[Lock, ...] = ()
    rewritten: tuple[str, ...] = ()
    predicted_ns: Nanoseconds | None = None


class Change(Record, frozen=True):
    """One object of the schema that was added, removed or changed, by identity.

    `kind` is PostgreSQL's word (`table`, `column`, `foreign key`, `policy`, …). `declared` is True
    when the migration names the loss itself.
    """

    kind: str
    identity: str
    change: Literal["added", "removed", "changed"]
    before: str = ""
    after: str = ""
    declared: bool = False


class RowChange(Record, frozen=True):
    """Rows of one table, as this transaction changed them; counts are None where not counted."""

    table: str
    before: int | None = None
    after: int | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    lost: int = 0
    declared: bool = False
    note: str = ""


class MigrationRun(Record, frozen=True):
    """One migration as it ran; its outcome is "unknown" while its transaction is open."""

    version: str
    name: str
    file: str
    sha256: Sha256
    outcome: MigrationOutcome
    started: Time | None = None
    duration_ns: Nanoseconds = 0
    statements: tuple[StatementRun, ...] = ()
    error: SqlError | None = None
    changes: tuple[Change, ...] = ()
    rows: tuple[RowChange, ...] = ()
    notes: tuple[str, ...] = ()
    predicted_ns: Nanoseconds | None = None


class Rerun(Record, frozen=True):
    """A migration applied once more; idempotent ones change nothing and raise nothing."""

    version: str
    session: Literal["same", "new"]
    result: Result
