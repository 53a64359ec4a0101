"""Section 5: each migration statement by statement, and the locks it held until the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.charts import Bar, bar
from pytest_dbmigrate.report.sections.result import Seen, Status, row_id, seen, status

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import (
        Evidence,
        Lock,
        MigrationRun,
        SqlError,
        StatementRun,
    )

SHOWN_STATEMENTS = 400
"""Rows of statements in all; each migration has its part of them, but 5 at least."""
SHOWN_EACH = 40
SHOWN_TEXT = 120
SHOWN_LOCKS = 30
SHOWN_NOTICES = 20

# Strongest first, with what others cannot do meanwhile: PostgreSQL docs, table 13.2.
_BLOCKS = {
    "AccessExclusive": "all reads and writes",
    "Exclusive": "writes and SELECT FOR UPDATE",
    "ShareRowExclusive": "writes",
    "Share": "writes",
    "ShareUpdateExclusive": "VACUUM, ANALYZE and schema changes",
    "RowExclusive": "schema changes and CREATE INDEX",
    "RowShare": "DROP, TRUNCATE and most ALTER TABLE",
    "AccessShare": "DROP, TRUNCATE and some ALTER TABLE",
}
_OUTCOMES = {"failed": "ERROR", "unknown": "UNKNOWN"}


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement: line, text, what it did and when."""

    line: int
    text: str
    tag: str
    rows: str
    took: str
    predicted: str
    bar: Bar
    label: str
    notices: tuple[str, ...]
    rewritten: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SqlErrorView:
    """A statement's error: the message, its place and its source line with a caret."""

    message: str
    place: str
    source: str
    more: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MigrationView:
    """One migration and its statements; `left_out` says which statements are not shown."""

    id: str
    title: str
    file: str
    status: Status
    summary: str
    axis: str
    statements: tuple[StatementRow, ...]
    left_out: str
    error: SqlErrorView | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockRow:
    """A lock on one relation: mode, what it keeps others from, for how long."""

    relation: str
    mode: str
    blocks: str
    since: str
    held: str
    predicted: str
    bar: Bar
    strong: bool


@dataclass(frozen=True, slots=True)
class RerunRow:
    """A migration applied once more."""

    title: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Execution:
    """The log of all migrations, of the locks held until the end, and of the second runs."""

    migrations: tuple[MigrationView, ...]
    total: str
    fate: str
    locks: tuple[LockRow, ...]
    locks_axis: str
    locks_left_out: str
    locks_observed: bool
    reruns: tuple[RerunRow, ...]


