"""Sections 9 and 10: application health and rollback readiness, as far as they were observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report.sections.check_rows import CheckRow, rows_of

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Probes:
    """Rows of what was asked. Without any, `missing` says why.

    Then either `todo` says how to have it checked, or the stage cannot observe it.
    """

    rows: tuple[CheckRow, ...]
    missing: str = ""
    todo: str = ""


def health(evidence: Evidence) -> Probes:
    """Health checks and probes: the application after the migrations."""
    rows = rows_of([c for c in evidence.checks if c.kind in {"health", "probe"}])
    if rows:
        return Probes(rows)
    if evidence.run.stage == "rehearsal":
        return Probes(
            (),
            "No application runs on a throw-away database; its health is observed in the"
            " production run.",
        )
    return Probes(
        (),
        "No probe is planned, so nothing is known about the application.",
        "[[probe.http]] or [[probe.log]] in plan.toml",
    )


def rollback(evidence: Evidence) -> Probes:
    """Backup, restore drill and recovery time: the way back."""
    rows = rows_of([c for c in evidence.checks if c.kind == "rollback"])
    if rows:
        return Probes(rows)
    if not evidence.migrations:
        return Probes((), "Nothing was applied in this run, so there is nothing to roll back.")
    return Probes(
        (),
        "No backup was taken and restored in this run, so the way back was not rehearsed.",
        "--dbmigrate-backup DIR",
    )
