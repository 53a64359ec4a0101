"""What users do, as statements that can be tried again and again beside the migrations.

A table is read without a row being fetched, and written to by taking the lock that a writer takes
and giving it back: both wait for what would keep a user waiting, and change nothing.
https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.metrics import fetch
from pytest_dbmigrate.postgres.reading import major_version, query
from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.timed_queries import TimedQuery

MOST_TABLES = 60


def tried_statements(
    conn: Connection[object], migrations: Sequence[Migration], timed: Sequence[TimedQuery]
) -> dict[str, str]:
    """Statements by what they are called: the named queries, then tables read and written.

    Tables whose names stand in the migrations come first, then the busiest. Raises
    ConnectionLostError.
    """
    found = {f"query {each.name}": each.sql for each in timed}
    rows = fetch(conn, query("metrics/tried", major_version(conn)))
    named = _names(migrations)
    tables = [] if isinstance(rows, str) else sorted(rows, key=lambda row: row[1] not in named)
    for table, _, reads, writes in tables[:MOST_TABLES]:
        if reads == "t":
            found[f"reading {table}"] = f"SELECT FROM {table} LIMIT 0"
        if writes == "t":
            found[f"writing {table}"] = f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE"
    return found


def _names(migrations: Sequence[Migration]) -> set[str]:
    return {
        token.text.strip('"') if token.kind == "quoted" else token.text.lower()
        for migration in migrations
        for statement in migration.statements
        for token in tokens(statement.text)
        if token.kind in {"word", "quoted"}
    }
