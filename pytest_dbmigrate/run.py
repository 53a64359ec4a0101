"""One run: settings and project in, a gate to ask, a record and a decision out. Knows no pytest."""

from __future__ import annotations

import getpass
import os
import platform
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.admission import (
    NotAdmittedError,
    refuse_drift,
    refuse_outside_window,
    require_rehearsal,
    resolve_earlier,
)
from pytest_dbmigrate.evidence.building import Circumstances, build
from pytest_dbmigrate.evidence.decision import Decision, decide, reasons_against_commit
from pytest_dbmigrate.evidence.folder import FolderError, RunFolder, load_run
from pytest_dbmigrate.evidence.forecast import with_forecast
from pytest_dbmigrate.evidence.reported import Reported, correct
from pytest_dbmigrate.postgres import already
from pytest_dbmigrate.postgres.gate import Gate
from pytest_dbmigrate.postgres.secret import Scrubber, Secret
from pytest_dbmigrate.postgres.transaction import Limits, RefusedError
from pytest_dbmigrate.probes.application import Application
from pytest_dbmigrate.probes.beside import Beside
from pytest_dbmigrate.spec.judging import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from pytest_postgresql.executors import NoopExecutor

    from pytest_dbmigrate.evidence import record
    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.postgres.proving import WayBack
    from pytest_dbmigrate.postgres.rehearsal import Rehearsal
    from pytest_dbmigrate.postgres.steps import Step
    from pytest_dbmigrate.postgres.target import Identity
    from pytest_dbmigrate.settings import Settings
    from pytest_dbmigrate.spec.project import Project

_TOOLS = ("pytest-dbmigrate", "pytest", "psycopg", "pytest-html", "pytest-postgresql", "sqlparse")


