"""The run of phases on one target: before → (apply → after)* → final → COMMIT → re-run → health.

Running and judging are separate: whoever wants to judge a check calls `advance` to its step and
reads `seen.findings`. `advance` runs every step up to that one, once, in the planned order, so that
no selection and no reordering can change what happened.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres import transaction
from pytest_dbmigrate.postgres.apply import Applied, apply, preflight
from pytest_dbmigrate.postgres.catalog import snapshot
from pytest_dbmigrate.postgres.migrating import Accounts, migrate
from pytest_dbmigrate.postgres.observations import Clock, Finding, Observations
from pytest_dbmigrate.postgres.query import (
    Answer,
    ConnectionLostError,
    Patience,
    StatementFailedError,
    run,
)
from pytest_dbmigrate.postgres.rerun import rerun_all
from pytest_dbmigrate.postgres.steps import RERUN, Stage, Step, step_of, steps_of
from pytest_dbmigrate.postgres.transaction import Ending, Intent, Limits, RefusedError
from pytest_dbmigrate.postgres.verify import observe
from pytest_dbmigrate.spec.expectations import Failure, Outcome, Result, Verdict
from pytest_dbmigrate.spec.judging import (
    applicable,
    certain_not_checked,
    compares_with_before,
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

READ_ONLY_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# lock_not_available, deadlock_detected: the same run may well succeed a moment later.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORTH_RETRYING = frozenset({"55P03", "40P01"})


@dataclass(slots=True)
class Gate:
    """One run on one target; see the module.

    `without` names the built-in checks that are not wanted. `connect` opens a new autocommit
    connection to the target. `objections` is asked, before COMMIT,
    for what stands against it elsewhere. `on_intent` is told, before COMMIT, what identifies it; if
    it raises RefusedError, the transaction is rolled back.
    """

    project: Project
    stage: Stage
    connect: Callable[[], Connection[object]]
    limits: Limits = field(default_factory=Limits)
    commit_each: bool = False
    without: frozenset[str] = frozenset()
    on_intent: Callable[[Intent], None] = lambda _intent: None
    objections: Callable[[], list[str]] = list
    seen: Observations = field(default_factory=Observations)
    resolving: bool = False

    _conn: Connection[object] | None = None
    _done: set[Step] = field(default_factory=set)
    _before: dict[str, Result | Failure] = field(default_factory=dict)
    _version: str = ""
    _committed: Ending | None = None
    _accounts: Accounts | None = None
    _deadline_ns: int = 0
    _retries: int = 0

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of this run, in order."""
        return steps_of(
            self.project,
            self.stage,
            commit_each=self.commit_each,
            reruns=RERUN not in self.without,
        )

    @property
    def holding(self) -> bool:
        """Whether the transaction is open: migrations may be applied, nothing is decided."""
        return self.seen.began is not None and self.seen.ending is None

    @property
    def live(self) -> bool:
        """Whether the target is a database people use."""
        return self.stage == "production"

    def advance(self, until: Step) -> None:
        """Run every step up to and including `until` that has not run.

        On a live target everything from BEGIN to the last verification runs in one go: nobody
        should wait for locks while items are reported. Never raises for what the database says; an
        interruption rolls back and is raised again.
        """
        if self.live and not self.commit_each and until.kind in {"apply", "after"}:
            final = Step("final")
            until = final if self.steps.index(until) < self.steps.index(final) else until
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
        self.seen.stopped = self.seen.stopped or why
        if self.holding and self._conn is not None:
            self.end(transaction.rollback(self._conn))

    def end(self, ending: Ending) -> None:
        """Keep what became of the transaction."""
        if ending.state == "unchanged" and self._committed is not None:
            why = f"earlier migrations had committed; this one did not: {self.seen.stopped}"
            ending = Ending("committed", why)
        if ending.state == "committed":
            self._committed = ending
        self.seen.ending = ending
        self.seen.ended = datetime.now(UTC)

    def connection(self) -> Connection[object]:
        """The connection everything of this run goes over."""
        if self._conn is None or self._conn.closed:
            self._conn = self.connect()
        return self._conn

    # -- steps ---------------------------------------------------------------------------------

    def _run(self, step: Step) -> None:
        if self.seen.stopped:
            self._skip(step)
            return
        clock = Clock(step, datetime.now(UTC))
        self.seen.clocks.append(clock)
        try:
            self._work(step)
        except (ConnectionLostError, StatementFailedError, RefusedError, psycopg.Error) as error:
            self.stop(f"{step}: {error}")
        except BaseException:
            self.stop(f"interrupted during {step}")
            raise
        finally:
            clock.ended = datetime.now(UTC)
        if self.seen.stopped:
            self._skip(step)

    def _work(self, step: Step) -> None:
        match step.kind:
            case "before":
                self._before_all(step)
            case "apply":
                self._apply(self._migration(step.version))
            case "after":
                self._after(step)
            case "final":
                self._final(step)
            case "commit":
                self._decide()
            case "rerun":
                migrations = self.project.migrations
                self.seen.reruns += rerun_all(self.connection(), self.connect, migrations)
            case "health":
                self._verify_reading(step)

    def _before_all(self, step: Step) -> None:
        if self.live:
            self._refuse_hopeless()
        for migration in self.project.migrations:
            fault = preflight(self.connection(), migration.script, migration.statements)
            if fault is not None:
                self.seen.applied[migration.version] = Applied(fault=fault)
                self.stop(fault.place)
        if not self.seen.stopped:
            self._verify_reading(step)

    def _refuse_hopeless(self) -> None:
        """Do not lock production for a run that cannot end in GO."""
        for check in self.project.checks:
            why = "" if check.informational else certain_not_checked(check)
            if why:
                self.stop(f"refused before BEGIN: {key(check)} cannot pass: {why}")

    def _apply(self, migration: Migration) -> None:
        conn = self.connection()
        applied = self.seen.applied[migration.version] = Applied()
        if not migration.transactional:
            # Outside the transaction: its statements may take as long as they need.
            apply(conn, migration.script, migration.statements, held=False, into=applied)
        else:
            if not self.holding:
                self._begin(conn)
            self.seen.notes += migrate(
                conn, migration, self._open_accounts(), applied, self._wait()
            )
        if applied.fault is None:
            self._version = migration.version
        elif applied.fault.sqlstate in _WORTH_RETRYING and self._retry(migration, applied):
            return
        else:
            self.stop(f"migration {migration.version} failed: {applied.fault.place}")

    def _retry(self, migration: Migration, applied: Applied) -> bool:
        """Roll back and do everything since BEGIN again, after a pause; False when it is enough."""
        if not self.holding or self.commit_each or self._retries >= self.limits.retries:
            return False
        pause = self.limits.retry_pause * 2**self._retries / 1000
        self._retries += 1
        why = applied.fault.place if applied.fault else ""
        self.seen.notes.append(
            f"attempt {self._retries} was rolled back ({why}); tried again after {pause:g} s"
        )
        transaction.rollback(self.connection())
        self.seen.began, self._accounts, self._version = None, None, ""
        time.sleep(pause)
        for step in self.steps[1:]:
            if step.kind in {"apply", "after"} and not self.seen.stopped:
                self._work(step)
            if step == Step("apply", migration.version):
                return True
        return True

    def _after(self, step: Step) -> None:
        if not self.holding:
            self._verify_reading(step)
            return
        self._verify(self.connection(), step)
        if self.commit_each and not self.seen.stopped:
            self._decide()

    def _final(self, step: Step) -> None:
        if self.stage == "verify":
            self._version = self.project.migrations[-1].version if self.project.migrations else ""
        elif not self.commit_each and not self.holding:
            self._begin(self.connection())
        if not self.holding:
            self._verify_reading(step)
            return
        self._verify(self.connection(), step)
        if not self.seen.stopped:
            self.seen.catalog_after = snapshot(self.connection())

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
        self.seen.began = self.seen.began or datetime.now(UTC)
        self.seen.ending = None
        if self.limits.hold:
            self._deadline_ns = time.monotonic_ns() + self.limits.hold * 1_000_000
        transaction.begin(conn, self.limits)
        if self.seen.catalog_before is None or not self.commit_each:
            self.seen.catalog_before = snapshot(conn)
            self._look_before(conn)

    def _look_before(self, conn: Connection[object]) -> None:
        """What later checks return before the first migration.

        Needed where a check compares with it; where nobody waits, in a rehearsal, also to find the
        checks that would have passed without the migrations.
        """
        later = [c for c in self.project.checks if c.phase.kind != "before" and c.expectation]
        if self.live:
            later = [c for c in later if compares_with_before(c)]
        for check, answer in observe(conn, later, self._wait()):
            if isinstance(answer, Answer):
                self._before[key(check)] = answer.outcome
                verdict = judge(check, answer.outcome, answer.outcome)
                self.seen.passed_before[key(check)] = verdict.outcome is Outcome.PASS

    def _open_accounts(self) -> Accounts:
        if self._accounts is None:
            self._accounts = Accounts.open(self.connection())
        return self._accounts

    def _wait(self) -> Patience:
        return Patience(deadline_ns=self._deadline_ns if self.holding else 0)

    def _commit(self, conn: Connection[object]) -> None:
        self.resolving = True
        try:
            self.seen.intent = transaction.intent(conn)
            self.on_intent(self.seen.intent)
            ending = transaction.commit(conn, self.seen.intent, self.connect)
        finally:
            self.resolving = False
        if ending.state != "committed":
            self.seen.stopped = self.seen.stopped or ending.why or "not committed"
        self.end(ending)
        if ending.interrupted:
            raise KeyboardInterrupt

    def _verify_reading(self, step: Step) -> None:
        """Verify outside the held transaction: one snapshot, read-only."""
        conn = self.connection()
        run(conn, READ_ONLY_SNAPSHOT)
        self._verify(conn, step)
        if step.kind == "final":
            self.seen.catalog_after = snapshot(conn)
        run(conn, "ROLLBACK")

    def _verify(self, conn: Connection[object], step: Step) -> None:
        runnable = []
        for check in self._checks(step.phase):
            why, reason = self._why_not(check)
            if why:
                self._keep(check, not_checked(check, why, reason))
            else:
                runnable.append(check)
        for check, answer in observe(conn, runnable, self._wait()):
            outcome = answer.outcome if isinstance(answer, Answer) else answer
            verdict = judge(check, outcome, self._before.get(key(check)))
            self._keep(check, verdict, answer if isinstance(answer, Answer) else None)
            if self.live and stops(self.seen.findings[key(check)]):
                where = "rolled back" if self.holding else "refused before BEGIN"
                where = "committed, but stopped" if self._committed else where
                self.stop(f"{where} after {verdict.outcome} of {check.title} ({key(check)})")
                return

    def _why_not(self, check: Check) -> tuple[str, str]:
        """Why a check is not run at all, with the reason's code."""
        if check.skip or check.reading.status in {"refused", "commented-out"}:
            return certain_not_checked(check), "skipped"
        if not applicable(check, self._version):
            at = self._version or "the one before the first migration"
            return f"not valid at version {at}", "not-applicable"
        if self.stage == "verify" and compares_with_before(check):
            return "compares with the state before the migrations, unseen here", "not-applicable"
        return "", ""

    def _keep(self, check: Check, verdict: Verdict, answer: Answer | None = None) -> None:
        self.seen.findings[key(check)] = Finding(check, verdict, answer)

    def _checks(self, phase: Phase | None) -> list[Check]:
        return [c for c in self.project.checks if c.phase == phase]

    def _migration(self, version: str) -> Migration:
        return next(m for m in self.project.migrations if m.version == version)

    def _against(self) -> list[str]:
        """What keeps the gate from COMMIT, of what it has itself observed or should have."""
        found = self.seen.findings
        due = [c for c in self.project.checks if step_of(c.phase) in self._done]
        missing = [f"{key(c)} did not run" for c in due if key(c) not in found]
        return missing + [f"{k}: {f.verdict.outcome}" for k, f in found.items() if stops(f)]

    def _skip(self, step: Step) -> None:
        """Let every check of a step that did not run say why."""
        for check in self._checks(step.phase):
            if key(check) not in self.seen.findings:
                self._keep(check, not_checked(check, f"not run: {self.seen.stopped}", "not-run"))


def stops(finding: Finding) -> bool:
    """Whether a finding stands in the way of COMMIT."""
    if finding.check.informational or finding.verdict.reason == "not-applicable":
        return False
    return finding.verdict.outcome is not Outcome.PASS