def execution(evidence: Evidence) -> Execution:
    """What was sent to the server and what it cost."""
    runs = evidence.migrations
    ran = [m for m in runs if m.outcome != "not run"]
    held, axis, left = _locks(runs)
    return Execution(
        migrations=tuple(_migration(m, max(5, SHOWN_STATEMENTS // len(runs))) for m in runs),
        total=text.duration(sum(m.duration_ns for m in ran)) if ran else "",
        fate=_fate(evidence),
        locks=held,
        locks_axis=axis,
        locks_left_out=left,
        locks_observed="locks" in evidence.measured or bool(held),
        reruns=tuple(
            RerunRow(f"{text.line(r.version, 40)}, in {_session(r.session)}", seen(r.result))
            for r in evidence.reruns
        ),
    )


def _session(name: str) -> str:
    return "the same session" if name == "same" else "a new session"


def _fate(evidence: Evidence) -> str:
    transaction = evidence.transaction
    ended = f" at {text.clock(transaction.ended)}" if transaction.ended else ""
    held = f" after {text.duration(transaction.held_ns)}" if transaction.held_ns else ""
    why = f": {text.line(transaction.why)}" if transaction.why else ""
    match transaction.state:
        case "committed":
            return f"One transaction, committed{ended}{held}{why}."
        case "unchanged":
            rolled_back = f"Rolled back{ended}{held}{why}."
            return f"{rolled_back} The database is as before, except sequence positions."
        case "unknown":
            return f"Whether the COMMIT{ended} took effect is unknown{why}."
        case "nothing written":
            return f"Nothing was written to the database{why}."


def _migration(run: MigrationRun, limit: int) -> MigrationView:
    statements, left_out = _shown(run.statements, min(limit, SHOWN_EACH))
    origin = run.statements[0].start_ns if run.statements else 0
    length = max((s.start_ns + s.duration_ns - origin for s in run.statements), default=0)
    notices = sum(len(s.notices) for s in run.statements)
    parts = []
    if run.outcome != "not run":
        forecast = _predicted(run.predicted_ns)
        parts.append(text.duration(run.duration_ns) + (f" ({forecast})" if forecast else ""))
        parts.append(text.count(len(run.statements), "statement"))
        parts.append(text.count(notices, "notice"))
    if run.started:
        parts.append(f"started {text.clock(run.started)}")
    return MigrationView(
        id=row_id("migration", run.version),
        title=f"{text.line(run.version, 40)} {text.line(run.name, 120)}".strip(),
        file=text.line(run.file, 300),
        status=status(_OUTCOMES.get(run.outcome, run.outcome)),
        summary=", ".join(parts),
        axis=f"0 to {text.duration(length)}",
        statements=tuple(_statement(s, origin, length) for s in statements),
        left_out=left_out,
        error=_error(run.error) if run.error else None,
        notes=tuple(text.line(n) for n in run.notes),
    )


def _shown(found: tuple[StatementRun, ...], limit: int) -> tuple[tuple[StatementRun, ...], str]:
    """The statements worth a row: all of a short file, else those that took longest or spoke."""
    if len(found) <= limit:
        return found, ""

    def weight(n: int) -> tuple[bool, int]:
        return bool(found[n].notices), found[n].duration_ns

    chosen = set(sorted(range(len(found)), key=weight, reverse=True)[:limit])
    rest = sum(s.duration_ns for n, s in enumerate(found) if n not in chosen)
    said = (
        f"{len(found):,} statements; shown are the {len(chosen)} that sent notices or took longest."
        f" The others took {text.duration(rest)} together; all stand in evidence.json."
    )
    return tuple(found[n] for n in sorted(chosen)), said


def _statement(run: StatementRun, origin: int, axis: int) -> StatementRow:
    start, took = text.duration(run.start_ns - origin), text.duration(run.duration_ns)
    notices = [f"{text.line(n.severity, 20)}: {text.line(n.message)}" for n in run.notices]
    left = len(notices) - SHOWN_NOTICES
    if left > 0:
        notices[SHOWN_NOTICES:] = [f"and {left:,} more"]
    return StatementRow(
        line=run.line,
        text=_shortened(run.text),
        tag=text.line(run.tag, 60),
        rows="" if run.rows is None else f"{run.rows:,}",
        took=took,
        predicted=_predicted(run.predicted_ns),
        bar=bar(run.start_ns - origin, run.duration_ns, axis),
        label=f"starts at {start}, takes {took}",
        notices=tuple(notices),
        rewritten=tuple(text.line(r, 120) for r in run.rewritten),
    )


def _predicted(nanoseconds: int | None) -> str:
    """What the rehearsal on all rows took for the same thing; empty where there was none."""
    return "" if nanoseconds is None else f"predicted {text.duration(nanoseconds)}"


def _shortened(sql: str) -> str:
    """A statement on one line; what is cut stands in the file, at the line beside it."""
    words = " ".join(sql[: 4 * SHOWN_TEXT].split())
    return text.line(words if len(words) <= SHOWN_TEXT else f"{words[:SHOWN_TEXT].rstrip()} …")


def _locks(runs: tuple[MigrationRun, ...]) -> tuple[tuple[LockRow, ...], str, str]:
    first: dict[tuple[str, str], Lock] = {}
    for lock in (k for m in runs for s in m.statements for k in s.locks):
        key = (lock.relation, lock.mode)
        if key not in first or lock.at_ns < first[key].at_ns:
            first[key] = lock
    order = list(_BLOCKS)
    found = sorted(
        first.values(),
        key=lambda k: (
            order.index(_mode(k)) if _mode(k) in order else len(order),
            -k.held_ns,
            k.relation,
        ),
    )
    axis = max((k.at_ns + k.held_ns for k in found), default=0)
    left = len(found) - SHOWN_LOCKS
    said = f"and {left:,} weaker or shorter ones, in evidence.json" if left > 0 else ""
    rows = tuple(_lock(k, axis) for k in found[:SHOWN_LOCKS])
    return rows, f"0 to {text.duration(axis)}", said


def _mode(lock: Lock) -> str:
    return lock.mode.removesuffix("Lock")


def _lock(lock: Lock, axis: int) -> LockRow:
    mode = _mode(lock)
    return LockRow(
        relation=text.line(lock.relation, 140),
        mode=text.line(mode, 40),
        blocks=_BLOCKS.get(mode, "see the PostgreSQL manual"),
        since=text.duration(lock.at_ns),
        held=text.duration(lock.held_ns),
        predicted=_predicted(lock.predicted_ns),
        bar=bar(lock.at_ns, lock.held_ns, axis),
        strong=mode == "AccessExclusive",
    )


def _error(error: SqlError) -> SqlErrorView:
    source = text.block(error.source_line, 400).replace("\t", " ")
    if error.column and error.column <= len(source) + 1:
        source += "\n" + " " * (error.column - 1) + "^"
    place = f"{text.line(error.file, 300)}:{error.line}" if error.file else ""
    state = f" (SQLSTATE {text.line(error.sqlstate, 10)})" if error.sqlstate else ""
    more = (("Detail", error.detail), ("Hint", error.hint), ("Context", error.context))
    return SqlErrorView(
        message=text.block(error.message, 2_000) + state,
        place=place,
        source=source,
        more=tuple((label, text.block(value, 2_000)) for label, value in more if value),
    )
