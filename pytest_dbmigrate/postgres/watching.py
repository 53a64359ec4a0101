"""The observer: a second connection that sees what others do, and who is in our way while we wait.

Inside a transaction pg_stat_activity stands still, and afterwards the blockers are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.check_queries import observe
from pytest_dbmigrate.postgres.locks import Session, blockers, lock_holders
from pytest_dbmigrate.postgres.query import ConnectionLostError, StatementFailedError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.postgres.query import Answer
    from pytest_dbmigrate.spec.annotations import Check


@dataclass(slots=True)
class Observer:
    """Samples the blockers of one backend; `seen` has each session once, as it was first seen.

    An observer that cannot look says so in `failed` and does not disturb the run.
    """

    connect: Callable[[], Connection[object]]
    pid: int = 0
    seen: list[Session] = field(default_factory=list)
    failed: str = ""
    _conn: Connection[object] | None = None

    def connection(self) -> Connection[object] | None:
        """The observer's own connection, in autocommit mode; None when there is none to be had."""
        if self._conn is None and not self.failed:
            try:
                self._conn = self.connect()
            except Exception as error:  # noqa: BLE001  (the caller's own kind, TargetError, too)
                self.failed = str(error)
        return None if self.failed else self._conn

    def sample(self) -> None:
        """Look who blocks us right now."""
        self._see(lambda conn: blockers(conn, self.pid))

    def holders(self) -> None:
        """Look who holds a table so that nobody can read it; for a wait that is over already."""
        self._see(
            lambda conn: tuple(
                session
                for session in lock_holders(conn, ours=(self.pid,))
                if any(lock.mode == "AccessExclusiveLock" for lock in session.locks)
            )
        )

    def answer(self, check: Check) -> Answer | str:
        """What a check's statement returns to others, who do not see our transaction.

        A string says why it could not be asked.
        """
        conn = self.connection()
        if conn is None:
            return self.failed
        try:
            for statement in _AS_OTHERS:
                run(conn, statement)
            try:
                ((_, answer),) = observe(conn, (check,))
            finally:
                run(conn, "ROLLBACK")
        except (ConnectionLostError, StatementFailedError) as error:
            self.failed = str(error)
            return self.failed
        return answer

    def close(self) -> None:
        """End the observer's connection."""
        if self._conn is not None:
            self._conn.close()

    def _see(self, look: Callable[[Connection[object]], Sequence[Session]]) -> None:
        conn = self.connection()
        if conn is None:
            return
        try:
            known = {(s.pid, s.prepared) for s in self.seen}
            self.seen += [s for s in look(conn) if (s.pid, s.prepared) not in known]
        except psycopg.Error as error:
            self.failed = str(error)


# What we hold locked ourselves is not to be waited for.
_AS_OTHERS = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL lock_timeout = 100",
    "SET LOCAL statement_timeout = 10000",
)


def describe(session: Session) -> str:
    """A blocker in one line: who it is, what it does, what it holds."""
    who = (
        f"prepared transaction {session.prepared!r}"
        if session.prepared
        else f"pid {session.pid} (role {session.user}, application {session.application!r})"
    )
    does = session.state if session.visible else "its activity is not visible to this role"
    if session.transaction_seconds is not None:
        does += f", in a transaction for {session.transaction_seconds:.0f} s"
    locks = ", ".join(f"{lock.mode} on {lock.relation}" for lock in session.locks[:3])
    return f"{who}, {does}" + (f", holds {locks}" if locks else "")
