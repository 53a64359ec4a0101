"""The figures a plan may set limits for: their names, units and the stages they exist at."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_APPLYING = ("rehearsal", "production")
_RUNNING = ("verify", "production", "monitoring")
_JUDGING = ("rehearsal", "verify", "production")
_ANYWHERE = ("rehearsal", "verify", "production", "monitoring")


@dataclass(frozen=True, slots=True)
class Figure:
    """Its title, unit, the stages it can be observed at, whether only after COMMIT, and how."""

    title: str
    unit: str
    stages: tuple[str, ...]
    after_commit: bool = False
    todo: str = ""


_FIXED = {
    "migrations.duration": Figure("duration of all migrations", "ms", _APPLYING),
    "migrations.errors": Figure("errors of all migrations", "", _APPLYING),
    "warnings": Figure("warnings of all migrations", "", _APPLYING),
    "rows.lost": Figure("rows lost without declaration", "", _APPLYING),
    "changes.undeclared": Figure("objects lost without declaration", "", _APPLYING),
    "tables.dropped": Figure("tables dropped", "", _APPLYING),
    "tables.created": Figure("tables created", "", _APPLYING),
    "checks.passed": Figure("final verifications passed", "", _JUDGING),
    "checks.vacuous": Figure("checks that pass without the migrations", "", ("rehearsal",)),
    "reruns.changes": Figure(
        "re-runs that changed or raised something", "", ("rehearsal",), after_commit=True
    ),
    "total.duration": Figure(
        "from BEGIN to the end of the transaction", "ms", _APPLYING, after_commit=True
    ),
    "locks.held": Figure("longest ACCESS EXCLUSIVE lock", "ms", _APPLYING, after_commit=True),
    "rehearsal.differences": Figure(
        "results unlike the rehearsal's",
        "",
        ("production",),
        todo="run with --require-signoff RUN",
    ),
    "schedule.outside": Figure(
        "time outside the planned window",
        "ms",
        ("production",),
        todo="write [schedule] in the plan",
    ),
}
# Figures that are one observation of a metric of the same name.
SINGLE = {
    "downtime": Figure("longest gap in service", "ms", _APPLYING, after_commit=True),
    # A drill elsewhere is not the recovery time of production, so the two are two figures.
    "drill": Figure(
        "time to restore the backup into a throw-away server",
        "ms",
        _APPLYING,
        todo="run with --dbmigrate-backup=DIR",
    ),
    "recovery": Figure(
        "time to restore the backup into a database of yours",
        "ms",
        _APPLYING,
        todo="run with --dbmigrate-backup=DIR --dbmigrate-restore-url=URL, or have it signed",
    ),
    "backup.age": Figure(
        "age of the backup",
        "ms",
        ("production",),
        todo="write [backup] in the plan, or run with --dbmigrate-backup=DIR",
    ),
}
# Metrics with .before, .after and .change: those of the schema, and those of a running application,
# which can only be read after the COMMIT.
_SCHEMA_METRICS = {
    "tables": Figure("base tables", "", _JUDGING),
    "foreign-keys": Figure("foreign keys", "", _JUDGING),
    "policies": Figure("row-level security policies", "", _JUDGING),
}
_RUNNING_METRICS = {
    "connections": Figure("connections", "", _RUNNING, after_commit=True),
    "waiting-locks": Figure("sessions waiting for a lock", "", _RUNNING, after_commit=True),
    "slowest-statement": Figure(
        "slowest mean statement time since the COMMIT",
        "ms",
        ("monitoring",),
        after_commit=True,
        todo="watch for longer: --dbmigrate-monitor=2h",
    ),
    "deadlocks": Figure("deadlocks", "", _RUNNING, after_commit=True),
    "rollbacks": Figure("rolled-back transactions", "", _RUNNING, after_commit=True),
    "temporary-files": Figure("temporary files", "", _RUNNING, after_commit=True),
    "dead-rows": Figure("dead rows", "", _RUNNING, after_commit=True),
    "database-size": Figure("size of the database", "B", _RUNNING, after_commit=True),
}
_PER_MIGRATION = {
    "duration": ("duration", "ms"),
    "errors": ("errors", ""),
    "warnings": ("warnings", ""),
}
MIGRATION = re.compile(r"migrations\.(.+)\.(duration|errors|warnings)")
METRIC = re.compile(r"(.+)\.(before|after|change)")


def known_figures(versions: Iterable[str], metrics: Iterable[str] = ()) -> dict[str, Figure]:
    """Every figure by name, for these migrations and (a project's own) timed queries."""
    names = [*_FIXED, *SINGLE]
    names += [f"migrations.{each}.{what}" for each in versions for what in _PER_MIGRATION]
    for metric in (*_SCHEMA_METRICS, *_RUNNING_METRICS, *metrics):
        names += [f"{metric}.before", f"{metric}.after", f"{metric}.change"]
    return {name: describe(name) for name in names}


def describe(name: str) -> Figure:
    """What the figure of that name is. Raises KeyError for a name that is no figure."""
    if name in _FIXED:
        return _FIXED[name]
    if name in SINGLE:
        return SINGLE[name]
    if match := MIGRATION.fullmatch(name):
        title, unit = _PER_MIGRATION[match[2]]
        return Figure(f"{title} of migration {match[1]}", unit, _APPLYING)
    match = METRIC.fullmatch(name)
    if match is None:
        raise KeyError(name)
    own = Figure(match[1], "ms", _ANYWHERE, after_commit=True)
    after = (_SCHEMA_METRICS | _RUNNING_METRICS).get(match[1], own)
    if match[2] == "after":
        return after
    before = match[2] == "before"
    return replace(
        after,
        title=f"{after.title} before" if before else f"change of {after.title}",
        stages=tuple(s for s in after.stages if s in (*_APPLYING, "monitoring")),
        after_commit=after.after_commit and not before,
    )
