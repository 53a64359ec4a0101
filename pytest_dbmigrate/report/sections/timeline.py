"""Section 6: the phases, planned against observed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.charts import Bar, Tick, bar, tick

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence, PhaseRun

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase: its planned window and what was observed, in words and as bars."""

    name: str
    planned: str
    observed: str
    sub: str
    plan_bar: Bar | None
    run_bar: Bar | None
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All phases on one axis; `said` tells when the run was not in its planned window."""

    rows: tuple[PhaseRow, ...]
    ticks: tuple[Tick, ...]
    said: str
    planned: bool


def timeline(evidence: Evidence) -> Timeline:
    """Planned windows and observed phases on one clock, where both fit on it."""
    base = text.moment(evidence.run.started)
    windows = [_window(p, base) for p in evidence.phases]
    runs = [(text.moment(p.started or ""), text.moment(p.ended or "")) for p in evidence.phases]
    planned = [t for w in windows for t in w if t]
    observed = [t for r in runs for t in r if t]
    near = timedelta(hours=1)
    together = bool(
        planned
        and observed
        and min(planned) - near <= min(observed)
        and max(observed) <= max(planned) + near
    )
    shown = planned + observed if together else observed or planned
    begin, end = (min(shown), max(shown)) if shown else (None, None)
    axis = (end - begin).total_seconds() if begin and end else 0.0
    rows = []
    for phase, window, run in zip(evidence.phases, windows, runs, strict=True):
        drawn = together or not observed
        plan_bar = _bar(window, begin, axis) if drawn else None
        rows.append(_row(phase, plan_bar, _bar(run, begin, axis)))
    return Timeline(
        rows=tuple(rows),
        ticks=_ticks(begin, axis),
        said=_said(planned, observed, together=together),
        planned=bool(planned),
    )


def _window(
    phase: PhaseRun, base: datetime | None
) -> tuple[datetime | None, datetime | None]:
    return _on_clock(phase.planned_start, base), _on_clock(phase.planned_end, base)


def _on_clock(planned: str, base: datetime | None) -> datetime | None:
    """A planned time: a full one, or `HH:MM` on the day of the run."""
    found = re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d))?", planned)
    if not found:
        return text.moment(planned)
    if base is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    if hour > 23 or minute > 59 or second > 59:
        return None
    return base.replace(hour=hour, minute=minute, second=second, microsecond=0)


def _bar(
    times: tuple[datetime | None, datetime | None], begin: datetime | None, axis: float
) -> Bar | None:
    start, end = times
    if start is None or begin is None:
        return None
    return bar((start - begin).total_seconds(), ((end or start) - start).total_seconds(), axis)


def _row(phase: PhaseRun, plan_bar: Bar | None, run_bar: Bar | None) -> PhaseRow:
    start, end = text.moment(phase.started or ""), text.moment(phase.ended or "")
    planned = ""
    if phase.planned_start:
        planned = text.line(phase.planned_start, 40)
        planned += f" to {text.line(phase.planned_end, 40)}" if phase.planned_end else ""
    if phase.planned_ns is not None:
        planned += f"{', ' if planned else ''}{text.duration(phase.planned_ns)}"
    observed, sub = "not run", ""
    if start and phase.started:
        sub = f"from {text.clock(phase.started)}"
        observed = "not finished"
        if end:
            took = text.nanoseconds(end - start)
            observed = text.duration(took)
            if phase.planned_ns:
                share = took * 100 // phase.planned_ns
                sub += f", {share:,} % of the planned time"
    name = text.line(phase.name, 120)
    return PhaseRow(
        name=name,
        planned=planned or "not planned",
        observed=observed,
        sub=sub,
        plan_bar=plan_bar,
        run_bar=run_bar,
        label=f"planned {planned or 'nothing'}, observed {observed} {sub}".strip(),
    )


def _ticks(begin: datetime | None, axis: float) -> tuple[Tick, ...]:
    if begin is None or axis <= 0:
        return ()
    if axis < _HOUR:
        return (
            tick(0.0, f"{begin:%H:%M:%S}"),
            tick(1.0, f"+{text.duration(int(axis * 1e9))}"),
        )
    step = next(s for s in (900, 1800, 3600, 7200, 14400, 86400, 10**9) if axis / s <= 8)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    offset = (begin - midnight).total_seconds()
    marks = []
    at = -(-offset // step) * step
    while at <= offset + axis:
        marks.append(tick((at - offset) / axis, f"{midnight + timedelta(seconds=at):%H:%M}"))
        at += step
    return tuple(marks)


def _said(planned: list[datetime], observed: list[datetime], *, together: bool) -> str:
    if not planned or not observed or together:
        return ""
    return (
        f"The run was not in its planned window: planned {text.day(min(planned))},"
        f" {min(planned):%H:%M} to {max(planned):%H:%M} UTC, observed {text.day(min(observed))},"
        f" {min(observed):%H:%M} to {max(observed):%H:%M} UTC. The bars show what was observed."
    )
