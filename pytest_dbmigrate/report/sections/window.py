"""The monitoring window: a small chart a figure, what was out of limits, when nobody looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.result import Status, row_id, status
from pytest_dbmigrate.spec.limits import read_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.evidence.window import Anomaly, Blind, Series, Window

WIDTH, HEIGHT = 1000, 40
"""Units of a chart; it is stretched to its cell, its lines are not."""

_MOST_POINTS = 240
_SHOWN = 50
_EDGE = 3  # units left free above and below, so that a line on the edge is whole


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure over time. `lines` are the points of its unbroken parts, `marks` anomalies.

    `limit_y` and `commit_x` are empty where there is none; `label` says in words what is drawn.
    """

    id: str
    title: str
    lines: tuple[str, ...]
    marks: tuple[str, ...]
    limit_y: str
    commit_x: str
    before: str
    low: str
    high: str
    last: str
    limit: str
    label: str


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One thing that was out of limits: when, what, and how it ended."""

    status: Status
    at: str
    title: str
    observed: str
    until: str


@dataclass(frozen=True, slots=True)
class WindowView:
    """The whole window, in words and charts."""

    said: str
    charts: tuple[Chart, ...]
    anomalies: tuple[AnomalyRow, ...]
    anomalies_left_out: str
    blinds: tuple[str, ...]


def window(evidence: Evidence) -> WindowView | None:
    """The window of a monitoring run; None for any other run."""
    seen = evidence.window
    if seen is None:
        return None
    production = evidence.run.production
    committed = _offset(seen, production.committed if production is not None else None)
    left = len(seen.anomalies) - _SHOWN
    return WindowView(
        said=_said(seen),
        charts=tuple(_chart(series, seen, committed) for series in seen.series),
        anomalies=tuple(map(_anomaly, seen.anomalies[:_SHOWN])),
        anomalies_left_out=f"{text.count(left, 'more anomaly', 'more anomalies')} in evidence.json."
        if left > 0
        else "",
        blinds=tuple(map(_blind, seen.blinds)),
    )


def _said(seen: Window) -> str:
    observed, planned = text.duration(seen.observed_ns), text.duration(seen.planned_ns)
    parts = [
        f"{observed} of {planned} were observed from {text.clock(seen.started)}",
        f"{text.count(seen.samples, 'sample')}, one every {text.duration(seen.interval_ns)}",
        text.count(len(seen.anomalies), "anomaly", "anomalies") if seen.anomalies else "no anomaly",
    ]
    ended = f" The window ended early: {text.line(seen.ended)}." if seen.ended else ""
    return f"{', '.join(parts)}.{ended}"


def _chart(series: Series, seen: Window, committed: int | None) -> Chart:
    points = _bucketed(list(zip(series.offsets_ns, series.values, strict=False)))
    known = [value for _, value in points if value is not None]
    axis = max([offset for offset, _ in points] or [1]) or 1
    bound = _bound(series)
    low, high = _scale(known, series.unit, bound)
    shown_bound = bound is not None and low <= bound <= high
    title = text.line(series.title) or text.line(series.name)
    own = [a for a in seen.anomalies if a.name == series.name]
    least, most = (_value(f(known), series.unit) if known else "" for f in (min, max))
    last = _value(known[-1], series.unit) if known else "not measured"
    before = points[0][1] if points and committed and points[0][0] < committed else None
    words = (
        f"{title}: between {least} and {most}, at the end {last}" if known else f"{title}: {last}"
    )
    return Chart(
        id=row_id("window", series.name),
        title=title,
        lines=tuple(_lines(points, axis, low, high)),
        marks=tuple(_x(o, axis) for o in _places(own, seen) if o is not None),
        limit_y=_y(bound, low, high) if shown_bound and bound is not None else "",
        commit_x=_x(committed, axis) if committed is not None and committed <= axis else "",
        before=_value(before, series.unit) if before is not None else "",
        low=least,
        high=most,
        last=last,
        limit=text.line(series.limit),
        label=words + (f", limit {text.line(series.limit)}" if series.limit else ""),
    )


def _bucketed(
    points: list[tuple[int, int | float | None]],
) -> list[tuple[int, int | float | None]]:
    """At most so many points as a line can show: of each bucket the highest."""
    size = -(-len(points) // _MOST_POINTS) or 1
    return [
        max(points[n : n + size], key=lambda p: float("-inf") if p[1] is None else p[1])
        for n in range(0, len(points), size)
    ]


def _scale(known: list[int | float], unit: str, bound: float | None) -> tuple[float, float]:
    """The axis: from 0, but sizes from their smallest; with the limit where it is not far off."""
    if not known:
        return 0.0, 1.0
    high = float(max(known))
    low = float(min(known)) if unit == "B" else min(0.0, float(min(known)))
    if bound is not None and bound <= 4 * max(high, 1.0):
        high = max(high, bound)
    return (low, high) if high > low else (low, low + 1.0)


def _bound(series: Series) -> float | None:
    """A limit's number in the unit of the series, where it is a bound from above."""
    if not series.limit:
        return None
    try:
        limit = read_limit(series.limit)
        return limit.bound(series.unit)
    except ValueError:
        return None


