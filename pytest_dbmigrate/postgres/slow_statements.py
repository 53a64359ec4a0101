"""The statements that a database ran between two moments, from pg_stat_statements.

The extension counts since it was last reset: only the difference of two readings says what ran
between them. https://www.postgresql.org/docs/current/pgstatstatements.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.metrics import Reading, fetch
from pytest_dbmigrate.postgres.reading import major_version, query

if TYPE_CHECKING:
    from psycopg import Connection

SLOWEST = "slowest-statement"
_SHOWN = 5
_CHARACTERS = 160
# Statements of ours, and those that do no work of the application's.
_OURS = "/* pytest-dbmigrate */"
_NO_WORK = re.compile(
    r"\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|set|reset|show|discard|"
    r"deallocate|prepare|listen|unlisten|explain)\b",
    re.IGNORECASE,
)
_ADD = (
    "CREATE EXTENSION pg_stat_statements; (with shared_preload_libraries = 'pg_stat_statements' in"
    " postgresql.conf and a restart)"
)


@dataclass(frozen=True, slots=True)
class StatementCount:
    """How often one statement was called, and the milliseconds all its calls took together."""

    calls: int
    total: float
    text: str


@dataclass(frozen=True, slots=True)
class Statements:
    """All counts of one moment by role, statement and level; `since` when they were last reset."""

    at: datetime
    counts: dict[tuple[str, str, str], StatementCount]
    since: str = ""


def read_statements(conn: Connection[object]) -> Statements | Reading:
    """The counts of this moment, or a reading that says why there are none.

    Raises ConnectionLostError.
    """
    found = fetch(conn, query("metrics/extension", major_version(conn)))
    if isinstance(found, str):
        return _lacking(found)
    if not found:
        return _lacking("the extension pg_stat_statements is not installed in this database", _ADD)
    schema, version, sees_all, role = found[0]
    if sees_all != "t":
        return _lacking(
            f"role {role} does not see the statements of other roles",
            f"GRANT pg_read_all_stats TO {role};",
        )
    major, _, minor = (version or "").partition(".")
    text = query("metrics/statements", int(major) * 100 + int(minor))
    rows = fetch(conn, text.replace(":schema", schema or "public"))
    if isinstance(rows, str):
        return _lacking(rows, _ADD)
    since, listed = rows[0]
    counts = {
        (str(role), str(queryid), str(level)): StatementCount(calls, total, text or "")
        for role, queryid, level, calls, total, text in json.loads(listed or "[]")
    }
    return Statements(datetime.now(UTC), counts, since or "")


def slowest(earlier: Statements, later: Statements) -> Reading:
    """The highest mean time, in ms, of a statement that ran between two readings.

    None where no statement of the application's ran, or where the counts were reset in between.
    """
    if earlier.since != later.since and earlier.counts:
        return _lacking(f"the statistics were reset at {later.since}: what ran before is not known")
    ran = [d for key, count in later.counts.items() if (d := _new(earlier.counts.get(key), count))]
    ran.sort(key=lambda d: d.total / d.calls, reverse=True)
    if not ran:
        return _lacking(
            "no statement of the application ran between the two readings",
            "--dbmigrate-monitor 2h watches for longer",
        )
    lines = tuple(
        f"{d.total / d.calls:.2f} ms on average, {d.calls:,} calls: {_shown(d.text)}"
        for d in ran[:_SHOWN]
    )
    mean = ran[0].total / ran[0].calls
    return Reading(
        SLOWEST,
        later.at,
        f"{_cut(mean)} ms: the slowest of {len(ran):,} statements",
        mean,
        unit="ms",
        details=lines,
    )


def _new(before: StatementCount | None, now: StatementCount) -> StatementCount | None:
    """What was added between two counts; None for none, and for what is not the application's.

    A count that went down was forgotten meanwhile: all that it has now is new.
    """
    if _OURS in now.text or _NO_WORK.match(now.text):
        return None
    if before is None or now.calls < before.calls:
        return now if now.calls else None
    calls, total = now.calls - before.calls, now.total - before.total
    return StatementCount(calls, max(total, 0.0), now.text) if calls else None


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS]}…"


def _cut(milliseconds: float) -> str:
    """To two places, cut: what is over a limit never reads as the limit."""
    return f"{int(milliseconds * 100) / 100:,.2f}"


def _lacking(why: str, todo: str = "") -> Reading:
    return Reading(SLOWEST, datetime.now(UTC), why, unit="ms", todo=todo)
