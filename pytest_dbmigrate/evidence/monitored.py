"""A monitoring window → a record of its own, linked to that of the production run."""

from __future__ import annotations

from dataclasses import replace as changed
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.evidence.lookups import find_metric
from pytest_dbmigrate.evidence.observed_checks import check_record
from pytest_dbmigrate.evidence.observed_health import health_metrics, probe_record, result_of
from pytest_dbmigrate.evidence.window import Anomaly, Blind, Series, Window
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.spec.figures import METRIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.results import Result
    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.probes import window as seen_window
    from pytest_dbmigrate.probes.beside import Seen
    from pytest_dbmigrate.spec.probes import Probe

    Scrub = Callable[[str], str]

WINDOW, ANOMALIES = "monitoring-window", "monitoring-anomalies"
_TODO = "pytest --db-url=URL --dbmigrate-monitor=TIME watches again, from then on"
_SHOWN = 20
_MOST_POINTS = 2_000


def monitoring_record(
    gate: Gate,
    watched: record.Evidence,
    production: LoadedRun | None,
    window: seen_window.Window,
    beside: Seen,
    *,
    run_id: str,
    command: str,
    scrub: Scrub,
) -> record.Evidence:
    """The record of a window as far as it has come, judged as far as that goes.

    `watched` is the record of the run that the window belongs to, `production` that which migrated
    the database, where it is known. What passed in a window that was not observed to its end is
    NOT CHECKED: of the rest nothing is known.
    """
    last = changed(
        beside,
        after=window.after,
        slowest=window.slowest,
        probes=window.probes,
        timed_after=window.timed or beside.timed_after,
        sql_gaps=None,
        http_gaps=None,
    )
    missing = _missing(window)
    checks = tuple(
        _held_to_all(check, window, missing) for check in _checks(gate, window, missing, scrub)
    )
    evidence = record.Evidence(
        schema=record.SCHEMA,
        run=record.Run(
            id=run_id,
            stage="monitoring",
            started=time_text(window.started),
            operator=watched.run.operator,
            complete=not missing,
            incomplete=(missing,) if missing else (),
            finished=time_text(window.finished) if window.finished else None,
            command=command,
            planned=len(checks),
            selected=len(checks),
            title=watched.run.title,
            report_name=watched.run.report_name,
            production=record.Production(
                run=production.evidence.run.id,
                evidence_sha256=production.sha256,
                committed=production.evidence.transaction.ended,
            )
            if production is not None
            else None,
        ),
        tools=watched.tools,
        transaction=record.Transaction(state="nothing written"),
        target=watched.target,
        files=watched.files,
        checks=checks,
        metrics=tuple(health_metrics(gate.project, "monitoring", last, scrub)),
        phases=_phases(watched, window),
        roles=watched.roles,
        policy=watched.policy,
    )
    evidence = replace(evidence, criteria=judge_criteria(gate.project.plan, evidence))
    if missing:
        evidence = replace(
            evidence,
            criteria=tuple(
                replace(c, result=_unless_passed(c.result, missing)) for c in evidence.criteria
            ),
        )
    return replace(evidence, window=_window(evidence, window, beside, scrub))


def _missing(window: seen_window.Window) -> str:
    """Why the window was not observed as planned; empty when it was."""
    if window.complete:
        return ""
    observed = max(0, window.observed_ns - window.blind_ns)
    why = window.ended or (
        f"the database did not answer from {_clock(window.blinds[0].start)}: {window.blinds[0].why}"
        if window.blinds
        else "it has not come to its end"
    )
    return f"{_of(observed, window.planned_ns)} were observed: {why}"


def _of(observed_ns: int, planned_ns: int) -> str:
    """How much of a window, in the unit that suits it: `37 of 120 minutes`."""
    unit, factor = ("minutes", 60e9) if planned_ns >= 60_000_000_000 else ("seconds", 1e9)
    # Cut, not rounded: a window that was not observed to its end never reads as if it was.
    return f"{int(observed_ns / factor * 10) / 10:g} of {planned_ns / factor:g} {unit}"


