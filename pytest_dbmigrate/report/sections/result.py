"""A result as every section shows it: a word, its shape and look, what was observed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pytest_dbmigrate.evidence.record import Errored, NotChecked, Result, outcome
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
    """A word with the look that goes with it: pass, fail, error, none or (a plain) fact."""

    word: str
    look: str

    @property
    def shape(self) -> str:
        """One character that tells the look without colour."""
        return _SHAPES[self.look]


def status(word: str) -> Status:
    """The status of an outcome, a signature or any other word, which then is a plain fact."""
    return Status(text.visible(word[:24]).replace("\n", "↵"), _LOOKS.get(word, "fact"))


NOT_APPLICABLE = Status("not applicable", "fact")


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
    shown = status(outcome(result))
    match result:
        case NotChecked():
            if not applicable:
                return Seen(NOT_APPLICABLE, text.line(result.why))
            return Seen(shown, text.line(result.why), text.line(result.todo, 1_000))
        case Errored():
            state = f" (SQLSTATE {text.line(result.sqlstate, 10)})" if result.sqlstate else ""
            at = text.clock(result.at) if result.at else ""
            return Seen(shown, text.line(result.why) + state, at=at)
        case _:
            observed = result.observed
            took = text.duration(observed.duration_ns) if observed.duration_ns else ""
            return Seen(shown, text.line(observed.text), "", took, text.clock(observed.at))


def row_id(kind: str, name: str) -> str:
    """The id of a row in the page: readable, unique for each name, safe in any attribute."""
    return f"dbm-{kind}-{text.slug(name)}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"
