"""A digest of the rows of all tables: whether a migration, run again, changed any data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.reading import major_version, query, rows, single_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DataDigest:
    """The content of each table (`rows:sum of hashes`), whatever the order of its rows.

    `not_read` has the tables that were left out, with the reason: about those nothing is said.
    `large` are those of them that were too large.
    """

    tables: Mapping[str, str]
    not_read: Mapping[str, str]
    large: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The sha256 over all tables that were read."""
        lines = "\n".join(f"{name}\t{content}" for name, content in sorted(self.tables.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def data_digest(conn: psycopg.Connection[Any], limit_bytes: int = LIMIT_BYTES) -> DataDigest:
    """Read every row of the user's tables, except of those that take more than `limit_bytes`."""
    sizes = sorted(rows(conn, query("rows/sizes", major_version(conn))))
    large = {
        name: f"takes {size:,} bytes, the limit is {limit_bytes:,} bytes"
        for name, size in sizes
        if size > limit_bytes
    }
    small = [name for name, size in sizes if size <= limit_bytes]
    # The names come quoted from the server; a column may be called as the alias, `t.*` may not.
    found = single_rows(
        conn,
        [
            f"SELECT count(*) || ':' || coalesce(sum(hashtextextended(ROW(t.*)::text, 0)), 0)"  # noqa: S608
            f" FROM ONLY {name} AS t"
            for name in small
        ],
    )
    answers = dict(zip(small, found, strict=True))
    read = {name: answer[0] for name, answer in answers.items() if isinstance(answer, tuple)}
    refused = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    return DataDigest(MappingProxyType(read), MappingProxyType(large | refused), tuple(large))


def changed_tables(before: DataDigest, after: DataDigest) -> tuple[str, ...]:
    """The tables whose rows differ, or that only one of the two has read."""
    names = before.tables.keys() | after.tables.keys()
    return tuple(n for n in sorted(names) if before.tables.get(n) != after.tables.get(n))
