"""What each item says: it lets the gate advance to its step, and judges what the gate observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.observed_backup import down_records, way_back_records
from pytest_dbmigrate.postgres.steps import Step, step_of
from pytest_dbmigrate.report import failure
from pytest_dbmigrate.spec import builtins
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.judging import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.postgres.steps import Session
    from pytest_dbmigrate.run import Run
    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.migrations import Migration

    Body = Callable[..., None]

# Only a throw-away database is migrated twice.
NOT_APPLICABLE = "not applicable: this run only verifies the database as it is"


class JudgementError(Exception):
    """An item's failure, in words meant for the reader; shown without a traceback."""


def verification(check: Check) -> Body:
    """The item of one check."""

    def judge(dbmigrate_run: Run) -> None:
        gate = dbmigrate_run.open()
        step = step_of(check.phase)
        if step not in gate.steps:
            skip(dbmigrate_run, NOT_APPLICABLE)
        gate.advance(step)
        finding = gate.seen.findings[key(check)]
        verdict = finding.verdict
        tell(
            dbmigrate_run,
            outcome=str(verdict.outcome),
            phase=str(check.phase),
            query_set=check.query_set,
            expected=verdict.expected,
            observed=verdict.observed,
        )
        match verdict.outcome:
            case Outcome.PASS:
                return
            case Outcome.NOT_CHECKED:
                skip(dbmigrate_run, failure.not_checked(finding))
            case _ if check.informational:
                skip(dbmigrate_run, f"for information: {failure.first_line(finding)}")
            case _:
                fail(dbmigrate_run, failure.render(finding, gate))

    return judge


def applied(migration: Migration) -> Body:
    """The item that says whether a migration ran without an error."""

    def apply(dbmigrate_run: Run) -> None:
        gate = dbmigrate_run.open()
        step = Step("apply", migration.version)
        if step not in gate.steps:
            skip(dbmigrate_run, NOT_APPLICABLE)
        gate.advance(step)
        ran = gate.seen.applied.get(migration.version)
        if ran is None:
            skip(dbmigrate_run, f"not run: {gate.seen.stopped}")
        tell(dbmigrate_run, duration_ms=f"{ran.duration_ns / 1e6:.3f}")
        if ran.fault is not None:
            fail(dbmigrate_run, failure.render_fault(ran.fault))

    return apply


def reran(migration: Migration, session: Session) -> Body:
    """The item that says whether a migration could be applied once more without effect."""

    def rerun(dbmigrate_run: Run) -> None:
        gate = dbmigrate_run.open()
        if Step("rerun") not in gate.steps:
            skip(dbmigrate_run, "not applicable: only a throw-away database is migrated twice")
        gate.advance(Step("rerun"))
        found = [
            r for r in gate.seen.reruns if (r.version, r.session) == (migration.version, session)
        ]
        if not found:
            skip(dbmigrate_run, f"not run: {gate.seen.stopped}")
        if found[0].fault is not None:
            fail(dbmigrate_run, failure.render_rerun_fault(found[0].fault))
        if found[0].changed:
            fail(dbmigrate_run, failure.render_rerun(migration.path, found[0]))
        if found[0].unread:
            unread = "; ".join(found[0].unread)
            skip(dbmigrate_run, f"rows were written to and not compared: {unread}")

    return rerun


def built_in(name: str) -> Body:
    """The item of one built-in check."""

    def judge(dbmigrate_run: Run) -> None:
        gate = dbmigrate_run.open()
        before = any(check.name == name for check in builtins.BEFORE)
        if before and not gate.live:
            skip(dbmigrate_run, "not applicable: nobody waits for a lock here")
        gate.advance(Step("before" if before else "final"))
        found = [b for b in (*gate.seen.blocking, *gate.seen.builtins) if b.name == name]
        if not found:
            why = gate.seen.stopped or "the migrations were not applied here"
            skip(dbmigrate_run, f"not run: {why}")
        if found[0].problems and not found[0].information:
            fail(dbmigrate_run, failure.render_builtin(found[0], gate.project.host))
        if found[0].unknown or found[0].problems:
            skip(dbmigrate_run, failure.render_builtin(found[0], gate.project.host))

    return judge


def way_back(name: str) -> Body:
    """The item of one check of the way back."""

    def judge(dbmigrate_run: Run) -> None:
        run, gate = dbmigrate_run, dbmigrate_run.open()
        run.prove_way_back()
        found = [c for c in way_back_records(gate, run.way_back, run.scrub) if c.name == name]
        if not found:
            skip(run, f"not run: {gate.seen.stopped}")
        _say(run, found[0])

    return judge


def went_back(migration: Migration) -> Body:
    """The item that says whether a migration could be taken back and applied again."""

    def judge(dbmigrate_run: Run) -> None:
        gate = dbmigrate_run.open()
        if Step("down") in gate.steps:
            gate.advance(Step("down"))
        found = [c for c in down_records(gate) if c.id.startswith(f"{migration.path}::")]
        _say(dbmigrate_run, found[0])

    return judge


def _say(run: Run, check: record.Check) -> None:
    """Fail or skip with the words of a check that did not pass."""
    words = failure.render_way_back(check)
    if words and isinstance(check.result, record.NotChecked):
        skip(run, words)
    if words:
        raise JudgementError(words)


def probed(name: str) -> Body:
    """The item of one probe of the application."""

    def judge(dbmigrate_run: Run) -> None:
        run = dbmigrate_run
        run.open().advance(Step("health"))
        check = next(c for c in run.probe_records() if c.name == name)
        words = failure.render_check(check)
        if isinstance(check.result, record.NotChecked) or (words and not check.required):
            pytest.skip(words)
        if words:
            raise JudgementError(words)

    return judge


def committed(dbmigrate_run: Run) -> None:
    """The item that commits, when everything before it has passed."""
    gate = dbmigrate_run.open()
    step = Step("commit")
    if step not in gate.steps:
        skip(dbmigrate_run, NOT_APPLICABLE)
    gate.advance(step)
    if gate.seen.ending is None:
        skip(dbmigrate_run, f"nothing was written: {gate.seen.stopped}")
    if gate.seen.ending.state != "committed":
        fail(dbmigrate_run, failure.render_ending(gate.seen.ending, gate.seen.stopped))


def decided(dbmigrate_run: Run) -> None:
    """The last item: it fails on NO-GO, so that JUnit is red whatever the others say."""
    gate = dbmigrate_run.open()
    gate.advance(gate.steps[-1])
    decision = dbmigrate_run.decide()
    id_ = dbmigrate_run.folder.run_id if dbmigrate_run.folder else ""
    said = {"decision": decision.word, "database": decision.database, "run_id": id_}
    tell(dbmigrate_run, **said)
    if not decision.go:
        fail(dbmigrate_run, failure.render_decision(decision))


def tell(run: Run, **properties: str) -> None:
    """Give the item properties, which JUnit shows; those that are empty are left out.

    By way of the run: for the `request` fixture pytest makes two fixture definitions an item.
    """
    run.told += [(k, run.scrub(v)) for k, v in properties.items() if v]


def fail(run: Run, words: str) -> NoReturn:
    """Fail the item with these words, and no secret in them."""
    raise JudgementError(run.scrub(words))


def skip(run: Run, words: str) -> NoReturn:
    """Skip the item with these words, and no secret in them."""
    pytest.skip(run.scrub(words))
