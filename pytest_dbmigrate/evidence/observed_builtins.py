"""Built-in checks, rows and locks as the gate saw them → the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.spec import builtins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.builtin import BuiltInFinding
    from pytest_dbmigrate.postgres.gate import Gate

QUERY_SET = "Built-in checks"


def builtin_records(gate: Gate, scrub: Callable[[str], str]) -> Iterator[record.Check]:
    """Every built-in check that was planned, whether or not it ran."""
    found = {f.name: f for f in (*gate.seen.blocking, *gate.seen.builtins)}
    migrating = gate.stage != "verify"
    for check in (*builtins.BEFORE, *builtins.INTEGRITY, *builtins.LOSSES):
        if check.name in gate.project.without:
            continue
        before = check in builtins.BEFORE
        applicable = gate.live if before else migrating or check not in builtins.LOSSES
        finding = found.get(check.name)
        yield record.Check(
            id=f"{gate.project.host}::{check.name}",
            name=check.name,
            title=check.title,
            kind="integrity",
            phase="before" if before else "final",
            result=_NO_DATA
            if check.name == builtins.ROWS_LOST and not gate.seen.has_data
            else _result(finding, scrub)
            if finding
            else _missing(gate, applicable=applicable),
            query_set=QUERY_SET,
            expected="none",
            required=not (finding.information if finding else check.information),
            applicable=applicable,
            counted=False,
        )


def _missing(gate: Gate, *, applicable: bool) -> record.NotChecked:
    if not applicable:
        return record.NotChecked(why="not applicable at this stage", reason="not-applicable")
    return record.NotChecked(why=gate.seen.stopped or "it did not run", reason="not-run")


_NO_DATA = record.NotChecked(
    why="the clone has no rows that could be lost",
    reason="no-data",
    todo="rehearse with --dbmigrate-rehearse-data=all",
)


def _result(finding: BuiltInFinding, scrub: Callable[[str], str]) -> record.Result:
    lines = tuple(clip(scrub(line), TEXT_CHARACTERS) for line in finding.problems)
    if finding.unknown and not finding.problems:
        unknown = "; ".join(finding.unknown[:3])
        return record.NotChecked(why=clip(scrub(unknown), TEXT_CHARACTERS), reason="not-counted")
    earlier = f" ({len(finding.earlier)} were there before)" if finding.earlier else ""
    seen = record.Observation(
        text=f"{len(lines)} found{earlier}" if lines else f"none{earlier}",
        at=time_text(finding.at),
        by="pg_catalog",
        value=len(lines),
        details=lines,
    )
    return record.Failed(observed=seen) if lines else record.Passed(observed=seen)


def row_records(gate: Gate) -> tuple[record.RowChange, ...]:
    """What the migrations did to the rows of each table, as the server counted it for us."""
    return tuple(
        record.RowChange(
            table=r.table,
            before=r.before,
            inserted=r.inserted,
            updated=r.updated,
            deleted=r.deleted,
            lost=r.lost,
            declared=r.declared,
            note=r.note,
        )
        for r in gate.seen.rows
    )


def lock_records(gate: Gate, version: str, number: int) -> tuple[record.Lock, ...]:
    """The locks first seen behind one statement; `held_ns` is until COMMIT or ROLLBACK."""
    began = min(
        (r.sent[0].answer.started_ns for r in gate.seen.applied.values() if r.sent), default=0
    )
    return tuple(
        record.Lock(
            relation=seen.lock.relation,
            mode=seen.lock.mode,
            at_ns=max(0, seen.at_ns - began),
            held_ns=max(0, (seen.until_ns or seen.at_ns) - seen.at_ns),
        )
        for seen in gate.seen.locks
        if (seen.version, seen.last) == (version, number)
    )
