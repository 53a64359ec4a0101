"""What the row account reads: tables, counters, files, and what a statement would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from pytest_dbmigrate.postgres.reading import major_version, query, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.spec.losses import Loss

COUNTED = 1_000_000  # rows counted under the lock; more are "at least" so many

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows of its own; `columns` by number, None where dropped, and quoted."""

    schema: str
    name: str
    identity: str
    on_path: bool
    partition: bool
    columns: tuple[str | None, ...]
    quoted: tuple[str | None, ...]


class Counters(NamedTuple):
    """Rows the current transaction inserted, updated and deleted in one table."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def read_tables(conn: Connection) -> dict[int, Table]:
    """The user's tables by oid, as the transaction sees them."""
    found = rows(conn, query("rows/tables", major_version(conn)), session_path=True)
    return {
        oid: Table(schema, name, identity, on_path, partition, tuple(plain), tuple(quoted))
        for oid, schema, name, identity, on_path, partition, plain, quoted in found
    }


def read_counters(conn: Connection, oid: int | None = None) -> dict[int, Counters]:
    """What the server counted, by oid (of one table or of all).

    It is more than this transaction's on a connection that was used before.
    """
    text = query("rows/counters", major_version(conn))
    found = rows(conn, text, values={"oid": oid})
    return {oid: Counters(*counted) for oid, *counted in found}


class RowFile(NamedTuple):
    """The file of a table's rows, whether anything is in it, and the table's name now."""

    number: int
    filled: bool
    table: str


def read_files(conn: Connection) -> dict[int, RowFile]:
    """The file of each table's rows, by oid: TRUNCATE and rewrites change it."""
    found = rows(conn, query("rows/files", major_version(conn)))
    return {oid: RowFile(*file) for oid, *file in found}


def is_counting(conn: Connection) -> bool:
    """Whether the server counts rows at all (track_counts; only superusers can switch it off)."""
    return rows(conn, "SELECT current_setting('track_counts')") == [("on",)]


class Part(NamedTuple):
    """A table (number 0) or one of its columns, with the names they have now, quoted."""

    oid: int
    number: int
    column: str | None
    table: str


def taken_by(conn: Connection, loss: Loss) -> list[Part]:
    """The tables and columns that a statement would take, children and CASCADE included.

    Empty when a name leads nowhere: the statement then fails, or does nothing.
    """
    values = {
        "kind": loss.kind,
        "name": loss.name,
        "column": loss.column,
        "cascade": loss.cascade,
        "only": loss.only,
    }
    name = {"column": "dropped-column", "truncate": "truncated"}.get(loss.kind, "dropped")
    text = query(f"rows/{name}", major_version(conn))
    try:
        found = rows(conn, text, values=values, session_path=True)
    except (psycopg.ProgrammingError, psycopg.NotSupportedError):
        return []
    return [Part(*part) for part in found]


def lock(conn: Connection, identities: Sequence[str]) -> bool:
    """Take ACCESS EXCLUSIVE on tables; False where this role may not, the transaction usable.

    Raises psycopg.Error when it cannot be had in time.
    """
    names = ", ".join(f"ONLY {identity}" for identity in identities)
    try:
        with conn.transaction():
            conn.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE".encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def count(conn: Connection, identity: str, column: str | None = None) -> int | None:
    """Rows of one table alone, or its values that are not null, up to one more than COUNTED.

    None where row security would hide some, or the role may not read them.
    """
    where = f"WHERE {column} IS NOT NULL" if column else ""
    first = f"SELECT FROM ONLY {identity} {where} LIMIT {COUNTED + 1}"
    try:
        return int(rows(conn, f"SELECT count(*) FROM ({first}) x")[0][0])  # noqa: S608  # quoted
    except psycopg.errors.InsufficientPrivilege:
        return None
