"""The observer: a second connection that sees who is in our way while we wait.

Inside a transaction pg_stat_activity stands still, and afterwards the blockers are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.locks import Session, blockers, lock_holders

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection


@dataclass(slots=True)
class Observer:
    """Samples the blockers of one backend; `seen` has each session once, as it was first seen.

    An observer that cannot look says so in `failed` and does not disturb the run.
    """

    connect: Callable[[], Connection[object]]
    pid: int
    seen: list[Session] = field(default_factory=list)
    failed: str = ""
    _conn: Connection[object] | None = None

    def sample(self) -> None:
        """Look who blocks us right now."""
        if self.failed:
            return
        try:
            if self._conn is None:
                self._conn = self.connect()
            known = {(s.pid, s.prepared) for s in self.seen}
            found = blockers(self._conn, self.pid)
            self.seen += [s for s in found if (s.pid, s.prepared) not in known]
        except psycopg.Error as error:
            self.failed = str(error)

    def holders(self) -> None:
        """Look who holds a table so that nobody can read it; for a wait that is over already."""
        if self.failed:
            return
        try:
            if self._conn is None:
                self._conn = self.connect()
            ours = (self.pid, self._conn.info.backend_pid)
            found = lock_holders(self._conn, ours=ours)
            known = {(s.pid, s.prepared) for s in self.seen}
            self.seen += [
                s
                for s in found
                if (s.pid, s.prepared) not in known
                and any(lock.mode == "AccessExclusiveLock" for lock in s.locks)
            ]
        except psycopg.Error as error:
            self.failed = str(error)

    def close(self) -> None:
        """End the observer's connection."""
        if self._conn is not None:
            self._conn.close()


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
