"""Section 4: the verifications by set. A failure opens in its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.observing import final_checks
from pytest_dbmigrate.evidence.record import Failed, Passed, outcome
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.opened import Opened, opened
from pytest_dbmigrate.report.sections.result import Seen, Status, row_id, seen, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.record import Check, Evidence

FEW = 200
"""Checks up to which each has a row; beyond, those that passed are folded into lists of names."""
SHOWN_ROWS = 300
"""Rows of checks that did not pass; beyond, those too are folded."""
OPENED = 50
"""Failures that open in their row."""
SHOWN_SETS = 200
"""Sets with a heading; beyond, those that passed completely are folded into one."""
SHOWN_NAMES = 2_000
SHOWN_SQL = 40


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check; `opened` where there is more to show than fits into a row."""

    id: str
    number: int
    title: str
    expected: str
    seen: Seen
    sub: tuple[str, ...]
    opened: Opened | None


@dataclass(frozen=True, slots=True)
class Folded:
    """Checks of one outcome that have no row of their own."""

    status: Status
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckSet:
    """A query set: its rows, and what is folded.

    `short` is its part of the headline (`4/4`), empty where none of its checks is counted there.
    """

    title: str
    tally: str
    short: str
    complete: bool
    rows: tuple[CheckRow, ...]
    folded: tuple[Folded, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """All sets; `passed` of `total` are the final verifications, as the plan counts them."""

    sets: tuple[CheckSet, ...]
    shorts: tuple[tuple[str, bool], ...]
    passed: int
    total: int
    sql: tuple[tuple[str, str], ...]
    sql_said: str

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all rows: what a link can lead to."""
        return frozenset(row.id for group in self.sets for row in group.rows)


class _Budget:
    """What is left to be shown of each kind, while the rows are made in order."""

    def __init__(self, checks: int, *, phases: bool = True) -> None:
        self.fold_passed = checks > FEW
        self.phases = phases
        self.rows = SHOWN_ROWS
        self.opened = OPENED


def checks(evidence: Evidence) -> Checks:
    """Verifications, Python tests and built-in integrity checks, in the order they were planned."""
    shown = [c for c in evidence.checks if c.kind in {"verification", "python", "integrity"}]
    numbered: dict[str, list[tuple[int, Check]]] = {}
    for n, check in enumerate(shown, 1):
        numbered.setdefault(_set_of(check), []).append((n, check))
    counted = final_checks(evidence)
    ids = {c.id for c in counted}
    budget = _Budget(len(shown))
    sets = [_set(name, found, ids, budget) for name, found in numbered.items()]
    written = [c for c in shown if c.sql]
    few = len(written) <= SHOWN_SQL
    return Checks(
        sets=_merged(sets),
        shorts=tuple((s.short, s.complete) for s in sets if s.short),
        passed=_passed(counted),
        total=len(counted),
        sql=tuple((_title(c), text.block(c.sql)) for c in written) if few else (),
        sql_said="" if few else f"The SQL of {len(written):,} checks stands in evidence.json.",
    )


def rows_of(found: Sequence[Check]) -> tuple[CheckRow, ...]:
    """Rows for a section that shows checks of its own (health, rollback)."""
    budget = _Budget(0, phases=False)
    return tuple(_row(n, check, budget) for n, check in enumerate(found, 1))


def _set_of(check: Check) -> str:
    if check.query_set:
        return check.query_set
    if check.kind == "integrity":
        return "Built-in integrity checks"
    return check.source.rpartition(":")[0] or check.source or "Checks"


def _set(name: str, found: list[tuple[int, Check]], counted: set[str], budget: _Budget) -> CheckSet:
    judged = [c for _, c in found if c.applicable and c.required]
    final = [c for c in judged if c.id in counted]
    rows = []
    folded: dict[str, list[str]] = {}
    for n, check in found:
        passed = isinstance(check.result, Passed)
        if (passed and budget.fold_passed) or (not passed and budget.rows <= 0):
            folded.setdefault(outcome(check.result), []).append(_title(check))
        else:
            budget.rows -= not passed
            rows.append(_row(n, check, budget))
    return CheckSet(
        title=text.line(name),
        tally=_tally(_passed(judged), len(judged)),
        short=f"{_passed(final)}/{len(final)}" if final else "",
        complete=_passed(judged) == len(judged),
        rows=tuple(rows),
        folded=tuple(_folded(word, names) for word, names in folded.items()),
    )


def _folded(word: str, names: list[str]) -> Folded:
    left = len(names) - SHOWN_NAMES
    more = (f"and {left:,} more, in evidence.json",) if left > 0 else ()
    return Folded(status(word), len(names), (*names[:SHOWN_NAMES], *more))


def _merged(sets: list[CheckSet]) -> tuple[CheckSet, ...]:
    """All sets, or of very many those that did not pass and the first that did."""
    if len(sets) <= SHOWN_SETS:
        return tuple(sets)
    kept = [s for s in sets if not s.complete or s.rows]
    quiet = [s for s in sets if s.complete and not s.rows]
    rest = _folded("PASS", [f"{s.title} ({s.tally})" for s in quiet])
    title = f"{len(quiet):,} further sets, all passed"
    return (*kept, CheckSet(title, "", "", complete=True, rows=(), folded=(rest,)))


def _tally(passed: int, total: int) -> str:
    return f"{passed:,} of {total:,}" if total else "none required at this stage"


def _passed(found: Sequence[Check]) -> int:
    return sum(isinstance(c.result, Passed) for c in found)


def _title(check: Check) -> str:
    return text.line(check.title) or text.line(check.name) or text.line(check.id)


def _row(n: int, check: Check, budget: _Budget) -> CheckRow:
    sub = []
    if check.applicable and not check.required:
        sub.append("informational, does not stop GO")
    if check.passed_before and not check.meant_to_stay:
        sub.append("passed before the migrations too: it cannot tell whether they worked")
    if budget.phases and check.phase not in {"", "final"}:
        sub.append(f"phase {text.line(check.phase, 40)}")
    word = outcome(check.result)
    opens = check.applicable and word in {"FAIL", "ERROR"} and budget.opened > 0
    budget.opened -= opens
    if not opens:
        sub += [text.line(check.note)] if check.note else []
        sub += [text.line(check.source, 400)] if check.applicable and word != "PASS" else []
    return CheckRow(
        id=row_id("check", check.id),
        number=n,
        title=_title(check),
        expected=text.line(check.expected),
        seen=seen(check.result, applicable=check.applicable),
        sub=tuple(sub),
        opened=_opened(check) if opens else None,
    )


def _opened(check: Check) -> Opened:
    observed = check.result.observed if isinstance(check.result, Failed) else None
    return opened(observed, sql=check.sql, source=check.source, note=check.note)
