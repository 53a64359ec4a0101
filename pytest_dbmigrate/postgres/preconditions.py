"""What refuses a live run before BEGIN: nothing is locked for a run that cannot end in GO."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.lock_forecast import forecast_locks
from pytest_dbmigrate.postgres.privileges import missing_rights
from pytest_dbmigrate.postgres.transaction import backend_pid
from pytest_dbmigrate.postgres.unheld import uncounted
from pytest_dbmigrate.spec.builtins import ROWS_LOST
from pytest_dbmigrate.spec.migrations import leading_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project
    from pytest_dbmigrate.spec.statements import Statement

EACH = (
    "each migration commits by itself (--dbmigrate-commit=each): from the first COMMIT to the last "
    "check others see states of the database that no verification has seen as a whole"
)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The ways in which a project's migrations cannot be held on a target, each in one line."""

    project: Project
    commit_each: bool

    def problems(self, conn: Connection[object]) -> Iterator[str]:
        """Look at the target on an autocommit connection; writes nothing. Raises psycopg.Error."""
        yield from self._uncounted()
        if is_pooled(conn):
            yield from self._pooled()
        yield from self._rights(conn)
        yield from self.locks(conn)

    def locks(self, conn: Connection[object]) -> Iterator[str]:
        """Say when the transaction would take more than half of the table all sessions share."""
        for files in self._transactions():
            texts = [statement.text for migration in files for statement in migration.statements]
            forecast = forecast_locks(conn, texts)
            if forecast.too_many:
                named = f"{files[0].path} and {len(files) - 1} more" if files[1:] else files[0].path
                yield (
                    f"{named}: about {forecast.expected:,} locks would be held at COMMIT, more "
                    f"than half of the {forecast.capacity:,} the server has room for "
                    f"({forecast.in_use:,} in use): other sessions would fail with ours. Raise "
                    "max_locks_per_transaction, or apply fewer migrations at a time"
                )

    def _transactions(self) -> list[Sequence[Migration]]:
        held = [m for m in self.project.migrations if m.transactional]
        if self.commit_each:
            return [(migration,) for migration in held]
        return [held] if held else []

    def _uncounted(self) -> Iterator[str]:
        if ROWS_LOST in self.project.without:
            return
        for migration in self.project.migrations:
            statement = None if migration.transactional else uncounted(migration)
            if statement is not None:
                yield (
                    f"{migration.path}:{statement.line}: {ROWS_LOST} cannot pass: what this takes "
                    "away outside the transaction is not counted. Declare it (-- drops-data: "
                    f"table), or leave that check out: --dbmigrate-off={ROWS_LOST}"
                )

    def _pooled(self) -> Iterator[str]:
        """What would reach the application's sessions through a transaction pooler."""
        direct = "Connect to the server itself"
        if self.commit_each:
            yield f"--dbmigrate-commit=each through a connection pooler. {direct}"
        for migration in self.project.migrations:
            if not migration.transactional:
                yield f"{migration.path}: `transaction: none` through a connection pooler. {direct}"
                continue
            for statement in migration.statements:
                if what := stays_in_session(statement):
                    yield (
                        f"{migration.path}:{statement.line}: {what} outlives the transaction, and "
                        f"through a connection pooler it would reach the application. {direct}"
                    )

    def _rights(self, conn: Connection[object]) -> Iterator[str]:
        # All files at once, since one makes what the next one needs; a number finds each again.
        statements = [(m, s) for m in self.project.migrations for s in m.statements]
        numbered = (replace(s, line=number) for number, (_, s) in enumerate(statements))
        for missing in missing_rights(conn, numbered):
            migration, statement = statements[missing.line]
            yield f"{migration.path}:{statement.line}: {missing}"


def is_pooled(conn: Connection[object]) -> bool:
    """Whether another process serves us than the connection was told: a pooler stands between."""
    return conn.info.backend_pid != backend_pid(conn)


_SESSION_LEVEL = frozenset({"PREPARE", "LISTEN", "LOAD"})
_SESSION_LOCKS = ("pg_advisory_lock", "pg_try_advisory_lock")


def stays_in_session(statement: Statement) -> str:
    """What a statement leaves in the session that nothing sets back, in words; empty: nothing.

    Settings the server knows are set back (session_settings.py); a custom one cannot be seen.
    """
    words = leading_words(statement, 8)
    text = statement.text.lower()
    if words[0] in _SESSION_LEVEL:
        return words[0]
    if words[0] == "SET" and _is_custom(words):
        return "a custom setting"
    if words[0] == "CREATE" and {"TEMP", "TEMPORARY"} & set(words[1:4]):
        return "" if "on commit drop" in " ".join(text.split()) else "a temporary object"
    if words[0] == "DECLARE" and "with hold" in " ".join(text.split()):
        return "a cursor WITH HOLD"
    if any(name in text for name in _SESSION_LOCKS):
        return "a session's advisory lock"
    return ""


def _is_custom(words: Iterable[str]) -> bool:
    """SET [SESSION] name.part …, without LOCAL."""
    given = [word for word in words if word != "SESSION"]
    return given[2:3] == ["."]
