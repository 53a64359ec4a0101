"""What is to lead back from this run, proven between the before-checks and BEGIN."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.drift import keep_rows, keep_schema
from pytest_dbmigrate.postgres.proving import Wanted, WayBack, prove
from pytest_dbmigrate.postgres.steps import Step

if TYPE_CHECKING:
    from pytest_dbmigrate.run import Run


def is_wanted(run: Run) -> bool:
    """Whether a backup is to be taken, or the plan names one that must be there for production."""
    plan = run.project.plan
    named = plan is not None and plan.backup is not None and plan.backup.path
    return bool(run.settings.backup or (named and run.gate.live))


def found_so_far(run: Run) -> WayBack | None:
    """What was found; where a backup is to be taken and was not yet, that it was not."""
    if run.way_back is None and run.settings.backup:
        why = run.gate.seen.stopped or "it did not run"
        return WayBack(run.started, taking=True, not_run=f"not run: {why}")
    return run.way_back


def prove_way_back(run: Run) -> WayBack | None:
    """Run the before-checks, then prove the way back; a live run stops where there is none.

    None where nothing is wanted, or the run had stopped before.
    """
    target = run.settings.target
    if target is None or not is_wanted(run):
        return None
    gate = run.open()
    gate.advance(Step("before"))
    if gate.seen.stopped:
        return None
    gate.finish()  # what takes minutes needs no idle connection
    settings, plan = run.settings, run.project.plan
    named = plan.backup if plan is not None else None
    found = prove(
        Wanted(
            target,
            Path(settings.backup).absolute() if settings.backup else None,
            settings.restore_into,
            run.project.root / named.path if named is not None and named.path else None,
            (named.max_age_ns or 0) if named is not None else 0,
            settings.pg_bindir,
            settings.connect_timeout // 1000,
            settings.lock_timeout,
            run.say,
        )
    )
    if found.backup is not None and run.folder is not None and gate.live:
        keep_schema(run.folder, found.backup.content.schema)
        keep_rows(run.folder, found.backup.content.rows)
    if gate.live and found.problem:
        gate.stop(f"refused before BEGIN: {run.scrub(found.problem)}")
    return found
