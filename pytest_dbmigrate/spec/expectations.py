"""Expectation and result → outcome. Pure: values are the server's text with their type's OID."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a run is made of; anything uncertain is NOT CHECKED and stops GO."""

    PASS = "PASS"  # noqa: S105  (an outcome, not a password)
    FAIL = "FAIL"
    ERROR = "ERROR"
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True, slots=True)
class Column:
    """A result column: its heading and its type's OID (pg_type.oid)."""

    name: str
    oid: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement returned: values as the server's text, None for NULL.

    `rows` may be fewer than `row_count` (kept rows are capped). `complete` is False when the
    statement was stopped at the row or byte limit: then `row_count` is only a lower bound.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    row_count: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """A statement that failed on the server, or never got an answer (then `sqlstate` is empty)."""

    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison says: the outcome, both sides in words, and the lines that explain it.

    `reason` is a stable code for NOT CHECKED; `suggestion` the line to write instead.
    """

    outcome: Outcome
    expected: str
    observed: str
    details: tuple[str, ...] = ()
    reason: str = ""
    suggestion: str = ""


class Expectation(Protocol):
    """One expectation. `text` is its layer-A line (`expect-value: 43`), the normal form."""

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""

    @property
    def rows_needed(self) -> int:
        """How many rows must be kept or counted before the verdict can be certain."""

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:
        """Compare; `before` is the same statement's result before the first migration."""
