"""Where sequences stand, which no transaction rolls back.

setval() and nextval() are seen by everybody before COMMIT and survive ROLLBACK
(https://www.postgresql.org/docs/current/functions-sequence.html), so "the database is as before"
always says "except sequence positions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.reading import major_version, query, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg


@dataclass(frozen=True, slots=True)
class SequenceMove:
    """A sequence that stands elsewhere; None is not used yet, not there, or not ours to read."""

    sequence: str
    before: int | None
    after: int | None


def positions(conn: psycopg.Connection[Any]) -> Mapping[str, int | None]:
    """The last value of each of the user's sequences, by its qualified name."""
    return dict(rows(conn, query("sequences", major_version(conn))))


def moves(
    before: Mapping[str, int | None], after: Mapping[str, int | None]
) -> tuple[SequenceMove, ...]:
    """The sequences that moved between two readings, also through other sessions."""
    return tuple(
        SequenceMove(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
