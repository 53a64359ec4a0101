"""Section 7: figures and rows before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.charts import Bar, bar, percent
from pytest_dbmigrate.report.sections.result import row_id

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence, Metric, Observation, RowChange

SHOWN_TABLES = 60


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A figure before and after; the bars only where both are numbers of one unit."""

    id: str
    title: str
    before: str
    after: str
    change: str
    limit: str
    before_bar: Bar | None
    after_bar: Bar | None
    limit_at: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """Rows of one table as the migrations changed them."""

    table: str
    before: str
    after: str
    inserted: str
    updated: str
    deleted: str
    lost: str
    bad: bool
    note: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """All figures, and the tables whose rows changed."""

    rows: tuple[MetricRow, ...]
    tables: tuple[TableRow, ...]
    tables_said: str
    counted: bool


def metrics(evidence: Evidence) -> Metrics:
    """Before and after, figures first, then rows by table: losses on top."""
    changed = [r for r in evidence.rows if r.inserted or r.updated or r.deleted or r.lost or r.note]
    changed.sort(key=lambda r: (not (r.lost and not r.declared), not r.lost, r.table))
    quiet = len(evidence.rows) - len(changed)
    left = len(changed) - SHOWN_TABLES
    said = []
    if left > 0:
        said.append(f"{text.count(left, 'more changed table')} in evidence.json.")
    if quiet:
        said.append(f"{text.count(quiet, 'other table')} observed, no row changed.")
    return Metrics(
        rows=tuple(_metric(m, limit_of(evidence, m)) for m in evidence.metrics),
        tables=tuple(_table(r) for r in changed[:SHOWN_TABLES]),
        tables_said=" ".join(said),
        counted="rows" in evidence.measured or bool(evidence.rows),
    )


def figure(observed: Observation | None) -> str:
    """An observation's number with its unit, or its words."""
    if observed is None:
        return "not measured"
    if observed.value is None:
        return text.line(observed.text, 120)
    if observed.unit == "B":
        return text.size(int(observed.value))
    return f"{text.number(observed.value)} {text.line(observed.unit, 20)}".strip()


def limit_of(evidence: Evidence, metric: Metric) -> str:
    """A figure's limit: its own, or that of the criterion that limits it after the migrations."""
    figures = {f"{metric.name}.after", metric.name}
    limits = (c.expected for c in evidence.criteria if c.applicable and c.figure in figures)
    return metric.limit or next(limits, "")


def _metric(metric: Metric, limit: str) -> MetricRow:
    before, after = metric.before, metric.after
    old = before.value if before else None
    new = after.value if after else None
    same_unit = bool(before and after and before.unit == after.unit)
    axis = max(old or 0, new or 0)
    change = ""
    if old is not None and new is not None and same_unit:
        change = "same" if new == old else f"{'+' if new > old else '-'}{_difference(old, new)}"
    return MetricRow(
        id=row_id("metric", metric.name),
        title=text.line(metric.title) or text.line(metric.name),
        before=figure(before),
        after=figure(after),
        change=change,
        limit=text.line(limit),
        before_bar=bar(0, old, axis) if change and old is not None else None,
        after_bar=bar(0, new, axis) if change and new is not None else None,
        limit_at=_limit_at(limit, axis) if change else "",
    )


def _limit_at(limit: str, axis: float) -> str:
    """Where a limit that is a plain number stands on the axis."""
    if not limit.isascii() or not limit.isdecimal() or len(limit) > 15 or not axis:
        return ""
    return percent(int(limit) / axis) if int(limit) <= axis else ""


def _difference(old: float, new: float) -> str:
    return text.number(round(abs(new - old), 6))


def _table(row: RowChange) -> TableRow:
    def known(n: int | None) -> str:
        return "not counted" if n is None else f"{n:,}"

    note = text.line(row.note)
    if row.lost and row.declared:
        note = f"declared by the migration{'; ' if note else ''}{note}"
    return TableRow(
        table=text.line(row.table, 140),
        before=known(row.before),
        after=known(row.after),
        inserted=f"{row.inserted:,}",
        updated=f"{row.updated:,}",
        deleted=f"{row.deleted:,}",
        lost=f"{row.lost:,}",
        bad=bool(row.lost) and not row.declared,
        note=note,
    )
