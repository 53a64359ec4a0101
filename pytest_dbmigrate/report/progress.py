"""A monitoring window in single lines, for the terminal, while it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from pytest_dbmigrate.probes.window import Anomaly, Window

_COLUMNS = 110


def live_line(window: Window) -> str:
    """Where the window is now, short enough to be overwritten."""
    readings = window.after.readings if window.after is not None else {}
    shown = [
        f"{name} {reading.value:g}"
        for name, reading in readings.items()
        if name in {"connections", "waiting-locks"} and reading.value is not None
    ]
    shown += [f"{name} {seen.text}" for name, seen in window.probes.items()]
    return text.line(" | ".join([_where(window), *shown]), 2_000)[:_COLUMNS]


def minute_line(window: Window) -> str:
    """Where the window is now, for a log."""
    return f"dbmigrate: {_where(window)}"


def end_line(window: Window) -> str:
    """How the window ended."""
    ended = f" ({window.ended})" if window.ended else ""
    return f"dbmigrate: {_where(window)}{ended}"


def anomaly_line(anomaly: Anomaly) -> str:
    """An anomaly when it happens, with its time and value."""
    bad = anomaly.bad
    limit = f" (limit {bad.limit})" if bad.limit else ""
    found = f"dbmigrate: ANOMALY {anomaly.at:%H:%M:%S}Z {bad.title}: {bad.text}{limit}"
    return text.line(found, 1_000)


def _where(window: Window) -> str:
    count = len(window.anomalies)
    parts = [
        f"monitoring {text.duration(window.observed_ns)} of {text.duration(window.planned_ns)}",
        text.count(window.samples, "sample"),
        text.count(count, "anomaly", "anomalies") if count else "no anomaly",
    ]
    if window.blinds and window.blinds[-1].end is None:
        parts.append(f"the database cannot be reached since {window.blinds[-1].start:%H:%M:%S}Z")
    return ", ".join(parts)
