"""A result as every section shows it, and the row it stands in."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pytest_dbmigrate.evidence.record import (
    Check,
    Errored,
    NotChecked,
    Result,
    outcome,
)
from pytest_dbmigrate.report import text

_LOOKS = {
    "PASS": "pass",
    "GO": "pass",
    "SIGNED": "pass",
    "FAIL": "fail",
    "NO-GO": "fail",
    "REFUSED": "fail",
    "ERROR": "error",
    "UNKNOWN": "error",
    "NOT CHECKED": "none",
    "NOT SIGNED": "none",
}
_SHAPES = {"pass": "✓", "fail": "✕", "error": "!", "none": "○", "fact": "·"}


@dataclass(frozen=True, slots=True)
class Status:
    """A word with the shape and the look that go with it."""

    word: str
    look: str

    @property
    def shape(self) -> str:
        """One character that tells the look without colour."""
        return _SHAPES[self.look]


def status(word: str) -> Status:
    """The status of an outcome, a signature or any other word, which then is a plain fact."""
    return Status(text.line(word, 40), _LOOKS.get(word, "fact"))


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed, or why nothing was and how to change that."""

    status: Status
    observed: str
    todo: str = ""
    took: str = ""
    at: str = ""


def seen(result: Result, *, applicable: bool = True) -> Seen:
    """A result in words."""
    word = outcome(result)
    match result:
        case NotChecked():
            shown = status(word) if applicable else Status("not applicable", "fact")
            return Seen(shown, text.line(result.why), text.line(result.todo, 1_000))
        case Errored():
            state = f" (SQLSTATE {text.line(result.sqlstate, 10)})" if result.sqlstate else ""
            at = text.clock(result.at) if result.at else ""
            return Seen(status(word), text.line(result.why) + state, at=at)
        case _:
            observed = result.observed
            took = text.duration(observed.duration_ns) if observed.duration_ns else ""
            return Seen(
                status(word), text.line(observed.text), "", took, text.clock(observed.at)
            )


def row_id(kind: str, name: str) -> str:
    """The id of a row in the page: readable, unique for each name, safe in any attribute."""
    return f"dbm-{kind}-{text.slug(name)}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"


def place(source: str) -> str:
    """A check's `file:line`."""
    return text.line(source, 400)


def stands_in_the_way(check: Check) -> bool:
    """Whether a check was to pass at this stage and did not."""
    return check.applicable and outcome(check.result) != "PASS"