@dataclass(slots=True)
class Run:
    """A run from its opening to its decision.

    `steps` are the ids of the items that apply, commit, re-run and decide, `python` those of the
    tests on our connection, `selected` those of all planned items that will run; `reported` is
    what pytest said of each. `base` is what the plan's paths are relative to. `folder` is None
    where another process keeps the record, `problem` is why there is none. `told` is what the item
    that is judged just now says of itself. `shared`: other processes run some of the items (we are
    a worker of pytest-xdist).
    """

    settings: Settings
    project: Project
    command: str
    base: Path = field(default_factory=Path)
    folder: RunFolder | None = None
    problem: str = ""
    steps: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    shared: bool = False
    planned: tuple[str, ...] = field(init=False)
    reported: dict[str, Reported] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    interrupted: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    gate: Gate = field(init=False)
    identity: Identity | None = None
    rehearsal: Rehearsal | None = None
    source: record.Source | None = None
    way_back: WayBack | None = None
    say: Callable[[str], None] = lambda _line: None
    signed_rehearsal: record.Rehearsal | None = None
    beside: Beside = field(init=False)
    finished: datetime | None = None
    _rehearsed: Evidence | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    opened: bool = False
    _expected: frozenset[str] = frozenset()
    _scrubber: Scrubber | None = None

    def __post_init__(self) -> None:
        """Make the gate; nothing is started or connected yet."""
        named = [t for t in (self.settings.target, self.settings.restore_into) if t is not None]
        if named:
            from pytest_dbmigrate.postgres.url import scrubber  # noqa: PLC0415  (import time)

            self._scrubber = scrubber(*named)
        # With --showlocals a test's traceback may show the whole run.
        self.command = self.scrub(self.command)
        self.planned = (*map(key, self.project.checks), *self.steps, *self.python)
        self.gate = Gate(
            project=self.project,
            stage=self.settings.mode,
            connect=self._not_open,
            limits=Limits(
                lock=self.settings.lock_timeout,
                statement=self.settings.statement_timeout,
                idle=self.settings.idle_timeout,
                hold=self.settings.hold_timeout,
                total=self.settings.total_timeout,
                outside=self.settings.outside_timeout,
                retries=self.settings.retries,
            ),
            commit_each=self.settings.commit_each,
            on_intent=self._remember_intent,
            on_ending=self._remember_ending,
            on_step=self._look_beside,
            objections=self._objections,
        )
        self.beside = Beside(
            project=self.project,
            stage=self.settings.mode,
            application=self._application(),
            root=self.base,
            connect=self._connect,
            conninfo=self._conninfo,
            ours=lambda: [self.gate.connection().info.backend_pid],
        )

    def open(self) -> Gate:
        """Start the server or reach the target, once. One that cannot be used stops the gate."""
        if not self.opened:
            self.opened = True
            self._open()
        return self.gate

    def prove_way_back(self) -> None:
        """Prove, once, what is to lead back; where it does not, nothing begins."""
        if self.way_back is None and not self.gate.seen.stopped:
            from pytest_dbmigrate.way_back import prove_way_back  # noqa: PLC0415  (import time)

            self.way_back = prove_way_back(self)

    def make_folder(self, root: Path) -> None:
        """Make the run's folder with its INCOMPLETE record; a live run does not start without."""
        try:
            self.folder = RunFolder.create(
                root,
                self.settings.mode,
                started=self.started,
                operator=operator(),
                command=self.scrub(self.command),
            )
        except FolderError as error:
            self.problem = str(error)
            if self.gate.live:
                self.gate.stop(f"refused before BEGIN: {error}")

    def complete(self) -> None:
        """Run the steps that are left, where no item of this process asked for them."""
        if self.opened and not self.interrupted:
            self.gate.advance(self.gate.steps[-1])

    def close(self) -> None:
        """Roll back what is open, and end connections and the throw-away server."""
        already.look(self.gate)
        self.gate.finish()
        self.beside.end_tries()
        self.beside.drop_connection()
        self._stack.close()

    def template(self) -> NoopExecutor | None:
        """The throw-away server with the migrated database as template; None on a real target."""
        if self.rehearsal is None:
            return None
        from pytest_dbmigrate.postgres.rehearsal import copy_of  # noqa: PLC0415  (import time)

        # Nobody may be connected to what is copied.
        self.gate.finish()
        self.beside.end_tries()
        self.beside.drop_connection()
        return copy_of(self.rehearsal)

    def expects(self, item: str) -> bool:
        """Whether an item is one of those that must pass."""
        if not self._expected:
            self._expected = frozenset(self.planned)
        return item in self._expected

    def update_expected(self) -> list[str]:
        """Write what was observed into `expect-result` lines and files; says what was written."""
        from pytest_dbmigrate.updating import update_expected  # noqa: PLC0415  (import time)

        return update_expected(self.project, self.gate.seen.findings)

    def evidence(self, *, finished: bool = False) -> Evidence:
        """The record as far as the run has come, less what pytest's reports took back."""
        if finished and self.finished is None:
            self.finished = datetime.now(UTC)
        evidence = build(self.gate, self.identity, self._circumstances())
        evidence = with_forecast(evidence, self._rehearsed)
        python = [t for t in self.python if t in self.reported or not self.shared]
        plan = self.project.plan
        return correct(evidence, self.reported, plan, python=python, steps=self.steps)

    def save(self) -> Evidence:
        """Write the record as it stands; it reads as incomplete until the run has finished."""
        evidence = self.evidence()
        if self.folder is not None:
            self.folder.write_evidence(evidence)
        return evidence

    def decide(self) -> Decision:
        """The decision on everything observed so far, as if nothing more came."""
        already.look(self.gate)
        return decide(self.evidence(finished=True))

    def scrub(self, text: str) -> str:
        """Text without the secrets of any database that was named."""
        return self._scrubber(text) if self._scrubber else text

    def probe_records(self) -> list[record.Check]:
        """The plan's probes as the record has them so far."""
        from pytest_dbmigrate.evidence.observed_health import probe_records  # noqa: PLC0415  (import time)

        seen, stopped = self.beside.seen, self.gate.seen.stopped
        return list(probe_records(self.project, self.settings.mode, seen, stopped, self.scrub))

    # -- parts ---------------------------------------------------------------------------------

    def _open(self) -> None:
        from pytest_dbmigrate.postgres.binaries import ServerError  # noqa: PLC0415  (import time)
        from pytest_dbmigrate.postgres.target import (  # noqa: PLC0415
            TargetError,
            connect,
            identify,
        )

        self.beside.start()
        try:
            if self.settings.mode == "rehearsal" or self.settings.target is None:
                from pytest_dbmigrate.rehearsing import throw_away  # noqa: PLC0415

                self.rehearsal = throw_away(self, self._stack)
                self.gate.connect = self.rehearsal.connect
            else:
                target, seconds = self.settings.target, self.settings.connect_timeout // 1000
                self.gate.connect = lambda: connect(target, timeout=seconds, autocommit=True)
            self.identity = identify(self.gate.connection())
            if self.gate.live:
                self._admit(self.identity)
        except (ServerError, TargetError, NotAdmittedError) as error:
            self.gate.stop(str(error))

    def _admit(self, identity: Identity) -> None:
        """Let a production run start, or raise NotAdmittedError."""
        root = self.folder.path.parent if self.folder else Path()
        refuse_outside_window(self.project.plan, self.started)
        notes = resolve_earlier(root, identity, self.gate.connect)
        if self.settings.require_signoff:
            self.signed_rehearsal, more = require_rehearsal(
                self.settings.require_signoff,
                root,
                own=self.folder.run_id if self.folder else "",
                project=self.project,
                identity=identity,
                allowed_signers=self.settings.allowed_signers,
            )
            notes += more
            if self.signed_rehearsal is not None:
                rehearsed = load_run(self.signed_rehearsal.run, root)
                self._rehearsed = rehearsed.evidence
                self.gate.on_schema = lambda now: refuse_drift(rehearsed, self.gate.seen, now)
        self.gate.seen.notes += notes

    def _application(self) -> Application:
        plan = self.project.plan
        return Application(
            option=self.settings.base_url,
            planned=plan.probes.base_url if plan is not None else "",
            environ=os.environ,
        )

    def _connect(self) -> Connection[object]:
        """A connection as the gate opens them, once it can."""
        return self.gate.connect()

    def _conninfo(self) -> Secret:
        """How another process connects to the database that is migrated."""
        if self.rehearsal is not None:
            return Secret(self.rehearsal.server.dsn(self.rehearsal.database))
        return self.settings.target.conninfo if self.settings.target is not None else Secret("")

    def _look_beside(self, step: Step) -> None:
        """See what is beside the migrations behind a step; nothing once the run has stopped."""
        if self.gate.seen.stopped and step.kind == "before":
            return
        migrating = [s for s in self.gate.steps if s.kind not in {"before", "rerun", "health"}]
        try:
            self.beside.on_step(step, migrating[-1])
        except RefusedError as error:
            self.gate.stop(str(error))

    def _not_open(self) -> Connection[object]:
        raise RuntimeError("the run was not opened")

    def _remember_intent(self, _intent: object) -> None:
        try:
            self.save()
        except FolderError as error:
            raise RefusedError(f"not committed: {error}") from None

    def _remember_ending(self, _ending: object) -> None:
        """Let the record of a live run say at once what became of its COMMIT."""
        if not self.gate.live:
            return
        try:
            self.save()
        except FolderError as error:
            raise RefusedError(f"the COMMIT is settled, but not in the record: {error}") from None

    def _objections(self) -> list[str]:
        """What stands against COMMIT besides what the gate itself has seen."""
        if self.settings.mode != "production":
            return []
        return [reason.title for reason in reasons_against_commit(self.evidence())]

    def _circumstances(self) -> Circumstances:
        from pytest_dbmigrate.way_back import found_so_far  # noqa: PLC0415  (import time)

        return Circumstances(
            id=self.folder.run_id if self.folder else "",
            started=self.started,
            finished=self.finished,
            operator=operator(),
            command=self.command,
            embedded=self.settings.mode == "rehearsal",
            source=self.source,
            way_back=found_so_far(self),
            planned=len(self.planned),
            selected=len(self.selected),
            tools=tools(),
            incomplete=(self.interrupted,) if self.interrupted else (),
            rehearsal=self.signed_rehearsal,
            beside=self.beside.seen,
            scrub=self.scrub,
        )


def tools() -> dict[str, str]:
    """The versions of what did the work."""
    found = {"python": platform.python_version()}
    for name in _TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def operator() -> str:
    """Who runs this, as the operating system says."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
