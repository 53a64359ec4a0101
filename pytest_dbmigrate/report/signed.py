"""A run's signatures and decision in lines of plain text, for `sign` and `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.sign_off import Signature

_SHOWN_REASONS = 20


def run_lines(run: LoadedRun) -> list[str]:
    """Which run this is, and the digest that signatures cover."""
    recorded = run.evidence.run
    state = "complete" if recorded.complete else "INCOMPLETE"
    return [
        f"run         {text.line(recorded.id)} ({recorded.stage}, {state})",
        f"title       {text.line(recorded.title) or '(none)'}",
        f"when        {text.span(recorded.started, recorded.finished)}",
        f"operator    {text.line(recorded.operator, 100)}",
        f"evidence    sha256 {run.sha256}",
    ]


def signature_lines(run: LoadedRun, signatures: Sequence[Signature]) -> list[str]:
    """Each signature with its word, then the roles that have none."""
    lines = []
    for each in signatures:
        who = f"{text.line(each.role, 100)}, {text.line(each.person, 200) or 'nobody known'}"
        word = each.decision if each.valid else "REFUSED"
        lines.append(f"{word:<12}{who}")
        if each.valid:
            lines.append(
                f"            {text.date_and_clock(each.signed_at)}, key {each.fingerprint}"
            )
        else:
            lines.append(f"            {text.line(each.why)}")
        if each.waived:
            lines.append(f"            waives {', '.join(text.line(w, 200) for w in each.waived)}")
        if each.comment:
            lines.append(f"            says: {text.line(each.comment, 2_000)}")
    signed = {each.role for each in signatures if each.valid}
    missing = (role.name for role in run.evidence.roles if role.name not in signed)
    return [*lines, *(f"{'not signed':<12}{text.line(name, 100)}" for name in missing)]


def statement_lines(run: LoadedRun, role: str) -> list[str]:
    """What somebody states by signing GO as a role: the plan's items that nobody can measure."""
    own = [c for c in run.evidence.criteria if c.signed_by == role and c.applicable]
    return [f"you state   {text.line(criterion.title)}" for criterion in own]


def reason_lines(decision: Decision) -> list[str]:
    """What stands in the way of GO, heaviest first, with what to do; nothing when it is GO."""
    if decision.go:
        return []
    lines = ["what stands between this run and GO:"]
    for reason in decision.reasons[:_SHOWN_REASONS]:
        lines.append(f"  {text.line(reason.outcome, 20):<12} {text.line(reason.title, 600)}")
        if reason.todo:
            lines.append(f"  {'':<12} -> {text.line(reason.todo, 600)}")
    left = len(decision.reasons) - _SHOWN_REASONS
    return [*lines, *([f"  and {left:,} more"] if left > 0 else [])]
