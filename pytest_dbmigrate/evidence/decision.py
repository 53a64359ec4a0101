"""Evidence + signatures → GO or NO-GO, with the reasons against GO in order of weight.

Pure: the same record always gives the same word. The plan's criteria and roles are in the record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.evidence import reasons as against
from pytest_dbmigrate.evidence.lookups import final_checks
from pytest_dbmigrate.evidence.reasons import Reason
from pytest_dbmigrate.evidence.record import Passed
from pytest_dbmigrate.evidence.sign_off import Signature, sign_off_reasons, waived_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.record import Evidence

_FIRST = 120  # characters of the first reason that the last line shows

__all__ = ["Decision", "Reason", "Signature", "decide", "exit_status", "last_line", "undecided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The word, one sentence, and the reasons. `database` says what became of it.

    `stage` is the run's, or `sign-off`.
    """

    word: Literal["GO", "NO-GO"]
    sentence: str
    database: str
    reasons: tuple[Reason, ...]
    stage: str = ""

    @property
    def go(self) -> bool:
        """Whether the word is GO."""
        return self.word == "GO"


def decide(
    evidence: Evidence,
    *,
    sign_off: bool = False,
    signatures: Sequence[Signature] = (),
    problems: Sequence[Reason] = (),
) -> Decision:
    """Judge a run's evidence. With `sign_off`, each role of the plan must have signed GO too.

    `problems` are reasons that the record cannot hold, such as a report that could not be written.
    Waivers count with `sign_off`, and at the production stage those of the rehearsal it names.
    """
    waived = waived_names(evidence, signatures if sign_off else ())
    failures = [
        *against.database_reasons(evidence),
        *against.already_reasons(evidence),
        *against.migration_reasons(evidence),
        *against.failure_reasons(evidence),
    ]
    told = [*failures, *problems, *against.completeness_reasons(evidence)]
    told += () if told else against.stop_reasons(evidence, waived)
    found = [
        *told,
        *against.not_checked_reasons(evidence, waived, after_failure=bool(told)),
        *(sign_off_reasons(evidence, signatures) if sign_off else ()),
    ]
    # What stopped the run says it better; but whatever was waived, no effect is never GO.
    found = found or list(against.effect_reasons(evidence))
    return Decision(
        word="NO-GO" if found else "GO",
        sentence=_no_go(found) if found else _go(evidence, signatures if sign_off else ()),
        database=_database(evidence),
        reasons=tuple(found),
        stage="sign-off" if sign_off else evidence.run.stage,
    )


def reasons_against_commit(evidence: Evidence) -> tuple[Reason, ...]:
    """What forbids the COMMIT, judged on what can be known before it; empty when it may be sent.

    The record is that of the open transaction: migrations that ran to their end read "unknown", and
    health checks, re-runs and criteria that exist only after the COMMIT are left out.
    """
    waived = waived_names(evidence, ())
    return (
        *against.migration_reasons(evidence),
        *against.effect_reasons(evidence, before_commit=True),
        *against.failure_reasons(evidence, before_commit=True),
        *against.selection_reasons(evidence),
        *against.not_checked_reasons(evidence, waived, before_commit=True),
    )


def undecided(why: str, *, database: str = "nothing was written") -> Decision:
    """The decision of a run that has no record at all: NO-GO, and why."""
    reason = Reason("ERROR", why, "repair this, then run again")
    return Decision("NO-GO", _line(why), database, (reason,))


def exit_status(decision: Decision, evidence: Evidence) -> int:
    """The process's exit status.

    0: GO. 1: NO-GO and nothing was committed. 10: committed (by this run, or by the one it watched
    over) and NO-GO. 11: whether it was committed is unknown. A throw-away database that was
    committed to still counts as nothing.
    """
    if decision.go:
        return 0
    if _throw_away(evidence):
        return 1
    if evidence.run.production is not None:
        return 10  # what it watched over had been committed
    return {"committed": 10, "unknown": 11}.get(evidence.transaction.state, 1)


def last_line(decision: Decision) -> str:
    """The last line of the output: the word, why, and what happened to the database."""
    return f"dbmigrate: {decision.word} · {_line(decision.sentence)} · {decision.database}"


def _throw_away(evidence: Evidence) -> bool:
    """Whether the database was ours and is gone: a rehearsal anywhere else is a real database."""
    return evidence.run.stage == "rehearsal" and (
        evidence.target is None or evidence.target.embedded
    )


def _database(evidence: Evidence) -> str:
    transaction, production = evidence.transaction, evidence.run.production
    if production is not None and transaction.state == "nothing written":
        at = production.committed or "an unrecorded time"
        return f"database committed at {at} by {production.run}"
    words = {
        "nothing written": "nothing was written",
        "unchanged": "database rolled back, unchanged",
        "committed": f"database committed at {transaction.ended or 'an unrecorded time'}",
        "unknown": "database UNKNOWN",
    }[transaction.state]
    return f"{words} (a throw-away rehearsal database)" if _throw_away(evidence) else words


def _go(evidence: Evidence, signatures: Sequence[Signature]) -> str:
    checks = final_checks(evidence)
    parts = []
    if checks:
        passed = sum(isinstance(check.result, Passed) for check in checks)
        parts.append(f"{passed} of {len(checks)} verifications passed")
    criteria = [c for c in evidence.criteria if c.required and c.applicable and not c.signed_by]
    if criteria:
        met = sum(isinstance(criterion.result, Passed) for criterion in criteria)
        parts.append(f"{met} of {len(criteria)} criteria met")
    if signatures:
        signed = {each.role for each in signatures} & {role.name for role in evidence.roles}
        parts.append(f"{len(signed)} of {len(evidence.roles)} roles signed GO")
    return ", ".join(parts) or "everything that was planned was observed and holds"


def _no_go(reasons: Sequence[Reason]) -> str:
    """The weightiest by name, and how many there are of each kind."""
    counts = Counter(reason.outcome for reason in reasons)
    totals = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    # Indented lines tell more of it: where was looked, the source line.
    first = _line(reasons[0].title.partition("\n  ")[0])
    return f"{first[:_FIRST]}{'…' if len(first) > _FIRST else ''} ({totals})"


def _line(text: str) -> str:
    """On one line, without characters that could move a terminal's cursor."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
