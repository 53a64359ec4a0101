"""How one thing that users do went while it was tried again and again: its longest gap."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(slots=True)
class Tried:
    """One thing that users do, and how it went: durations in ns, `at` the start of the longest gap.

    `every_ns` is the longest time between two tries when none was waiting. `failing` says what is
    wrong at the end; `left_out` why it was not tried; `gone`: what it reads is there no more.
    """

    name: str
    tries: int = 0
    longest_ns: int = 0
    at: str = ""
    every_ns: int = 0
    failing: str = ""
    left_out: str = ""
    gone: bool = False
    _since_ns: int = field(default=0, repr=False)
    _last_ns: int = field(default=0, repr=False)

    @property
    def usable(self) -> bool:
        """Whether it is still tried."""
        return not (self.left_out or self.gone)

    def begin(self, now: int) -> None:
        """A try begins."""
        if self._last_ns and not self._since_ns:
            self.every_ns = max(self.every_ns, now - self._last_ns)
        self._last_ns = now
        self._since_ns = self._since_ns or now

    def end(self, now: int, problem: str = "") -> None:
        """A try has ended, well or with a problem; a gap lasts until the next that went well."""
        self.tries += 1
        gap = now - self._since_ns
        if gap > self.longest_ns:
            self.longest_ns = gap
            begun = datetime.now(UTC).timestamp() - gap / 1e9
            self.at = datetime.fromtimestamp(begun, UTC).isoformat(timespec="milliseconds")
        self.failing = problem
        if not problem:
            self._since_ns = 0
        self._last_ns = time.monotonic_ns()
