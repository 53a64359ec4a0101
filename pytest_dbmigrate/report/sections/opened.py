"""What opens below a row that failed: what differs, the rows, the SQL and its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sql import formatted

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Observation

SHOWN_ROWS = 20
SHOWN_COLUMNS = 12
SHOWN_DETAILS = 30


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows a query returned, as text; `said` tells how many, and what is left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    said: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts in order; each may be missing. `place` is `file:line`."""

    details: tuple[str, ...]
    note: str
    rows: Rows | None
    sql: str
    place: str


def opened(observed: Observation | None, *, sql: str, source: str, note: str) -> Opened:
    """What a failed check shows; `observed` is None where an error left nothing to observe."""
    return Opened(
        details=_details(observed.details) if observed else (),
        note=text.line(note, 1_000),
        rows=_rows(observed) if observed else None,
        sql=formatted(sql),
        place=text.line(source, 400),
    )


def _details(details: tuple[str, ...]) -> tuple[str, ...]:
    shown = tuple(text.line(d, 1_000) for d in details[:SHOWN_DETAILS])
    left = len(details) - SHOWN_DETAILS
    return (*shown, f"and {left:,} more, in evidence.json") if left > 0 else shown


def _rows(observed: Observation) -> Rows | None:
    if not observed.columns or not observed.rows:
        return None
    total = max(observed.row_count, len(observed.rows))
    if total == 1 and observed.rows == ((observed.text,),):
        return None  # the row above says it already
    shown = observed.rows[:SHOWN_ROWS]
    said = text.count(total, "row")
    if len(shown) < total:
        said += f", the first {len(shown)} shown"
    if len(observed.columns) > SHOWN_COLUMNS:
        said += f"; {len(observed.columns):,} columns, the first {SHOWN_COLUMNS} shown"
    return Rows(
        tuple(text.line(c, 80) for c in observed.columns[:SHOWN_COLUMNS]),
        tuple(
            tuple(None if v is None else text.line(v, 200) for v in row[:SHOWN_COLUMNS])
            for row in shown
        ),
        said,
    )
