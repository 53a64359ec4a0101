"""A run that could not get a lock, or met a deadlock, may well succeed a moment later."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg.errors import DeadlockDetected, LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_dbmigrate.postgres.steps import Step
    from pytest_dbmigrate.postgres.transaction import Limits

# lock_not_available, deadlock_detected
# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_STATES = frozenset({"55P03", "40P01"})


class LockMissedError(Exception):
    """A lock could not be had; says for which statement, and who was in the way."""


LOCK_ERRORS = (LockMissedError, LockNotAvailable, DeadlockDetected)


@dataclass(slots=True)
class Attempts:
    """Does steps; behind a lock that could not be had, everything since BEGIN again.

    `holding` tells whether a transaction is open. `give_up` is told the steps of an attempt that
    did not succeed and the note to keep; it rolls back, so that nothing half-done is in between.
    """

    limits: Limits
    work: Callable[[Step], None]
    holding: Callable[[], bool]
    give_up: Callable[[Sequence[Step], str], None]
    used: int = 0
    _since_begin: list[Step] = field(default_factory=list)

    def do(self, step: Step) -> None:
        """Do a step. Raises one of LOCK_ERRORS when it was tried often enough."""
        if not self.holding():
            self._since_begin.clear()
        todo = [step]
        while todo:
            try:
                self.work(todo[0])
            except LOCK_ERRORS as error:
                if not self.holding() or self.used >= self.limits.retries:
                    raise
                todo = [*self._since_begin, *todo]
                self._start_again(str(error).splitlines()[0])
            else:
                self._since_begin.append(todo.pop(0))

    def _start_again(self, why: str) -> None:
        """Forget the attempt, and wait a little longer each time."""
        pause = self.limits.retry_pause * 2**self.used / 1000
        self.used += 1
        self.give_up(
            self._since_begin,
            f"attempt {self.used} was rolled back ({why}); tried again after {pause:g} s",
        )
        self._since_begin.clear()
        time.sleep(pause)
