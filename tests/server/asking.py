"""One question to a database, on a connection of its own."""

from __future__ import annotations

import psycopg


def ask(dsn: str, query: str) -> object:
    """The first value of what the query gives, None when it gives nothing."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        cursor = conn.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None
