"""Migrations as they ran → the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.observed_builtins import lock_records
from pytest_dbmigrate.evidence.words import CELL_CHARACTERS, TEXT_CHARACTERS, clip, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.postgres.apply import Applied, Fault, Sent
    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.rerun import Rerun
    from pytest_dbmigrate.spec.migrations import Migration


def migration_record(gate: Gate, migration: Migration) -> record.MigrationRun:
    """One planned migration with what became of it, whether or not it ran."""
    applied = gate.seen.applied.get(migration.version)
    began = _began_ns(gate.seen.applied.values())
    return record.MigrationRun(
        version=migration.version,
        name=migration.name,
        file=migration.path,
        sha256=migration.sha256,
        outcome=_outcome(gate, applied),
        started=time_text(applied.started) if applied and applied.sent else None,
        duration_ns=applied.duration_ns if applied else 0,
        statements=tuple(_statement(gate, s, migration, began) for s in applied.sent)
        if applied
        else (),
        error=_error(applied.fault) if applied and applied.fault else None,
        notes=migration.notes,
    )


def _outcome(
    gate: Gate, applied: Applied | None
) -> Literal["committed", "rolled back", "failed", "not run", "unknown"]:
    if applied is None or (not applied.sent and applied.fault is None):
        return "not run"
    if applied.fault is not None:
        return "failed"
    if gate.seen.ending is None or gate.seen.ending.state == "unknown":
        return "unknown"
    return "committed" if gate.seen.ending.state == "committed" else "rolled back"


def _began_ns(runs: Iterable[Applied]) -> int:
    return min((r.sent[0].answer.started_ns for r in runs if r.sent), default=0)


def _statement(gate: Gate, sent: Sent, migration: Migration, began_ns: int) -> record.StatementRun:
    statement, answer = sent.statement, sent.answer
    return record.StatementRun(
        line=statement.line,
        end_line=statement.end_line,
        text=clip(statement.text, TEXT_CHARACTERS),
        tag=answer.tag,
        start_ns=answer.started_ns - began_ns,
        duration_ns=answer.duration_ns,
        rows=answer.affected,
        notices=tuple(
            record.Notice(severity=n.severity, sqlstate=n.sqlstate, message=n.message)
            for n in sent.notices
        ),
        locks=lock_records(gate, migration.version, statement.number),
    )


def _error(fault: Fault) -> record.SqlError:
    return record.SqlError(
        message=fault.message,
        sqlstate=fault.sqlstate,
        detail=fault.detail,
        hint=fault.hint,
        context=fault.context,
        file=fault.file,
        line=fault.line,
        column=fault.column,
        source_line=clip(fault.source_line, CELL_CHARACTERS),
    )


def rerun_record(rerun: Rerun) -> record.Rerun:
    """A migration applied once more, as a result."""
    result: record.Result
    if rerun.fault is not None:
        result = record.Errored(
            why=rerun.fault.place, sqlstate=rerun.fault.sqlstate, at=time_text(rerun.at)
        )
    elif rerun.unread and not rerun.changed:
        result = record.NotChecked(
            why=f"its rows were not compared: {'; '.join(rerun.unread[:3])}", reason="not-compared"
        )
    else:
        seen = record.Observation(
            text=f"changed: {', '.join(rerun.changed[:10])}" if rerun.changed else "no change",
            at=time_text(rerun.at),
            by="schema and rows compared",
            duration_ns=rerun.duration_ns,
            value=len(rerun.changed),
            details=rerun.changed,
        )
        result = record.Failed(observed=seen) if rerun.changed else record.Passed(observed=seen)
    return record.Rerun(version=rerun.version, session=rerun.session, result=result)
