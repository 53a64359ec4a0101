"""A command of the user's, run once for each anomaly, the facts as JSON on its standard input."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 60.0
"""How long one call may take; then it is ended."""


@dataclass(slots=True)
class Alerts:
    """Calls of the command, none of which is waited for while the window goes on.

    `problems` says which calls did not do their work.
    """

    words: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    calls: int = 0
    _running: list[tuple[subprocess.Popen[bytes], float]] = field(default_factory=list)

    def send(self, facts: Mapping[str, object]) -> None:
        """Run the command with these facts; nothing without one. Never raises."""
        self.reap()
        if not self.words:
            return
        self.calls += 1
        try:
            process = subprocess.Popen(  # noqa: S603  (the user's own command line, split and without a shell)
                self.words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
        except OSError as error:
            self.problems.append(f"{self.words[0]}: {error.strerror or error}")
            return
        self._running.append((process, time.monotonic() + SECONDS))
        if process.stdin is not None:
            try:
                process.stdin.write(json.dumps(facts, sort_keys=True).encode() + b"\n")
                process.stdin.close()
            except OSError as error:  # it reads nothing
                self.problems.append(f"{self.words[0]} took no input: {error.strerror or error}")

    def reap(self, *, wait: bool = False) -> None:
        """Take in calls that have ended, and end those that take too long; `wait` for all."""
        going_on = []
        for process, deadline in self._running:
            left = deadline - time.monotonic()
            try:
                status = process.wait(timeout=max(0.0, left)) if wait else process.poll()
            except subprocess.TimeoutExpired:
                status = None
            if status is None and (wait or left <= 0):
                process.kill()
                process.wait()
                self.problems.append(f"{self.words[0]} was ended after {SECONDS:g} s")
            elif status is None:
                going_on.append((process, deadline))
            elif status != 0:
                self.problems.append(f"{self.words[0]} ended with status {status}")
        self._running = going_on
