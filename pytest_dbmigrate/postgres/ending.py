"""How the held transaction ends: ROLLBACK, COMMIT, and what became of a COMMIT without an answer.

The transaction is identified before it takes its first lock, so that the server can be asked about
it afterwards, whatever happens to the connection.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from psycopg import pq, sql

from pytest_dbmigrate.postgres.query import (
    WITHOUT_END,
    Answer,
    ConnectionLostError,
    Patience,
    Question,
    StatementFailedError,
    ask,
    cancel,
    run,
    value,
)
from pytest_dbmigrate.postgres.transaction import savepoint
from pytest_dbmigrate.spec.expectations import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

_POLL_SECONDS = 0.2
# How long a transaction whose client is gone may go on before we end its backend.
_ORPHAN_SECONDS = 2
_LASTING_SECONDS = 2
_CANCEL_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Intent:
    """What identifies a transaction afterwards; empty where the server would not say.

    `lasting`: a crash of the server cannot hand the id to another transaction.
    """

    xid: str
    system_identifier: str
    timeline: str
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of the transaction, and why it is believed.

    `interrupted` is what arrived during COMMIT (Ctrl-C, a timeout) and is to be raised again.
    """

    state: Literal["committed", "unchanged", "unknown"]
    why: str = ""
    interrupted: BaseException | None = None


def identify(conn: Connection[object], observer: Connection[object] | None = None) -> Intent:
    """Identify the transaction that `conn` is in; the server gives it an id if it has none.

    With an `observer`, another connection to the same database, the id is made lasting: an id that
    no record on disk bears is given once more after a crash of the server, and pg_xact_status would
    then answer for a stranger.
    """
    xid = value(conn, "SELECT pg_current_xact_id()::text") or ""
    server = _identity(conn)
    lasting = observer is not None and _make_lasting(conn, observer)
    return Intent(xid, server.system, server.timeline, lasting=lasting)


def _make_lasting(conn: Connection[object], observer: Connection[object]) -> bool:
    """Write one record with the transaction's id, and wait until it is on disk.

    The record says nothing (a logical decoding plugin may see an empty message); it is flushed when
    the observer's own empty transaction makes the WAL writer do so.
    """
    with savepoint(conn, "dbmigrate_lasting") as undo:
        record = "SELECT pg_logical_emit_message(true, 'pytest-dbmigrate', '')::text"
        outcome = ask(conn, Question(record)).outcome
        undo(isinstance(outcome, Failure))
    if isinstance(outcome, Failure):
        return False
    reached = f"SELECT pg_current_wal_flush_lsn() >= {sql.quote(outcome.rows[0][0])}::pg_lsn"
    deadline = time.monotonic() + _LASTING_SECONDS
    try:
        run(observer, "SELECT pg_current_xact_id()")
        while value(observer, reached) != "t":
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
    except (ConnectionLostError, StatementFailedError):
        return False
    return True


class _Server(NamedTuple):
    """Which server and history answers; empty where the role may not see it."""

    system: str = ""
    timeline: str = ""
    standby: bool = False


# The timeline of what is written now; the control file's is that of the last checkpoint.
_IDENTITY = """
SELECT s.system_identifier::text,
       CASE WHEN pg_is_in_recovery() THEN c.timeline_id
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
       END::text,
       pg_is_in_recovery()::text
  FROM pg_control_system() AS s, pg_control_checkpoint() AS c
"""


def _identity(conn: Connection[object]) -> _Server:
    with savepoint(conn, "dbmigrate_identity") as undo:
        outcome = ask(conn, Question(_IDENTITY)).outcome
        undo(isinstance(outcome, Failure))
    if isinstance(outcome, Failure) or not outcome.rows:
        return _Server()
    system, timeline, standby = outcome.rows[0]
    return _Server(system or "", timeline or "", standby == "true")


def rollback(conn: Connection[object]) -> Ending:
    """Roll back. A connection that is gone was rolled back by the server: it never saw a COMMIT."""
    try:
        if conn.info.transaction_status == pq.TransactionStatus.ACTIVE:
            # A statement was interrupted half-way: the server shall not go on with it.
            cancel(conn, _CANCEL_SECONDS)
            conn.close()
        elif not conn.closed and conn.info.transaction_status != pq.TransactionStatus.IDLE:
            run(conn, "ROLLBACK")
    except (ConnectionLostError, StatementFailedError):
        conn.close()
    return Ending("unchanged")