def _lines(
    points: Sequence[tuple[int, int | float | None]], axis: int, low: float, high: float
) -> Iterator[str]:
    """The unbroken parts of the line; a part of one point is drawn as a short stroke."""
    part: list[str] = []
    for offset, value in (*points, (axis, None)):
        if value is not None:
            part.append(f"{_x(offset, axis)},{_y(value, low, high)}")
            continue
        if len(part) == 1:
            x, _, y = part[0].partition(",")
            part.append(f"{min(WIDTH, float(x) + 2):g},{y}")
        if part:
            yield " ".join(part)
        part = []


def _x(offset: int, axis: int) -> str:
    return f"{min(offset / axis, 1.0) * WIDTH:.1f}".rstrip("0").rstrip(".")


def _y(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low)
    return f"{HEIGHT - _EDGE - share * (HEIGHT - 2 * _EDGE):.1f}".rstrip("0").rstrip(".")


def _value(value: float, unit: str) -> str:
    if unit == "B":
        return text.size(int(value))
    if unit == "ms":
        return text.duration(int(value * 1e6))
    shown = round(value, 2) if isinstance(value, float) else value
    return f"{text.number(shown)} {text.line(unit, 20)}".strip()


def _places(anomalies: Sequence[Anomaly], seen: Window) -> Iterator[int | None]:
    for anomaly in anomalies:
        yield _offset(seen, anomaly.at)


def _offset(seen: Window, moment: str | None) -> int | None:
    """Where a moment stands on the axis, in ns from the window's origin."""
    if moment is None:
        return None
    try:
        spent = datetime.fromisoformat(moment) - datetime.fromisoformat(seen.origin)
    except ValueError:
        return None
    return max(0, round(spent.total_seconds() * 1e9))


def _anomaly(anomaly: Anomaly) -> AnomalyRow:
    limit = f" (limit {text.line(anomaly.limit, 100)})" if anomaly.limit else ""
    until = f"until {text.clock(anomaly.recovered)}" if anomaly.recovered else "to the end"
    aside = "" if anomaly.required else ", does not stop GO"
    return AnomalyRow(
        status=status("FAIL" if anomaly.required else "NOT CHECKED"),
        at=text.clock(anomaly.at),
        title=text.line(anomaly.title),
        observed=f"{text.line(anomaly.text)}{limit}",
        until=f"{until}, {text.count(anomaly.samples, 'sample')}{aside}",
    )


def _blind(blind: Blind) -> str:
    until = f"to {text.clock(blind.end)}" if blind.end else "to the end"
    when = f"From {text.clock(blind.start)} {until}"
    return f"{when} the database did not answer: {text.line(blind.why)}"
