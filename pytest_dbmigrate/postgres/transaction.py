"""The held transaction: begin within limits, force late constraints, commit, know its fate.

Nothing is set for the session, only for the transaction: through a transaction pooler session
settings would reach the application.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from psycopg import pq, sql

from pytest_dbmigrate.postgres.query import (
    Answer,
    ConnectionLostError,
    Question,
    StatementFailedError,
    ask,
    run,
    value,
)
from pytest_dbmigrate.spec.expectations import Failure, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

# One gate at a time in a database: the key is ours ("dbmg" in ASCII), the second key its purpose.
LOCK_KEYS = (0x64626D67, 1)
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the transaction may wait and last, in milliseconds; 0 means no limit of ours.

    `hold` is from BEGIN to COMMIT. A run that could not get a lock, or met a deadlock, is tried
    again up to `retries` times, after `retry_pause`, then twice that, and so on.
    """

    lock: int = 2_000
    statement: int = 60_000
    idle: int = 60_000
    hold: int = 300_000
    check_connection: int = 1_000
    retries: int = 3
    retry_pause: int = 1_000


@dataclass(frozen=True, slots=True)
class Intent:
    """What identifies a COMMIT afterwards, whatever happens to the connection."""

    xid: str
    system_identifier: str
    timeline: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of the transaction, and why it is believed."""

    state: Literal["committed", "unchanged", "unknown"]
    why: str = ""
    interrupted: bool = False


class RefusedError(Exception):
    """The gate does not start: nothing was written."""


def begin(conn: Connection[object], limits: Limits) -> None:
    """Begin, set the limits for this transaction, and take the gate's lock.

    Raises RefusedError when another gate holds the lock, naming it.
    """
    # The first statement, since a role's or database's defaults may say otherwise.
    run(conn, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    for name, milliseconds in (
        ("lock_timeout", limits.lock),
        ("statement_timeout", limits.statement),
        ("idle_in_transaction_session_timeout", limits.idle),
        # Files are split as this mode reads them.
        ("standard_conforming_strings", "on"),
    ):
        run(conn, f"SET LOCAL {name} = {milliseconds}")
    if conn.info.server_version >= 140000 and limits.check_connection:
        # Without it a killed client keeps its locks until its statement ends.
        # https://www.postgresql.org/docs/current/runtime-config-connection.html
        with savepoint(conn, "dbmigrate_setting") as undo:
            setting = f"SET LOCAL client_connection_check_interval = {limits.check_connection}"
            undo(isinstance(ask(conn, Question(setting)).outcome, Failure))
    if value(conn, f"SELECT pg_try_advisory_xact_lock({LOCK_KEYS[0]}, {LOCK_KEYS[1]})") != "t":
        holder = value(conn, _HOLDER) or "its session cannot be seen by this role"
        raise RefusedError(f"another gate is at work on this database: {holder}")


_HOLDER = f"""
SELECT format('pid %s, role %s, application %s, since %s',
              a.pid, a.usename, a.application_name, a.xact_start)
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted
   AND (l.classid, l.objid) = ({LOCK_KEYS[0]}, {LOCK_KEYS[1]})
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608  (the two numbers are our own constants)


@contextmanager
def savepoint(conn: Connection[object], name: str) -> Iterator[Callable[[bool], None]]:
    """A savepoint that is always released; call what it yields with True to roll back to it."""
    run(conn, f"SAVEPOINT {name}")
    undo = False

    def decide(roll_back: bool) -> None:  # noqa: FBT001  (the whole interface is one yes or no)
        nonlocal undo
        undo = roll_back

    yield decide
    if undo or conn.info.transaction_status == pq.TransactionStatus.INERROR:
        run(conn, f"ROLLBACK TO SAVEPOINT {name}")
    run(conn, f"RELEASE SAVEPOINT {name}")


def in_transaction(conn: Connection[object]) -> bool:
    """Whether the connection is in a transaction block that can still go on."""
    return conn.info.transaction_status == pq.TransactionStatus.INTRANS


_DEFERRED = """
SELECT format('%I.%I', n.nspname, c.conname)
  FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
 WHERE c.condeferrable AND c.condeferred
UNION
SELECT format('%I.%I', n.nspname, t.tgname)
  FROM pg_trigger t
  JOIN pg_class r ON r.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE t.tgdeferrable AND t.tginitdeferred AND t.tgconstraint <> 0
   AND NOT t.tgisinternal
"""


def force_constraints(conn: Connection[object], *, last: bool) -> Answer:
    """Let deferred constraints and constraint triggers strike now instead of at COMMIT.

    Unless it is the `last` time, those that are initially deferred are deferred again by name
    (`SET CONSTRAINTS` has no word for "as they were").
    """
    answer = ask(conn, Question("SET CONSTRAINTS ALL IMMEDIATE"))
    if not last and isinstance(answer.outcome, Result):
        names = run(conn, _DEFERRED).outcome
        deferred = (
            sorted({row[0] for row in names.rows if row[0]}) if isinstance(names, Result) else []
        )
        if deferred:
            run(conn, f"SET CONSTRAINTS {', '.join(deferred)} DEFERRED")
    return answer


_SETTINGS = """
SELECT name, setting FROM pg_settings
 WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout',
                'transaction_timeout', 'client_connection_check_interval',
                'session_replication_role', 'search_path', 'row_security', 'check_function_bodies',
                'default_tablespace', 'default_table_access_method', 'standard_conforming_strings',
                'TimeZone', 'DateStyle', 'IntervalStyle', 'client_min_messages', 'client_encoding')
UNION ALL SELECT 'role', current_user::text
"""


