"""`pytest-dbmigrate restore --verify`: whether a restored database is as it was before."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.drift import ROWS, SCHEMA, load_rows, load_schema
from pytest_dbmigrate.postgres.catalog import diff, snapshot
from pytest_dbmigrate.postgres.data_digest import changed_tables, data_digest
from pytest_dbmigrate.postgres.gate import Gate
from pytest_dbmigrate.postgres.round_trip import as_restored
from pytest_dbmigrate.postgres.steps import Step
from pytest_dbmigrate.postgres.target import connect
from pytest_dbmigrate.restoring import CannotRestoreError
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.places import find_root
from pytest_dbmigrate.spec.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Backup
    from pytest_dbmigrate.postgres.target import Target
    from pytest_dbmigrate.spec.project import Project

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """What was seen, a line each, and whether the database is as it was."""

    lines: tuple[str, ...]
    same: bool


def verify_restored(run: LoadedRun, database: Target, root: str = "") -> Verified:
    """Compare schema and rows with what was backed up, and run the project's before-checks.

    Writes nothing. Raises CannotRestoreError when the run kept nothing to compare with.
    """
    backup = run.evidence.backup
    if backup is None:
        raise CannotRestoreError(f"{run.evidence.run.id} took no backup to compare with")
    with connect(database, autocommit=True) as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        problems = [*_schema(run, backup, conn), *_rows(run, backup, conn)]
        conn.execute("ROLLBACK")
    lines = [f"DIFFERENT   {line}" for line in problems] or [
        f"PASS        schema and rows are those of {backup.path}"
    ]
    checks = list(_before_checks(run, database, _project(run, root)))
    failed = problems or [line for line, fine in checks if not fine]
    return Verified((*lines, *(line for line, _ in checks)), not failed)


def _schema(
    run: LoadedRun, backup: Backup, conn: psycopg.Connection[tuple[object, ...]]
) -> Iterator[str]:
    now = snapshot(conn)
    if now.digest == backup.schema_sha256:
        return
    then = load_schema(run.path / SCHEMA, backup.schema_sha256)
    if then is None or then.major != now.major:
        yield "the schema is not the one that was backed up (its digest differs)"
        return
    found = diff(as_restored(then), as_restored(now))
    for change in found[:_SHOWN]:
        yield f"{change.kind} {change.identity}: {change.change}"
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN:,} objects more"


def _rows(
    run: LoadedRun, backup: Backup, conn: psycopg.Connection[tuple[object, ...]]
) -> Iterator[str]:
    then = load_rows(run.path / ROWS, backup.rows_sha256)
    if then is None:
        yield f"the rows cannot be compared: {run.path / ROWS} is not as the evidence vouches for"
        return
    for name in changed_tables(then, data_digest(conn)):
        yield f"the rows of {name}"


def _project(run: LoadedRun, root: str) -> Project:
    """The project of this checkout, whose verifications must be those of the run."""
    here = Path.cwd()
    project = load_project(
        find_root(None, here, root),
        show=lambda p: (p.relative_to(here) if p.is_relative_to(here) else p).as_posix(),
    )
    then = {f.path: f.sha256 for f in run.evidence.files if f.role == "verification"}
    now = {f.path: f.sha256 for f in project.files if f.role == "verification"}
    if then != now:
        changed = sorted(p for p in then.keys() | now.keys() if then.get(p) != now.get(p))
        raise CannotRestoreError(
            f"{changed[0]} is not the verification that the run had: check out that commit"
        )
    return project


def _before_checks(
    run: LoadedRun, database: Target, project: Project
) -> Iterator[tuple[str, bool]]:
    """Each before-check's line, and whether it holds."""
    gate = Gate(project, "rehearsal", functools.partial(connect, database, autocommit=True))
    gate.advance(Step("before"))
    gate.finish()
    for finding in gate.seen.findings.values():
        fine = finding.verdict.outcome is Outcome.PASS or finding.check.informational
        yield (
            f"{finding.verdict.outcome:<11} {finding.check.title}: {finding.verdict.observed}",
            fine,
        )
    if not gate.seen.findings:
        yield (
            f"{run.evidence.run.id} has no before-checks: only schema and rows were compared",
            True,
        )
