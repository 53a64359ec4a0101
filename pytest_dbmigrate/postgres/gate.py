"""The run of phases on one target: before → (apply → after)* → final → COMMIT → re-run → health.

Running and judging are separate: whoever wants to judge a check calls `advance` to its step and
reads `findings`. `advance` runs every step up to that one, once, in the planned order, so that no
selection and no reordering can change what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres import transaction
from pytest_dbmigrate.postgres.apply import Applied, Fault, apply, preflight
from pytest_dbmigrate.postgres.catalog import Catalog, snapshot
from pytest_dbmigrate.postgres.query import Answer, ConnectionLost, StatementFailed, run
from pytest_dbmigrate.postgres.rerun import Rerun, rerun_all
from pytest_dbmigrate.postgres.steps import Stage, Step, step_of, steps_of
from pytest_dbmigrate.postgres.transaction import Ending, Intent, Limits, Refused
from pytest_dbmigrate.postgres.verify import observe
from pytest_dbmigrate.spec.expectations import Failure, Outcome, Result, Verdict
from pytest_dbmigrate.spec.judging import (
    applicable,
    certain_not_checked,
    judge,
    key,
    not_checked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.phases import Phase
    from pytest_dbmigrate.spec.project import Project


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to: its verdict, and the answer it was judged on where there was one."""

    check: Check
    verdict: Verdict
    answer: Answer | None = None


@dataclass(slots=True)
class Clock:
    """When a step began and ended, UTC."""

    step: Step
    started: datetime
    ended: datetime | None = None


