"""Findings of the gate → checks of the record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.words import CELL_CHARACTERS, TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.postgres.verifying import CHANGED_BY_OTHERS, NO_DATA
from pytest_dbmigrate.spec.expectations import Outcome, Result, Verdict
from pytest_dbmigrate.spec.judging import compares_with_before, key
from pytest_dbmigrate.spec.plan_names import is_titled

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.postgres.query import Answer
    from pytest_dbmigrate.spec.annotations import Check

    Scrub: TypeAlias = Callable[[str], str]

ROWS_RECORDED = 50
# Reasons that no line in a verification file can do anything about.
_TO_DO = frozenset({NO_DATA, CHANGED_BY_OTHERS})


def check_record(gate: Gate, check: Check, scrub: Scrub) -> record.Check:
    """One planned check with what became of it, whether or not it ran."""
    counted = gate.project.plan.options.counted_sets if gate.project.plan else ()
    finding = gate.seen.findings.get(key(check))
    result = _result(finding, scrub) if finding else _pending(gate)
    not_applicable = finding is not None and finding.verdict.reason == "not-applicable"
    elsewhere = gate.stage == "verify" and check.phase.kind in {"before", "after"}
    if elsewhere:
        result = record.NotChecked(
            why=f"phase {check.phase} is not seen when a database is only verified",
            reason="not-applicable",
        )
    return record.Check(
        id=key(check),
        name=check.name,
        title=check.title,
        kind="verification",
        phase=str(check.phase),
        result=result,
        query_set=check.query_set,
        source=f"{check.path}:{check.line}",
        sql=clip(check.sql, TEXT_CHARACTERS),
        expected=check.expectation.text if check.expectation else "",
        note=check.reading.note,
        required=not check.informational,
        applicable=not (not_applicable or elsewhere),
        counted=not counted or any(is_titled(name, check.query_set) for name in counted),
        passed_before=gate.seen.passed_before.get(key(check)),
        # A health check tells of an application that was well before, too.
        meant_to_stay=check.stays or compares_with_before(check) or check.phase.kind == "health",
    )


def _pending(gate: Gate) -> record.NotChecked:
    return record.NotChecked(why=gate.seen.stopped or "it did not run", reason="not-run")


def _result(finding: Finding, scrub: Scrub) -> record.Result:
    verdict, answer = finding.verdict, finding.answer
    if verdict.outcome in {Outcome.PASS, Outcome.FAIL} and answer is not None:
        observation = observed(verdict, answer, scrub)
        if verdict.outcome is Outcome.PASS:
            return record.Passed(observed=observation)
        return record.Failed(observed=observation)
    if verdict.outcome is Outcome.ERROR:
        failure = answer.outcome if answer is not None else None
        return record.Errored(
            why=clip(scrub(verdict.observed), TEXT_CHARACTERS),
            sqlstate=getattr(failure, "sqlstate", ""),
            at=time_text(answer.at) if answer else None,
        )
    return record.NotChecked(
        why=clip(scrub(verdict.observed), TEXT_CHARACTERS),
        reason=verdict.reason,
        todo=_todo(verdict),
    )


def _todo(verdict: Verdict) -> str:
    """What to do: a line to write into the file, or what to do instead."""
    if not verdict.suggestion or verdict.reason in _TO_DO:
        return verdict.suggestion
    return f"write {verdict.suggestion}"


def observed(verdict: Verdict, answer: Answer, scrub: Scrub) -> record.Observation:
    """A verdict's observation, its rows capped in number and its cells in length."""
    result = answer.outcome if isinstance(answer.outcome, Result) else None
    rows = result.rows[:ROWS_RECORDED] if result else ()
    return record.Observation(
        text=clip(scrub(verdict.observed), TEXT_CHARACTERS),
        at=time_text(answer.at),
        by="postgresql",
        duration_ns=answer.duration_ns,
        value=_number(result),
        columns=tuple(c.name for c in result.columns) if result else (),
        rows=tuple(
            tuple(None if v is None else clip(scrub(v), CELL_CHARACTERS) for v in row)
            for row in rows
        ),
        row_count=result.row_count if result else 0,
        details=tuple(clip(scrub(d), TEXT_CHARACTERS) for d in verdict.details),
    )


def _number(result: Result | None) -> int | float | None:
    """The value of a result that is one number."""
    if result is None or len(result.rows) != 1 or len(result.columns) != 1:
        return None
    text = result.rows[0][0] or ""
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else None
