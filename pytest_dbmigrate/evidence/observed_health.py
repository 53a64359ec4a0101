"""What was seen beside the migrations → checks and metrics of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.postgres import metrics as figures
from pytest_dbmigrate.postgres.slow_statements import SLOWEST
from pytest_dbmigrate.probes import http, log
from pytest_dbmigrate.spec.builtins import DOWNTIME
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.figures import describe
from pytest_dbmigrate.spec.probes import HttpProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.evidence.results import Result
    from pytest_dbmigrate.postgres.metrics import Reading, Snapshot
    from pytest_dbmigrate.postgres.timing import Timing
    from pytest_dbmigrate.probes.beside import Seen
    from pytest_dbmigrate.probes.downtime import Gap
    from pytest_dbmigrate.probes.seen import ProbeSeen
    from pytest_dbmigrate.spec.plan import Plan
    from pytest_dbmigrate.spec.probes import Probe
    from pytest_dbmigrate.spec.project import Project

    Scrub = Callable[[str], str]

_SHOWN_GAPS = 8
# On a throw-away database nobody works: of its own figures only these mean something.
_REHEARSED = frozenset({"temporary-files", "dead-rows", "database-size"})
_NOTHING_RUNS = "no application runs on a throw-away database"
_NO_MIGRATION = "only lines written while and after migrations run count, and none ran here"

Stage = Literal["rehearsal", "verify", "production", "monitoring"]


def probe_records(
    project: Project, stage: Stage, seen: Seen, why_not: str, scrub: Scrub
) -> Iterator[record.Check]:
    """Every probe of the plan, whether or not it was asked; `why_not` says why it was not."""
    plan = project.plan
    for probe in plan.probes.all if plan is not None else ():
        found = seen.probes.get(probe.name)
        missing = record.NotChecked(why=why_not or "it did not run", reason="not-run")
        yield probe_record(
            project, plan, stage, probe, result_of(found, scrub) if found else missing
        )


def probe_record(
    project: Project, plan: Plan | None, stage: Stage, probe: Probe, result: Result
) -> record.Check:
    """One probe with its result; where it cannot be asked at a stage, that is said instead."""
    elsewhere = _elsewhere(probe, stage)
    expected = http.expected(probe) if isinstance(probe, HttpProbe) else log.expected(probe)
    return record.Check(
        id=f"{project.host}::{probe.name}",
        name=probe.name,
        title=probe.title,
        kind="probe",
        phase="health",
        result=record.NotChecked(why=elsewhere, reason="not-applicable") if elsewhere else result,
        source=f"{plan.path}:{probe.line}" if plan is not None else "",
        expected=expected,
        required=plan is None or plan.requires(probe.name, stage),
        applicable=not elsewhere,
        counted=False,
    )


def result_of(seen: ProbeSeen, scrub: Scrub) -> Result:
    """A probe's reading as the record has it."""
    text = clip(scrub(seen.text), TEXT_CHARACTERS)
    match seen.outcome:
        case Outcome.NOT_CHECKED:
            return record.NotChecked(why=text, reason=seen.reason, todo=seen.todo)
        case Outcome.ERROR:
            return record.Errored(why=text, at=time_text(seen.at))
        case outcome:
            observed = _observed_probe(seen, scrub)
            if outcome is Outcome.PASS:
                return record.Passed(observed=observed)
            return record.Failed(observed=observed)


def health_metrics(
    project: Project, stage: Stage, seen: Seen, scrub: Scrub
) -> Iterator[record.Metric]:
    """Every figure before and after: the database's, the named queries', the probes', downtime."""
    if seen.sql_gaps is not None or seen.http_gaps is not None:
        yield _downtime(seen)
    for name in figures.NAMES if seen.before or seen.after else ():
        if stage != "rehearsal" or name in _REHEARSED:
            yield _figure(name, seen.before, seen.after)
    if seen.slowest is not None or seen.slowest_before is not None:
        yield _slowest(seen)
    for query in project.timed:
        yield _timed(
            query.name, seen.timed_before.get(query.name), seen.timed_after.get(query.name)
        )
    plan = project.plan
    for probe in plan.probes.http if plan is not None else ():
        before, after = (s.get(probe.name) for s in (seen.probes_before, seen.probes))
        if before is not None or after is not None:
            yield record.Metric(
                name=probe.name,
                title=probe.title,
                before=_answer(before, scrub),
                after=_answer(after, scrub),
                why=after.text if after and after.value is None else "",
            )


def reading_of(reading: Reading | None) -> record.Observation | None:
    """A figure that was read; None where it has no value."""
    if reading is None or reading.value is None:
        return None
    return record.Observation(
        text=reading.text,
        at=time_text(reading.at),
        by="postgresql",
        value=reading.value,
        unit=reading.unit,
        details=reading.details,
    )


def _elsewhere(probe: Probe, stage: Stage) -> str:
    """Why a probe cannot be asked at a stage at all."""
    if stage == "rehearsal":
        return _NOTHING_RUNS
    if stage == "verify" and not isinstance(probe, HttpProbe):
        return _NO_MIGRATION
    return ""


