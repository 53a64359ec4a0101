"""Whether a database has been migrated before, asked where a live run wrote nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.observations import Observations
from pytest_dbmigrate.postgres.query import WITHOUT_END, ConnectionLostError, run
from pytest_dbmigrate.postgres.steps import Step
from pytest_dbmigrate.postgres.verifying import Verifier
from pytest_dbmigrate.spec.expectations import Outcome

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.gate import Gate


def look(gate: Gate) -> None:
    """Ask once, and keep the answer in `seen`."""
    if gate.seen.already is None and _worth_asking(gate):
        gate.seen.already = _is_as_described(gate)


def _worth_asking(gate: Gate) -> bool:
    """Whether a live run wrote nothing because of a before-check or a migration."""
    seen = gate.seen
    kept = seen.ending is None or seen.ending.state == "unchanged"
    before = [f for f in seen.findings.values() if f.check.phase.kind == "before"]
    failed = any(f.verdict.outcome in {Outcome.FAIL, Outcome.ERROR} for f in before)
    faulted = any(a.fault is not None for a in seen.applied.values())
    return gate.live and bool(seen.stopped) and kept and not gate.holding and (failed or faulted)


def _is_as_described(gate: Gate) -> bool:
    """Whether every final check holds on the database as it is. Writes nothing, raises nothing."""
    project = gate.project
    verifier = Verifier(project, "verify", Observations())
    verifier.version = project.migrations[-1].version if project.migrations else ""
    try:
        with gate.connect() as conn:
            run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            run(conn, f"SET LOCAL statement_timeout = {gate.limits.statement}")
            found = list(verifier.verify(conn, Step("final"), WITHOUT_END))
            run(conn, "ROLLBACK")
    except (psycopg.Error, ConnectionLostError):
        return False
    counted = [
        f.verdict
        for f in found
        if not f.check.informational and f.verdict.reason != "not-applicable"
    ]
    return bool(counted) and all(verdict.outcome is Outcome.PASS for verdict in counted)
