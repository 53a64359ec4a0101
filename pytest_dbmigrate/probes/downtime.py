"""Downtime, measured: the longest time in which what users do got no answer.

The tries run in processes of their own (trying.py): while the gate waits for the server, nothing
else can run in its own one.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

READY_SECONDS = 15.0
"""How long a process may take to come up: its tries once, and each with a time limit."""

END_SECONDS = 20.0
"""How long it may take to end: what still waits then, and what fails, tried a few times more."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that was tried: how often, and the longest gap; see tried.py. Durations in ns."""

    name: str
    tries: int
    longest_ns: int
    at: datetime | None
    every_ns: int
    failing: str = ""
    left_out: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Gaps:
    """All that was tried, or in words why there is nothing to tell."""

    gaps: tuple[Gap, ...] = ()
    problem: str = ""


class Tries:
    """One process of tries: `start` it early, `begin` before BEGIN, `end` when it is over."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = "it was not begun"

    def start(self) -> None:
        """Start the process; it loads what it needs and waits to be told."""
        try:
            self._process = subprocess.Popen(
                # -P: what lies in the working directory is not imported.
                [sys.executable, "-P", "-m", "pytest_dbmigrate.probes.trying"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            self._problem = f"its process did not start: {error}"

    def begin_sql(self, conninfo: Secret, statements: Mapping[str, str]) -> None:
        """Try statements over connections of their own."""
        self._begin(Secret(json.dumps({"conninfo": conninfo.reveal(), "statements": statements})))

    def begin_http(self, requests: Secret) -> None:
        """Try requests: a JSON list of what http_tries.Request holds."""
        self._begin(Secret(f'{{"requests": {requests.reveal()}}}'))

    def end(self) -> Gaps:
        """Stop the tries, and take what they have seen. Never raises for what they did."""
        process, self._process = self._process, None
        if process is None:
            return Gaps(problem=self._problem)
        try:
            out, error = process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Gaps(problem="its process did not end")
        if self._problem:
            return Gaps(problem=self._problem)
        lines = [line for line in out.decode().splitlines() if line.startswith("{")]
        if not lines:
            last = error.decode(errors="replace").strip().splitlines()[-1:]
            return Gaps(problem=f"its process ended: {''.join(last) or process.returncode}")
        return _gaps(json.loads(lines[-1]))

    def _begin(self, asked: Secret) -> None:
        """Say what to try, and wait until each was tried once."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        try:
            process.stdin.write(asked.reveal().encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            self._problem = f"its process is gone: {error}"
            return
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            ready, _, _ = select.select([process.stdout], [], [], 0.25)
            if ready:
                answer = process.stdout.readline().decode().strip()
                said = json.loads(answer) if answer.startswith("{") else {}
                ended = "" if answer == "ready" else "its process ended"
                self._problem = said.get("problem", ended)
                return
        self._problem = f"its process was not ready within {READY_SECONDS:g} s"


def _gaps(said: dict[str, list[dict[str, object]]]) -> Gaps:
    found = []
    for each in said.get("tried", []):
        at = str(each.pop("at"))
        found.append(Gap(at=datetime.fromisoformat(at) if at else None, **each))  # type: ignore[arg-type]  # what trying.py writes
    return Gaps(tuple(found))
