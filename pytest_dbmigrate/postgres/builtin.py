"""The built-in checks of a run: integrity of any schema, and what a migration took away unsaid.

What was wrong before the migrations is told as such, and is not their failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres import integrity
from pytest_dbmigrate.postgres.catalog import Catalog, diff
from pytest_dbmigrate.postgres.object_losses import undeclared
from pytest_dbmigrate.spec.builtins import (
    INTEGRITY,
    LOSSES,
    OBJECTS_LOST,
    ROWS_LOST,
    STATISTICS_MISSING,
)
from pytest_dbmigrate.spec.dropped import said_to_go

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.postgres.integrity import Offender
    from pytest_dbmigrate.postgres.rows import RowChange
    from pytest_dbmigrate.spec.migrations import Migration


@dataclass(frozen=True, slots=True)
class BuiltInFinding:
    """What a built-in check found.

    `problems` are this run's doing, `earlier` were there before it, `unknown` could not be looked
    at. `information`: it does not stop GO whatever it finds.
    """

    name: str
    title: str
    at: datetime
    problems: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    information: bool = False

    @property
    def stops(self) -> bool:
        """Whether it stands in the way of COMMIT."""
        return bool(self.problems or self.unknown) and not self.information

    @property
    def first(self) -> str:
        """The first thing it found, for one line."""
        return next(iter((*self.problems, *self.unknown)), "")


def look(
    conn: Connection[object],
    without: Collection[str],
    before: Iterable[BuiltInFinding] | None = None,
    columns: Collection[str] | None = None,
) -> list[BuiltInFinding]:
    """Run the integrity checks; what `before` had found already is not this run's doing.

    `columns` are those that were there before: a new one has not lost its statistics, it never had
    any.

    Without a `before`, as when a database is only verified, nothing can be told apart, and what is
    found is information.
    """
    known = {p for finding in before or () for p in (*finding.problems, *finding.earlier)}
    wanted = [check.name for check in INTEGRITY if check.name not in without]
    found = []
    for finding in integrity.findings(conn, wanted):
        lines = [
            _line(offender)
            for offender in finding.offenders
            if finding.check.name != STATISTICS_MISSING
            or columns is None
            or offender.identity in columns
        ]
        found.append(
            BuiltInFinding(
                name=finding.check.name,
                title=finding.check.title,
                at=datetime.now(UTC),
                problems=tuple(line for line in lines if line not in known),
                earlier=tuple(line for line in lines if line in known),
                unknown=finding.not_checked,
                information=finding.check.information or before is None,
            )
        )
    return found


def losses(
    migrations: Sequence[Migration],
    without: Collection[str],
    rows: Iterable[RowChange],
    before: Catalog,
    after: Catalog,
    *,
    uncounted: Iterable[str] = (),
) -> list[BuiltInFinding]:
    """What the migrations took away without saying so: rows, and objects of the schema.

    `uncounted` are files that may take rows away outside the transaction.
    """
    found = []
    titles = {check.name: check.title for check in LOSSES}
    if ROWS_LOST not in without:
        lost = [r for r in rows if not r.declared and (r.lost or not r.counted)]
        found.append(
            BuiltInFinding(
                name=ROWS_LOST,
                title=titles[ROWS_LOST],
                at=datetime.now(UTC),
                problems=tuple(_lost(r) for r in lost if r.counted),
                unknown=(
                    *(f"{r.table}: {r.note or 'not counted'}" for r in lost if not r.counted),
                    *(f"{path}: {_OUTSIDE}" for path in uncounted),
                ),
            )
        )
    if OBJECTS_LOST not in without:
        gone = undeclared(diff(before, after), said_to_go(migrations))
        found.append(
            BuiltInFinding(
                name=OBJECTS_LOST,
                title=titles[OBJECTS_LOST],
                at=datetime.now(UTC),
                problems=tuple(f"{c.kind} {c.identity}, which was: {c.before}" for c in gone),
            )
        )
    return found


_OUTSIDE = "what it takes away outside the transaction is not counted"


def _line(offender: Offender) -> str:
    repair = f"; repair: {offender.repair}" if offender.repair else ""
    return f"{offender.identity} {offender.problem}{repair}"


def _lost(change: RowChange) -> str:
    table = change.table.split(".")[-1]
    note = f" ({change.note})" if change.note else ""
    return f"{change.table}: {change.lost:,} lost{note}; if meant, write: -- drops-data: {table}"