@dataclass(slots=True)
class Gate:
    """One run on one target; see the module.

    `objections` is asked, before COMMIT, for what stands against it elsewhere. `connect` opens a new autocommit connection to the target. `on_intent` is told, before COMMIT,
    what identifies it; if it raises Refused, the transaction is rolled back.
    """

    project: Project
    stage: Stage
    connect: Callable[[], Connection[object]]
    limits: Limits = field(default_factory=Limits)
    commit_each: bool = False
    on_intent: Callable[[Intent], None] = lambda _intent: None
    objections: Callable[[], list[str]] = list

    findings: dict[str, Finding] = field(default_factory=dict)
    passed_before: dict[str, bool] = field(default_factory=dict)
    applied: dict[str, Applied] = field(default_factory=dict)
    reruns: list[Rerun] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    catalog_before: Catalog | None = None
    catalog_after: Catalog | None = None
    ending: Ending | None = None
    ending_before: Ending | None = None
    intent: Intent | None = None
    began: datetime | None = None
    ended: datetime | None = None
    stopped: str = ""
    notes: list[str] = field(default_factory=list)
    resolving: bool = False

    _conn: Connection[object] | None = None
    _done: set[Step] = field(default_factory=set)
    _before: dict[str, Result | Failure] = field(default_factory=dict)
    _version: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of this run, in order."""
        return steps_of(self.project, self.stage, commit_each=self.commit_each)

    @property
    def holding(self) -> bool:
        """Whether the transaction is open: migrations may be applied, nothing is decided."""
        return self.began is not None and self.ending is None

    @property
    def live(self) -> bool:
        """Whether the target is a database people use."""
        return self.stage == "production"

    def advance(self, until: Step) -> None:
        """Run every step up to and including `until` that has not run.

        Never raises for what the database says; an interruption rolls back and is raised again.
        """
        for step in self.steps:
            if step not in self._done:
                self._done.add(step)
                self._run(step)
            if step == until:
                return

    def finish(self) -> None:
        """Roll back what is still open and close the connection."""
        if self.holding:
            self.stop("the run ended before COMMIT")
        if self._conn is not None and not self._conn.closed:
            self._conn.close()

    def stop(self, why: str) -> None:
        """Stop the run: roll back at once, and let everything that has not run say why."""
        self.stopped = self.stopped or why
        if self.holding and self._conn is not None:
            self.end(transaction.rollback(self._conn))

    def connection(self) -> Connection[object]:
        """The connection everything of this run goes over."""
        if self._conn is None or self._conn.closed:
            self._conn = self.connect()
        return self._conn

    # -- steps ---------------------------------------------------------------------------------

    def _run(self, step: Step) -> None:
        if self.stopped:
            self._skip(step)
            return
        clock = Clock(step, datetime.now(UTC))
        self.clocks.append(clock)
        try:
            self._work(step)
        except (ConnectionLost, StatementFailed, Refused, psycopg.Error) as error:
            self.stop(f"{step}: {error}")
        except BaseException:
            self.stop(f"interrupted during {step}")
            raise
        finally:
            clock.ended = datetime.now(UTC)
        if self.stopped:
            self._skip(step)

    def _work(self, step: Step) -> None:
        match step.kind:
            case "before":
                self._before_all()
            case "apply":
                self._apply(self._migration(step.version))
            case "after":
                self._after(step)
            case "final":
                self._final(step)
            case "commit":
                self._decide()
            case "rerun":
                self.reruns += rerun_all(self.connection(), self.connect, self.project.migrations)
            case "health":
                self._health(step)

    def _before_all(self) -> None:
        conn = self.connection()
        if self.live:
            self._refuse_hopeless()
        for migration in self.project.migrations:
            fault = preflight(conn, migration.script, migration.statements)
            if fault is not None:
                self.applied[migration.version] = Applied(fault=fault)
                self.stop(fault.place)
                return
        if self.stopped:
            return
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._verify(conn, Step("before"))
        run(conn, "ROLLBACK")

    def _refuse_hopeless(self) -> None:
        """Do not lock production for a run that cannot end in GO."""
        for check in self.project.checks:
            why = "" if check.informational else certain_not_checked(check)
            if why:
                self.stop(f"refused before BEGIN: {key(check)} cannot pass: {why}")

    def _apply(self, migration: Migration) -> None:
        conn = self.connection()
        applied = self.applied[migration.version] = Applied()
        if not migration.transactional:
            apply(conn, migration.script, migration.statements, held=False, into=applied)
        else:
            if not self.holding:
                self._begin(conn)
            wanted = transaction.settings(conn)
            apply(conn, migration.script, migration.statements, into=applied)
            if applied.fault is None:
                late = transaction.force_constraints(conn, last=False)
                applied.fault = _late_fault(migration, late)
            if applied.fault is None:
                changed = transaction.restore_settings(conn, wanted)
                self.notes += [f"{migration.path}: {change}" for change in changed]
        if applied.fault is not None:
            self.stop(f"migration {migration.version} failed: {applied.fault.place}")
            return
        self._version = migration.version

    def _after(self, step: Step) -> None:
        conn = self.connection()
        if self.holding:
            self._verify(conn, step)
            if self.commit_each and not self.stopped:
                self._decide()
        else:
            self._verify_reading(conn, step)

    def _final(self, step: Step) -> None:
        conn = self.connection()
        if self.stage == "verify":
            self._version = self.project.migrations[-1].version if self.project.migrations else ""
        elif not self.commit_each and not self.holding:
            self._begin(conn)
        if self.holding:
            self._verify(conn, step)
            if not self.stopped:
                self.catalog_after = snapshot(conn)
        else:
            self._verify_reading(conn, step)

    def _health(self, step: Step) -> None:
        self._verify_reading(self.connection(), step)

    def _decide(self) -> None:
        """COMMIT when nothing stands against it, else ROLLBACK."""
        if not self.holding:
            return
        conn = self.connection()
        against = self._against() or self.objections()
        if against:
            more = f" (and {len(against) - 1} more)" if len(against) > 1 else ""
            self.stop(f"not committed: {against[0]}{more}")
            return
        late = transaction.force_constraints(conn, last=True)
        if isinstance(late.outcome, Failure):
            self.stop(f"a deferred constraint strikes before COMMIT: {late.outcome.message}")
            return
        self._commit(conn)

    # -- parts ---------------------------------------------------------------------------------

    def _begin(self, conn: Connection[object]) -> None:
        self.began = self.began or datetime.now(UTC)
        self.ending = None
        transaction.begin(conn, self.limits)
        if self.catalog_before is None:
            self.catalog_before = snapshot(conn)
            self._look_before(conn)

    def _look_before(self, conn: Connection[object]) -> None:
        """What later checks return before the first migration: to compare, and to find those that
        would have passed without it (only where nobody waits: in a rehearsal)."""
        later = [c for c in self.project.checks if c.phase.kind != "before" and c.expectation]
        if self.stage == "production":
            later = [c for c in later if compares_with_before(c)]
        for check, answer in observe(conn, later):
            if isinstance(answer, Answer):
                self._before[key(check)] = answer.outcome
                verdict = judge(check, answer.outcome, answer.outcome)
                self.passed_before[key(check)] = verdict.outcome is Outcome.PASS

    def _commit(self, conn: Connection[object]) -> None:
        self.resolving = True
        try:
            self.intent = transaction.intent(conn)
            self.on_intent(self.intent)
            ending = transaction.commit(conn, self.intent, self.connect)
        finally:
            self.resolving = False
        self.end(ending)
        if ending.state != "committed":
            self.stopped = self.stopped or ending.why or "not committed"
        if ending.interrupted:
            raise KeyboardInterrupt

    def end(self, ending: Ending) -> None:
        """Keep what became of the transaction."""
        earlier = self.ending_before
        if ending.state == "unchanged" and earlier is not None:
            why = f"earlier migrations had committed; this one did not: {self.stopped}"
            ending = Ending("committed", why)
        if ending.state == "committed":
            self.ending_before = ending
        self.ending = ending
        self.ended = datetime.now(UTC)

    def _verify_reading(self, conn: Connection[object], step: Step) -> None:
        """Verify outside the held transaction: one snapshot, read-only."""
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._verify(conn, step)
        if step.kind == "final":
            self.catalog_after = snapshot(conn)
        run(conn, "ROLLBACK")

    def _verify(self, conn: Connection[object], step: Step) -> None:
        runnable = []
        for check in self._checks(step.phase):
            if check.skip or check.reading.status in {"refused", "commented-out"}:
                self._keep(check, not_checked(check, certain_not_checked(check), "skipped"))
            elif not applicable(check, self._version):
                why = f"not valid at version {self._version or 'before the first'}"
                self._keep(check, not_checked(check, why, "not-applicable"))
            elif self.stage == "verify" and compares_with_before(check):
                why = (
                    "compares with the state before the migrations, which is not seen at this stage"
                )
                self._keep(check, not_checked(check, why, "not-applicable"))
            else:
                runnable.append(check)
        for check, answer in observe(conn, runnable):
            outcome = answer.outcome if isinstance(answer, Answer) else answer
            verdict = judge(check, outcome, self._before.get(key(check)))
            self._keep(check, verdict, answer if isinstance(answer, Answer) else None)
            if self.live and stops(self.findings[key(check)]):
                where = "refused before BEGIN" if self.began is None else "rolled back"
                self.stop(f"{where} after {verdict.outcome} of {check.title} ({key(check)})")
                return

    def _keep(self, check: Check, verdict: Verdict, answer: Answer | None = None) -> None:
        self.findings[key(check)] = Finding(check, verdict, answer)

    def _checks(self, phase: Phase | None) -> list[Check]:
        return [c for c in self.project.checks if c.phase == phase]

    def _migration(self, version: str) -> Migration:
        return next(m for m in self.project.migrations if m.version == version)

    def _against(self) -> list[str]:
        """What keeps the gate from COMMIT, of what it has itself observed or should have."""
        due = [c for c in self.project.checks if step_of(c.phase) in self._done]
        missing = [f"{key(c)} did not run" for c in due if key(c) not in self.findings]
        failed = [f"{k}: {f.verdict.outcome}" for k, f in self.findings.items() if stops(f)]
        return missing + failed

    def _skip(self, step: Step) -> None:
        """Let every check of a step that did not run say why."""
        for check in self._checks(step.phase):
            if key(check) not in self.findings:
                self._keep(check, not_checked(check, f"not run: {self.stopped}", "not-run"))


def stops(finding: Finding) -> bool:
    """Whether a finding stands in the way of COMMIT."""
    if finding.check.informational or finding.verdict.reason == "not-applicable":
        return False
    return finding.verdict.outcome is not Outcome.PASS


def compares_with_before(check: Check) -> bool:
    """Whether a check needs its statement's result from before the first migration."""
    return check.expectation is not None and check.expectation.text.startswith(
        "expect-same-as-before"
    )


def _late_fault(migration: Migration, late: Answer) -> Fault | None:
    """The violation of a deferred constraint as a fault of the migration's last statement."""
    if not isinstance(late.outcome, Failure):
        return None
    last = migration.statements[-1]
    return Fault(
        message=f"a deferred constraint is violated: {late.outcome.message}",
        sqlstate=late.outcome.sqlstate,
        file=migration.path,
        line=last.line,
        column=last.column,
        source_line=migration.script.source_line(last.line),
        detail=late.position.detail if late.position else "",
    )
