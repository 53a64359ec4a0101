"""The monitoring window: everything sampled at a steady pace, whatever happens meanwhile.

A server that restarts, a lost connection, an application that dies: each is told with its time, and
the window goes on. Ctrl-C ends it with what was observed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres import metrics, timing
from pytest_dbmigrate.postgres.slow_statements import SLOWEST
from pytest_dbmigrate.probes.anomalies import (
    RESTART,
    STAGE,
    of_check,
    of_figures,
    of_log,
    of_request,
    planned_limits,
)
from pytest_dbmigrate.probes.beside import DATABASE_ERRORS
from pytest_dbmigrate.probes.window import Blind, Window
from pytest_dbmigrate.spec.probes import LogProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_dbmigrate.postgres.metrics import Snapshot
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.probes.beside import Beside
    from pytest_dbmigrate.probes.window import Anomaly, Bad

# Between two samples more time than this has passed: nobody was looking (a machine that slept).
LATE = 3


@dataclass(slots=True)
class Monitor:
    """Watches over one run's database and application.

    `check_health` runs the health checks once; `on_sample` is called behind each sample and
    `on_anomaly` for each new anomaly.
    """

    beside: Beside
    duration_ns: int
    interval_ns: int
    check_health: Callable[[], Sequence[Finding]]
    on_sample: Callable[[Window], None] = lambda _window: None
    on_anomaly: Callable[[Anomaly], None] = lambda _anomaly: None
    window: Window = field(init=False)
    _last: Snapshot | None = None
    _seen_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        """Make the window; it begins when it is watched."""
        self.window = Window(datetime.now(UTC), self.duration_ns, self.interval_ns)

    def watch(self) -> Window:
        """Sample until the time is over; then once more to the very end.

        Ctrl-C ends it early: what was observed is in the window, which says so.
        """
        window = self.window
        window.started = self._seen_at = datetime.now(UTC)
        self._last = self.beside.seen.after
        began = time.monotonic_ns()
        try:
            self._begin()
            while True:
                spent = time.monotonic_ns() - began
                last = spent >= self.duration_ns
                self._sample(last=last)
                window.observed_ns = min(spent, self.duration_ns)
                self.on_sample(window)
                if last:
                    break
                self._wait(began)
        except KeyboardInterrupt:
            window.ended = "it was interrupted"
        window.finished = datetime.now(UTC)
        return window

    def _begin(self) -> None:
        try:
            self.beside.begin_window()
        except DATABASE_ERRORS as error:
            self._go_blind(_words(error))

    def _wait(self, began: int) -> None:
        """Until the next sample is due, or the end."""
        now = time.monotonic_ns()
        passed = (now - began) // self.interval_ns
        due = min(began + (passed + 1) * self.interval_ns, began + self.duration_ns)
        time.sleep(max(0, due - now) / 1e9)

    def _sample(self, *, last: bool) -> None:
        """Everything once. The `last` time logs to their end, tables, and timed queries too."""
        at = datetime.now(UTC)
        bad: list[Bad] = []
        looked: set[str] = set()
        self._probes(at, bad, looked, last=last)
        try:
            self._database(at, bad, looked, last=last)
        except DATABASE_ERRORS as error:
            self.beside.drop_connection()
            self._go_blind(_words(error))
        else:
            self._see(at)
        self.window.samples += 1
        for anomaly in self.window.judge(at, bad, looked):
            self.on_anomaly(anomaly)

    def _probes(self, at: datetime, bad: list[Bad], looked: set[str], *, last: bool) -> None:
        plan = self.beside.project.plan
        titles = {p.name: p for p in plan.probes.all} if plan is not None else {}
        for seen in self.beside.look_at_probes(last=last):
            name, title = seen.name, titles[seen.name].title
            required = plan is None or plan.requires(name, STAGE)
            self.window.probes[name] = seen
            looked.add(name)
            if isinstance(titles[name], LogProbe):
                errors, first = self.beside.fresh_errors(name)
                self.window.keep(name, at, errors)
                bad += of_log(name, errors, first, title, required=required)
            else:
                self.window.keep(name, at, seen.value)
                bad += of_request(seen, title, required=required)

    def _database(self, at: datetime, bad: list[Bad], looked: set[str], *, last: bool) -> None:
        """Figures and health checks. Raises what DATABASE_ERRORS are."""
        beside, window = self.beside, self.window
        now = metrics.read(beside.connection(), ours=beside.ours(), tables=last)
        slowest = beside.slowest_since()
        limits = planned_limits(beside.project.plan)
        bad += of_figures(limits, beside.seen.before, self._last, now, slowest)
        for name, reading in now.readings.items():
            window.keep(name, at, reading.value)
            looked.add(name)
        if slowest is not None:
            window.keep(SLOWEST, at, slowest.value)
            looked.add(SLOWEST)
        looked.add(RESTART)
        window.after, window.slowest, self._last = now, slowest, now
        for finding in self.check_health():
            window.findings[finding.check.name] = finding
            bad += of_check(finding)
            looked.add(finding.check.name)
        if last:
            for timed in timing.measure(beside.connection(), beside.project.timed):
                window.timed[timed.name] = timed

    def _go_blind(self, why: str) -> None:
        """The database cannot be looked at, since the last time that it could."""
        blinds = self.window.blinds
        if not blinds or blinds[-1].end is not None:
            blinds.append(Blind(self._seen_at, None, why))

    def _see(self, at: datetime) -> None:
        """The database could be looked at."""
        blinds = self.window.blinds
        if blinds and blinds[-1].end is None:
            blinds[-1] = Blind(blinds[-1].start, at, blinds[-1].why)
        elif (at - self._seen_at).total_seconds() * 1e9 > LATE * self.interval_ns + 5e9:
            why = "no sample was taken: this machine was busy or asleep"
            blinds.append(Blind(self._seen_at, at, why))
        self._seen_at = at


def _words(error: Exception) -> str:
    """What happened to the connection, without libpq's guesses."""
    said = " ".join(str(error).split()).partition(" This probably means")[0]
    return said.removeprefix("consuming input failed: ")
