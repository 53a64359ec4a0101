"""Figures of a running database: sessions, waits, counters, sizes, each with its moment.

Read on a connection in autocommit mode, each in a short transaction of its own: inside a longer one
the views stand still. https://www.postgresql.org/docs/current/monitoring-stats.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.query import Patience, Question, ask_all, run
from pytest_dbmigrate.postgres.reading import major_version, query
from pytest_dbmigrate.spec.expectations import Failure, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

SECONDS = 5.0
"""How long one query of ours may take: a server that is in trouble gets no more of it from us."""

# Figure → its unit, in the order of the report. The slowest statement is statements.py's.
NAMES = {
    "connections": "",
    "waiting-locks": "",
    "deadlocks": "",
    "rollbacks": "",
    "temporary-files": "",
    "dead-rows": "",
    "database-size": "B",
}
_COUNTERS = ("deadlocks", "rollbacks", "temporary-files")
Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure at a moment. `value` is None where it could not be read: `text` then says why.

    A counter counts from `since`; two readings of it with another `since` cannot be compared.
    `limit` is the most there can be (max_connections), `longest` the longest wait in seconds.
    """

    name: str
    at: datetime
    text: str
    value: float | None = None
    unit: str = ""
    since: str = ""
    limit: float | None = None
    longest: float | None = None
    details: tuple[str, ...] = ()
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's size in bytes, its live and its dead rows, as far as the statistics know."""

    name: str
    size: int
    live: int
    dead: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of one moment by name, the largest tables, and when the server was started."""

    at: datetime
    readings: dict[str, Reading]
    tables: tuple[Table, ...] = ()
    server_started: str = ""


@dataclass(slots=True)
class _Reader:
    conn: Connection[object]
    ours: Sequence[int]
    readings: dict[str, Reading] = field(default_factory=dict)

    def ask(self, name: str) -> tuple[Row, ...] | str:
        """The rows of one of our queries, or in words why there are none."""
        text = query(f"metrics/{name}", major_version(self.conn))
        ours = ",".join(map(str, (*self.ours, self.conn.info.backend_pid)))
        return fetch(self.conn, text.replace(":ours", f"'{{{ours}}}'"))

    def keep(self, reading: Reading) -> None:
        self.readings[reading.name] = reading

    def lack(self, names: Sequence[str], why: str) -> None:
        for name in names:
            self.keep(Reading(name, datetime.now(UTC), why, unit=NAMES[name]))


def read(conn: Connection[object], *, ours: Sequence[int] = (), tables: bool = False) -> Snapshot:
    """Read every figure; `ours` are the pids of our other connections.

    With `tables` the largest tables too, whose sizes take longer. A figure that cannot be read says
    why. Raises ConnectionLostError.
    """
    reader = _Reader(conn, ours)
    at = datetime.now(UTC)
    started = _database(reader)
    _waiting(reader)
    _dead_rows(reader)
    largest = reader.ask("tables") if tables else ""
    return Snapshot(
        at,
        {name: reader.readings[name] for name in NAMES},
        tuple(_tables(largest)) if not isinstance(largest, str) else (),
        started,
    )


def fetch(conn: Connection[object], sql: str, seconds: float = SECONDS) -> tuple[Row, ...] | str:
    """One query in a short read-only transaction, or in words why it gave nothing.

    Only catalog names are found without their schema. The transaction is committed: the database
    counts rollbacks, and ours must not be among them. Raises ConnectionLostError.
    """
    milliseconds = max(1, round(seconds * 1000))
    script = (
        "BEGIN READ ONLY",
        "SET LOCAL search_path = pg_catalog",
        f"SET LOCAL statement_timeout = {milliseconds}",
        sql,
        "COMMIT",
    )
    # The server ends a statement that takes too long; we end one whose server does not.
    patience = Patience(time.monotonic_ns() + round((seconds + 1) * 1e9), "no answer in time")
    answers = ask_all(conn, [Question(s) for s in script], patience)
    last = answers[-1].outcome
    if isinstance(last, Failure) or len(answers) < len(script):
        run(conn, "ROLLBACK")
        return last.message if isinstance(last, Failure) else "the answer is too long"
    rows = answers[3].outcome
    return rows.rows if isinstance(rows, Result) else ()


def number(text: str | None) -> float | None:
    """A number of the server's, an integer where it is one."""
    if text is None:
        return None
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _database(reader: _Reader) -> str:
    found = reader.ask("database")
    if isinstance(found, str) or not found:
        why = found if isinstance(found, str) else "this role does not see the database's counters"
        reader.lack(("connections", *_COUNTERS, "database-size"), why)
        return ""
    sessions, most, deadlocks, rollbacks, files, file_bytes, size, since, started = found[0]
    at = datetime.now(UTC)
    reader.keep(
        Reading(
            "connections",
            at,
            f"{sessions} of {most} (max_connections)",
            number(sessions),
            limit=number(most),
        )
    )
    for name, value, more in (
        ("deadlocks", deadlocks, ""),
        ("rollbacks", rollbacks, ""),
        ("temporary-files", files, f", {int(file_bytes or 0):,} bytes"),
    ):
        text = f"{int(value or 0):,}{more}"
        reader.keep(Reading(name, at, text, number(value), since=since or ""))
    text = f"{int(size or 0):,} bytes"
    reader.keep(Reading("database-size", at, text, number(size), unit="B"))
    return started or ""


def _waiting(reader: _Reader) -> None:
    found = reader.ask("waiting")
    if isinstance(found, str):
        reader.lack(("waiting-locks",), found)
        return
    lines = []
    for pid, mode, what, blockers, seconds in found[:20]:
        since = f" for {float(seconds):.1f} s" if seconds is not None else ""
        by = f", behind pid {blockers}" if blockers else ""
        lines.append(f"pid {pid} waits{since} for {mode} on {what}{by}")
    waits = [float(row[4]) for row in found if row[4] is not None]
    waiting = len({row[0] for row in found})
    reader.keep(
        Reading(
            "waiting-locks",
            datetime.now(UTC),
            f"{waiting}: {lines[0]}" if lines else "0",
            waiting,
            longest=max(waits, default=None),
            details=tuple(lines),
        )
    )


def _dead_rows(reader: _Reader) -> None:
    found = reader.ask("dead_rows")
    if isinstance(found, str) or not found:
        reader.lack(("dead-rows",), found if isinstance(found, str) else "no statistics")
        return
    total, most = found[0]
    details = tuple(line for line in (most or "").split("\n") if line)
    text = f"{int(total or 0):,}"
    reader.keep(Reading("dead-rows", datetime.now(UTC), text, number(total), details=details))


def _tables(rows: Sequence[Row]) -> Iterator[Table]:
    for name, size, live, dead in rows:
        yield Table(name or "", int(size or 0), int(live or 0), int(dead or 0))
