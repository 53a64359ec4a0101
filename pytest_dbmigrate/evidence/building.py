"""What the gate observed → the record. Says nothing that the gate did not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.evidence.observed_backup import (
    backup_record,
    down_records,
    way_back_metrics,
    way_back_records,
)
from pytest_dbmigrate.evidence.observed_builtins import builtin_records, row_records
from pytest_dbmigrate.evidence.observed_checks import check_record
from pytest_dbmigrate.evidence.observed_health import health_metrics, probe_records
from pytest_dbmigrate.evidence.observed_migrations import migration_record, rerun_record
from pytest_dbmigrate.evidence.observed_schema import changes, metrics, phases
from pytest_dbmigrate.evidence.words import time_text
from pytest_dbmigrate.probes.beside import Seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.proving import WayBack
    from pytest_dbmigrate.postgres.target import Identity


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the record says of the run besides what the gate saw.

    `scrub` takes secrets out of any text.
    """

    id: str
    started: datetime
    operator: str
    command: str
    embedded: bool
    planned: int
    selected: int
    tools: dict[str, str]
    incomplete: tuple[str, ...] = ()
    finished: datetime | None = None
    rehearsal: record.Rehearsal | None = None
    source: record.Source | None = None
    way_back: WayBack | None = None
    beside: Seen = field(default_factory=Seen)
    scrub: Callable[[str], str] = str


def build(gate: Gate, identity: Identity | None, circumstances: Circumstances) -> record.Evidence:
    """The evidence of a run as far as it has come."""
    project = gate.project
    plan = project.plan
    evidence = record.Evidence(
        schema=record.SCHEMA,
        run=_run(gate, circumstances),
        tools=circumstances.tools,
        transaction=_transaction(gate, circumstances),
        target=_target(gate, identity, circumstances),
        files=tuple(
            record.File(role=f.role, path=f.path, bytes=f.size, sha256=f.sha256)
            for f in project.files
        ),
        migrations=tuple(migration_record(gate, m) for m in project.migrations)
        if gate.stage != "verify"
        else (),
        checks=(
            *(check_record(gate, c, circumstances.scrub) for c in project.checks),
            *builtin_records(gate, circumstances.scrub),
            *probe_records(
                project, gate.stage, circumstances.beside, gate.seen.stopped, circumstances.scrub
            ),
            *down_records(gate),
            *way_back_records(gate, circumstances.way_back, circumstances.scrub),
        ),
        reruns=tuple(rerun_record(r) for r in gate.seen.reruns),
        metrics=(
            *metrics(gate),
            *way_back_metrics(circumstances.way_back),
            *health_metrics(project, gate.stage, circumstances.beside, circumstances.scrub),
        ),
        phases=phases(gate),
        changes=changes(gate),
        rows=row_records(gate),
        measured=_measured(gate),
        backup=backup_record(circumstances.way_back),
        roles=tuple(record.Role(name=r.name, title=r.title) for r in plan.roles) if plan else (),
        policy=record.SignOffPolicy(
            operator_may_sign=plan.options.operator_may_sign,
            distinct_people=plan.options.distinct_people,
        )
        if plan
        else record.SignOffPolicy(),
        notes=tuple(
            circumstances.scrub(note)
            for note in (*gate.seen.notes, *(f"in the way: {b}" for b in gate.seen.blockers))
        ),
    )
    return replace(evidence, criteria=judge_criteria(plan, evidence))


def _measured(gate: Gate) -> tuple[Literal["schema", "rows", "locks"], ...]:
    """What was looked at, so that an empty list is either "none" or "not looked at"."""
    if gate.seen.catalog_before is None or gate.seen.catalog_after is None:
        return ()
    return ("schema", "rows", "locks") if gate.seen.has_data else ("schema", "locks")


def _run(gate: Gate, of: Circumstances) -> record.Run:
    plan = gate.project.plan
    return record.Run(
        id=of.id,
        stage=gate.stage,
        started=time_text(of.started),
        operator=of.operator,
        complete=of.finished is not None and not of.incomplete,
        incomplete=of.incomplete,
        finished=time_text(of.finished) if of.finished else None,
        command=of.scrub(of.command),
        planned=of.planned,
        selected=of.selected,
        title=plan.title if plan else "",
        report_name=plan.report if plan else "report",
        without=tuple(sorted(gate.project.without)),
        rehearsal=of.rehearsal,
    )


def _transaction(gate: Gate, of: Circumstances) -> record.Transaction:
    if gate.seen.began is None:
        return record.Transaction(
            state="nothing written",
            why=of.scrub(gate.seen.stopped),
            already=bool(gate.seen.already),
        )
    held = (gate.seen.ended - gate.seen.began) if gate.seen.ended else None
    return record.Transaction(
        state=gate.seen.ending.state if gate.seen.ending else "unknown",
        began=time_text(gate.seen.began),
        ended=time_text(gate.seen.ended) if gate.seen.ended else None,
        xid=gate.seen.intent.xid if gate.seen.intent else "",
        lasting=gate.seen.intent is None or gate.seen.intent.lasting,
        held_ns=int(held.total_seconds() * 1e9) if held else 0,
        why=of.scrub(_why(gate)),
        already=bool(gate.seen.already),
    )


def _why(gate: Gate) -> str:
    """What explains the transaction's state; nothing for a COMMIT without a doubt."""
    if gate.seen.ending is None:
        return "the transaction is still open"
    return gate.seen.ending.why or (
        "" if gate.seen.ending.state == "committed" else gate.seen.stopped
    )


def _target(gate: Gate, identity: Identity | None, of: Circumstances) -> record.Target | None:
    if identity is None:
        return None
    return record.Target(
        url=f"a clone of {of.source.url}" if of.source else identity.url_redacted,
        server_version=identity.server_version,
        database=identity.database,
        role=identity.role,
        embedded=of.embedded,
        system_identifier=identity.system_identifier or "",
        superuser=identity.superuser,
        bypassrls=identity.bypassrls,
        in_recovery=identity.in_recovery,
        pooled=identity.pooled,
        encoding=identity.encoding,
        collation=identity.collation,
        timeline=identity.timeline,
        schema_before=gate.seen.catalog_before.digest if gate.seen.catalog_before else "",
        schema_after=gate.seen.catalog_after.digest if gate.seen.catalog_after else "",
        source=of.source,
    )