def _observed_probe(seen: ProbeSeen, scrub: Scrub) -> record.Observation:
    return record.Observation(
        text=clip(scrub(seen.text), TEXT_CHARACTERS),
        at=time_text(seen.at),
        by="the probe",
        duration_ns=seen.duration_ns,
        value=seen.value,
        unit=seen.unit,
        details=tuple(clip(scrub(detail), TEXT_CHARACTERS) for detail in seen.details),
    )


def _answer(seen: ProbeSeen | None, scrub: Scrub) -> record.Observation | None:
    return _observed_probe(seen, scrub) if seen is not None and seen.value is not None else None


def _figure(name: str, before: Snapshot | None, after: Snapshot | None) -> record.Metric:
    """One figure on both sides. A counter that was set back in between has no before."""
    old, new = (s.readings.get(name) if s is not None else None for s in (before, after))
    set_back = bool(old and new and old.since != new.since)
    why = new.text if new is not None and new.value is None else ""
    if set_back and new is not None:
        why = f"the server's statistics were reset at {new.since or 'an unknown time'}"
    return record.Metric(
        name=name,
        title=_title(describe(f"{name}.after").title),
        before=None if set_back else _with_tables(name, reading_of(old), before),
        after=_with_tables(name, reading_of(new), after),
        why=why,
    )


def _with_tables(
    name: str, seen: record.Observation | None, snapshot: Snapshot | None
) -> record.Observation | None:
    """The size of the database with the tables that it is made of."""
    if name != "database-size" or seen is None or snapshot is None:
        return seen
    return record.Observation(
        text=seen.text,
        at=seen.at,
        by=seen.by,
        value=seen.value,
        unit=seen.unit,
        columns=("table", "bytes", "live rows", "dead rows"),
        rows=tuple((t.name, str(t.size), str(t.live), str(t.dead)) for t in snapshot.tables),
        row_count=len(snapshot.tables),
    )


def _slowest(seen: Seen) -> record.Metric:
    reading = seen.slowest
    return record.Metric(
        name=SLOWEST,
        title=_title(describe(f"{SLOWEST}.after").title),
        before=reading_of(seen.slowest_before),
        after=reading_of(reading),
        why=reading.text if reading is not None and reading.value is None else "",
        todo=reading.todo if reading is not None else "",
    )


def _timed(name: str, before: Timing | None, after: Timing | None) -> record.Metric:
    """A named query's time; its plans where they are not the same."""
    changed = bool(before and after and before.plan != after.plan)
    why = after.why if after is not None and after.median_ns is None else ""
    return record.Metric(
        name=name,
        title=f"query {name}",
        before=_median(before, plan=changed),
        after=_median(after, plan=changed),
        why=why,
        todo="repair the query, or the migration that broke it" if why else "",
    )


def _median(timing: Timing | None, *, plan: bool) -> record.Observation | None:
    if timing is None or timing.median_ns is None:
        return None
    runs = len(timing.times_ns)
    milliseconds = timing.median_ns // 1000 / 1000
    return record.Observation(
        text=f"{milliseconds:g} ms, the median of {runs} runs, {timing.rows:,} rows",
        at=time_text(timing.at),
        by="postgresql",
        duration_ns=timing.median_ns,
        value=milliseconds,
        unit="ms",
        details=timing.plan if plan else (),
    )


def _downtime(seen: Seen) -> record.Metric:
    """The longest gap of all that was tried; none where something was not tried to its end."""
    found = [g for g in (seen.sql_gaps, seen.http_gaps) if g is not None]
    problems = [g.problem for g in found if g.problem]
    gaps = [gap for each in found for gap in each.gaps if not gap.left_out and not gap.gone]
    failing = [gap for gap in gaps if gap.failing]
    left_out = tuple(
        f"{gap.name}: not tried, {gap.left_out}" for g in found for gap in g.gaps if gap.left_out
    )
    gone = tuple(f"{gap.name}: gone" for g in found for gap in g.gaps if gap.gone)
    metric = record.Metric(name=DOWNTIME, title=_title(describe(DOWNTIME).title))
    if problems or failing or not gaps:
        why = problems[0] if problems else "nothing could be tried"
        if failing:
            first = failing[0]
            why = f"{first.name} still failed when all was over: {first.failing}"
        return record.Metric(name=metric.name, title=metric.title, why=why)
    gaps.sort(key=lambda gap: gap.longest_ns, reverse=True)
    worst = gaps[0]
    milliseconds = worst.longest_ns // 1000 / 1000
    every = max(gap.every_ns for gap in gaps)
    when = f" from {worst.at:%H:%M:%S.%f}"[:-3] + "Z" if worst.at else ""
    return record.Metric(
        name=metric.name,
        title=metric.title,
        after=record.Observation(
            text=f"{milliseconds:,g} ms: {worst.name} waited{when}; {len(gaps)} things were tried, "
            f"each every {every // 1_000_000} ms or more often",
            at=time_text(worst.at or datetime.now(UTC)),
            by="tries beside the migrations",
            duration_ns=worst.longest_ns,
            value=milliseconds,
            unit="ms",
            details=(*(_gap_line(gap) for gap in gaps[:_SHOWN_GAPS]), *left_out, *gone),
        ),
    )


def _gap_line(gap: Gap) -> str:
    longest = gap.longest_ns // 1000 / 1000
    return f"{gap.name}: {longest:,g} ms at most in {gap.tries:,} tries"


def _title(text: str) -> str:
    return text[0].upper() + text[1:]