def settings(conn: Connection[object]) -> dict[str, str]:
    """The settings (and the role) that a migration must not leave changed for the next one."""
    outcome = run(conn, _SETTINGS).outcome
    rows = outcome.rows if isinstance(outcome, Result) else ()
    return {name or "": setting or "" for name, setting in rows}


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting (or the role) that a migration left changed, and what it was set back to."""

    name: str
    left: str
    restored: str

    @property
    def forbidden(self) -> bool:
        """Whether the migration ran under other rules than the gate's: the limits, or triggers."""
        return self.name in _THE_GATES

    def __str__(self) -> str:
        """Render as a sentence."""
        return f"{self.name} was left at {self.left!r}; set back to {self.restored!r}"


_THE_GATES = frozenset(
    {
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "transaction_timeout",
        "client_connection_check_interval",
        "session_replication_role",
    }
)


def restore_settings(
    conn: Connection[object], wanted: dict[str, str]
) -> tuple[ChangedSetting, ...]:
    """Set back what differs from `wanted`, and return it."""
    now = settings(conn)
    changed = []
    for name, setting in wanted.items():
        if now.get(name) == setting:
            continue
        changed.append(ChangedSetting(name, now.get(name, ""), setting))
        if name == "role":
            run(conn, sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(setting)).as_string())
        else:
            run(
                conn, f"SELECT pg_catalog.set_config({sql.quote(name)}, {sql.quote(setting)}, true)"
            )
    return tuple(changed)


def intent(conn: Connection[object]) -> Intent:
    """Identify this transaction for afterwards; the server assigns it an id if it has none."""
    xid = value(conn, "SELECT pg_current_xact_id()::text") or ""
    return Intent(xid, *_identity(conn))


def _identity(conn: Connection[object]) -> tuple[str, str]:
    """System identifier and timeline, empty where the role may not see them."""
    with savepoint(conn, "dbmigrate_identity"):
        answer = ask(
            conn,
            Question(
                "SELECT system_identifier::text, timeline_id::text"
                " FROM pg_control_system(), pg_control_checkpoint()"
            ),
        )
    outcome = answer.outcome
    if isinstance(outcome, Failure) or not outcome.rows:
        return "", ""
    system, timeline = outcome.rows[0]
    return system or "", timeline or ""


def rollback(conn: Connection[object]) -> Ending:
    """Roll back. A connection that is gone was rolled back by the server: it never saw a COMMIT."""
    try:
        if conn.info.transaction_status == pq.TransactionStatus.ACTIVE:
            # A statement was interrupted half-way; the server rolls back when the session ends.
            conn.close()
        elif not conn.closed and conn.info.transaction_status != pq.TransactionStatus.IDLE:
            run(conn, "ROLLBACK")
    except (ConnectionLostError, StatementFailedError):
        conn.close()
    return Ending("unchanged")


def commit(
    conn: Connection[object], what: Intent, reconnect: Callable[[], Connection[object]]
) -> Ending:
    """COMMIT, and be sure of it: any doubt is settled by asking the server about the transaction.

    A failed COMMIT (a deferred constraint, a serialization failure) is `unchanged`; one whose
    answer never came is looked up by its transaction id on a new connection, `unknown` when that
    server cannot tell. Ctrl-C in the middle is looked up as well and marked on the ending.
    """
    warnings: list[str] = []

    def remember(diagnostic: object) -> None:
        warnings.append(getattr(diagnostic, "message_primary", "") or "")

    conn.add_notice_handler(remember)
    try:
        answer = ask(conn, Question("COMMIT"))
    except ConnectionLostError as lost:
        return resolve(what, reconnect, f"the connection was lost during COMMIT: {lost}")
    except KeyboardInterrupt:
        conn.close()
        ending = resolve(what, reconnect, "interrupted during COMMIT")
        return replace(ending, interrupted=True)
    if isinstance(answer.outcome, Failure):
        return Ending("unchanged", f"failed at COMMIT: {answer.outcome.message}")
    if answer.tag != "COMMIT":
        return Ending("unchanged", f"the server answered {answer.tag} to COMMIT")
    # "canceling wait for synchronous replication": committed here, perhaps not on the standby.
    doubts = [w for w in warnings if "synchronous replication" in w]
    return Ending("committed", "; ".join(doubts))


def resolve(
    what: Intent,
    reconnect: Callable[[], Connection[object]],
    why: str,
    patience: float = 30.0,
) -> Ending:
    """Ask the server what became of a transaction; polls up to `patience` seconds while it runs."""
    deadline = time.monotonic() + patience
    while True:
        status, doubt = _status(what, reconnect)
        if status == "committed":
            return Ending("committed", f"{why}; the server says: committed")
        if status == "aborted":
            return Ending("unchanged", f"{why}; the server says: aborted")
        if time.monotonic() >= deadline:
            return Ending("unknown", f"{why}; {doubt}")
        time.sleep(_POLL_SECONDS)


def _status(what: Intent, reconnect: Callable[[], Connection[object]]) -> tuple[str, str]:
    """pg_xact_status of the transaction, and what stands against believing it."""
    try:
        conn = reconnect()
    except Exception as error:  # noqa: BLE001  (whatever keeps us from asking is the same: unknown)
        return "", f"the server could not be asked: {error}"
    try:
        run(conn, "BEGIN READ ONLY")
        here = _identity(conn)
        if here != (what.system_identifier, what.timeline):
            return "", "another server or timeline answers now"
        if not what.system_identifier:
            return (
                "",
                "the role may not see pg_control_system(), so the server cannot be recognised",
            )
        status = value(conn, f"SELECT pg_xact_status({sql.quote(what.xid)}::xid8)")
    except (ConnectionLostError, StatementFailedError) as error:
        return "", f"the server could not be asked: {error}"
    else:
        return status or "", f"the server says: {status or 'too old to tell'}"
    finally:
        conn.close()
