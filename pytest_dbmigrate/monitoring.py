"""Watch over a database for as long as was asked, keep a record of it, and say what happens."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.folder import FolderError, RunFolder, load_run
from pytest_dbmigrate.evidence.monitored import monitoring_record
from pytest_dbmigrate.evidence.words import time_text
from pytest_dbmigrate.postgres.query import Patience
from pytest_dbmigrate.probes.alerts import Alerts
from pytest_dbmigrate.probes.monitoring import Monitor
from pytest_dbmigrate.report import github, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.probes.window import Anomaly, Window
    from pytest_dbmigrate.run import Run

SAVE_SECONDS = 60.0
"""How often the record is written while the window lasts: a killed run leaves what it has seen."""

LINE_SECONDS = 60.0
"""How often a line is printed where there is no terminal."""

HEALTH_SECONDS = 60.0
"""How long the health checks of one sample may take."""


@dataclass(slots=True)
class Watch:
    """The window of one run (`watched`): its folder, its record, its voice.

    `production` is the run that migrated the database, where it is known.
    """

    run: Run
    watched: Evidence
    folder: RunFolder
    production: LoadedRun | None
    alerts: Alerts
    say: Callable[[str], None]
    terminal: bool
    monitor: Monitor = field(init=False)
    _saved: float = 0.0
    _said: float = 0.0
    problem: str = ""

    def __post_init__(self) -> None:
        """Make the monitor."""
        settings = self.run.settings
        self.monitor = Monitor(
            beside=self.run.beside,
            duration_ns=settings.monitor * 1_000_000,
            interval_ns=settings.interval * 1_000_000,
            check_health=self._check_health,
            on_sample=self._on_sample,
            on_anomaly=self._on_anomaly,
        )

    def watch(self) -> Evidence:
        """Watch to the end, or to Ctrl-C, and return the record."""
        window = self.monitor.watch()
        if self.terminal:
            self._overwrite("")
        self.say(progress.end_line(window))
        self.alerts.reap(wait=True)
        for problem in self.alerts.problems:
            self.say(f"dbmigrate: --dbmigrate-on-alert: {problem}")
        return self.evidence(window)

    def evidence(self, window: Window) -> Evidence:
        """The window's record as it stands."""
        return monitoring_record(
            self.run.gate,
            self.watched,
            self.production,
            window,
            self.run.beside.seen,
            run_id=self.folder.run_id,
            command=self.run.command,
            scrub=self.run.scrub,
        )

    def _check_health(self) -> Sequence[Finding]:
        deadline = time.monotonic_ns() + round(HEALTH_SECONDS * 1e9)
        return self.run.gate.check_health(
            Patience(deadline, f"the health checks took longer than {HEALTH_SECONDS:g} s")
        )

    def _on_sample(self, window: Window) -> None:
        now = time.monotonic()
        self.alerts.reap()
        if self.terminal:
            self._overwrite(progress.live_line(window))
        elif now - self._said >= LINE_SECONDS or window.samples == 1:
            self._said = now
            self.say(progress.minute_line(window))
        if now - self._saved >= SAVE_SECONDS:
            self._save(window)

    def _on_anomaly(self, anomaly: Anomaly) -> None:
        if self.terminal:
            self._overwrite("")
        line = self.run.scrub(progress.anomaly_line(anomaly))
        self.say(line)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            kind = "error" if anomaly.bad.required else "warning"
            self.say(github.annotation(kind, anomaly.bad.title, line))
        self.alerts.send(self._facts(anomaly))
        self._save(self.monitor.window)

    def _facts(self, anomaly: Anomaly) -> dict[str, object]:
        bad, target = anomaly.bad, self.watched.target
        return {
            "anomaly": bad.name,
            "title": bad.title,
            "at": time_text(anomaly.at),
            "observed": self.run.scrub(bad.text),
            "value": bad.value,
            "unit": bad.unit,
            "limit": bad.limit,
            "required": bad.required,
            "run": self.folder.run_id,
            "production": self.production.evidence.run.id if self.production else "",
            "database": target.url if target is not None else "",
        }

    def _save(self, window: Window) -> None:
        """Write the record as it stands; what cannot be written now is tried again."""
        self._saved = time.monotonic()
        try:
            self.folder.write_evidence(self.evidence(window))
        except FolderError as error:
            self.problem = str(error)

    def _overwrite(self, line: str) -> None:
        """The one live line of a terminal."""
        sys.stdout.write(f"\r\x1b[2K{line}")
        sys.stdout.flush()


def begin(run: Run, watched: Evidence, say: Callable[[str], None]) -> Watch:
    """Begin the window of a run whose record is complete.

    Raises FolderError when its own record cannot be written.
    """
    if run.folder is None:
        raise FolderError("the run has no folder to stand beside")
    root = run.folder.path.parent
    production = load_run(run.folder.path) if run.gate.live else _migrated_by(root, watched)
    folder = RunFolder.create(
        root,
        "monitoring",
        started=datetime.now(UTC),
        operator=watched.run.operator,
        command=run.command,
    )
    return Watch(
        run=run,
        watched=watched,
        folder=folder,
        production=production,
        alerts=Alerts(run.settings.on_alert),
        say=say,
        terminal=sys.stdout.isatty(),
    )


def _migrated_by(root: Path, watched: Evidence) -> LoadedRun | None:
    """The newest production run that committed on this very database."""
    target = watched.target
    for path in sorted(root.glob("*-production-*"), reverse=True):
        run = load_run(path)
        theirs = run.evidence.target
        if target is None or theirs is None or run.evidence.transaction.state != "committed":
            continue
        known = target.system_identifier and target.database
        here = (target.system_identifier, target.database)
        if known and (theirs.system_identifier, theirs.database) == here:
            return run
    return None
