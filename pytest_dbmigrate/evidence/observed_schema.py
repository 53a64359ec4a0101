"""Catalogs and clocks of the gate → figures, changes and phases of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.timeline import planned_phases
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.postgres.catalog import diff, figures
from pytest_dbmigrate.postgres.object_losses import undeclared
from pytest_dbmigrate.spec.dropped import said_to_go

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.gate import Gate


def changes(gate: Gate) -> tuple[record.Change, ...]:
    """The schema's difference, by identity; empty where it was not looked at on both sides."""
    if gate.seen.catalog_before is None or gate.seen.catalog_after is None:
        return ()
    found = diff(gate.seen.catalog_before, gate.seen.catalog_after)
    unsaid = set(undeclared(found, said_to_go(gate.project.migrations)))
    return tuple(
        record.Change(
            kind=c.kind,
            identity=c.identity,
            change=c.change,
            before=clip(c.before, TEXT_CHARACTERS),
            after=clip(c.after, TEXT_CHARACTERS),
            declared=c.change == "removed" and c not in unsaid,
        )
        for c in found
    )


_METRICS = (
    ("tables", "Base tables in public", "tables"),
    ("foreign-keys", "Foreign keys in public", "foreign_keys"),
    ("policies", "RLS policies in public", "policies"),
)


def metrics(gate: Gate) -> tuple[record.Metric, ...]:
    """The schema's figures before and after, each None where it was not looked at."""
    before = figures(gate.seen.catalog_before) if gate.seen.catalog_before else None
    after = figures(gate.seen.catalog_after) if gate.seen.catalog_after else None

    def seen(counts: object, name: str, at: datetime | None) -> record.Observation | None:
        if counts is None or at is None:
            return None
        value = int(getattr(counts, name))
        return record.Observation(text=str(value), at=time_text(at), by="pg_catalog", value=value)

    ended = next((c.ended for c in gate.seen.clocks if c.step.kind == "final"), None)
    return tuple(
        record.Metric(
            name=name,
            title=title,
            before=seen(before, attribute, gate.seen.began),
            after=seen(after, attribute, ended or gate.seen.ended),
        )
        for name, title, attribute in _METRICS
    )


def phases(gate: Gate) -> tuple[record.PhaseRun, ...]:
    """The plan's phases beside the clock, then the steps that the plan does not name."""
    began = next((c.started for c in gate.seen.clocks), datetime.now(UTC))
    planned = planned_phases(gate.project.plan, began) if gate.project.plan else ()
    names = {f"apply {m.version}": f"migration {m.version}" for m in gate.project.migrations}
    clocks = {names.get(str(c.step), str(c.step)): c for c in gate.seen.clocks}
    runs = [
        replace(
            p,
            started=time_text(clocks[p.name].started) if p.name in clocks else None,
            ended=_ended(clocks[p.name].ended) if p.name in clocks else None,
        )
        for p in planned
    ]
    also = [
        record.PhaseRun(name=name, started=time_text(c.started), ended=_ended(c.ended))
        for name, c in clocks.items()
        if name not in {p.name for p in planned}
    ]
    return tuple(runs + also)


def _ended(moment: datetime | None) -> str | None:
    return time_text(moment) if moment else None
