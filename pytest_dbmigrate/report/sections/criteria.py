"""Section 3: each line of the plan's success criteria, met or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import outcome
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.result import Seen, row_id, seen

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Criterion, Evidence


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion: what the plan requires, what was observed; `sub` are remarks below its title."""

    id: str
    title: str
    expected: str
    seen: Seen
    sub: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionGroup:
    """Criteria under one heading of the plan."""

    title: str
    tally: str
    rows: tuple[CriterionRow, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """All criteria; `met` of `total` counts those required and applicable at this stage."""

    groups: tuple[CriterionGroup, ...]
    met: int
    total: int
    failed: int
    unchecked: int

    @property
    def planned(self) -> bool:
        """Whether there is any criterion at all."""
        return bool(self.groups)


def criteria(evidence: Evidence) -> Criteria:
    """The plan's criteria in the plan's order of groups."""
    groups: dict[str, list[Criterion]] = {}
    for criterion in evidence.criteria:
        groups.setdefault(criterion.group, []).append(criterion)
    words = [outcome(c.result) for c in evidence.criteria if _counts(c)]
    return Criteria(
        groups=tuple(
            CriterionGroup(text.line(name) or "Criteria", _tally(found), tuple(map(_row, found)))
            for name, found in groups.items()
        ),
        met=words.count("PASS"),
        total=len(words),
        failed=words.count("FAIL") + words.count("ERROR"),
        unchecked=words.count("NOT CHECKED"),
    )


def _counts(criterion: Criterion) -> bool:
    return criterion.required and criterion.applicable


def _tally(found: list[Criterion]) -> str:
    counted = [c for c in found if _counts(c)]
    if not counted:
        return "none required at this stage"
    return f"{sum(outcome(c.result) == 'PASS' for c in counted)} of {len(counted)}"


def _row(criterion: Criterion) -> CriterionRow:
    sub = []
    if not criterion.applicable:
        stages = ", ".join(text.line(s, 40) for s in criterion.stages)
        sub.append(f"not required at this stage{f', only: {stages}' if stages else ''}")
    elif not criterion.required:
        sub.append("informational, does not stop GO")
    if criterion.signed_by:
        sub.append(f"attested by {text.line(criterion.signed_by, 100)}")
    if criterion.source:
        sub.append(text.line(criterion.source, 200))
    return CriterionRow(
        id=row_id("criterion", criterion.name),
        title=text.line(criterion.title) or text.line(criterion.name),
        expected=text.line(criterion.expected),
        seen=seen(criterion.result, applicable=criterion.applicable),
        sub=tuple(sub),
        evidence=criterion.evidence[:20],
    )
