"""A scanned verification file → its checks: name, set, phase, parameters and expectation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.phases import Phase
    from pytest_dbmigrate.spec.statements import Script

ReadingStatus = Literal[
    "checked", "partial", "not-checked", "no-expectation", "refused", "commented-out"
]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a statement's comments were read: status, the comment used, and why not when not.

    `reason` is a stable code, `words` what it stumbled on, `suggestion` the line to write instead,
    `note` what a reader should know of a reading that was accepted (shown, never hidden).
    """

    status: ReadingStatus
    comment_line: int = 0
    reason: str = ""
    words: str = ""
    suggestion: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One verification: one statement (one parameter case of it) with one expectation.

    `name` is unique in its file and made of [a-z0-9_.-]; `title` is the author's text. `sql` is what
    is sent, with parameters filled in as psql does. `timeout` is in milliseconds, 0 for the default.
    `since` and `until` are migration versions, empty when unbounded. `expectation` is None when
    nothing can be judged; with status "partial" it is what was understood.
    """

    name: str
    title: str
    query_set: str
    phase: Phase
    path: str
    line: int
    end_line: int
    sql: str
    expectation: Expectation | None
    reading: Reading
    as_role: str = ""
    claims: str = ""
    timeout: int = 0
    tags: tuple[str, ...] = ()
    skip: str = ""
    informational: bool = False
    since: str = ""
    until: str = ""
    case: str = ""


def read_checks(script: Script) -> tuple[Check, ...]:
    """The checks of one verification file, in order.

    Raises SpecError for what must be refused as a whole (a statement that is not a query, an unknown
    `expect…` key, a value that does not parse, two equal explicit names); nothing of the file runs.
    """
    raise NotImplementedError
