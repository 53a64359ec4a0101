"""What a dump must bring back: schema, rows, sequences, large objects; and what is not the same."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.catalog import Catalog, diff, snapshot
from pytest_dbmigrate.postgres.data_digest import (
    LIMIT_BYTES,
    DataDigest,
    changed_tables,
    data_digest,
)
from pytest_dbmigrate.postgres.reading import rows
from pytest_dbmigrate.postgres.round_trip import as_restored
from pytest_dbmigrate.postgres.sequences import positions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

_LARGE_OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata"
_LARGE_OBJECT_BYTES = "SELECT pg_total_relation_size('pg_catalog.pg_largeobject')"
_LARGE_OBJECT_DIGEST = """
SELECT coalesce(sum(hashtextextended(oid::text || md5(lo_get(oid)), 0)), 0)::text
FROM pg_largeobject_metadata
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What a database holds at one moment. `counts` are the rows of tables too large to digest.

    `large_objects` is how many there are, with a digest where they are not too large.
    """

    schema: Catalog
    rows: DataDigest
    counts: Mapping[str, int]
    sequences: Mapping[str, int | None]
    large_objects: tuple[int, str]


def read_content(conn: psycopg.Connection[Any], limit_bytes: int = LIMIT_BYTES) -> Content:
    """Read all of it in the connection's transaction."""
    digest = data_digest(conn, limit_bytes)
    counts = {
        name: rows(conn, f"SELECT count(*) FROM ONLY {name}")[0][0]  # noqa: S608  (quoted by the server)
        for name in digest.large
    }
    return Content(
        snapshot(conn),
        digest,
        MappingProxyType(counts),
        positions(conn),
        _objects(conn, limit_bytes),
    )


def _objects(conn: psycopg.Connection[Any], limit_bytes: int) -> tuple[int, str]:
    (count,), (size,) = rows(conn, _LARGE_OBJECTS, _LARGE_OBJECT_BYTES)
    if not count or size > limit_bytes:
        return count, ""
    return count, rows(conn, _LARGE_OBJECT_DIGEST)[0][0]


def differences(
    dumped: Content, later: Mapping[str, int | None], restored: Content, *, database: bool
) -> Iterator[str]:
    """In what a restored database is not what was dumped, a line each.

    `later` is where the sequences stood when the dump had ended: each may be anywhere up to there.
    Without `database` its own owner, rights and settings are not compared: no dump of one database
    holds them.
    """
    if dumped.schema.major == restored.schema.major:
        for change in diff(as_restored(dumped.schema), restored.schema):
            own = change.kind.startswith("database") or change.parent == "database"
            if own and not database:
                continue
            yield f"{change.kind} {change.identity} is {_WORDS[change.change]}"
    else:
        yield (
            f"restored into PostgreSQL {restored.schema.major}, dumped from "
            f"{dumped.schema.major}: the schemas cannot be compared"
        )
    for name in changed_tables(dumped.rows, restored.rows):
        yield f"the rows of {name} are not those that were dumped"
    for name, count in dumped.counts.items():
        if restored.counts.get(name) != count:
            there = restored.counts.get(name, 0)
            yield f"{name} has {there:,} rows, {count:,} were dumped"
    for name, position in dumped.sequences.items():
        if not _between(position, restored.sequences.get(name), later.get(name)):
            yield f"sequence {name} stands at {restored.sequences.get(name)}, not at {position}"
    if dumped.large_objects != restored.large_objects:
        yield (
            f"{restored.large_objects[0]:,} large objects, {dumped.large_objects[0]:,} were dumped"
            if dumped.large_objects[0] != restored.large_objects[0]
            else "the large objects are not those that were dumped"
        )


_WORDS = {"added": "only in the restored database", "removed": "missing", "changed": "different"}


def _between(first: int | None, restored: int | None, last: int | None) -> bool:
    """Whether a sequence was restored to a place it had while the dump ran."""
    if restored in {first, last}:
        return True
    places = sorted([first or 0, last or 0])
    return restored is not None and places[0] <= restored <= places[1]
