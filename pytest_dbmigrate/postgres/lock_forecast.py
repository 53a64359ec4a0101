"""How many locks a run will hold at its end, before it takes the first.

The lock table is shared: a transaction that fills it fails, and other sessions with it
(https://www.postgresql.org/docs/current/runtime-config-locks.html).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.reading import major_version, query, rows
from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

_SCHEMA_CHANGE = re.compile(
    r"(?:CREATE|ALTER|DROP|TRUNCATE|REINDEX|CLUSTER|LOCK|REFRESH)\b", re.IGNORECASE
)
_HIDES = re.compile(r"(?:DO|CALL)\b", re.IGNORECASE)
_CREATE = re.compile(r"CREATE\b(?:\s+\w+){0,2}?\s+(TABLE|INDEX|VIEW|SEQUENCE)\b", re.IGNORECASE)
# A table has TOAST and its index; keys and sequences of its own add to that. PostgreSQL 18 also
# locks each new object in its catalog, hence one more everywhere.
_MADE = {"TABLE": 4, "INDEX": 2, "VIEW": 2, "SEQUENCE": 2}
_ADDS = {"PRIMARY", "UNIQUE", "EXCLUDE", "IDENTITY", "SERIAL", "BIGSERIAL", "SMALLSERIAL"}


@dataclass(frozen=True, slots=True)
class LockForecast:
    """Locks expected at the end of the run, the size of the table for all, and how many are in use.

    `hidden` statements (DO, CALL) may take locks that no text shows.
    """

    expected: int
    capacity: int
    in_use: int
    hidden: int

    @property
    def too_many(self) -> bool:
        """Whether the run would take more than half of the table."""
        return self.expected > self.capacity // 2


def forecast_locks(conn: psycopg.Connection[Any], statements: Iterable[str]) -> LockForecast:
    """Forecast from the statements' texts and the size of what they name; an estimate upwards."""
    made = hidden = 0
    names: set[str] = set()
    for text in statements:
        if _SCHEMA_CHANGE.match(text):
            words = [t.text for t in tokens(text) if t.kind in {"word", "quoted"}]
            names.update(w[1:-1] if w.startswith('"') else w.lower() for w in words)
            create = _CREATE.match(text)
            if create:
                made += _MADE[create[1].upper()] + 2 * sum(w.upper() in _ADDS for w in words)
        else:
            # Of twenty thousand INSERTs only the beginning is read: their table's name.
            names.update(re.findall(r"[\w$]+", text[:80].lower()))
            hidden += _HIDES.match(text) is not None
    values = {"names": sorted(names)}
    ((capacity, in_use, there),) = rows(
        conn, query("locks/capacity", major_version(conn)), values=values
    )
    return LockForecast(made + there, capacity, in_use, hidden)
