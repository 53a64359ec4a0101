"""Section 4: the verifications by set. A failure opens in its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.observing import final_checks
from pytest_dbmigrate.evidence.record import Failed, NotChecked, Passed, outcome
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.result import Seen, row_id, seen
from pytest_dbmigrate.report.sql import formatted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.record import Check, Evidence, Observation

SHOWN_ROWS = 20
SHOWN_COLUMNS = 12
SHOWN_DETAILS = 30
OPENED = 50
"""Failures that open in their row; later ones are rows only, so that the page stays readable."""
COMPACT = 40
"""Checks of a set, beyond which those that passed stand in a folded list of names."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows a query returned, as text; `said` tells what is left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    said: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What a check that did not pass shows below its row."""

    rows: Rows | None
    details: tuple[str, ...]
    sql: str
    place: str
    note: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check; `opened` where it did not pass."""

    id: str
    number: int
    title: str
    name: str
    expected: str
    seen: Seen
    sub: tuple[str, ...]
    place: str
    opened: Opened | None


@dataclass(frozen=True, slots=True)
class CheckSet:
    """A query set: the rows shown, and the passed ones that are folded into a list of names.

    `short` is its part of the headline (`4/4`), empty where none of its checks is counted there.
    """

    title: str
    tally: str
    short: str
    complete: bool
    rows: tuple[CheckRow, ...]
    folded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """All sets; `passed` of `total` are the final verifications, as the plan's figure counts them."""

    sets: tuple[CheckSet, ...]
    passed: int
    total: int
    sql: tuple[tuple[str, str], ...]
    sql_said: str
    unopened: int


def checks(evidence: Evidence) -> Checks:
    """Verifications, Python tests and built-in integrity checks, in the order they were planned."""
    shown = [c for c in evidence.checks if c.kind in {"verification", "python", "integrity"}]
    numbered: dict[str, list[tuple[int, Check]]] = {}
    for n, check in enumerate(shown, 1):
        numbered.setdefault(_set_of(check), []).append((n, check))
    counted = final_checks(evidence)
    ids = {c.id for c in counted}
    openings = iter(range(OPENED))
    sets = tuple(_set(name, found, ids, openings) for name, found in numbered.items())
    written = [c for c in shown if c.sql]
    few = len(written) <= COMPACT
    return Checks(
        sets=sets,
        passed=_passed(counted),
        total=len(counted),
        sql=tuple((_title(c), text.block(c.sql)) for c in written) if few else (),
        sql_said="" if few else f"The SQL of {len(written):,} checks stands in evidence.json.",
        unopened=max(0, sum(_opens(c) for c in shown) - OPENED),
    )


def rows_of(found: Sequence[Check]) -> tuple[CheckRow, ...]:
    """Rows for a section that shows checks of its own (health, rollback)."""
    openings = iter(range(OPENED))
    return tuple(_row(n, check, openings) for n, check in enumerate(found, 1))


def _set_of(check: Check) -> str:
    if check.query_set:
        return check.query_set
    if check.kind == "integrity":
        return "Built-in integrity checks"
    return check.source.rpartition(":")[0] or check.source or "Checks"


def _set(
    name: str, found: list[tuple[int, Check]], counted: set[str], openings: Iterator[int]
) -> CheckSet:
    judged = [c for _, c in found if c.applicable and c.required]
    final = [c for c in judged if c.id in counted]
    passed, total = _passed(judged), len(judged)
    compact = len(found) > COMPACT
    rows = []
    folded = []
    for n, check in found:
        if compact and isinstance(check.result, Passed) and not _vacuous(check):
            folded.append(_title(check))
        else:
            rows.append(_row(n, check, openings))
    return CheckSet(
        title=text.line(name),
        tally=f"{passed:,} of {total:,}" if total else "none required at this stage",
        short=f"{_passed(final)}/{len(final)}" if final else "",
        complete=passed == total,
        rows=tuple(rows),
        folded=tuple(folded),
    )


def _passed(found: Sequence[Check]) -> int:
    return sum(isinstance(c.result, Passed) for c in found)


def _title(check: Check) -> str:
    return text.line(check.title) or text.line(check.name) or text.line(check.id)


def _vacuous(check: Check) -> bool:
    return bool(check.passed_before) and not check.meant_to_stay


def _opens(check: Check) -> bool:
    return check.applicable and outcome(check.result) != "PASS"


def _row(n: int, check: Check, openings: Iterator[int]) -> CheckRow:
    sub = []
    if not check.applicable:
        sub.append("not counted")
    elif not check.required:
        sub.append("informational, does not stop GO")
    if _vacuous(check):
        sub.append("passed before the migrations too: it cannot tell whether they worked")
    if check.phase not in {"", "final"}:
        sub.append(f"phase {text.line(check.phase, 40)}")
    if check.note and not _opens(check):
        sub.append(text.line(check.note))
    opened = _opened(check) if _opens(check) and next(openings, None) is not None else None
    return CheckRow(
        id=row_id("check", check.id),
        number=n,
        title=_title(check),
        name=text.line(check.name),
        expected=text.line(check.expected),
        seen=seen(check.result, applicable=check.applicable),
        sub=tuple(sub),
        place=text.line(check.source, 400),
        opened=opened,
    )


def _opened(check: Check) -> Opened:
    result = check.result
    observed = result.observed if isinstance(result, Failed) else None
    return Opened(
        rows=_rows(observed) if observed else None,
        details=_details(observed.details if observed else ()),
        sql="" if isinstance(result, NotChecked) else formatted(check.sql),
        place=text.line(check.source, 400),
        note=text.line(check.note),
    )


def _details(details: tuple[str, ...]) -> tuple[str, ...]:
    shown = tuple(text.line(d) for d in details[:SHOWN_DETAILS])
    left = len(details) - SHOWN_DETAILS
    return (*shown, f"and {left:,} more, in evidence.json") if left > 0 else shown


def _rows(observed: Observation) -> Rows | None:
    if not observed.columns or not observed.rows:
        return None
    total = max(observed.row_count, len(observed.rows))
    if observed.rows == ((observed.text,),) and total == 1:
        return None  # the row above says it already
    shown = observed.rows[:SHOWN_ROWS]
    said = f"{text.count(total, 'row')}"
    if len(shown) < total:
        said = f"{text.count(total, 'row')}, the first {len(shown)} shown"
    if len(observed.columns) > SHOWN_COLUMNS:
        said += f"; {len(observed.columns)} columns, the first {SHOWN_COLUMNS} shown"
    return Rows(
        tuple(text.line(c, 80) for c in observed.columns[:SHOWN_COLUMNS]),
        tuple(
            tuple(None if v is None else text.line(v, 200) for v in row[:SHOWN_COLUMNS])
            for row in shown
        ),
        said,
    )

