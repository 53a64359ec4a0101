"""SQL tries: what users read and write, tried in turn without writing.

A try that waits keeps its connection, and the others go on over another one, up to MOST_LINES.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import Error, pq

from pytest_dbmigrate.postgres.target import connect
from pytest_dbmigrate.postgres.url import TargetError, parse_url
from pytest_dbmigrate.probes.tried import Tried

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

MOST_LINES = 5
PATIENCE_MS = 5_000
"""How long one try waits before it is a failed one."""

SLOW_NS = 250_000_000
"""What takes longer before anything is locked says nothing, and stands in the migrations' way."""

# Between two rounds: three times what the round took, so that the server has more to do than us,
# and not longer than somebody would notice.
_REST_NS, _LONGEST_REST_NS = 5_000_000, 50_000_000
_BUSY_NS = 20_000_000  # a try that waits so long no longer keeps the others from going on
_GONE = frozenset({"42P01", "3F000"})  # undefined_table, invalid_schema_name
_LASTS = b"42"  # syntax errors and missing rights do not go away by themselves


@dataclass(slots=True)
class _Line:
    """A connection and the try that it carries."""

    conn: Connection[Any]
    tried: Tried | None = None
    sent_ns: int = 0
    problem: str = ""
    lasts: bool = False


@dataclass(slots=True)
class SqlTries:
    """Statements that are tried in turn, each in a transaction that cannot write."""

    conninfo: str = field(repr=False)
    statements: dict[str, str]
    tried: dict[str, Tried] = field(default_factory=dict)
    _lines: list[_Line] = field(default_factory=list)
    _todo: list[str] = field(default_factory=list)
    _lasting: set[str] = field(default_factory=set)
    _round_ns: int = 0
    _rest_until_ns: int = 0

    def prepare(self) -> None:
        """Try each once while nothing is locked; leave out what fails or takes long."""
        line = self._open()
        for name, statement in self.statements.items():
            tried = self.tried[name] = Tried(name)
            began = time.monotonic_ns()
            result = line.conn.pgconn.exec_(_script(statement))
            if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
                tried.left_out = _words(result)
            elif time.monotonic_ns() - began > SLOW_NS:
                tried.left_out = "takes longer than 250 ms although nothing is locked"

    def sockets(self) -> list[int]:
        """Where answers come from."""
        return [line.conn.pgconn.socket for line in self._lines if line.tried is not None]

    def step(self) -> None:
        """Take in what has come, and begin what is due."""
        for line in list(self._lines):
            if line.tried is not None:
                self._receive(line)
        now = time.monotonic_ns()
        while now >= self._rest_until_ns:
            free = self._free(now)
            name = self._next(now) if free is not None else None
            if free is None or name is None:
                return
            self._send(free, self.tried[name], name)

    def failing(self) -> bool:
        """Whether something that may work again in a moment does not work now, or waits."""
        waiting = any(line.tried is not None and not line.tried.failing for line in self._lines)
        return waiting or any(
            t.failing and t.usable and name not in self._lasting for name, t in self.tried.items()
        )

    def close(self) -> None:
        """Close all connections; what still waits has failed."""
        for line in self._lines:
            if line.tried is not None:
                why = line.tried.failing or "still waiting for an answer"
                line.tried.end(time.monotonic_ns(), why)
            line.conn.close()

    def due_seconds(self) -> float:
        """How long there is nothing to begin, unless an answer comes."""
        if self.sockets():
            return _BUSY_NS / 1e9
        return max(0.0, (self._rest_until_ns - time.monotonic_ns()) / 1e9)

    def _next(self, now: int) -> str | None:
        """The next thing to try that is not waiting already."""
        if not self._todo:
            if self._round_ns:
                rest = max(_REST_NS, 3 * (now - self._round_ns))
                self._rest_until_ns = now + min(rest, _LONGEST_REST_NS)
                self._round_ns = 0
                return None
            self._round_ns = now
            self._todo = [n for n, t in self.tried.items() if t.usable]
        waiting = {line.tried.name for line in self._lines if line.tried is not None}
        while self._todo:
            name = self._todo.pop(0)
            if name not in waiting:
                return name
        return None

    def _free(self, now: int) -> _Line | None:
        """A connection without a try; one more where all others wait."""
        free = next((line for line in self._lines if line.tried is None), None)
        if free is not None:
            return free
        if any(now - line.sent_ns < _BUSY_NS for line in self._lines):
            return None
        if len(self._lines) >= MOST_LINES:
            return None
        try:
            return self._open()
        except TargetError as error:
            self._fail_all(str(error))
            return None

    def _open(self) -> _Line:
        conn = connect(
            parse_url(self.conninfo),
            application_name="pytest-dbmigrate: downtime",
            timeout=PATIENCE_MS // 1000,
            autocommit=True,
        )
        conn.pgconn.nonblocking = 0
        line = _Line(conn)
        self._lines.append(line)
        return line

    def _send(self, line: _Line, tried: Tried, name: str) -> None:
        line.tried, line.sent_ns, line.problem = tried, time.monotonic_ns(), ""
        tried.begin(line.sent_ns)
        try:
            line.conn.pgconn.send_query(_script(self.statements[name]))
        except Error as error:
            self._lose(line, str(error))

    def _receive(self, line: _Line) -> None:
        tried, pgconn = line.tried, line.conn.pgconn
        if tried is None:
            return
        try:
            pgconn.consume_input()
            if pgconn.is_busy():
                return
            # An answer may come in parts, and its last one says nothing of the others.
            while (result := pgconn.get_result()) is not None:
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    line.problem = _words(result)
                    state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
                    tried.gone = state.decode() in _GONE
                    line.lasts = state.startswith(_LASTS)
                if pgconn.is_busy():
                    return
        except Error as error:
            self._lose(line, str(error))
            return
        if pgconn.status == pq.ConnStatus.BAD:
            self._lose(line, line.problem or "the connection was lost")
            return
        line.tried = None
        tried.end(time.monotonic_ns(), line.problem)
        if line.problem and line.lasts:
            self._lasting.add(tried.name)
        else:
            self._lasting.discard(tried.name)

    def _lose(self, line: _Line, why: str) -> None:
        """A connection broke: what it carried has failed, and is tried again on another one."""
        tried, line.tried = line.tried, None
        self._lines.remove(line)
        line.conn.close()
        if tried is not None:
            tried.end(time.monotonic_ns(), " ".join(why.split()))

    def _fail_all(self, why: str) -> None:
        """Nobody can connect: everything fails."""
        now = time.monotonic_ns()
        for tried in self.tried.values():
            if tried.usable:
                tried.begin(now)
                tried.end(now, " ".join(why.split()))
        self._rest_until_ns = time.monotonic_ns() + 20 * _REST_NS


def _script(statement: str) -> bytes:
    """Several statements in one message are one transaction, and end it when one fails.

    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
    """
    return (
        "SET LOCAL transaction_read_only = on;"
        f"SET LOCAL statement_timeout = {PATIENCE_MS};{statement}"
    ).encode()


def _words(result: PGresult) -> str:
    message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"failed"
    return message.decode("utf-8", "replace")
