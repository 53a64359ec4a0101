"""The run of phases on one target: before → (apply → after)* → final → COMMIT → re-run → health.

Running and judging are separate: whoever wants to judge a check calls `advance` to its step and
reads `seen.findings`. `advance` runs every step up to that one, once, in the planned order, so that
no selection and no reordering can change what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors

from pytest_dbmigrate.postgres import builtin, transaction
from pytest_dbmigrate.postgres.apply import Applied, preflight
from pytest_dbmigrate.postgres.before_after import BeforeAfter
from pytest_dbmigrate.postgres.blocking import find_blockers
from pytest_dbmigrate.postgres.catalog import snapshot
from pytest_dbmigrate.postgres.down_and_up import down_and_up
from pytest_dbmigrate.postgres.ending import Ending, Intent
from pytest_dbmigrate.postgres.held import Held
from pytest_dbmigrate.postgres.migrating import migrate
from pytest_dbmigrate.postgres.observations import Clock, Observations
from pytest_dbmigrate.postgres.preconditions import EACH, Preconditions
from pytest_dbmigrate.postgres.query import ConnectionLostError, StatementFailedError, run
from pytest_dbmigrate.postgres.rerun import rerun_all
from pytest_dbmigrate.postgres.retrying import LOCK_STATES, Attempts, LockMissedError
from pytest_dbmigrate.postgres.steps import Stage, Step, steps_of
from pytest_dbmigrate.postgres.transaction import Limits, RefusedError
from pytest_dbmigrate.postgres.unheld import apply_unheld
from pytest_dbmigrate.postgres.url import TargetError
from pytest_dbmigrate.postgres.verifying import Verifier, stops
from pytest_dbmigrate.spec.builtins import BLOCKERS, RERUN
from pytest_dbmigrate.spec.expectations import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.postgres.catalog import Catalog
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.postgres.query import Patience
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project

READ_ONLY_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_DATABASE_ERRORS = (
    ConnectionLostError,
    StatementFailedError,
    RefusedError,
    TargetError,
    psycopg.Error,
)


@dataclass(slots=True)
class Gate:
    """One run on one target; see the module.

    `connect` opens a new autocommit connection to the target. `on_schema` is told the schema before
    the first migration; if it raises RefusedError, none is applied. `objections` is asked, before
    COMMIT, for what stands against it elsewhere. `on_intent` is told, before COMMIT, what
    identifies it; if it raises RefusedError, the transaction is rolled back. `on_ending` is told
    what became of a COMMIT; if it raises RefusedError, nothing more is begun. `on_step` is told
    each step that was done, well or not; if it raises RefusedError, the run stops.
    """

    project: Project
    stage: Stage
    connect: Callable[[], Connection[object]]
    limits: Limits = field(default_factory=Limits)
    commit_each: bool = False
    on_schema: Callable[[Catalog], None] = lambda _catalog: None
    on_intent: Callable[[Intent], None] = lambda _intent: None
    on_ending: Callable[[Ending], None] = lambda _ending: None
    on_step: Callable[[Step], None] = lambda _step: None
    objections: Callable[[], list[str]] = list
    seen: Observations = field(default_factory=Observations)

    steps: tuple[Step, ...] = field(init=False)
    _done: set[Step] = field(default_factory=set)
    _committed_version: str = ""
    _held: Held = field(init=False)
    _verifier: Verifier = field(init=False)
    _before_after: BeforeAfter = field(init=False)
    _attempts: Attempts = field(init=False)

    def __post_init__(self) -> None:
        """Plan the steps, in order, and make what keeps its findings in `seen`."""
        self.steps = steps_of(
            self.project,
            self.stage,
            commit_each=self.commit_each,
            reruns=RERUN not in self.project.without,
        )
        self._held = Held(self._connect, self.limits, self.seen)
        self._verifier = Verifier(self.project, self.stage, self.seen)
        self._before_after = BeforeAfter(self.project, self.seen)
        self._attempts = Attempts(self.limits, self._work, lambda: self.holding, self._forget)

    @property
    def holding(self) -> bool:
        """Whether the transaction is open: migrations may be applied, nothing is decided."""
        return self._held.open

    @property
    def live(self) -> bool:
        """Whether the target is a database people use."""
        return self.stage == "production"

    @property
    def intent(self) -> Intent | None:
        """What identifies the open transaction."""
        return self._held.intent

    def advance(self, until: Step) -> None:
        """Run every step up to and including `until` that has not run.

        On a live target everything from BEGIN to the last verification runs in one go: nobody
        should wait for locks while items are reported. Never raises for what the database says; an
        interruption rolls back and is raised again.
        """
        if self.live and not self.commit_each and until.kind in {"apply", "after"}:
            final = Step("final")
            until = final if self.steps.index(until) < self.steps.index(final) else until
        self._held.deadlines.start()
        for step in self.steps:
            if step not in self._done:
                self._done.add(step)
                self._run(step)
            if step == until:
                return

    def check_health(self, patience: Patience) -> list[Finding]:
        """Run the health checks once more, each to its end; their findings replace the earlier.

        Raises ConnectionLostError, StatementFailedError, and what `connect` does.
        """
        conn = self.connection()
        run(conn, READ_ONLY_SNAPSHOT)
        found = list(self._verifier.verify(conn, Step("health"), patience))
        run(conn, "COMMIT")  # of a read-only transaction: the server counts rollbacks
        return found

    def interrupt(self) -> None:
        """What a signal does: KeyboardInterrupt, or, while a COMMIT is under way, less waiting."""
        self._held.interrupt()

    def finish(self) -> None:
        """Roll back what is still open and close the connection."""
        if self.holding:
            self.stop("the run ended before COMMIT")
        self._held.close()

    def stop(self, why: str) -> None:
        """Stop the run: roll back at once, and let everything that has not run say why."""
        self.seen.stopped = self.seen.stopped or why
        if self.holding:
            self.end(self._held.roll_back())

    def end(self, what: Ending) -> None:
        """Keep what became of the transaction."""
        if what.state == "committed":
            self._committed_version = self._verifier.version
        elif what.state == "unchanged" and self._held.committed is not None:
            why = what.why or self.seen.stopped
            what = Ending("committed", f"earlier migrations had committed; this one did not: {why}")
        if what.state != "committed" or what.interrupted:
            self.seen.stopped = self.seen.stopped or what.why or "not committed"
        self._held.end(what)
        self._before_after.end(self.seen.ended_ns)

    def connection(self) -> Connection[object]:
        """The connection everything of this run goes over."""
        return self._held.connection()

    # -- steps ---------------------------------------------------------------------------------

    def _run(self, step: Step) -> None:
        if self.seen.stopped:
            self._verifier.skip(step)
            return
        clock = Clock(step, datetime.now(UTC))
        self.seen.clocks.append(clock)
        try:
            self._attempts.do(step)
            self.on_step(step)
        except LockMissedError as error:
            self.stop(str(error))
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            self._held.observer.holders()
            self.stop(f"{step}: {error}{self._held.in_the_way()}")
        except _DATABASE_ERRORS as error:
            self.stop(f"{step}: {error}")
        except BaseException:
            self.stop(f"interrupted during {step}")
            raise
        finally:
            clock.ended = datetime.now(UTC)
        if self.seen.stopped:
            self._verifier.skip(step)

    def _forget(self, steps: Sequence[Step], why: str) -> None:
        """Roll back an attempt that is to be tried again: nothing of it has happened."""
        self.seen.notes.append(why)
        self._held.give_up()
        for step in steps:
            self.seen.applied.pop(step.version, None)
            self._verifier.forget(step)
        self._before_after.forget()
        self._verifier.version = self._committed_version

    def _work(self, step: Step) -> None:
        match step.kind:
            case "before":
                self._before(step)
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
            case "down":
                self.seen.went_back += down_and_up(
                    self.connection(), self.project.migrations, self.seen.catalog_before
                )
            case "health":
                self._verify_reading(step)

    def _before(self, step: Step) -> None:
        """Everything that can be known before BEGIN, and the before-checks."""
        conn = self.connection()
        if self.commit_each:
            self.seen.notes.append(EACH)
        if self.live:
            known = Preconditions(self.project, self.commit_each)
            for problem in (*self._verifier.hopeless(), *known.problems(conn)):
                self.stop(f"refused before BEGIN: {problem}")
        for migration in self.project.migrations:
            fault = preflight(conn, migration.script, migration.statements)
            if fault is not None:
                self.seen.applied[migration.version] = Applied(fault=fault)
                self.stop(fault.place)
        if not self.seen.stopped:
            self._verify_reading(step)
        if self.live and not self.seen.stopped and BLOCKERS not in self.project.without:
            found = find_blockers(conn, self.project.migrations, self.limits.lock)
            self.seen.blocking = [found]
            if found.stops:
                self.stop(f"refused before BEGIN after {found.name}: {found.first}")

    def _apply(self, migration: Migration) -> None:
        applied = self.seen.applied[migration.version] = Applied()
        if not migration.transactional:
            apply_unheld(self.connect, migration, self.limits, applied)
        else:
            conn = self.connection() if self.holding else self._begin()
            accounts = self._before_after.open(conn)
            self._held.hold(conn)
            self.seen.notes += migrate(conn, migration, accounts, applied, self._held.patience())
        if applied.fault is None:
            self._verifier.version = migration.version
            return
        place, blockers = applied.fault.place, self._held.in_the_way()
        why = f"migration {migration.version} failed: {place}{blockers}"
        if applied.fault.sqlstate in LOCK_STATES and self.holding:
            raise LockMissedError(why)
        self.stop(why)

    def _after(self, step: Step) -> None:
        if not self.holding:
            self._verify_reading(step)
            return
        self._verify(self.connection(), step)
        if self.commit_each and not self.seen.stopped:
            self._look_after(self.connection())
            self._decide()

    def _final(self, step: Step) -> None:
        if self.stage == "verify":
            self._verifier.version = (
                self.project.migrations[-1].version if self.project.migrations else ""
            )
        elif not self.commit_each and not self.holding:
            self._begin()
        if not self.holding:
            self._verify_reading(step)
            return
        conn = self.connection()
        if self.project.plan is not None:
            transaction.hold_still(conn, self.project.plan.options.quiesce)
        self._verify(conn, step)
        if not self.seen.stopped:
            self._look_after(conn)

    def _decide(self) -> None:
        """COMMIT when nothing stands against it, else ROLLBACK."""
        if not self.holding:
            return
        conn = self.connection()
        against = self._verifier.against(self._done) or self.objections()
        if against:
            more = f" (and {len(against) - 1} more)" if len(against) > 1 else ""
            self.stop(f"not committed: {against[0]}{more}")
            return
        if exceeded := self._held.deadlines.exceeded():
            self.stop(f"not committed: {exceeded}")
            return
        late = transaction.force_constraints(conn, last=True)
        if isinstance(late.outcome, Failure):
            self.stop(f"a deferred constraint strikes before COMMIT: {late.outcome.message}")
            return
        interrupted = self._held.commit(self.on_intent, self._settle)
        if interrupted is not None:
            raise interrupted

    def _settle(self, what: Ending) -> None:
        """Keep what became of the COMMIT, and tell it."""
        self.end(what)
        self.on_ending(what)

    # -- parts ---------------------------------------------------------------------------------

    def _begin(self) -> Connection[object]:
        conn = self._held.begin(watched=self.live)
        if self.seen.catalog_before is None or not self.commit_each:
            self._before_after.look_before(conn)
            if self.seen.catalog_before is not None:
                self.on_schema(self.seen.catalog_before)
            self._verifier.look_before(conn, self._held.patience())
        return conn

    def _look_after(self, conn: Connection[object]) -> None:
        """The schema behind the last migration, and the built-in checks."""
        self._before_after.look_after(conn)
        for finding in self.seen.builtins:
            if self.live and finding.stops:
                self.stop(f"rolled back after {finding.name}: {finding.first}")
                return

    def _verify_reading(self, step: Step) -> None:
        """Verify outside the held transaction: one snapshot, read-only."""
        conn = self.connection()
        run(conn, READ_ONLY_SNAPSHOT)
        self._verify(conn, step)
        if self.stage == "verify" and step.kind == "final":
            self.seen.catalog_after = snapshot(conn)
            self.seen.builtins = builtin.look(conn, self.project.without)
        elif step.kind in {"after", "final"}:
            self._before_after.look_again(conn)
        run(conn, "ROLLBACK")

    def _verify(self, conn: Connection[object], step: Step) -> None:
        """Run the checks of a step; on a live target the first that does not pass ends the run."""
        others = self._held.observer.answer if self.live and self.holding else None
        for finding in self._verifier.verify(conn, step, self._held.patience(), others):
            if not self.live or not stops(finding):
                continue
            where = "rolled back" if self.holding else "refused before BEGIN"
            where = "committed, but stopped" if self._held.committed else where
            why = f"{where} after {finding}"
            if finding.sqlstate in LOCK_STATES and self.holding:
                raise LockMissedError(f"{why}{self._held.in_the_way()}")
            self.stop(why)
            return

    def _connect(self) -> Connection[object]:
        # Looked up when it is needed: who runs us sets `connect` late.
        return self.connect()

    def _migration(self, version: str) -> Migration:
        return next(m for m in self.project.migrations if m.version == version)
