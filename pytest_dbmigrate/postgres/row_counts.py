"""Rows of named tables, bounded: information about a moment, with others writing meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_dbmigrate.postgres.reading import major_version, query, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class RowCount:
    """The rows of one table; `at_least` when counting stopped at the limit.

    `rows` is None when they could not be counted, and `why` says why.
    """

    table: str
    rows: int | None = None
    at_least: bool = False
    why: str = ""


def row_counts(
    conn: psycopg.Connection[Any], tables: Sequence[str], limit: int = LIMIT
) -> tuple[RowCount, ...]:
    """Count the rows of tables named as a user writes them, partitions and children included.

    Each in a savepoint of its own, with row security off: what a role may not see is never zero.
    """
    text = query("rows/resolve", major_version(conn))
    found = rows(conn, text, values={"names": list(tables)}, session_path=True)
    return tuple(
        RowCount(name, why="there is no such table")
        if identity is None
        else _count(conn, identity, limit)
        for name, identity in found
    )


def _count(conn: psycopg.Connection[Any], identity: str, limit: int) -> RowCount:
    first = f"SELECT FROM {identity} LIMIT {limit + 1}"
    try:
        counted = rows(conn, f"SELECT count(*) FROM ({first}) x")[0][0]  # noqa: S608  # quoted name
    except psycopg.errors.InsufficientPrivilege as error:
        return RowCount(identity, why=error.diag.message_primary or str(error))
    return RowCount(identity, min(counted, limit), at_least=counted > limit)
