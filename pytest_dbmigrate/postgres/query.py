"""Statements → answers, over libpq's extended protocol, one alone or many in flight.

The extended protocol refuses a piece that holds more than one statement (42601). Values arrive as
the server's text, as psql shows them. A result is read row by row and stopped at its limits with a
cancel request, so that ten million rows neither fill memory nor take minutes.
"""

from __future__ import annotations

import select
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import Error, OperationalError, pq

from pytest_dbmigrate.spec.expectations import Column, Failure, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection
    from psycopg.pq.abc import PGconn, PGresult

ROWS_KEPT = 1_000
ROWS_COUNTED = 10_000
BYTES_KEPT = 4 * 1024 * 1024
WAIT_SECONDS = 0.25
GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """One statement and how much of its result matters.

    `rows` is how many rows must be counted before the verdict can be certain.
    """

    sql: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the statement, and in what, the server says an error lies.

    `offset` is in characters from 0, -1 when the server gives none. Inside a function or block it
    is `inner_offset` in `inner`, the text that was being run.
    """

    offset: int
    detail: str
    hint: str
    context: str
    inner: str = ""
    inner_offset: int = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the result or the failure, the command tag, when, and how long it took.

    `started_ns` is on time.monotonic_ns()'s clock. In a pipeline a statement starts when the one
    before it has ended. `affected` is the number in the command tag, None where it has none.
    """

    outcome: Result | Failure
    tag: str
    affected: int | None
    at: datetime
    started_ns: int
    duration_ns: int
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, and what to do meanwhile.

    At `deadline_ns` (on time.monotonic_ns()'s clock, 0: never) the statement is cancelled, and the
    failure says `limit`, which names what was exceeded; a server that does not even answer that
    within `grace` seconds is given up. As long as nothing comes, every WAIT_SECONDS `on_wait` is
    called, and `hurry` is asked whether to cancel at once.
    """

    deadline_ns: int = 0
    limit: str = ""
    on_wait: Callable[[], None] | None = None
    hurry: Callable[[], bool] | None = None
    grace: float = GRACE_SECONDS


WITHOUT_END = Patience()


class ConnectionLostError(Exception):
    """The connection broke; what the server made of the last statement is not known here."""


def ask(conn: Connection[object], question: Question, patience: Patience = WITHOUT_END) -> Answer:
    """Send one statement alone and read its answer. Raises ConnectionLostError."""
    return ask_all(conn, (question,), patience)[0]


def run(conn: Connection[object], sql: str) -> Answer:
    """Send one statement of our own; raises StatementFailedError when the server refuses it."""
    answer = ask(conn, Question(sql))
    if isinstance(answer.outcome, Failure):
        raise StatementFailedError(sql, answer.outcome)
    return answer


class StatementFailedError(Exception):
    """A statement of our own that the server refused."""

    def __init__(self, sql: str, failure: Failure) -> None:
        """Keep the failure; the message names the statement."""
        super().__init__(f"{failure.message} ({failure.sqlstate}) in: {sql}")
        self.failure = failure


def value(conn: Connection[object], sql: str) -> str | None:
    """The first column of the first row of a statement of our own, None when there is none."""
    outcome = run(conn, sql).outcome
    rows = outcome.rows if isinstance(outcome, Result) else ()
    return rows[0][0] if rows and rows[0] else None


def ask_all(
    conn: Connection[object], questions: Sequence[Question], patience: Patience = WITHOUT_END
) -> list[Answer]:
    """Send statements in one pipeline and read the answers in order.

    The list ends early, at the first failure or the first result stopped at its limits: whether
    what follows it was executed is not known, so only queries belong behind one. Raises
    ConnectionLostError.
    """
    pgconn = conn.pgconn
    pipelined = len(questions) > 1
    answers: list[Answer] = []
    try:
        if pipelined:
            pgconn.enter_pipeline_mode()
        started = time.monotonic_ns()
        for question in questions:
            pgconn.send_query_params(question.sql.encode(), None, result_format=pq.Format.TEXT)
            if pipelined:
                # Else the server keeps its answers until its buffer is full, and the time of a
                # slow statement would be told as another one's.
                pgconn.send_flush_request()
        if pipelined:
            pgconn.pipeline_sync()
        for question in questions:
            answer = _read(_Wait(conn, patience), question, started)
            answers.append(answer)
            started = answer.started_ns + answer.duration_ns
            if isinstance(answer.outcome, Failure) or not answer.outcome.complete:
                break
        if pipelined:
            _drain(_Wait(conn, patience))
            pgconn.exit_pipeline_mode()
    except OperationalError as error:
        raise ConnectionLostError(str(error).strip()) from None
    return answers


@dataclass(slots=True)
class _Wait:
    """The wait for what one statement brings; `cancelled` says why we cancelled it."""

    conn: Connection[object]
    patience: Patience
    cancelled: str = ""
    _given_up_ns: int = 0

    def next_result(self) -> PGresult | None:
        """The next result of libpq, waiting so that a signal's handler runs at once."""
        pgconn = self.conn.pgconn
        fd = pgconn.socket
        while (unsent := pgconn.flush()) or pgconn.is_busy():
            ready = select.select([fd], [fd] if unsent else [], [], WAIT_SECONDS)
            if ready[0]:
                pgconn.consume_input()
            elif not ready[1] and self.patience.on_wait is not None:
                self.patience.on_wait()
            self._lose_patience()
        return pgconn.get_result()

    def cancel(self, why: str) -> None:
        """Ask the server to cancel; one that cannot even be asked is given up in time."""
        self.cancelled = why
        self._given_up_ns = time.monotonic_ns() + round(self.patience.grace * 1e9)
        cancel(self.conn, self.patience.grace)

    def _lose_patience(self) -> None:
        now, patience = time.monotonic_ns(), self.patience
        if self._given_up_ns:
            if now > self._given_up_ns:
                raise OperationalError("the server does not answer, not even a request to cancel")
        elif patience.deadline_ns and now > patience.deadline_ns:
            self.cancel(patience.limit or "it took too long")
        elif patience.hurry is not None and patience.hurry():
            self.cancel("interrupted")


def cancel(conn: Connection[object], seconds: float) -> None:
    """Ask the server to cancel what the connection runs, and wait so long for it to hear."""
    with suppress(Error):
        conn.cancel_safe(timeout=seconds)


def _read(wait: _Wait, question: Question, started_ns: int) -> Answer:
    """The answer of the next statement in flight."""
    pgconn = wait.conn.pgconn
    pgconn.set_single_row_mode()
    rows_limit = max(ROWS_COUNTED, question.rows)
    columns: tuple[Column, ...] = ()
    rows: list[tuple[str | None, ...]] = []
    count = size = 0
    complete = True
    last: PGresult | None = None
    while (result := wait.next_result()) is not None:
        if result.status in {
            pq.ExecStatus.COPY_IN,
            pq.ExecStatus.COPY_OUT,
            pq.ExecStatus.COPY_BOTH,
        }:
            raise ConnectionLostError("COPY to or from the client was sent: there is no file here")
        if result.status == pq.ExecStatus.SINGLE_TUPLE:
            columns = columns or _columns(result)
            count += 1
            if complete and (count > rows_limit or size > BYTES_KEPT):
                complete = False
                cancel(wait.conn, wait.patience.grace)
            if complete and len(rows) < max(ROWS_KEPT, question.rows):
                row = _row(result)
                size += sum(len(v) for v in row if v is not None)
                rows.append(row)
        else:
            last = result
            if result.status == pq.ExecStatus.TUPLES_OK:
                columns = columns or _columns(result)
    ended = time.monotonic_ns()
    if last is None or pgconn.status == pq.ConnStatus.BAD:
        raise ConnectionLostError(_text(pgconn.error_message).strip() or "the connection ended")
    outcome: Result | Failure
    position = None
    if last.status == pq.ExecStatus.FATAL_ERROR and complete:
        outcome, position = _failure(pgconn, last, wait.cancelled)
    else:
        outcome = Result(columns, tuple(rows), count, complete)
    return Answer(
        outcome=outcome,
        tag=_text(last.command_status),
        affected=last.command_tuples,
        at=datetime.now(UTC),
        started_ns=started_ns,
        duration_ns=ended - started_ns,
        position=position,
    )


def _drain(wait: _Wait) -> None:
    """Read up to the pipeline's sync point."""
    while True:
        result = wait.next_result()
        if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
            return


def _columns(result: PGresult) -> tuple[Column, ...]:
    return tuple(Column(_text(result.fname(i)), result.ftype(i)) for i in range(result.nfields))


def _row(result: PGresult) -> tuple[str | None, ...]:
    values = (result.get_value(0, i) for i in range(result.nfields))
    return tuple(None if v is None else v.decode("utf-8", "replace") for v in values)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def _failure(pgconn: PGconn, result: PGresult, cancelled: str) -> tuple[Failure, Position]:
    def part(field: pq.DiagnosticField) -> str:
        return _text(result.error_field(field))

    message = part(pq.DiagnosticField.MESSAGE_PRIMARY) or _text(pgconn.error_message).strip()
    if cancelled:
        message = f"{message}: {cancelled}"
    offset = int(part(pq.DiagnosticField.STATEMENT_POSITION) or 0) - 1
    return Failure(part(pq.DiagnosticField.SQLSTATE), message), Position(
        offset,
        part(pq.DiagnosticField.MESSAGE_DETAIL),
        part(pq.DiagnosticField.MESSAGE_HINT),
        part(pq.DiagnosticField.CONTEXT),
        part(pq.DiagnosticField.INTERNAL_QUERY),
        int(part(pq.DiagnosticField.INTERNAL_POSITION) or 0) - 1,
    )
