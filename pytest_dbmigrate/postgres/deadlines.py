"""How long a run may still take: in all, and since it may hold a strong lock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.query import Patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.postgres.transaction import Limits


@dataclass(slots=True)
class Deadlines:
    """The moments at which `limits` end the run, on time.monotonic_ns()'s clock; 0: never."""

    limits: Limits
    total_ns: int = 0
    hold_ns: int = 0

    def start(self) -> None:
        """The run begins, once."""
        if self.limits.total and not self.total_ns:
            self.total_ns = _after(self.limits.total)

    def hold(self) -> None:
        """From here on others may wait for us."""
        if self.limits.hold:
            self.hold_ns = _after(self.limits.hold)

    def release(self) -> None:
        """Nobody waits for us any more."""
        self.hold_ns = 0

    def patience(self, on_wait: Callable[[], None]) -> Patience:
        """The patience with one statement, now."""
        deadline, limit = min(self._set(), default=(0, ""))
        return Patience(deadline, limit, on_wait)

    def exceeded(self) -> str:
        """Which limit has been exceeded, in words; empty: none."""
        deadline, limit = min(self._set(), default=(0, ""))
        return limit if deadline and time.monotonic_ns() > deadline else ""

    def _set(self) -> list[tuple[int, str]]:
        """The deadlines there are, each with the words for it."""
        limits = self.limits
        named = (
            (self.hold_ns, f"locks may be held for {limits.hold} ms (--dbmigrate-hold-timeout)"),
            (self.total_ns, f"the run may take {limits.total} ms (--dbmigrate-total-timeout)"),
        )
        return [each for each in named if each[0]]


def _after(milliseconds: int) -> int:
    return time.monotonic_ns() + milliseconds * 1_000_000
