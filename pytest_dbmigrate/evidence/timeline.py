"""The plan's schedule on the clock: which times of day become which moments, and is now inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pytest_dbmigrate.evidence.record import PhaseRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo

    from pytest_dbmigrate.spec.plan import Plan
    from pytest_dbmigrate.spec.schedule import Schedule


def planned_phases(plan: Plan, moment: datetime) -> tuple[PhaseRun, ...]:
    """The planned phases of the day of `moment` (which has a zone), in UTC, nothing observed yet.

    `planned_start` and `planned_end` are the window, `planned_ns` is what the work should take.
    """
    windows = _windows(plan, moment)
    return tuple(
        PhaseRun(
            name=phase.phase,
            planned_start=_utc(start),
            planned_end=_utc(end) if end else "",
            planned_ns=phase.expected_ns,
        )
        for phase, (start, end) in zip(plan.schedule.phases, windows, strict=True)
    )


def outside_window(plan: Plan, moment: datetime) -> str:
    """Why `moment` is outside the plan's window, in words with both times; empty when inside.

    Where the plan says `outside = "forbid"`, a production run refuses to begin on it.
    """
    windows = _windows(plan, moment)
    if not windows:
        return ""
    opens, closes = windows[0][0], windows[-1][1]
    if moment >= opens and (closes is None or moment <= closes):
        return ""
    until = f"{closes:%A %Y-%m-%d %H:%M}" if closes else "an open end"
    zone = opens.tzinfo
    return (
        f"it is {moment.astimezone(zone):%A %Y-%m-%d %H:%M}, outside the plan's window "
        f"{opens:%A %Y-%m-%d %H:%M} to {until} ({plan.timezone})"
    )


def _windows(plan: Plan, moment: datetime) -> Sequence[tuple[datetime, datetime | None]]:
    zone = UTC if plan.timezone == "UTC" else ZoneInfo(plan.timezone)
    if plan.schedule.day is not None:
        return _on(plan.schedule, plan.schedule.day, zone)
    today = moment.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        windows = _on(plan.schedule, day, zone)
        # A window that began last night and passes midnight is still tonight's.
        if windows and windows[0][0] <= moment <= (windows[-1][1] or windows[-1][0]):
            return windows
    return _on(plan.schedule, today, zone)


def _on(schedule: Schedule, day: date, zone: tzinfo) -> list[tuple[datetime, datetime | None]]:
    starts: list[datetime] = []
    for phase in schedule.phases:
        start = datetime.combine(day, phase.start, zone)
        if starts and start < starts[-1]:
            day += timedelta(days=1)
            start = datetime.combine(day, phase.start, zone)
        starts.append(start)
    ends: list[datetime | None] = []
    for number, (phase, start) in enumerate(zip(schedule.phases, starts, strict=True), 1):
        if phase.duration_ns is not None:
            # In UTC, so that two hours are two hours on the night the clocks change.
            spent = timedelta(microseconds=phase.duration_ns // 1000)
            ends.append((start.astimezone(UTC) + spent).astimezone(zone))
        else:
            ends.append(starts[number] if number < len(starts) else None)
    return list(zip(starts, ends, strict=True))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
