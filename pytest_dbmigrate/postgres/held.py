"""The held transaction of a run, with everything that watches over it, from BEGIN to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import pq

from pytest_dbmigrate.postgres import ending, transaction
from pytest_dbmigrate.postgres.deadlines import Deadlines
from pytest_dbmigrate.postgres.ending import Ending, Intent
from pytest_dbmigrate.postgres.query import WITHOUT_END, Patience
from pytest_dbmigrate.postgres.watching import Observer, describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from pytest_dbmigrate.postgres.observations import Observations
    from pytest_dbmigrate.postgres.transaction import Limits


@dataclass(slots=True)
class Held:
    """One connection and its transaction; what becomes of it is kept in `seen`.

    `intent` identifies the open transaction. `committed` is the ending of the last COMMIT.
    """

    connect: Callable[[], Connection[object]]
    limits: Limits
    seen: Observations
    open: bool = False
    intent: Intent | None = None
    committed: Ending | None = None
    deadlines: Deadlines = field(init=False)
    observer: Observer = field(init=False)
    _conn: Connection[object] | None = None
    _committing: bool = False
    _interrupts: int = 0

    def __post_init__(self) -> None:
        """Make the clock and the observer; nothing is connected yet."""
        self.deadlines = Deadlines(self.limits)
        self.observer = Observer(self.connect)

    def connection(self) -> Connection[object]:
        """The connection everything of the run goes over."""
        if self._conn is None or self._conn.closed:
            self._conn = self.connect()
        return self._conn

    def begin(self, *, watched: bool) -> Connection[object]:
        """Begin, and identify the transaction before it takes a lock that matters.

        With `watched` the observer is connected first, and makes the identification last.
        """
        conn = self.connection()
        observer = self.observer.connection() if watched else None
        self.seen.began = self.seen.began or datetime.now(UTC)
        self.seen.ending, self.intent, self.open = None, None, True
        transaction.begin(conn, self.limits)
        self.observer.pid = transaction.backend_pid(conn)
        self.intent = ending.identify(conn, observer)
        return conn

    def hold(self, conn: Connection[object]) -> None:
        """From the first statement of a migration on, others may have to wait for us."""
        if not self.deadlines.hold_ns:
            self.deadlines.hold()
            transaction.limit_hold(conn, self.limits)

    def patience(self) -> Patience:
        """How long to wait for a statement, seeing meanwhile who is in our way."""
        return self.deadlines.patience(self.observer.sample) if self.open else WITHOUT_END

    def in_the_way(self) -> str:
        """Who was seen in our way, kept and in words; afterwards they are gone."""
        self.seen.blockers = [describe(session) for session in self.observer.seen]
        return f"; in the way: {'; '.join(self.seen.blockers)}" if self.seen.blockers else ""

    def give_up(self) -> None:
        """Roll back an attempt that is to be tried again: nothing of it has happened."""
        ending.rollback(self.connection())
        self.deadlines.release()
        self.open = False
        self.seen.ending = self.committed
        if self.committed is None:
            self.seen.began = None

    def roll_back(self) -> Ending:
        """Roll back at once, and say what became of the transaction."""
        conn = self._conn
        if conn is None or conn.closed:
            return Ending("unchanged")
        if self.intent and conn.info.transaction_status == pq.TransactionStatus.IDLE:
            why = "the transaction had ended before the gate ended it"
            return ending.resolve(self.intent, self.connect, why, orphan=True)
        return ending.rollback(conn)

    def commit(
        self, on_intent: Callable[[Intent], None], end: Callable[[Ending], None]
    ) -> BaseException | None:
        """COMMIT; `end` is told what became of it, whatever happens. Returns what interrupted it.

        `on_intent` is told before; if it raises, nothing is sent.
        """
        conn, what = self.connection(), self.intent
        if what is None:
            raise RuntimeError("a transaction that was begun has been identified")
        # From here on no signal interrupts (see `interrupt`), so that what was sent is settled.
        self._committing = True
        try:
            self.seen.intent = what
            on_intent(what)
            ending.make_durable(conn)
            if self._interrupts:
                raise KeyboardInterrupt
            self.seen.ending = Ending("unknown", "COMMIT was sent, and its answer did not come")
            patience, self.open = self.patience(), False
            how = ending.commit(conn, what, self.connect, patience, lambda: self._interrupts)
            end(how)
        finally:
            self._committing = False
        return how.interrupted

    def end(self, what: Ending) -> None:
        """Keep what became of the transaction."""
        if what.state == "committed":
            self.committed = what
        self.open = False
        self.seen.ending = what
        self.seen.ended, self.seen.ended_ns = datetime.now(UTC), time.monotonic_ns()
        self.deadlines.release()

    def interrupt(self) -> None:
        """What a signal does: KeyboardInterrupt, unless a COMMIT is under way.

        Then the first one cancels its wait and the second one the questions about it: whatever
        happens, what became of the database is known or said to be unknown.
        """
        self._interrupts += 1
        if not self._committing:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Close both connections; a transaction that is still open is rolled back by the server."""
        if self._conn is not None and not self._conn.closed:
            self._conn.close()
        self.observer.close()
