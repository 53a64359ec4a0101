"""One script, statement by statement: time, command tag, rows, notices, an error's place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import OperationalError, pq

from pytest_dbmigrate.postgres.query import (
    WITHOUT_END,
    Answer,
    ConnectionLostError,
    Patience,
    Question,
    ask,
)
from pytest_dbmigrate.postgres.transaction import in_transaction
from pytest_dbmigrate.spec.expectations import Failure
from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection
    from psycopg.errors import Diagnostic

    from pytest_dbmigrate.postgres.query import Position
    from pytest_dbmigrate.spec.statements import Script, Statement

_STOPS = "multiple commands"
_STRINGS = (
    "standard_conforming_strings is off: backslashes would mean something else from here on, and "
    "the file was not split that way"
)


_UNFINISHED = "its answer never came"


@dataclass(frozen=True, slots=True)
class Notice:
    """A NOTICE or WARNING of the server's."""

    severity: str
    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A statement's error and its place: line and column from 1 in the file, 0 where unknown."""

    message: str
    sqlstate: str
    file: str
    line: int
    column: int
    source_line: str
    detail: str = ""
    hint: str = ""
    context: str = ""

    @property
    def place(self) -> str:
        """`file:line: message`, for one line."""
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement that was sent, and its answer."""

    statement: Statement
    answer: Answer
    notices: tuple[Notice, ...]


@dataclass(slots=True)
class Applied:
    """One script as it ran. `duration_ns` is the sum of its statements, our accounts left out."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: list[Sent] = field(default_factory=list)
    fault: Fault | None = None
    duration_ns: int = 0


def apply(
    conn: Connection[object],
    script: Script,
    statements: Sequence[Statement],
    *,
    before_each: Callable[[Statement], None] = lambda _: None,
    after_each: Callable[[Statement, Answer], None] = lambda _s, _a: None,
    held: bool = True,
    patience: Patience = WITHOUT_END,
    into: Applied | None = None,
) -> Applied:
    """Send each statement alone, in order, until one fails.

    With `held` a statement that ends the transaction is a fault, whatever the server answered.
    What was sent is kept in `into` as it happens, so that it survives an interruption; so does the
    statement that was running. Raises ConnectionLostError.
    """
    applied = into if into is not None else Applied()
    heard: list[Notice] = []

    def hear(diagnostic: Diagnostic) -> None:
        heard.append(
            Notice(
                diagnostic.severity_nonlocalized or diagnostic.severity or "",
                diagnostic.sqlstate or "",
                diagnostic.message_primary or "",
            )
        )

    conn.add_notice_handler(hear)
    try:
        for statement in statements:
            before_each(statement)
            try:
                answer = ask(conn, Question(statement.text), patience)
            except ConnectionLostError as lost:
                applied.fault = _at(script, statement, f"{_UNFINISHED}: {lost}")
                raise
            except BaseException:
                # Inside the transaction it is rolled back, and no fault of the migration's.
                if not held:
                    applied.fault = _at(script, statement, f"{_UNFINISHED}: interrupted")
                raise
            applied.sent.append(Sent(statement, answer, tuple(heard)))
            heard.clear()
            applied.duration_ns += answer.duration_ns
            if isinstance(answer.outcome, Failure):
                applied.fault = locate(script, statement, answer)
                break
            if held and not in_transaction(conn):
                applied.fault = _left(script, statement, answer)
                break
            # The server tells of each change of it; another mode would split the file otherwise.
            if conn.info.parameter_status("standard_conforming_strings") != "on":
                applied.fault = _at(script, statement, _STRINGS)
                break
            after_each(statement, answer)
    finally:
        conn.remove_notice_handler(hear)
    return applied


def preflight(
    conn: Connection[object], script: Script, statements: Sequence[Statement]
) -> Fault | None:
    """Ask the server's own parser whether each piece is one statement, before anything is executed.

    Only what says that the file was split wrongly, or that its text cannot be scanned, counts here;
    a missing table may well be created by an earlier statement.
    """
    for statement in statements:
        try:
            result = conn.pgconn.prepare(b"", statement.text.encode())
        except OperationalError as error:
            raise ConnectionLostError(str(error).strip()) from None
        if result.status != pq.ExecStatus.FATAL_ERROR:
            continue
        source = result.error_field(pq.DiagnosticField.SOURCE_FUNCTION) or b""
        message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
        if _STOPS in message or source == b"scanner_yyerror":
            offset = int(result.error_field(pq.DiagnosticField.STATEMENT_POSITION) or 0) - 1
            line, column = script.position(statement.start + max(offset, 0))
            return Fault(message, "42601", script.path, line, column, script.source_line(line))
    return None


def locate(script: Script, statement: Statement, answer: Answer) -> Fault:
    """A failed statement's error with its place in the file.

    The server counts characters from the statement's start, or from that of a text which a function
    or block was running.
    """
    failure, position = answer.outcome, answer.position
    if not isinstance(failure, Failure) or position is None:
        raise TypeError("only a failed statement has a place to look for")
    line, column = script.position(statement.start + _offset(statement.text, position))
    return Fault(
        message=failure.message,
        sqlstate=failure.sqlstate,
        file=script.path,
        line=line,
        column=column,
        source_line=script.source_line(line),
        detail=position.detail,
        hint=position.hint,
        context=position.context,
    )


def _offset(text: str, position: Position) -> int:
    """Where in a statement its error lies, 0 when only the statement is known.

    A DO block runs parts of its own text; its lines count from the quote that opens it. A function
    made elsewhere has its text elsewhere.
    """
    if position.offset >= 0:
        return position.offset
    innermost = position.context.partition("\n")[0]
    own = "inline_code_block" in innermost and position.inner
    if own and text.count(position.inner) == 1:
        return text.index(position.inner) + max(position.inner_offset, 0)
    number = re.search(r"inline_code_block \S+ (\d+)", position.context)
    body = next((token for token in tokens(text) if token.kind == "string"), None)
    if number is None or body is None:
        return 0
    lines = text[body.start :].split("\n")
    start = body.start + sum(len(line) + 1 for line in lines[: int(number[1]) - 1])
    return start + len(text[start:]) - len(text[start:].lstrip())


def _left(script: Script, statement: Statement, answer: Answer) -> Fault:
    message = f"the statement ended the gate's transaction (the server answered {answer.tag!r})"
    return _at(script, statement, message)


def _at(script: Script, statement: Statement, message: str) -> Fault:
    """What a statement did beside its SQL, as a fault of it."""
    return Fault(
        message=message,
        sqlstate="",
        file=script.path,
        line=statement.line,
        column=statement.column,
        source_line=script.source_line(statement.line),
    )
