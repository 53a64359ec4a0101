"""Section 11: who has to sign, who signed, and how to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.sign_off import standing_signatures
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.result import Status, row_id, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.decision import Signature
    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A role and one signature of it, or the lack of one."""

    id: str
    role: str
    person: str
    when: str
    decision: Status | None
    remarks: tuple[str, ...]
    key: str
    status: Status


@dataclass(frozen=True, slots=True)
class SignOff:
    """All roles of the plan, then signatures for roles it does not name."""

    rows: tuple[SignatureRow, ...]
    signed: int
    required: int
    refusing: int
    refused: int
    how: tuple[str, ...]


def sign_off(evidence: Evidence, signatures: Sequence[Signature]) -> SignOff:
    """The sign-off table."""
    titles = {r.name: r.title or r.name for r in evidence.roles}
    standing = standing_signatures(evidence, signatures)
    rows: list[SignatureRow] = []
    missing = []
    for name, title in titles.items():
        found = [s for s in signatures if s.role == name]
        rows += [_signed(title, s) for s in found]
        if not any(s.valid for s in found):
            missing.append(name)
        if not found:
            rows.append(_unsigned(name, title))
    rows += [
        _signed(f"{s.role} (no role of the plan)", s) for s in signatures if s.role not in titles
    ]
    return SignOff(
        rows=tuple(rows),
        signed=len({s.role for s in standing}),
        required=len(titles),
        refusing=sum(s.decision == "NO-GO" for s in standing),
        refused=sum(not s.valid for s in signatures),
        how=tuple(
            f"pytest-dbmigrate sign {text.line(evidence.run.id, 100)}"
            f" --role {text.line(name, 60)} --decision GO"
            for name in missing
        ),
    )


def _unsigned(name: str, title: str) -> SignatureRow:
    return SignatureRow(
        row_id("role", name), text.line(title), "nobody yet", "", None, (), "", status("NOT SIGNED")
    )


def _signed(title: str, signature: Signature) -> SignatureRow:
    remarks = []
    if not signature.valid:
        remarks.append(f"Refused: {text.line(signature.why) or 'the signature does not verify'}")
    if signature.comment:
        remarks.append(text.line(signature.comment, 1_000))
    if signature.waived:
        names = ", ".join(text.line(w, 80) for w in signature.waived)
        remarks.append(f"Waives by name: {names}")
    return SignatureRow(
        id=row_id("role", signature.role),
        role=text.line(title),
        person=text.line(signature.person, 200) or "unknown",
        when=text.date_and_clock(signature.signed_at),
        decision=status(signature.decision)
        if signature.valid
        else Status(signature.decision, "fact"),
        remarks=tuple(remarks),
        key=text.line(signature.fingerprint, 120),
        status=status("SIGNED" if signature.valid else "REFUSED"),
    )
