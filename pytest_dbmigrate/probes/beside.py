"""What one run sees beside its migrations: the database's figures, the application, the downtime.

Taken before BEGIN, while the migrations run, and in the health phase. Nothing here stops a run that
has begun: what could not be seen says why.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import Error

from pytest_dbmigrate.postgres import metrics, slow_statements, timing
from pytest_dbmigrate.postgres.query import ConnectionLostError, StatementFailedError
from pytest_dbmigrate.postgres.secret import Secret
from pytest_dbmigrate.postgres.target import TargetError
from pytest_dbmigrate.postgres.transaction import RefusedError
from pytest_dbmigrate.postgres.tried_statements import tried_statements
from pytest_dbmigrate.probes import http, log
from pytest_dbmigrate.probes.downtime import Gaps, Tries
from pytest_dbmigrate.spec.builtins import DOWNTIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from psycopg import Connection

    from pytest_dbmigrate.postgres.metrics import Reading, Snapshot
    from pytest_dbmigrate.postgres.slow_statements import Statements
    from pytest_dbmigrate.postgres.steps import Stage, Step
    from pytest_dbmigrate.postgres.timing import Timing
    from pytest_dbmigrate.probes.application import Application
    from pytest_dbmigrate.probes.log import LogWatch
    from pytest_dbmigrate.probes.seen import ProbeSeen
    from pytest_dbmigrate.spec.probes import HttpProbe, Probes
    from pytest_dbmigrate.spec.project import Project

# A request that may change something is not made again and again.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DATABASE_ERRORS = (ConnectionLostError, StatementFailedError, TargetError, Error)


@dataclass(slots=True)
class Seen:
    """Filled in as the run goes; by name where there are several. None: not looked at yet.

    `sql_gaps` and `http_gaps` are the tries while the migrations ran. `problem` says why the
    database's figures could not be read.
    """

    before: Snapshot | None = None
    after: Snapshot | None = None
    slowest_before: Reading | None = None
    slowest: Reading | None = None
    timed_before: dict[str, Timing] = field(default_factory=dict)
    timed_after: dict[str, Timing] = field(default_factory=dict)
    probes_before: dict[str, ProbeSeen] = field(default_factory=dict)
    probes: dict[str, ProbeSeen] = field(default_factory=dict)
    sql_gaps: Gaps | None = None
    http_gaps: Gaps | None = None
    problem: str = ""


@dataclass(slots=True)
class Beside:
    """One run's view of what is beside its migrations.

    `connect` opens an autocommit connection, `conninfo` is how other processes connect, `ours` are
    the pids of the run's own connections. Log files are found relative to `root`. `required` tells
    which probes must pass at this stage.
    """

    project: Project
    stage: Stage
    application: Application
    root: Path
    connect: Callable[[], Connection[object]]
    conninfo: Callable[[], Secret]
    ours: Callable[[], Sequence[int]]
    seen: Seen = field(default_factory=Seen)
    statements: Statements | Reading | None = None
    _logs: dict[str, LogWatch] = field(default_factory=dict)
    _sql_tries: Tries | None = None
    _http_tries: Tries | None = None
    _conn: Connection[object] | None = None

    @property
    def probes(self) -> Probes | None:
        """The plan's probes; None without a plan."""
        return self.project.plan.probes if self.project.plan is not None else None

    @property
    def migrates(self) -> bool:
        """Whether there is a before, a while and an after."""
        return self.stage != "verify" and bool(self.project.migrations)

    def start(self) -> None:
        """Start the processes of the tries early: they take a moment to load what they need."""
        if not self.migrates or DOWNTIME in self.project.without:
            return
        self._sql_tries = Tries()
        self._sql_tries.start()
        if self.stage == "production" and self._tried_probes():
            self._http_tries = Tries()
            self._http_tries.start()

    def on_step(self, step: Step, last: Step) -> None:
        """What there is to see behind a step; `last` is the one behind which nothing is migrated.

        Raises RefusedError, behind the step `before`, for what a required probe needs and has not.
        """
        if step.kind == "before":
            self._refuse()
            self._look_before()
        if step == last:
            self.end_tries()
            self._mark_statements()
        if step.kind == "health":
            self._look_after()

    def end_tries(self) -> None:
        """Stop the tries, however the migrations ended."""
        if self._sql_tries is not None:
            self.seen.sql_gaps, self._sql_tries = self._sql_tries.end(), None
        if self._http_tries is not None:
            self.seen.http_gaps, self._http_tries = self._http_tries.end(), None

    def look_at_probes(self, *, last: bool = False) -> list[ProbeSeen]:
        """Ask the application and read its logs, now; the `last` time to the very end."""
        probes = self.probes
        if probes is None:
            return []
        seen = http.ask(probes.http, self.application)
        return [*seen, *(watch.look(last=last) for watch in self._logs.values())]

    def slowest_since(self) -> Reading | None:
        """The slowest mean of a statement that ran since the migrations ended.

        None where nothing was marked. Raises ConnectionLostError, TargetError.
        """
        if self.statements is None or not isinstance(self.statements, slow_statements.Statements):
            return self.statements
        now = slow_statements.read_statements(self.connection())
        if not isinstance(now, slow_statements.Statements):
            return now
        return slow_statements.slowest(self.statements, now)

    def fresh_errors(self, name: str) -> tuple[int, str]:
        """How many errors the last look has found in the log of a probe, and the first of them."""
        watch = self._logs.get(name)
        return (watch.fresh, watch.first_fresh) if watch is not None else (0, "")

    def begin_window(self) -> None:
        """Mark what was not marked before migrations: a database that is only verified has none.

        Raises what DATABASE_ERRORS are.
        """
        probes = self.probes
        for each in probes.log if probes is not None else ():
            if each.name not in self._logs:
                self._logs[each.name] = log.watch(each, self.root)
        if self.statements is None:
            self.statements = slow_statements.read_statements(self.connection())

    def connection(self) -> Connection[object]:
        """The connection that the figures are read over. Raises TargetError."""
        if self._conn is None or self._conn.closed:
            self._conn = self.connect()
        return self._conn

    def drop_connection(self) -> None:
        """Close it; the next reading opens another."""
        if self._conn is not None:
            self._conn.close()

    def close(self) -> None:
        """Let go of everything."""
        self.end_tries()
        self.drop_connection()
        for watch in self._logs.values():
            watch.close()

    # -- parts ---------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """On a live target: what is required after the COMMIT and cannot be asked for."""
        plan = self.project.plan
        if self.stage != "production" or plan is None:
            return
        for probe in plan.probes.http:
            obstacle = self.application.obstacle(probe)
            if obstacle is not None and plan.requires(probe.name, self.stage):
                raise RefusedError(
                    f"refused before BEGIN: probe {probe.name} cannot be asked: {obstacle}. "
                    f"What to do: {obstacle.todo}"
                )
        for each in plan.probes.log:
            watch = self._logs[each.name] = log.watch(each, self.root)
            missing = watch.obstacle()
            if missing and plan.requires(each.name, self.stage):
                raise RefusedError(
                    f"refused before BEGIN: probe {each.name} cannot be read: {missing}"
                )

    def _look_before(self) -> None:
        if not self.migrates:
            return
        try:
            conn = self.connection()
            self.seen.before = metrics.read(conn, ours=self.ours(), tables=True)
            if self.stage == "production":
                self.seen.slowest_before = _slowest_so_far(slow_statements.read_statements(conn))
            for timed in timing.measure(conn, self.project.timed):
                self.seen.timed_before[timed.name] = timed
            statements = tried_statements(conn, self.project.migrations, self.project.timed)
        except DATABASE_ERRORS as error:
            self.seen.problem = str(error)
            statements = {}
        if self._http_tries is not None:
            self._http_tries.begin_http(self._requests())
        if self._sql_tries is not None and statements:
            self._sql_tries.begin_sql(self.conninfo(), statements)
        probes = self.probes
        if self.stage == "production" and probes is not None:
            before = http.ask(probes.http, self.application)
            self.seen.probes_before = {each.name: each for each in before}
            # Only what is written from here on counts: the next thing that is sent is BEGIN.
            for each in probes.log:
                self._logs[each.name].close()
                self._logs[each.name] = log.watch(each, self.root)

    def _look_after(self) -> None:
        if self.stage == "production":
            self.seen.probes = {each.name: each for each in self.look_at_probes()}
        elif self.stage == "verify" and self.probes is not None:
            seen = http.ask(self.probes.http, self.application)
            self.seen.probes = {each.name: each for each in seen}
        try:
            conn = self.connection()
            self.seen.after = metrics.read(conn, ours=self.ours(), tables=True)
            self.seen.slowest = self.slowest_since()
            for timed in timing.measure(conn, self.project.timed):
                self.seen.timed_after[timed.name] = timed
        except DATABASE_ERRORS as error:
            self.seen.problem = str(error)

    def _mark_statements(self) -> None:
        """Remember what the server has counted of its statements: what comes after is new."""
        if self.stage != "production":
            return
        try:
            self.statements = slow_statements.read_statements(self.connection())
        except DATABASE_ERRORS as error:
            self.seen.problem = str(error)

    def _tried_probes(self) -> list[HttpProbe]:
        probes = self.probes
        return [
            probe
            for probe in (probes.http if probes is not None else ())
            if probe.method in _SAFE_METHODS and self.application.obstacle(probe) is None
        ]

    def _requests(self) -> Secret:
        return Secret(
            json.dumps(
                [
                    {
                        "name": probe.title,
                        "method": probe.method,
                        "url": self.application.url(probe),
                        "headers": {
                            name: value.reveal() for name, value in self.application.headers(probe)
                        },
                        "status": probe.status,
                    }
                    for probe in self._tried_probes()
                ]
            )
        )


def _slowest_so_far(found: Statements | Reading) -> Reading:
    """The slowest mean since the server began to count."""
    if not isinstance(found, slow_statements.Statements):
        return found
    nothing = slow_statements.Statements(found.at, {}, found.since)
    return slow_statements.slowest(nothing, found)
