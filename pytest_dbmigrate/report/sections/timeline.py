"""Section 6: the phases, planned against observed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.charts import Bar, Tick, bar, tick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.evidence.record import Evidence, PhaseRun

_NEAR = timedelta(hours=1)
_STEPS = (900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; `end` is None for what did not end or has no planned end."""

    start: datetime
    end: datetime | None

    @property
    def last(self) -> datetime:
        """The latest moment that is known."""
        return self.end or self.start


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase: its planned window and what was observed, in words and as bars."""

    name: str
    planned: str
    observed: str
    sub: tuple[str, ...]
    plan_bar: Bar | None
    run_bar: Bar | None
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All phases on one axis; `said` explains the bars."""

    rows: tuple[PhaseRow, ...]
    ticks: tuple[Tick, ...]
    said: str


def timeline(evidence: Evidence) -> Timeline:
    """Planned windows and observed phases on one clock, where both fit on it."""
    base = text.moment(evidence.run.started)
    plans = [_planned(p, base) for p in evidence.phases]
    runs = [_observed(p) for p in evidence.phases]
    planned, observed = _hull(plans), _hull(runs)
    together = planned is None or observed is None or _fit(planned, observed)
    shown = _hull([planned, observed]) if together else observed
    begin = shown.start if shown else None
    axis = (shown.last - shown.start).total_seconds() if shown else 0.0
    phases = sorted(
        zip(evidence.phases, plans, runs, strict=True),
        key=lambda each: _place(each[1], each[2], together=together),
    )
    return Timeline(
        rows=tuple(
            _row(
                phase,
                plan,
                run,
                _bar(plan, begin, axis) if together else None,
                _bar(run, begin, axis),
                together=together,
            )
            for phase, plan, run in phases
        ),
        ticks=_ticks(begin, axis),
        said=_said(planned, observed, together=together),
    )


def _place(plan: Span | None, run: Span | None, *, together: bool) -> tuple[bool, float]:
    """In order of the clock; what was not observed comes last where the plan has its own clock."""
    span = run or plan
    return (not run and not together, span.start.timestamp() if span else 0.0)


def _fit(planned: Span, observed: Span) -> bool:
    """Whether the run was near enough to its plan for one axis to show both."""
    return planned.start - _NEAR <= observed.start and observed.last <= planned.last + _NEAR


def _hull(spans: Iterable[Span | None]) -> Span | None:
    known = [s for s in spans if s]
    if not known:
        return None
    return Span(min(s.start for s in known), max(s.last for s in known))


def _planned(phase: PhaseRun, base: datetime | None) -> Span | None:
    start = _on_clock(phase.planned_start, base)
    if start is None:
        return None
    end = _on_clock(phase.planned_end, base)
    if end is None and phase.planned_ns is not None:
        end = start + timedelta(microseconds=phase.planned_ns // 1_000)
    return Span(start, end)


def _observed(phase: PhaseRun) -> Span | None:
    start = text.moment(phase.started or "")
    return Span(start, text.moment(phase.ended or "")) if start else None


def _on_clock(planned: str, base: datetime | None) -> datetime | None:
    """A planned time: a full one, or `HH:MM` on the day of the run."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", planned)
    if not found:
        return text.moment(planned)
    if base is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    return base.replace(hour=hour, minute=minute, second=second, microsecond=0)


def _bar(span: Span | None, begin: datetime | None, axis: float) -> Bar | None:
    if span is None or begin is None:
        return None
    offset = (span.start - begin).total_seconds()
    return bar(offset, (span.last - span.start).total_seconds(), axis)


def _row(
    phase: PhaseRun,
    plan: Span | None,
    run: Span | None,
    plan_bar: Bar | None,
    run_bar: Bar | None,
    *,
    together: bool,
) -> PhaseRow:
    planned = _plan_words(phase, plan)
    observed, remarks = "not observed", []
    if run:
        observed = "not finished"
        remarks.append(f"from {text.clock(phase.started or '')}")
        if run.end:
            observed = text.duration(text.nanoseconds(run.end - run.start))
        if plan and together:
            remarks += _against(plan, run)
        if phase.planned_ns and run.end:
            share = text.nanoseconds(run.end - run.start) * 100 // phase.planned_ns
            remarks.append(f"{share:,} % of {text.duration(phase.planned_ns)} planned")
    name = text.line(phase.name, 120)
    return PhaseRow(
        name=name[:1].upper() + name[1:],
        planned=planned,
        observed=observed,
        sub=tuple(remarks),
        plan_bar=plan_bar,
        run_bar=run_bar,
        label=f"planned {planned}; observed {', '.join([observed, *remarks])}",
    )


def _plan_words(phase: PhaseRun, plan: Span | None) -> str:
    if plan is None:
        if phase.planned_ns is not None:
            return text.duration(phase.planned_ns)
        return text.line(phase.planned_start, 40) or "not planned"
    if plan.end is None:
        return f"{plan.start:%H:%M} UTC"
    return f"{plan.start:%H:%M} to {plan.end:%H:%M} UTC"


def _against(plan: Span, run: Span) -> list[str]:
    """How far the run was outside its window."""
    if run.start < plan.start:
        early = text.duration(text.nanoseconds(plan.start - run.start))
        return [f"{early} before its window"]
    if plan.end and run.last > plan.end:
        late = text.duration(text.nanoseconds(run.last - plan.end))
        return [f"{late} beyond its window"]
    return []


def _ticks(begin: datetime | None, axis: float) -> tuple[Tick, ...]:
    if begin is None or axis <= 0:
        return ()
    step = next((s for s in _STEPS if axis / s <= _MOST_TICKS), None)
    if step is None or axis < 2 * _STEPS[0]:
        length = text.duration(int(axis * 1_000) * 1_000_000)
        return tick(0.0, f"{begin:%H:%M:%S}"), tick(1.0, f"+{length}")
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    offset = (begin - midnight).total_seconds()
    first = -int(-offset // step) * step
    return tuple(
        tick((at - offset) / axis, f"{midnight + timedelta(seconds=at):%H:%M}")
        for at in range(first, int(offset + axis) + 1, step)
    )


def _said(planned: Span | None, observed: Span | None, *, together: bool) -> str:
    if planned is None or observed is None:
        return "All times UTC."
    if together:
        return "Outlined: planned. Filled: observed. All times UTC."
    return (
        f"The run was not in its planned window: planned {text.day(planned.start)},"
        f" {planned.start:%H:%M} to {planned.last:%H:%M} UTC, observed"
        f" {text.day(observed.start)}, {observed.start:%H:%M} to {observed.last:%H:%M} UTC."
        " The bars show what was observed."
    )
