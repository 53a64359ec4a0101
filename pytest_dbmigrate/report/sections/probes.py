"""Sections 9 and 10: application health and rollback readiness, as far as they were observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report.sections.checks import CheckRow, rows_of

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Probes:
    """Rows of what was asked; `missing` and `todo` stand there when nothing was."""

    rows: tuple[CheckRow, ...]
    missing: str
    todo: str


def health(evidence: Evidence) -> Probes:
    """Health checks and probes: the application after the migrations."""
    rows = rows_of([c for c in evidence.checks if c.kind in {"health", "probe"}])
    return Probes(
        rows,
        "" if rows else "No health check and no probe is planned, so nothing is known about the application.",
        "" if rows else "write verifications with `-- phase: health`, or probes in plan.toml",
    )


def rollback(evidence: Evidence) -> Probes:
    """Backup, restore drill and recovery time: the way back."""
    rows = rows_of([c for c in evidence.checks if c.kind == "rollback"])
    return Probes(
        rows,
        "" if rows else "No backup was taken or restored in this run, so the way back is not rehearsed.",
        "" if rows else "run with --dbmigrate-backup",
    )
