"""What a run's evidence says about one thing: its observation, or in words why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import Errored, Failed, NotChecked, Observation, Passed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_dbmigrate.evidence.record import Check, Evidence, Metric, MigrationRun


def final_checks(evidence: Evidence) -> tuple[Check, ...]:
    """The verifications that the report counts as m of n: required, final, applicable here."""
    return tuple(
        check
        for check in evidence.checks
        if check.kind == "verification"
        and check.phase == "final"
        and check.counted
        and check.required
        and check.applicable
    )


def milliseconds(duration_ns: int) -> str:
    """A duration in ms, cut (not rounded) to a microsecond: 499.9999 ms is never shown as 500."""
    return f"{duration_ns // 1000 / 1000:,.3f}".rstrip("0").rstrip(".") + " ms"


def _seen(
    evidence: Evidence, text: str, value: float, by: str, *, unit: str = "", at: str | None = None
) -> Observation:
    moment = at or evidence.transaction.ended or evidence.run.finished or evidence.run.started
    return Observation(text=text, at=moment, by=by, value=value, unit=unit)


def find_metric(evidence: Evidence, name: str) -> Metric | None:
    """The metric of that name, if it was taken."""
    return next((metric for metric in evidence.metrics if metric.name == name), None)


def of_metric(name: str, side: str, evidence: Evidence) -> Observation | str:
    """A metric before or after the migrations, or the difference."""
    metric = find_metric(evidence, name)
    if metric is None:
        return f'the metric "{name}" was not measured in this run'
    if side != "change":
        seen = metric.before if side == "before" else metric.after
        unseen = f'the metric "{name}" was not measured {side} the migrations'
        return seen or (metric.why if metric.why and side == "after" else unseen)
    before, after = metric.before, metric.after
    if before is None or after is None or before.value is None or after.value is None:
        return f'the metric "{name}" was not measured both before and after the migrations'
    change = after.value - before.value
    return Observation(
        text=f"{before.text} → {after.text} ({change:+,})",
        at=after.at,
        by=after.by,
        value=change,
        unit=after.unit,
    )


def _ran(migration: MigrationRun) -> bool:
    """Whether it ran to its end; before the COMMIT is answered its outcome is "unknown"."""
    return migration.outcome in {"committed", "rolled back", "unknown"} and migration.error is None


def _not_run(migrations: Iterable[MigrationRun]) -> str:
    for migration in migrations:
        if migration.error is not None:
            return f"migration {migration.version} stopped: {migration.error.message}"
        if not _ran(migration):
            return f"migration {migration.version} did not run to its end"
    return ""


def of_migrations(
    what: str, migrations: list[MigrationRun], evidence: Evidence
) -> Observation | str:
    """The `errors`, `warnings` or `duration` (in ms) of some migrations together."""
    """The `errors`, `warnings` or `duration` (in ms) of some migrations together."""
    if not migrations:
        return "no migration ran"
    started = migrations[-1].started
    at = evidence.transaction.ended or started
    if what == "errors":
        unknown = [m.version for m in migrations if m.error is None and not _ran(m)]
        failed = [m for m in migrations if m.error is not None]
        if not failed and unknown:
            return f"migration {unknown[0]} did not run to its end"
        words = "; ".join(f"{m.version}: {m.error.message}" for m in failed if m.error)
        return _seen(evidence, words or "0 errors", len(failed), "the migrations", at=at)
    if why := _not_run(migrations):
        return why
    if what == "duration":
        total = sum(migration.duration_ns for migration in migrations)
        return _seen(evidence, milliseconds(total), total / 1e6, "the migrations", unit="ms", at=at)
    warnings = [
        f"{migration.version}:{statement.line}: {notice.message}"
        for migration in migrations
        for statement in migration.statements
        for notice in statement.notices
        if notice.severity == "WARNING"
    ]
    text = f"{len(warnings)} warnings" + (f": {warnings[0]}" if warnings else "")
    return _seen(evidence, text, len(warnings), "the migrations", at=at)


def rows_lost(evidence: Evidence) -> Observation | str:
    """Rows that are gone from tables whose loss no migration declares."""
    if "rows" not in evidence.measured:
        return "rows were not counted in this run"
    if why := _not_run(evidence.migrations):
        return why
    lost = [row for row in evidence.rows if row.lost and not row.declared]
    names = ", ".join(f"{row.table} {row.lost:,}" for row in lost)
    total = sum(row.lost for row in lost)
    return _seen(evidence, f"{total:,} rows" + (f": {names}" if names else ""), total, "rows")


def schema_changes(
    kind: str, change: str, word: str, *, undeclared: bool = False
) -> Callable[[Evidence], Observation | str]:
    """A function that counts the changes of one kind (every kind when it is empty)."""

    def count(evidence: Evidence) -> Observation | str:
        if "schema" not in evidence.measured:
            return "the schema was not compared in this run"
        if why := _not_run(evidence.migrations):
            return why
        found = [
            each.identity if kind else f"{each.kind} {each.identity}"
            for each in evidence.changes
            if each.change == change
            and kind in {"", each.kind}
            and not (undeclared and each.declared)
        ]
        names = ", ".join(found[:12]) + (", …" if len(found) > 12 else "")
        text = f"{len(found)} {word}" + (f": {names}" if names else "")
        return _seen(evidence, text, len(found), "the schema before and after")

    return count


def checks_passed(evidence: Evidence) -> Observation | str:
    """How many of the final verifications passed."""
    checks = final_checks(evidence)
    if not checks:
        return "no final verification was planned"
    passed = sum(isinstance(check.result, Passed) for check in checks)
    failed = [check.name for check in checks if isinstance(check.result, Failed)]
    missing = [c.name for c in checks if isinstance(c.result, Errored | NotChecked)]
    if missing and not failed:
        return f"{passed} of {len(checks)} passed, not observed: {', '.join(missing)}"
    text = f"{passed} of {len(checks)}"
    for word, names in (("failed", failed), ("not observed", missing)):
        text += f"; {word}: {', '.join(names)}" if names else ""
    at = max(c.result.observed.at for c in checks if isinstance(c.result, Passed | Failed))
    return _seen(evidence, text, passed, "the final verifications", at=at)


def checks_vacuous(evidence: Evidence) -> Observation | str:
    """How many of them passed before the migrations, and were not meant to."""
    checks = [check for check in final_checks(evidence) if check.passed_before is not None]
    if not checks:
        return "the final verifications were not tried before the migrations"
    vacuous = [each.name for each in checks if each.passed_before and not each.meant_to_stay]
    text = f"{len(vacuous)} of {len(checks)}" + (f": {', '.join(vacuous)}" if vacuous else "")
    return _seen(evidence, text, len(vacuous), "the final verifications before the migrations")


def reruns(evidence: Evidence) -> Observation | str:
    """How many re-runs changed or raised something."""
    if not evidence.reruns:
        return "the migrations were not run again"
    if any(isinstance(rerun.result, NotChecked) for rerun in evidence.reruns):
        return "not every migration was run again"
    bad = [
        f"{rerun.version} in the {rerun.session} session"
        for rerun in evidence.reruns
        if not isinstance(rerun.result, Passed)
    ]
    text = f"{len(bad)} of {len(evidence.reruns)} re-runs" + (f": {', '.join(bad)}" if bad else "")
    return _seen(evidence, text, len(bad), "the re-runs", at=evidence.run.finished)


def total_duration(evidence: Evidence) -> Observation | str:
    """The time from BEGIN to the end of the transaction, in ms."""
    began, ended = evidence.transaction.began, evidence.transaction.ended
    if began is None or ended is None:
        return "the transaction has no begin and end yet"
    spent = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    nanoseconds = round(spent.total_seconds() * 1e9)
    return _seen(
        evidence,
        milliseconds(nanoseconds),
        nanoseconds / 1e6,
        "the transaction",
        unit="ms",
        at=ended,
    )


def locks_held(evidence: Evidence) -> Observation | str:
    """The longest time that an ACCESS EXCLUSIVE lock was held, in ms."""
    if "locks" not in evidence.measured or evidence.transaction.ended is None:
        return "locks were not measured to the end of the transaction"
    locks = [
        (lock.held_ns, lock.relation)
        for migration in evidence.migrations
        for statement in migration.statements
        for lock in statement.locks
        if lock.mode.replace(" ", "").lower() in {"accessexclusive", "accessexclusivelock"}
    ]
    held, relation = max(locks, default=(0, "no table"))
    return _seen(evidence, f"{milliseconds(held)} on {relation}", held / 1e6, "pg_locks", unit="ms")


def rehearsal_differences(evidence: Evidence) -> Observation | str:
    """How many results are not those of the rehearsal."""
    rehearsal = evidence.run.rehearsal
    if rehearsal is None:
        return "the run names no rehearsal"
    if rehearsal.differences is None:
        return f"the results were not compared with those of {rehearsal.run}"
    names = ", ".join(rehearsal.differences)
    count = len(rehearsal.differences)
    return _seen(evidence, f"{count} differ" + (f": {names}" if names else ""), count, "evidence")


def outside_schedule(evidence: Evidence) -> Observation | str:
    """How long the migrations ran outside the planned window, in ms."""
    planned = [phase for phase in evidence.phases if phase.planned_start and phase.planned_end]
    if not planned:
        return "the plan has no schedule"
    if evidence.transaction.began is None:
        return "the migrations did not begin"
    opens = min(datetime.fromisoformat(phase.planned_start) for phase in planned)
    closes = max(datetime.fromisoformat(phase.planned_end) for phase in planned)
    began = datetime.fromisoformat(evidence.transaction.began)
    ended = datetime.fromisoformat(evidence.transaction.ended or evidence.transaction.began)
    outside = max(0.0, (opens - began).total_seconds(), (ended - closes).total_seconds())
    text = f"{began:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC, "
    text += "inside" if not outside else f"{milliseconds(round(outside * 1e9))} outside"
    text += f" {opens:%Y-%m-%d %H:%M} to {closes:%Y-%m-%d %H:%M} UTC"
    return _seen(evidence, text, outside * 1e3, "the clock of this machine", unit="ms")
