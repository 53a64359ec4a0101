"""Rows and values that a migration takes away, attributed to it and not to the traffic around it.

DELETE and UPDATE are counted by the server for our transaction alone (pg_stat_xact_…). What DROP,
TRUNCATE and DROP COLUMN take is counted just before, under the lock they need anyway, so that
nobody adds a row in between. What no statement's text shows (a DO block, a function) is found
afterwards: it is said not to be counted, never that nothing was lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.row_reading import (
    COUNTED,
    Counters,
    Part,
    RowFile,
    Table,
    count,
    is_counting,
    lock,
    read_counters,
    read_files,
    read_tables,
    taken_by,
)
from pytest_dbmigrate.spec.losses import losses

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pytest_dbmigrate.spec.declarations import Declaration
    from pytest_dbmigrate.spec.losses import Loss

# Statements that may do anything, as far as their text shows.
_DYNAMIC = re.compile(r"(?:DO|CALL|SELECT|EXECUTE|WITH)\b", re.IGNORECASE)
_DDL = re.compile(r"(?:CREATE|ALTER|DROP|TRUNCATE|CLUSTER|REFRESH)\b", re.IGNORECASE)

_HIDDEN = (
    "not counted: no statement's text shows that it is dropped (a DO block or a function did it)"
)
_EMPTIED = "not counted: a DO block or a function truncated it"
_NO_RIGHT = "not counted: this role may not read all its rows, or not lock it"
_MOVED = "at most: an UPDATE that moves a row to another partition deletes it here"
_NOT_COUNTING = "not counted: track_counts is off, so the server does not count deleted rows"


@dataclass(frozen=True, slots=True)
class RowChange:
    """Rows of one table (or values of one column) as the transaction changed them.

    `lost` is what it took away; `counted` is False where that is not known, and `note` says why.
    `before` is None where nothing counted the rows. `declared`: the migration says that it may.
    """

    table: str
    before: int | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    lost: int = 0
    declared: bool = False
    counted: bool = True
    note: str = ""


@dataclass(slots=True)
class RowAccount:
    """The account of a run: open it in the transaction, tell it each statement before it is sent.

    Everything happens on `conn`, whose transaction must not end in between.
    """

    conn: psycopg.Connection[Any]
    tables: dict[int, Table]
    start: dict[int, Counters]
    files: dict[int, RowFile] | None = None
    taken: dict[tuple[int, int], RowChange] = field(default_factory=dict)
    emptied: set[int] = field(default_factory=set)

    def before(self, statement: str) -> None:
        """Count what this statement is about to take away, under the lock it needs.

        Raises psycopg.Error when the lock cannot be had (lock_timeout, deadlock): the statement
        would have met the same.
        """
        if _DDL.match(statement):
            self._compare_files()
            for loss in losses(statement):
                self._count(loss)
        elif self.files is None and _DYNAMIC.match(statement):
            self.files = read_files(self.conn)

    def _compare_files(self) -> None:
        """See whether what ran since the files were read emptied a table.

        A statement that changes the schema by its own text may give a table another file, hence
        not across those.
        """
        if self.files is None:
            return
        now = read_files(self.conn)
        for oid, file in self.files.items():
            replaced = oid in now and now[oid].number != file.number
            if replaced and file.filled and not self._was_rewritten(oid, now[oid].table):
                self.emptied.add(oid)
        self.files = None

    def _was_rewritten(self, oid: int, table: str) -> bool:
        """Whether a table with another file still has rows of before.

        After TRUNCATE every row there is was inserted, and counted, since.
        """
        there = count(self.conn, table)
        inserted = read_counters(self.conn, oid).get(oid, Counters()).inserted
        return there is not None and there > inserted

    def changes(self, declarations: Iterable[Declaration] = ()) -> tuple[RowChange, ...]:
        """What the transaction has done to the rows there were, by table; see RowChange."""
        self._compare_files()
        now, counters = read_tables(self.conn), read_counters(self.conn)
        found: dict[tuple[int, int], RowChange] = {
            **_gone(self.tables, now),
            **{
                (oid, 0): RowChange(self.tables[oid].identity, counted=False, note=_EMPTIED)
                for oid in self.emptied & self.tables.keys()
            },
            **self.taken,
        }
        for oid, table in self.tables.items():
            done = _minus(counters.get(oid, Counters()), self.start.get(oid, Counters()))
            if any(done):
                found[oid, 0] = _with_counters(found.get((oid, 0)), table, done)
        if not is_counting(self.conn):
            found[0, 0] = RowChange("all tables", counted=False, note=_NOT_COUNTING)
        declared = tuple(declarations)
        return tuple(
            replace(change, declared=self._is_declared(part, declared))
            for part, change in sorted(found.items(), key=lambda item: item[1].table)
        )

    def _count(self, loss: Loss) -> None:
        parts = [
            part
            for part in taken_by(self.conn, loss)
            # What the migration itself made was not there before: nothing of it is lost.
            if part.oid in self.tables
            and part.number <= len(self.tables[part.oid].columns)
            and (part.oid, 0) not in self.taken
        ]
        if parts and lock(self.conn, sorted({part.table for part in parts})):
            counts = [count(self.conn, part.table, part.column) for part in parts]
        else:
            counts = [None] * len(parts)
        for part, there in zip(parts, counts, strict=True):
            self.taken[part.oid, part.number] = self._taken(part, there)

    def _taken(self, part: Part, there: int | None) -> RowChange:
        """What is lost with a table or column that has so many rows or values now."""
        table = self.tables[part.oid]
        what = f"{table.identity}.{part.column}" if part.number else table.identity
        if there is None:
            return RowChange(what, counted=False, note=_NO_RIGHT)
        note = f" (at least: not counted beyond {COUNTED:,})" if there > COUNTED else ""
        if part.number:
            note = "values of a dropped column" + note
            return RowChange(what, before=there, lost=there, note=note)
        now = read_counters(self.conn, part.oid).get(part.oid)
        start = self.start.get(part.oid)
        done = _minus(now or Counters(), start or Counters())
        # What we had deleted from it before is lost as well; what we had inserted is not.
        were = max(0, there + done.deleted - done.inserted)
        return RowChange(what, before=were, lost=were, note=note.lstrip())

    def _is_declared(self, part: tuple[int, int], declared: tuple[Declaration, ...]) -> bool:
        table = self.tables.get(part[0])
        if table is None:
            return False
        column = (table.columns[part[1] - 1] or "") if part[1] else ""
        return any(
            d.covers(table.schema, table.name, column, on_path=table.on_path) for d in declared
        )


def open_account(conn: psycopg.Connection[Any]) -> RowAccount:
    """Begin an account: what tables and columns there are, what was counted so far."""
    return RowAccount(conn, read_tables(conn), read_counters(conn))


def _with_counters(change: RowChange | None, table: Table, done: Counters) -> RowChange:
    if change is None:
        moved = bool(table.partition and done.deleted)
        change = RowChange(table.identity, lost=done.deleted, note=_MOVED if moved else "")
    return replace(change, inserted=done.inserted, updated=done.updated, deleted=done.deleted)


def _minus(now: Counters, start: Counters) -> Counters:
    return Counters(*(max(0, a - b) for a, b in zip(now, start, strict=True)))


def _gone(before: dict[int, Table], now: dict[int, Table]) -> dict[tuple[int, int], RowChange]:
    """Tables and columns that are no longer there."""
    found = {}
    for oid, table in before.items():
        if oid not in now:
            found[oid, 0] = RowChange(table.identity, counted=False, note=_HIDDEN)
            continue
        for number, (was, still) in enumerate(
            zip(table.columns, now[oid].columns, strict=False), 1
        ):
            if was is not None and still is None:
                what = f"{table.identity}.{table.quoted[number - 1]}"
                found[oid, number] = RowChange(what, counted=False, note=_HIDDEN)
    return found