def make_durable(conn: Connection[object]) -> None:
    """Let COMMIT wait until it is on disk, whatever role and database say.

    What is reported as committed must outlive a crash of the server one moment later.
    """
    run(
        conn,
        "SELECT set_config('synchronous_commit', 'local', true)"
        " WHERE current_setting('synchronous_commit') = 'off'",
    )


def commit(
    conn: Connection[object],
    what: Intent,
    reconnect: Callable[[], Connection[object]],
    patience: Patience = WITHOUT_END,
    interrupts: Callable[[], int] = lambda: 0,
) -> Ending:
    """COMMIT, and be sure of it: any doubt is settled by asking the server about the transaction.

    A COMMIT that fails (a constraint that strikes late, a temporary table's ON COMMIT) is
    `unchanged`; one whose answer never came is looked up by its id on a new connection, `unknown`
    when that server cannot tell. `interrupts` counts the signals so far: the first one cancels a
    COMMIT that waits (for a standby that does not answer), the next one ends the questions.
    """
    warnings: list[str] = []

    def remember(diagnostic: object) -> None:
        warnings.append(getattr(diagnostic, "message_primary", "") or "")

    conn.add_notice_handler(remember)
    error: BaseException | None = None
    try:
        patience = replace(patience, hurry=lambda: interrupts() > 0)
        ending = _judge(ask(conn, Question("COMMIT"), patience), warnings)
    except ConnectionLostError as lost:
        why = f"the connection was lost during COMMIT: {lost}"
        ending = resolve(what, reconnect, why, orphan=True, interrupts=interrupts)
    except BaseException as raised:  # noqa: BLE001  (raised again by whoever reads the ending)
        conn.close()
        why = f"interrupted during COMMIT ({type(raised).__name__})"
        ending = resolve(what, reconnect, why, orphan=True, interrupts=interrupts)
        error = raised
    if error is None and interrupts():
        error = KeyboardInterrupt()
    return replace(ending, interrupted=error)


def _judge(answer: Answer, warnings: list[str]) -> Ending:
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
    *,
    patience: float = 30.0,
    orphan: bool = False,
    interrupts: Callable[[], int] = lambda: 0,
) -> Ending:
    """Ask the server what became of a transaction; polls up to `patience` seconds while it runs.

    With `orphan` the transaction was this process's own and its connection is gone: a backend that
    still holds it open (nobody told the server, or it waits for a standby) is ended. A signal that
    arrives meanwhile (`interrupts` counts them) ends the questions.
    """
    began, heard = time.monotonic(), interrupts()
    while True:
        waited = time.monotonic() - began
        status, doubt = _status(what, reconnect, end=orphan and waited > _ORPHAN_SECONDS)
        if status == "committed":
            return Ending("committed", f"{why}; the server says: committed")
        if status == "aborted":
            return Ending("unchanged", f"{why}; the server says: aborted")
        if interrupts() > heard:
            return Ending("unknown", f"{why}; interrupted while the server was asked; {doubt}")
        if waited >= patience:
            return Ending("unknown", f"{why}; {doubt}")
        time.sleep(_POLL_SECONDS)


def _status(
    what: Intent, reconnect: Callable[[], Connection[object]], *, end: bool
) -> tuple[str, str]:
    """pg_xact_status of the transaction, and what stands against believing it."""
    if not what.system_identifier:
        return "", "the role may not see pg_control_system(), so the server cannot be recognised"
    try:
        conn = reconnect()
    except Exception as error:  # noqa: BLE001  (whatever keeps us from asking is the same: unknown)
        return "", f"the server could not be asked: {error}"
    try:
        run(conn, "BEGIN READ ONLY")
        here = _identity(conn)
        if (here.system, here.timeline) != (what.system_identifier, what.timeline):
            return "", "another server or timeline answers now"
        if here.standby:
            return "", "a standby answers now, which may not have heard of it yet"
        status = value(conn, f"SELECT pg_xact_status({sql.quote(what.xid)}::xid8)")
        if status == "in progress" and end:
            value(conn, _END_BACKEND.format(xid=sql.quote(what.xid)))
    except StatementFailedError as error:
        if error.failure.sqlstate == "22023":
            # "is in the future": no record of it has reached the disk, so neither has its COMMIT.
            return "aborted", ""
        return "", f"the server could not be asked: {error}"
    except ConnectionLostError as error:
        return "", f"the server could not be asked: {error}"
    else:
        if status == "committed" and not what.lasting:
            return "", "the server may have given its id to another transaction after a crash"
        return status or "", f"the server says: {status or 'too old to tell'}"
    finally:
        conn.close()


# Only the very backend that holds this transaction open.
_END_BACKEND = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = {xid}::xid8::xid
"""
