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
from psycopg import errors

from pytest_dbmigrate.postgres import builtin, transaction
from pytest_dbmigrate.postgres.apply import Applied, apply, preflight
from pytest_dbmigrate.postgres.catalog import snapshot
from pytest_dbmigrate.postgres.migrating import Accounts, migrate
from pytest_dbmigrate.postgres.observations import Clock, Observations
from pytest_dbmigrate.postgres.query import (
    WITHOUT_END,
    ConnectionLostError,
    Patience,
    StatementFailedError,
    run,
)
from pytest_dbmigrate.postgres.rerun import rerun_all
from pytest_dbmigrate.postgres.steps import Stage, Step, steps_of
from pytest_dbmigrate.postgres.transaction import Ending, Intent, Limits, RefusedError
from pytest_dbmigrate.postgres.verifying import Verifier, stops
from pytest_dbmigrate.postgres.watching import Observer, describe
from pytest_dbmigrate.spec.builtins import RERUN
from pytest_dbmigrate.spec.declarations import drops_data
from pytest_dbmigrate.spec.expectations import Failure
from pytest_dbmigrate.spec.judging import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from pytest_dbmigrate.postgres.builtin import BuiltInFinding
    from pytest_dbmigrate.postgres.catalog import Catalog
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project

READ_ONLY_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# lock_not_available, deadlock_detected: the same run may well succeed a moment later.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_STATES = frozenset({"55P03", "40P01"})


class _LockError(Exception):
    """A migration failed for a lock; says which statement, and who was in the way."""


