"""What a monitoring window has seen: points, what was out of limits, and when nobody could look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.metrics import Reading, Snapshot
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.postgres.timing import Timing
    from pytest_dbmigrate.probes.seen import ProbeSeen


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a moment; None where there was none to be had."""

    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Bad:
    """Something that is out of limits in one sample: what it is, in words, with its value.

    `required`: it stands in the way of GO.
    """

    name: str
    title: str
    text: str
    value: float | None = None
    unit: str = ""
    limit: str = ""
    required: bool = True


@dataclass(slots=True)
class Anomaly:
    """From the first sample in which something was out of limits to the last one in a row.

    `recovered` is the first sample in which it no longer was, None while it lasts.
    """

    bad: Bad
    at: datetime
    last: datetime
    samples: int = 1
    recovered: datetime | None = None


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which the database could not be looked at, and why."""

    start: datetime
    end: datetime | None
    why: str


@dataclass(slots=True)
class Window:
    """One window, filled in as it goes. Durations in ns; `points` are by name, in order.

    `ended` says why it ended before its time. The last readings of everything stay beside.
    """

    started: datetime
    planned_ns: int
    interval_ns: int
    observed_ns: int = 0
    samples: int = 0
    ended: str = ""
    finished: datetime | None = None
    points: dict[str, list[Point]] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    blinds: list[Blind] = field(default_factory=list)
    probes: dict[str, ProbeSeen] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    after: Snapshot | None = None
    slowest: Reading | None = None
    timed: dict[str, Timing] = field(default_factory=dict)

    @property
    def blind_ns(self) -> int:
        """How long the database could not be looked at."""
        now = self.finished or datetime.now(UTC)
        return sum(
            round(((blind.end or now) - blind.start).total_seconds() * 1e9) for blind in self.blinds
        )

    @property
    def complete(self) -> bool:
        """Whether it was observed to its end, without a time in which nobody could look."""
        return not self.ended and self.observed_ns >= self.planned_ns and not self.blinds

    def keep(self, name: str, at: datetime, value: float | None) -> None:
        """Keep a point."""
        self.points.setdefault(name, []).append(Point(at, value))

    def judge(self, at: datetime, bad: list[Bad], seen: set[str]) -> list[Anomaly]:
        """Open, continue and close anomalies by one sample; returns those that are new.

        `seen` names what was looked at: what was not keeps its state.
        """
        open_ones = {a.bad.name: a for a in self.anomalies if a.recovered is None}
        new = []
        for each in bad:
            going_on = open_ones.pop(each.name, None)
            if going_on is not None:
                going_on.last, going_on.samples = at, going_on.samples + 1
            else:
                new.append(Anomaly(each, at, at))
        for name, over in open_ones.items():
            if name in seen:
                over.recovered = at
        self.anomalies += new
        return new
