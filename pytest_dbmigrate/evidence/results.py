"""What became of one thing that was to be observed; PASS and FAIL carry what was seen.

PASS and FAIL exist only together with an observation, NOT CHECKED and ERROR only without one: the
types (and so the published schema) leave no other way to write them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

Nanoseconds = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts: immutable, unknown fields refused."""


class Observation(Record, frozen=True):
    """What was seen: in words, when, by what; `value` is its number where it is one.

    `columns` and `rows` hold the result as the server's text, capped; `row_count` counts them all.
    """

    text: str
    at: Time
    by: str
    duration_ns: Nanoseconds = 0
    value: int | float | None = None
    unit: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    row_count: int = 0
    details: tuple[str, ...] = ()


class Passed(Record, frozen=True, tag_field="outcome", tag="PASS"):
    """Evaluated on what was observed, and it holds."""

    observed: Observation


class Failed(Record, frozen=True, tag_field="outcome", tag="FAIL"):
    """Evaluated on what was observed, and it does not hold."""

    observed: Observation


class Errored(Record, frozen=True, tag_field="outcome", tag="ERROR"):
    """Nothing could be observed: SQL error, timeout, lost connection."""

    why: str
    sqlstate: str = ""
    at: Time | None = None


class NotChecked(Record, frozen=True, tag_field="outcome", tag="NOT CHECKED"):
    """Nothing was evaluated. `reason` is a stable code, `todo` what to write or do instead."""

    why: str
    reason: str = ""
    todo: str = ""


Result: TypeAlias = Passed | Failed | Errored | NotChecked


def outcome(result: Result) -> Literal["PASS", "FAIL", "ERROR", "NOT CHECKED"]:
    """The word of a result."""
    match result:
        case Passed():
            return "PASS"
        case Failed():
            return "FAIL"
        case Errored():
            return "ERROR"
        case NotChecked():
            return "NOT CHECKED"