def _checks(
    gate: Gate, window: seen_window.Window, missing: str, scrub: Scrub
) -> Iterator[record.Check]:
    """The window itself, its anomalies, the probes, and the health checks as they ended."""
    yield from _own(gate.project.host, window, missing, scrub)
    plan = gate.project.plan
    for probe in plan.probes.all if plan is not None else ():
        yield probe_record(
            gate.project, plan, "monitoring", probe, _probe_result(probe, window, scrub)
        )
    for check in gate.project.checks:
        if check.phase.kind == "health":
            yield check_record(gate, check, scrub)


def _own(
    host: str, window: seen_window.Window, missing: str, scrub: Scrub
) -> Iterator[record.Check]:
    at = time_text(window.finished or datetime.now(UTC))
    whole = _of(window.planned_ns, window.planned_ns).partition(" of ")[2]
    result: Result = record.NotChecked(why=missing, reason="window", todo=_TODO)
    if not missing:
        text = f"{_of(window.observed_ns, window.planned_ns)}, {window.samples:,} samples"
        result = record.Passed(record.Observation(text=text, at=at, by="the clock of this machine"))
    yield record.Check(
        id=f"{host}::{WINDOW}",
        name=WINDOW,
        title="The window was observed to its end",
        kind="health",
        phase="monitoring",
        result=result,
        expected=f"{whole}, a sample every {window.interval_ns / 1e9:g} s",
        counted=False,
    )
    found = [a for a in window.anomalies if a.bad.required]
    aside = len(window.anomalies) - len(found)
    also = f"; {aside} more that do not stop GO" if aside else ""
    seen = record.Observation(
        text=f"{len(found)}, the first: {_anomaly_line(found[0])}{also}"
        if found
        else f"none{also}",
        at=at,
        by="the samples",
        value=len(found),
        details=tuple(
            clip(scrub(_anomaly_line(a)), TEXT_CHARACTERS) for a in window.anomalies[:_SHOWN]
        ),
    )
    seen = replace(seen, text=clip(scrub(seen.text), TEXT_CHARACTERS))
    unseen = record.NotChecked(why=missing, reason="window", todo=_TODO)
    yield record.Check(
        id=f"{host}::{ANOMALIES}",
        name=ANOMALIES,
        title="Nothing was out of its limits",
        kind="health",
        phase="monitoring",
        result=record.Failed(seen) if found else unseen if missing else record.Passed(seen),
        expected="no anomaly",
        counted=False,
    )


def _probe_result(probe: Probe, window: seen_window.Window, scrub: Scrub) -> Result:
    seen = window.probes.get(probe.name)
    if seen is None:
        return record.NotChecked(why="it was not sampled", reason="not-run")
    return result_of(seen, scrub)


def _held_to_all(check: record.Check, window: seen_window.Window, missing: str) -> record.Check:
    """A check that was sampled: it must have held in every sample, to the end of the window."""
    if check.name in {WINDOW, ANOMALIES}:
        return check
    spells = [a for a in window.anomalies if a.bad.name == check.name]
    result = check.result
    if spells and not isinstance(result, record.NotChecked):
        samples = sum(a.samples for a in spells)
        lines = tuple(_spell(a) for a in spells[:_SHOWN])
        last = result.observed if isinstance(result, record.Passed | record.Failed) else None
        return replace(
            check,
            result=record.Failed(
                record.Observation(
                    text=f"out of limits in {samples} of {window.samples:,} samples, "
                    f"first at {lines[0]}",
                    at=time_text(spells[0].at),
                    by=last.by if last else "the samples",
                    value=samples,
                    details=(*lines, *(last.details if last else ())),
                    columns=last.columns if last else (),
                    rows=last.rows if last else (),
                    row_count=last.row_count if last else 0,
                )
            ),
        )
    if isinstance(result, record.Passed) and missing:
        so_far = f"so far: {result.observed.text}"
        return replace(check, result=_unless_passed(result, missing), note=so_far)
    if isinstance(result, record.Passed):
        words = f"{result.observed.text}, the last of {window.samples:,} samples that all passed"
        return replace(check, result=record.Passed(replace(result.observed, text=words)))
    return check


def _unless_passed(result: Result, missing: str) -> Result:
    """A result that holds only for what was observed of a window."""
    if not isinstance(result, record.Passed):
        return result
    return record.NotChecked(why=missing, reason="window", todo=_TODO)


