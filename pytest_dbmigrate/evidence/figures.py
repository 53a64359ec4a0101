"""Evidence → named figures, each an observation, or in words why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence import lookups
from pytest_dbmigrate.evidence.record import Observation
from pytest_dbmigrate.spec.figures import METRIC, MIGRATION, SINGLE, describe, known_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.evidence.record import Evidence


def figures(evidence: Evidence) -> dict[str, Observation | None]:
    """Every figure of this run, by name; None where it was not observed."""
    names = known_figures(
        (migration.version for migration in evidence.migrations),
        (metric.name for metric in evidence.metrics if metric.name not in SINGLE),
    )
    seen = {name: observe(name, evidence) for name in names}
    return {name: each if isinstance(each, Observation) else None for name, each in seen.items()}


def observe(name: str, evidence: Evidence) -> Observation | str:
    """One figure's observation, or in words why there is none.

    Durations are in ms. Raises KeyError for a name that is no figure.
    """
    if _is_of_data(name) and _without_data(evidence):
        return "the clone has no rows: what depends on them was not measured"
    if name in _FIXED:
        return _FIXED[name](evidence)
    if name in SINGLE:
        metric = lookups.find_metric(evidence, name)
        seen = metric and (metric.after or metric.before)
        unseen = f"the {describe(name).title} was not measured in this run"
        return seen or (metric.why if metric and metric.why else unseen)
    if match := MIGRATION.fullmatch(name):
        ran = [each for each in evidence.migrations if each.version == match[1]]
        return lookups.of_migrations(match[2], ran, evidence)
    if match := METRIC.fullmatch(name):
        return lookups.of_metric(match[1], match[2], evidence)
    raise KeyError(name)


def _is_of_data(name: str) -> bool:
    """Whether a figure says something of rows, or of the time that they take."""
    return name in _OF_DATA or (name.startswith("migrations.") and name.endswith(".duration"))


def _without_data(evidence: Evidence) -> bool:
    source = evidence.target.source if evidence.target is not None else None
    return source is not None and source.data == "none"


_OF_DATA = frozenset(
    {"migrations.duration", "total.duration", "locks.held", "rows.lost", "reruns.changes"}
)
_FIXED: dict[str, Callable[[Evidence], Observation | str]] = {
    "migrations.duration": lambda evidence: lookups.of_migrations(
        "duration", list(evidence.migrations), evidence
    ),
    "migrations.errors": lambda evidence: lookups.of_migrations(
        "errors", list(evidence.migrations), evidence
    ),
    "warnings": lambda evidence: lookups.of_migrations(
        "warnings", list(evidence.migrations), evidence
    ),
    "rows.lost": lookups.rows_lost,
    "changes.undeclared": lookups.schema_changes("", "removed", "objects", undeclared=True),
    "tables.dropped": lookups.schema_changes("table", "removed", "tables"),
    "tables.created": lookups.schema_changes("table", "added", "tables"),
    "checks.passed": lookups.checks_passed,
    "checks.vacuous": lookups.checks_vacuous,
    "reruns.changes": lookups.reruns,
    "total.duration": lookups.total_duration,
    "locks.held": lookups.locks_held,
    "rehearsal.differences": lookups.rehearsal_differences,
    "schedule.outside": lookups.outside_schedule,
}
