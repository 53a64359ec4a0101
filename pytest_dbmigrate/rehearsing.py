"""The throw-away database of a rehearsal: a clone of the target, or built from the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.drift import keep_schema
from pytest_dbmigrate.evidence.observed_clone import source_record

if TYPE_CHECKING:
    from contextlib import ExitStack

    from pytest_dbmigrate.postgres.rehearsal import Rehearsal
    from pytest_dbmigrate.postgres.target import Target
    from pytest_dbmigrate.run import Run


def throw_away(run: Run, stack: ExitStack) -> Rehearsal:
    """Make it, until `stack` is closed. Raises ServerError and TargetError."""
    if run.settings.target is not None:
        return _clone(run, run.settings.target, stack)
    from pytest_dbmigrate.postgres.rehearsal import start  # noqa: PLC0415  (import time)

    project = run.project
    return stack.enter_context(start(project.baseline, project.migrations, run.settings.pg_bindir))


def _clone(run: Run, target: Target, stack: ExitStack) -> Rehearsal:
    """Clone the target; what differs goes into the record, its schema beside it."""
    from pytest_dbmigrate.postgres.cloning import clone  # noqa: PLC0415  (import time)

    cloned = stack.enter_context(
        clone(
            target,
            data="none" if run.settings.rehearse_data == "none" else "all",
            bindir=run.settings.pg_bindir,
            timeout=run.settings.connect_timeout // 1000,
            lock_timeout=run.settings.lock_timeout,
            say=run.say,
        )
    )
    run.gate.seen.has_data = cloned.data == "all"
    if run.folder is not None:
        keep_schema(run.folder, cloned.schema)
    run.source = source_record(cloned)
    return cloned.rehearsal
