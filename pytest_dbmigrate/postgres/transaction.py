"""The held transaction: begin within limits, let late constraints strike, hold tables still.

Nothing is set for the session, only for the transaction: through a transaction pooler session
settings would reach the application. How it ends stands in ending.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import pq

from pytest_dbmigrate.postgres.query import Answer, Question, ask, run, value
from pytest_dbmigrate.spec.expectations import Failure, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg import Connection

# One gate at a time in a database: the key is ours ("dbmg" in ASCII), the second key its purpose.
LOCK_KEYS = (0x64626D67, 1)
# The server's own limit on the held transaction comes after ours, which can say what it was.
_SERVERS_PATIENCE = 5_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the run may wait and last, in milliseconds; 0 means no limit of ours.

    `lock`, `statement` and `idle` are the server's own for one statement; `hold` is from the first
    statement that may take a strong lock to COMMIT, `total` from the run's first step to COMMIT.
    `outside` is for one statement outside the transaction. A run that could not get a lock, or met
    a deadlock, is tried again up to `retries` times, after `retry_pause`, then twice that, and so
    on.
    """

    lock: int = 2_000
    statement: int = 60_000
    idle: int = 60_000
    hold: int = 300_000
    total: int = 1_800_000
    outside: int = 3_600_000
    check_connection: int = 1_000
    retries: int = 3
    retry_pause: int = 1_000


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


def backend_pid(conn: Connection[object]) -> int:
    """The process that serves this transaction; behind a pooler the connection's own is another."""
    return int(value(conn, "SELECT pg_backend_pid()") or 0)


def limit_hold(conn: Connection[object], limits: Limits) -> None:
    """Let the server end the transaction too, should we not come to do it (PostgreSQL 17)."""
    if limits.hold and conn.info.server_version >= 170000:
        run(conn, f"SET LOCAL transaction_timeout = {limits.hold + _SERVERS_PATIENCE}")


def hold_still(conn: Connection[object], tables: Sequence[str]) -> None:
    """Let nobody write to these tables until the transaction ends: SHARE lets others read.

    Raises StatementFailedError when one is not there or the lock cannot be had.
    """
    if tables:
        names = ", ".join(tables)
        run(conn, f"LOCK TABLE {names} IN SHARE MODE")


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
