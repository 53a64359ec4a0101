"""A rehearsal on all of the target's rows predicts what production takes: the two side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.execution import Lock, MigrationRun, StatementRun
    from pytest_dbmigrate.evidence.record import Evidence


def with_forecast(evidence: Evidence, rehearsed: Evidence | None) -> Evidence:
    """The record with what the rehearsal took beside what this run took.

    Without rows, or on a database that was built from the baseline, nothing is predicted; nor is
    it for a migration that is not, byte for byte, the rehearsed one.
    """
    source = rehearsed.target.source if rehearsed and rehearsed.target else None
    if rehearsed is None or source is None or source.data != "all":
        return evidence
    then = {(m.version, m.sha256): m for m in rehearsed.migrations if m.outcome == "committed"}
    return replace(
        evidence,
        migrations=tuple(
            _beside(m, then[m.version, m.sha256]) if (m.version, m.sha256) in then else m
            for m in evidence.migrations
        ),
    )


def _beside(now: MigrationRun, then: MigrationRun) -> MigrationRun:
    """A migration with what its statements and locks took in the rehearsal."""
    locks = {(k.relation, k.mode): k.held_ns for s in then.statements for k in s.locks}
    return replace(
        now,
        predicted_ns=then.duration_ns,
        statements=tuple(
            _statement(statement, then.statements[n] if n < len(then.statements) else None, locks)
            for n, statement in enumerate(now.statements)
        ),
    )


def _statement(
    now: StatementRun, then: StatementRun | None, locks: dict[tuple[str, str], int]
) -> StatementRun:
    def lock(each: Lock) -> Lock:
        return replace(each, predicted_ns=locks.get((each.relation, each.mode)))

    return replace(
        now,
        predicted_ns=then.duration_ns if then is not None else None,
        locks=tuple(map(lock, now.locks)),
    )
