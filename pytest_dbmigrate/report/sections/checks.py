"""Section 4: the verifications by set. A failure opens in its row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.lookups import final_checks
from pytest_dbmigrate.evidence.record import Passed, outcome
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.check_rows import (
    CheckRow,
    Openings,
    also_before,
    cases_row,
    check_row,
    title_of,
)
from pytest_dbmigrate.report.sections.result import Status, row_id, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.record import Check, Evidence

FEW = 200
"""Checks up to which each has a row; beyond, those that passed are folded into lists of names."""
SHOWN_ROWS = 300
"""Rows of checks that did not pass; beyond, those too are folded."""
SHOWN_SETS = 200
"""Sets with a heading; beyond, those that passed completely are folded into one."""
SHOWN_NAMES = 2_000
SHOWN_SQL = 40


@dataclass(frozen=True, slots=True)
class Folded:
    """Checks of one outcome that have no row of their own."""

    status: Status
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckSet:
    """A query set: its rows, and what is folded; `phase` where all its checks share one.

    `short` is its part of the headline (`4/4`), empty where none of its checks is counted there.
    """

    id: str
    title: str
    phase: str
    tally: str
    short: str
    complete: bool
    rows: tuple[CheckRow, ...]
    folded: tuple[Folded, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """All sets; `passed` of `total` are the final verifications, as the plan counts them.

    `targets` leads from a check's id to the id of the row that shows it.
    """

    sets: tuple[CheckSet, ...]
    shorts: tuple[tuple[str, bool], ...]
    passed: int
    total: int
    vacuous: int
    sql: tuple[tuple[str, str], ...]
    sql_said: str
    targets: dict[str, str]

    @property
    def vacuous_said(self) -> str:
        """What the remark "also passed before" means, where it stands in any row."""
        if not self.vacuous:
            return ""
        held = text.count(self.vacuous, "check also passed", "checks also passed")
        return f"{held} before the migrations: kept as a guard, but no sign of what they did."


class _Building:
    """What the sets share while they are made in order."""

    def __init__(self, evidence: Evidence, shown: Sequence[Check]) -> None:
        self.counted = {c.id for c in final_checks(evidence)}
        self.fold_passed = len(shown) > FEW
        self.rows_left = SHOWN_ROWS
        self.openings = Openings()
        self.targets: dict[str, str] = {}

    def folds(self, check: Check) -> bool:
        """Whether a check has no row of its own."""
        passed = isinstance(check.result, Passed)
        return self.fold_passed if passed else self.rows_left <= 0


def checks(evidence: Evidence) -> Checks:
    """Verifications, Python tests and built-in integrity checks, in the order they were planned."""
    shown = [c for c in evidence.checks if c.kind in {"verification", "python", "integrity"}]
    numbered: dict[str, list[tuple[int, Check]]] = {}
    for n, check in enumerate(shown, 1):
        numbered.setdefault(_set_of(check), []).append((n, check))
    building = _Building(evidence, shown)
    sets = [_set(name, found, building) for name, found in numbered.items()]
    counted = final_checks(evidence)
    written = [c for c in shown if c.sql]
    few = len(written) <= SHOWN_SQL
    merged = _merged(sets)
    kept = {s.id for s in merged}
    return Checks(
        sets=merged,
        shorts=tuple((s.short, s.complete) for s in sets if s.short),
        passed=_passed(counted),
        total=len(counted),
        vacuous=sum(map(also_before, shown)),
        sql=tuple((title_of(c), text.block(c.sql)) for c in written) if few else (),
        sql_said="" if few else f"The SQL of {len(written):,} checks stands in evidence.json.",
        targets={
            check: target
            for check, target in building.targets.items()
            if target in kept or not target.startswith("dbm-set-")
        },
    )


def _set_of(check: Check) -> str:
    if check.query_set:
        return check.query_set
    if check.kind == "integrity":
        return "Built-in integrity checks"
    return check.source.rpartition(":")[0] or check.source or "Checks"


def _set(name: str, found: list[tuple[int, Check]], building: _Building) -> CheckSet:
    judged = [c for _, c in found if c.applicable and c.required]
    final = [c for c in judged if c.id in building.counted]
    phases = {c.phase for _, c in found}
    (phase,) = phases if len(phases) == 1 else ("",)
    id_ = row_id("set", name)
    titles = Counter(c.title for _, c in found)
    folded: dict[str, list[str]] = {}
    rows = []
    for n, group in _grouped(found, building):
        check = group[0]
        if building.folds(check):
            folded.setdefault(outcome(check.result), []).extend(map(title_of, group))
            building.targets |= {c.id: id_ for c in group}
            continue
        building.rows_left -= not isinstance(check.result, Passed)
        if len(group) > 1:
            row = cases_row(n, group)
        else:
            case, other = titles[check.title] > 1, not phase and check.phase != "final"
            row = check_row(n, check, building.openings, case=case, phase=other)
        building.targets |= {c.id: row.id for c in group}
        rows.append(row)
    return CheckSet(
        id=id_,
        title=text.line(name),
        phase="" if phase == "final" else text.line(phase, 40),
        tally=_tally(_passed(judged), len(judged)),
        short=f"{_passed(final)}/{len(final)}" if final else "",
        complete=_passed(judged) == len(judged),
        rows=tuple(rows),
        folded=tuple(_folded(word, names) for word, names in folded.items()),
    )


def _grouped(found: list[tuple[int, Check]], building: _Building) -> list[tuple[int, list[Check]]]:
    """Each check alone, but passed cases of one check together, where the first of them stands."""
    groups: dict[object, tuple[int, list[Check]]] = {}
    for n, check in found:
        alike = isinstance(check.result, Passed) and check.title and not building.fold_passed
        key = (check.title, check.expected, check.phase, check.required) if alike else check.id
        groups.setdefault(key, (n, []))[1].append(check)
    return list(groups.values())


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
    merged = CheckSet("dbm-set-rest", title, "", "", "", complete=True, rows=(), folded=(rest,))
    return (*kept, merged)


def _tally(passed: int, total: int) -> str:
    return f"{passed:,} of {total:,}" if total else "none required at this stage"


def _passed(found: Sequence[Check]) -> int:
    return sum(isinstance(c.result, Passed) for c in found)