@dataclass(slots=True)
class Gate:
    """One run on one target; see the module.

    `connect` opens a new autocommit connection to the target. `on_schema` is told the schema before
    the first migration; if it raises RefusedError, none is applied. `objections` is asked, before COMMIT,
    for what stands against it elsewhere. `on_intent` is told, before COMMIT, what identifies it; if
    it raises RefusedError, the transaction is rolled back.
    """

    project: Project
    stage: Stage
    connect: Callable[[], Connection[object]]
    limits: Limits = field(default_factory=Limits)
    commit_each: bool = False
    on_schema: Callable[[Catalog], None] = lambda _catalog: None
    on_intent: Callable[[Intent], None] = lambda _intent: None
    objections: Callable[[], list[str]] = list
    seen: Observations = field(default_factory=Observations)
    resolving: bool = False

    _conn: Connection[object] | None = None
    _done: set[Step] = field(default_factory=set)
    _verifier: Verifier = field(init=False)
    _committed: Ending | None = None
    _accounts: Accounts | None = None
    _observer: Observer | None = None
    _builtins_before: list[BuiltInFinding] = field(default_factory=list)
    _deadline_ns: int = 0
    _retries: int = 0

    def __post_init__(self) -> None:
        """Make the verifier, which keeps its findings in `seen`."""
        self._verifier = Verifier(self.project, self.stage, self.seen)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of this run, in order."""
        return steps_of(
            self.project,
            self.stage,
            commit_each=self.commit_each,
            reruns=RERUN not in self.project.without,
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
        if self._observer is not None:
            self._observer.close()

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
        self.seen.ended, self.seen.ended_ns = datetime.now(UTC), time.monotonic_ns()
        if self._accounts is not None:
            self.seen.locks = self._accounts.locks

    def connection(self) -> Connection[object]:
        """The connection everything of this run goes over."""
        if self._conn is None or self._conn.closed:
            self._conn = self.connect()
        return self._conn

    # -- steps ---------------------------------------------------------------------------------

    def _run(self, step: Step) -> None:
        if self.seen.stopped:
            self._verifier.skip(step)
            return
        clock = Clock(step, datetime.now(UTC))
        self.seen.clocks.append(clock)
        try:
            self._attempt(step)
        except _LockError as error:
            self.stop(str(error))
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            self._observe().holders()
            self.stop(f"{step}: {error}{self._in_the_way()}")
        except (ConnectionLostError, StatementFailedError, RefusedError, psycopg.Error) as error:
            self.stop(f"{step}: {error}")
        except BaseException:
            self.stop(f"interrupted during {step}")
            raise
        finally:
            clock.ended = datetime.now(UTC)
        if self.seen.stopped:
            self._verifier.skip(step)

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
        for check, why in self._verifier.hopeless():
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
            self._verifier.version = migration.version
            return
        why = f"migration {migration.version} failed: {applied.fault.place}{self._in_the_way()}"
        if applied.fault.sqlstate in _LOCK_STATES:
            raise _LockError(why)
        self.stop(why)

    def _in_the_way(self) -> str:
        """Who was seen in our way, kept and in words; afterwards they are gone."""
        if self._observer is not None:
            self.seen.blockers = [describe(session) for session in self._observer.seen]
        return f"; in the way: {'; '.join(self.seen.blockers)}" if self.seen.blockers else ""

    def _attempt(self, step: Step) -> None:
        """Do a step; behind a lock that could not be had, everything since BEGIN again."""
        todo = [step]
        while todo:
            try:
                self._work(todo[0])
                todo.pop(0)
            except (_LockError, errors.LockNotAvailable, errors.DeadlockDetected) as error:
                if not self.holding or self.commit_each or self._retries >= self.limits.retries:
                    raise
                self._start_again(str(error).splitlines()[0])
                held = self.steps[1 : self.steps.index(step) + 1]
                todo = [s for s in held if s.kind in {"apply", "after", "final"}]

    def _start_again(self, why: str) -> None:
        """Roll back, forget the attempt, and wait a little longer each time."""
        pause = self.limits.retry_pause * 2**self._retries / 1000
        self._retries += 1
        self.seen.notes.append(
            f"attempt {self._retries} was rolled back ({why}); tried again after {pause:g} s"
        )
        transaction.rollback(self.connection())
        self.seen.began, self._accounts, self._verifier.version = None, None, ""
        time.sleep(pause)

    def _after(self, step: Step) -> None:
        if not self.holding:
            self._verify_reading(step)
            return
        self._verify(self.connection(), step)
        if self.commit_each and not self.seen.stopped:
            self._decide()

    def _final(self, step: Step) -> None:
        if self.stage == "verify":
            self._verifier.version = (
                self.project.migrations[-1].version if self.project.migrations else ""
            )
        elif not self.commit_each and not self.holding:
            self._begin(self.connection())
        if not self.holding:
            self._verify_reading(step)
            return
        self._verify(self.connection(), step)
        if not self.seen.stopped:
            self._look_after(self.connection())

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
            self.on_schema(self.seen.catalog_before)
            self._builtins_before = builtin.look(conn, self.project.without, before=())
            self._verifier.look_before(conn, self._wait())

    def _look_after(self, conn: Connection[object]) -> None:
        """The schema behind the last migration, and the built-in checks."""
        without, migrations = self.project.without, self.project.migrations
        after = self.seen.catalog_after = snapshot(conn)
        self.seen.builtins = builtin.look(conn, without, self._builtins_before)
        if self._accounts is not None and self.seen.catalog_before is not None:
            declared = [d for m in migrations for d in drops_data(m.script)]
            self.seen.rows = self._accounts.rows.changes(declared)
            self.seen.builtins += builtin.losses(
                migrations, without, self.seen.rows, self.seen.catalog_before, after
            )
        for finding in self.seen.builtins:
            if self.live and finding.stops:
                self.stop(f"rolled back after {finding.name}: {finding.first}")
                return

    def _open_accounts(self) -> Accounts:
        if self._accounts is None:
            self._accounts = Accounts.open(self.connection())
        return self._accounts

    def _wait(self) -> Patience:
        if not self.holding:
            return WITHOUT_END
        return Patience(self._deadline_ns, self._observe().sample)

    def _observe(self) -> Observer:
        if self._observer is None:
            self._observer = Observer(self.connect, self.connection().info.backend_pid)
        return self._observer

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
            self.seen.builtins = builtin.look(conn, self.project.without)
        run(conn, "ROLLBACK")

    def _verify(self, conn: Connection[object], step: Step) -> None:
        """Run the checks of a step; on a live target the first that does not pass ends the run."""
        for finding in self._verifier.verify(conn, step, self._wait()):
            if self.live and stops(finding):
                where = "rolled back" if self.holding else "refused before BEGIN"
                where = "committed, but stopped" if self._committed else where
                what = f"{finding.check.title} ({key(finding.check)})"
                self.stop(f"{where} after {finding.verdict.outcome} of {what}")
                return

    def _migration(self, version: str) -> Migration:
        return next(m for m in self.project.migrations if m.version == version)
