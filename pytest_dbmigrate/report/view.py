"""Evidence, decision and signatures → one plain view of the report: texts and numbers, no markup.

Both pages, HTML and Markdown, are drawn from this, so that they cannot say different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report.sections.checks import Checks, checks
from pytest_dbmigrate.report.sections.criteria import Criteria, criteria
from pytest_dbmigrate.report.sections.execution import Execution, execution
from pytest_dbmigrate.report.sections.identity import Identity, identity
from pytest_dbmigrate.report.sections.metrics import Metrics, metrics
from pytest_dbmigrate.report.sections.probes import Probes, health, rollback
from pytest_dbmigrate.report.sections.provenance import Provenance, provenance
from pytest_dbmigrate.report.sections.result import row_id
from pytest_dbmigrate.report.sections.schema import Schema, schema
from pytest_dbmigrate.report.sections.signoff import SignOff, sign_off
from pytest_dbmigrate.report.sections.timeline import Timeline, timeline
from pytest_dbmigrate.report.sections.verdict import Verdict, verdict
from pytest_dbmigrate.report.sections.window import WindowView, window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_dbmigrate.evidence.decision import Decision, Signature
    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Report:
    """The twelve sections, in order; a monitoring run has its window as well."""

    identity: Identity
    verdict: Verdict
    criteria: Criteria
    checks: Checks
    execution: Execution
    timeline: Timeline
    metrics: Metrics
    schema: Schema
    health: Probes
    window: WindowView | None
    rollback: Probes
    signoff: SignOff
    provenance: Provenance


def report(
    evidence: Evidence, decision: Decision, signatures: Sequence[Signature], digest: str
) -> Report:
    """The whole report; `digest` is the SHA-256 of evidence.json in hexadecimal."""
    verified, well, back = checks(evidence), health(evidence), rollback(evidence)
    beside = {row.id for row in (*well.rows, *back.rows)}
    own = {c.id: row_id("check", c.id) for c in evidence.checks}
    targets = verified.targets | {c: row for c, row in own.items() if row in beside}
    met = criteria(evidence, signatures, targets)
    ran, signed = execution(evidence), sign_off(evidence, signatures)
    links = _links(evidence, targets)
    return Report(
        identity=identity(evidence, decision),
        verdict=verdict(evidence, decision, links, (met, verified, ran, signed)),
        criteria=met,
        checks=verified,
        execution=ran,
        timeline=timeline(evidence),
        metrics=metrics(evidence),
        schema=schema(evidence),
        health=well,
        window=window(evidence),
        rollback=back,
        signoff=signed,
        provenance=provenance(evidence, digest),
    )


def _links(evidence: Evidence, targets: Mapping[str, str]) -> dict[str, str]:
    """A reason's anchor → the id of its row, where there is one."""
    return {
        "sign-off": "dbm-signoff",
        "transaction": "dbm-execution",
        **{f"check-{check}": target for check, target in targets.items()},
        **{f"criterion-{c.name}": row_id("criterion", c.name) for c in evidence.criteria},
        **{f"migration-{m.version}": row_id("migration", m.version) for m in evidence.migrations},
    }