def _anomaly_line(anomaly: seen_window.Anomaly) -> str:
    return f"{anomaly.bad.title}: {_spell(anomaly)}"


def _spell(anomaly: seen_window.Anomaly) -> str:
    """When it was, what was seen, and how long it lasted."""
    bad = anomaly.bad
    limit = f" (limit {bad.limit})" if bad.limit else ""
    until = f", until {_clock(anomaly.recovered)}" if anomaly.recovered else ", to the end"
    often = f", {anomaly.samples} samples" if anomaly.samples > 1 else ""
    return f"{_clock(anomaly.at)} {bad.text}{limit}{often}{until}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}Z"


def _phases(watched: record.Evidence, window: seen_window.Window) -> tuple[record.PhaseRun, ...]:
    """The phases of the run that it belongs to, and the window on the clock."""
    planned = next((p for p in watched.phases if p.name == "monitoring"), None)
    own = planned or record.PhaseRun(name="monitoring")
    own = replace(
        own,
        started=time_text(window.started),
        ended=time_text(window.finished) if window.finished else None,
    )
    return (*(p for p in watched.phases if p.name != "monitoring"), own)


def _window(
    evidence: record.Evidence, window: seen_window.Window, beside: Seen, scrub: Scrub
) -> Window:
    origin = beside.before.at if beside.before is not None else window.started
    return Window(
        started=time_text(window.started),
        planned_ns=window.planned_ns,
        observed_ns=max(0, window.observed_ns - window.blind_ns),
        interval_ns=window.interval_ns,
        samples=window.samples,
        origin=time_text(origin),
        ended=window.ended,
        series=tuple(_series(evidence, window, beside, origin)),
        anomalies=tuple(
            Anomaly(
                name=a.bad.name,
                title=a.bad.title,
                text=clip(scrub(a.bad.text), TEXT_CHARACTERS),
                at=time_text(a.at),
                samples=a.samples,
                recovered=time_text(a.recovered) if a.recovered else None,
                value=a.bad.value,
                unit=a.bad.unit,
                limit=a.bad.limit,
                required=a.bad.required,
            )
            for a in window.anomalies
        ),
        blinds=tuple(
            Blind(
                start=time_text(b.start),
                end=time_text(b.end) if b.end else None,
                why=clip(scrub(b.why), TEXT_CHARACTERS),
            )
            for b in window.blinds
        ),
    )


def _series(
    evidence: record.Evidence, window: seen_window.Window, beside: Seen, origin: datetime
) -> Iterator[Series]:
    """Every figure over the window, its value before the migrations in front."""
    titles = {check.name: check.title for check in evidence.checks}
    for name, points in window.points.items():
        metric = find_metric(evidence, name)
        reading = beside.before.readings.get(name) if beside.before is not None else None
        first = beside.probes_before.get(name)
        known = [(origin, reading.value)] if reading is not None else []
        known += [(origin, first.value)] if first is not None else []
        known += [(point.at, point.value) for point in points]
        known = _thinned(known)
        yield Series(
            name=name,
            title=metric.title if metric is not None else titles.get(name, name),
            unit=metric.after.unit if metric is not None and metric.after is not None else "",
            limit=_limit(evidence, name),
            offsets_ns=tuple(max(0, round((at - origin).total_seconds() * 1e9)) for at, _ in known),
            values=tuple(value for _, value in known),
        )


def _thinned(
    points: Sequence[tuple[datetime, float | None]],
) -> list[tuple[datetime, float | None]]:
    """At most so many points that a record stays readable: of neighbours the highest is kept."""
    found = list(points)
    while len(found) > _MOST_POINTS:
        found = [
            max(found[n : n + 2], key=lambda p: float("-inf") if p[1] is None else p[1])
            for n in range(0, len(found), 2)
        ]
    return found


def _limit(evidence: record.Evidence, name: str) -> str:
    for criterion in evidence.criteria:
        match = METRIC.fullmatch(criterion.figure)
        if match and match[1] == name and match[2] == "after" and criterion.applicable:
            return criterion.expected
    return ""
