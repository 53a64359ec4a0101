"""Section 7: figures and rows before and after."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.charts import Bar, bar, percent
from pytest_dbmigrate.report.sections.result import row_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.evidence.record import Evidence, Metric, Observation, RowChange

SHOWN_TABLES = 60
SHOWN_SIZES = 10


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
    sub: tuple[str, ...] = ()


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
class SizeRow:
    """The size of one table before and after, and its dead rows after."""

    table: str
    before: str
    after: str
    dead: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """All figures, the tables whose rows changed, and the largest tables."""

    rows: tuple[MetricRow, ...]
    sizes: tuple[SizeRow, ...]
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
        sizes=tuple(_sizes(evidence)),
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
    if observed.unit == "ms" and observed.value >= 0:
        return text.duration(int(observed.value * 1e6))
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
        unit = after.unit if after else ""
        change = (
            "same" if new == old else f"{'+' if new > old else '-'}{_difference(old, new, unit)}"
        )
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
        sub=tuple(_remarks(metric)),
    )


def _remarks(metric: Metric) -> Iterator[str]:
    """What a number does not say: how it was measured, why there is none, a plan that changed."""
    before, after = metric.before, metric.after
    if after is None and metric.why:
        yield f"not measured: {text.line(metric.why)}"
        if metric.todo:
            yield f"to measure it: {text.line(metric.todo)}"
    if after is not None and after.value is not None and after.unit != "B":
        plain = {f"{after.value}", text.number(after.value), figure(after)}
        if after.text not in plain:
            yield text.line(after.text)
    if metric.title == f"query {metric.name}" and before and after and after.details:
        pairs = zip_longest(before.details, after.details, fillvalue="nothing")
        old, new = next(((a, b) for a, b in pairs if a != b), ("", ""))
        yield f"its plan changed: {text.line(old.strip(), 100)} → {text.line(new.strip(), 100)}"


def _sizes(evidence: Evidence) -> Iterator[SizeRow]:
    """The largest tables after the migrations, from the figure of the database's size."""
    found = next((m for m in evidence.metrics if m.name == "database-size"), None)
    if found is None or found.after is None:
        return
    earlier = {row[0]: row[1] for row in found.before.rows} if found.before is not None else {}
    for name, size, _live, dead in found.after.rows[:SHOWN_SIZES]:
        old = earlier.get(name)
        yield SizeRow(
            table=text.line(name or "", 140),
            before=text.size(int(old)) if old else "",
            after=text.size(int(size or 0)),
            dead=f"{int(dead or 0):,}",
        )


def _limit_at(limit: str, axis: float) -> str:
    """Where a limit that is a plain number stands on the axis."""
    if not limit.isascii() or not limit.isdecimal() or len(limit) > 15 or not axis:
        return ""
    return percent(int(limit) / axis) if int(limit) <= axis else ""


def _difference(old: float, new: float, unit: str) -> str:
    if unit == "B":
        return text.size(int(abs(new - old)))
    if unit == "ms":
        return text.duration(int(abs(new - old) * 1e6))
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
