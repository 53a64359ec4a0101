"""The plan's day: its phases with their planned times, and what running outside means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

from pytest_dbmigrate.spec.toml import suggest

if TYPE_CHECKING:
    from datetime import date, time

    from pytest_dbmigrate.spec.toml import Table

PHASES = ("before", "final", "health", "monitoring")  # and "migration NNN"
_MIGRATION = re.compile(r"migration (\S+)")


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase of the day: `before`, `migration NNN`, `final`, `health` or `monitoring`.

    `start` is a time of day in the plan's zone; `duration_ns` how long the window is (None: until
    the next phase starts), `expected_ns` how long the work in it should take.
    """

    phase: str
    title: str
    start: time
    line: int
    duration_ns: int | None = None
    expected_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The day (None: any day), its phases in order, and whether running outside is forbidden."""

    day: date | None = None
    outside: Literal["say", "forbid"] = "say"
    phases: tuple[PlannedPhase, ...] = ()
    line: int = 0


def read_schedule(table: Table) -> Schedule:
    """Read `[schedule]` and `[[schedule.phase]]`. Raises SpecError with its line."""
    phases = [_planned_phase(each) for each in table.tables("phase")]
    outside = table.choice("outside", ("say", "forbid"), "say")
    schedule = Schedule(
        day=table.day("date"),
        outside=cast("Literal['say', 'forbid']", outside),
        phases=tuple(phases),
        line=table.line,
    )
    table.close()
    if "outside" in table.keys and (not phases or phases[-1].duration_ns is None):
        raise table.error(
            "outside",
            "the window has no end: the last phase has no duration",
            'write: duration = "2 h" in the last [[schedule.phase]]',
        )
    for number, (earlier, later) in enumerate(pairwise(phases), 1):
        twice = later.phase in {phase.phase for phase in phases[:number]}
        if twice or minutes_between(earlier.start, later.start) > 12 * 60:
            wrong = "is there twice" if twice else "starts before the one above it"
            raise table.document.error(
                (*table.where, "phase", number), f'phase "{later.phase}" {wrong}'
            )
    return schedule


def minutes_between(earlier: time, later: time) -> float:
    """Minutes from one time of day to the next occurrence of another: nights pass midnight."""
    return (_minutes(later) - _minutes(earlier)) % (24 * 60)


def _minutes(clock: time) -> float:
    return clock.hour * 60 + clock.minute + clock.second / 60


def _planned_phase(table: Table) -> PlannedPhase:
    phase = read_phase(table)
    planned = PlannedPhase(
        phase=phase,
        title=table.text("title", phase.capitalize()),
        start=table.clock("start"),
        line=table.line,
        duration_ns=table.duration("duration"),
        expected_ns=table.duration("expected"),
    )
    table.close()
    return planned


def read_phase(table: Table, default: str | None = None) -> str:
    """A phase of the day. Raises SpecError with its line for another word."""
    phase = table.text("phase", default)
    if phase and phase not in PHASES and not _MIGRATION.fullmatch(phase):
        raise table.error(
            "phase", f'"{phase}" is not a phase', suggest(phase, (*PHASES, "migration 001"))
        )
    return phase
