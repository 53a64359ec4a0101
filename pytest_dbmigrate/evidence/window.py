"""The monitoring window: what was sampled, what was out of limits, when nobody could look."""

from __future__ import annotations

from pytest_dbmigrate.evidence.results import Nanoseconds, Record, Time


class Series(Record, frozen=True):
    """A figure over the window: a value for each offset, None where there was none.

    Offsets count from the window's `origin`. `limit` is in words, as the plan has it.
    """

    name: str
    title: str
    unit: str = ""
    limit: str = ""
    offsets_ns: tuple[Nanoseconds, ...] = ()
    values: tuple[int | float | None, ...] = ()


class Anomaly(Record, frozen=True):
    """Something that was out of limits in `samples` samples in a row, `at` the first of them.

    `recovered` is the first sample in which it no longer was, None when it lasted to the end. One
    that is not `required` does not stop GO.
    """

    name: str
    title: str
    text: str
    at: Time
    samples: int = 1
    recovered: Time | None = None
    value: int | float | None = None
    unit: str = ""
    limit: str = ""
    required: bool = True


class Blind(Record, frozen=True):
    """A time in which the database could not be looked at; None when it lasted to the end."""

    start: Time
    end: Time | None
    why: str


class Window(Record, frozen=True):
    """The time after a COMMIT in which everything was sampled at a steady pace.

    `origin` is when the figures were read before the migrations, from where series count.
    `observed_ns` is how long it was watched, times in which nobody could look left out. `ended`
    says why it ended before its time.
    """

    started: Time
    planned_ns: Nanoseconds
    observed_ns: Nanoseconds
    interval_ns: Nanoseconds
    samples: int
    origin: Time
    ended: str = ""
    series: tuple[Series, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    blinds: tuple[Blind, ...] = ()
