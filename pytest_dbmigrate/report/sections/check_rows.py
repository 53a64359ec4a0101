"""Rows of checks: one each, or one for all passed cases of a check with parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import Failed, Passed, outcome
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.expected import expected
from pytest_dbmigrate.report.sections.opened import Opened, opened
from pytest_dbmigrate.report.sections.result import Seen, row_id, seen, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.record import Check

OPENED = 50
"""Failures that open in their row."""
SHOWN_CASES = 6

# A title that brings its own number: `Check 6: …`, `3. …`.
_NUMBERED = re.compile(r"(?:check|test|query|verification)?\s*#?\d+\s*[:.)-]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check, or several passed cases of one; `opened` where there is more than fits a row.

    `number` is empty where the title has one. `sub` are remarks below the title.
    """

    id: str
    number: str
    title: str
    expected: str
    seen: Seen
    sub: tuple[str, ...]
    opened: Opened | None


class Openings:
    """How many more failures may open in their row."""

    def __init__(self) -> None:
        self.left = OPENED

    def take(self) -> bool:
        """Whether one more may, and then it does."""
        self.left -= 1
        return self.left >= 0


def rows_of(found: Sequence[Check]) -> tuple[CheckRow, ...]:
    """Rows for a section that shows checks of its own (health, rollback)."""
    openings = Openings()
    return tuple(check_row(0, check, openings) for check in found)


def title_of(check: Check) -> str:
    """The title, or what stands for it."""
    return text.line(check.title) or text.line(check.name) or text.line(check.id)


def case_of(check: Check) -> str:
    """Which case a check is, where several share a title: `moves` of `isolation.moves`."""
    return text.line(check.name.partition(".")[2] or check.name, 80)


def also_before(check: Check) -> bool:
    """Whether it passed, and would have without the migrations, and is not there to show that."""
    passed = isinstance(check.result, Passed)
    return passed and bool(check.passed_before) and not check.meant_to_stay


def check_row(
    number: int, check: Check, openings: Openings, *, case: bool = False, phase: bool = False
) -> CheckRow:
    """One check. `case` and `phase` say which one it is, where its title and set do not."""
    word = outcome(check.result)
    fell = check.applicable and word in {"FAIL", "ERROR"}
    shown = _opened(check) if fell and openings.take() else None
    remarks = [case_of(check)] if case else []
    remarks += [text.line(check.phase, 40)] if phase else []
    if also_before(check):
        remarks.append("also passed before")
    if check.applicable and not check.required:
        remarks.append("informational, does not stop GO")
    sub = [" · ".join(remarks)] if remarks else []
    if shown is None:
        sub += [text.line(check.note)] if check.note else []
        sub += [text.line(check.source, 400)] if check.applicable and word != "PASS" else []
    title = title_of(check)
    return CheckRow(
        id=row_id("check", check.id),
        number=_number(number, title),
        title=title,
        expected=expected(check.expected),
        seen=seen(check.result, applicable=check.applicable),
        sub=tuple(sub),
        opened=shown,
    )


def cases_row(number: int, found: Sequence[Check]) -> CheckRow:
    """One row for cases that share title and expectation and all passed."""
    names = [case_of(c) for c in found[:SHOWN_CASES]]
    left = len(found) - SHOWN_CASES
    listed = ", ".join(names) + (f" and {left:,} more" if left > 0 else "")
    took = sum(c.result.observed.duration_ns for c in found if isinstance(c.result, Passed))
    before = sum(map(also_before, found))
    title = title_of(found[0])
    return CheckRow(
        id=row_id("check", found[0].id),
        number=_number(number, title),
        title=title,
        expected=expected(found[0].expected),
        seen=Seen(status("PASS"), f"{len(found):,} cases: {listed}", took=text.duration(took)),
        sub=(f"{before:,} of them also passed before",) if before else (),
        opened=None,
    )


def _number(number: int, title: str) -> str:
    return "" if not number or _NUMBERED.match(title) else f"{number:,}."


def _opened(check: Check) -> Opened:
    observed = check.result.observed if isinstance(check.result, Failed) else None
    return opened(observed, sql=check.sql, source=check.source, note=check.note)
