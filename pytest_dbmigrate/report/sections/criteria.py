"""Section 3: each line of the plan's success criteria, met or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import outcome
from pytest_dbmigrate.evidence.sign_off import standing_signatures, waived_names
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.expected import expected
from pytest_dbmigrate.report.sections.result import Seen, row_id, seen, status

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from pytest_dbmigrate.evidence.decision import Signature
    from pytest_dbmigrate.evidence.record import Criterion, Evidence


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion: what the plan requires, what was observed.

    `sub` are remarks below its title, `href` the id of the row that it was observed in, or empty.
    """

    id: str
    title: str
    expected: str
    seen: Seen
    sub: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True)
class CriterionGroup:
    """Criteria under one heading of the plan."""

    title: str
    tally: str
    rows: tuple[CriterionRow, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """All criteria; `met` of `total` counts those required and applicable at this stage.

    `unsigned` ones belong to the total once anybody signed.
    """

    groups: tuple[CriterionGroup, ...]
    met: int
    total: int
    failed: int
    unchecked: int
    unsigned: int
    waived: int

    @property
    def planned(self) -> bool:
        """Whether there is any criterion at all."""
        return bool(self.groups)

    @property
    def rest(self) -> str:
        """What became of those that are not met."""
        parts = (
            (self.failed, "failed"),
            (self.unchecked, "not checked"),
            (self.unsigned, "to be signed"),
            (self.waived, "waived"),
        )
        return ", ".join(f"{n} {word}" for n, word in parts if n) or "all of them"


def criteria(
    evidence: Evidence, signatures: Sequence[Signature], targets: Mapping[str, str]
) -> Criteria:
    """The plan's criteria in the plan's order of groups; `targets`: check → its row."""
    waived = waived_names(evidence, signatures)
    signed = [s for s in standing_signatures(evidence, signatures) if s.decision == "GO"]
    groups: dict[str, list[Criterion]] = {}
    for criterion in evidence.criteria:
        groups.setdefault(criterion.group, []).append(criterion)
    words = [_word(c, signed, waived) for c in evidence.criteria if _counts(c)]
    # Before anybody signed, what is to be signed is not yet asked for.
    asked = [w for w in words if signatures or w != "NOT SIGNED"]
    return Criteria(
        groups=tuple(
            CriterionGroup(
                text.line(name) or "Criteria",
                _tally(
                    [_word(c, signed, waived) for c in found if _counts(c)], asked=bool(signatures)
                ),
                tuple(_row(c, signed, targets) for c in found),
            )
            for name, found in groups.items()
        ),
        met=words.count("PASS") + words.count("SIGNED"),
        total=len(asked),
        failed=words.count("FAIL") + words.count("ERROR"),
        unchecked=words.count("NOT CHECKED"),
        unsigned=words.count("NOT SIGNED"),
        waived=words.count("WAIVED"),
    )


def _counts(criterion: Criterion) -> bool:
    return criterion.required and criterion.applicable


def _word(criterion: Criterion, signed: Sequence[Signature], waived: Container[str]) -> str:
    """The outcome; a criterion that the plan lets a role attest is SIGNED or NOT SIGNED."""
    word: str = outcome(criterion.result)
    if criterion.signed_by:
        word = "SIGNED" if _attested(criterion, signed) else "NOT SIGNED"
    return "WAIVED" if word not in {"PASS", "SIGNED"} and criterion.name in waived else word


def _attested(criterion: Criterion, signed: Sequence[Signature]) -> Signature | None:
    """The GO of the role that the plan asks, unless that very signature waives the criterion."""
    for signature in signed:
        if signature.role == criterion.signed_by and criterion.name not in signature.waived:
            return signature
    return None


def _tally(words: Sequence[str], *, asked: bool) -> str:
    met = words.count("PASS") + words.count("SIGNED")
    unsigned = 0 if asked else words.count("NOT SIGNED")
    parts = []
    if len(words) > unsigned:
        parts.append(f"{met} of {len(words) - unsigned}")
    if unsigned:
        parts.append(f"{unsigned} to be signed")
    return ", ".join(parts) or "none required at this stage"


def _row(
    criterion: Criterion, signed: Sequence[Signature], targets: Mapping[str, str]
) -> CriterionRow:
    shown = seen(criterion.result, applicable=criterion.applicable)
    if criterion.signed_by and criterion.applicable:
        shown = _attestation(_attested(criterion, signed))
    sub = [text.line(criterion.source, 200)] if criterion.source else []
    if criterion.applicable and not criterion.required:
        sub.append("informational, does not stop GO")
    waivers = [s for s in signed if criterion.name in s.waived]
    sub += [f"waived by {text.line(s.person, 100)}" for s in waivers]
    return CriterionRow(
        id=row_id("criterion", criterion.name),
        title=text.line(criterion.title) or text.line(criterion.name),
        expected=expected(criterion.expected),
        seen=shown,
        sub=(" · ".join(sub),) if sub else (),
        href=next((targets[name] for name in criterion.evidence if name in targets), ""),
    )


def _attestation(signature: Signature | None) -> Seen:
    if signature is None:
        return Seen(status("NOT SIGNED"), "to be signed")
    at = text.date_and_clock(signature.signed_at)
    return Seen(status("SIGNED"), f"by {text.line(signature.person, 100)}, {at}")
