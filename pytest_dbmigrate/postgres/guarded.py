"""The held transaction lent to a Python test, which can neither write in it nor end it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_dbmigrate.postgres import ending
from pytest_dbmigrate.postgres.check_queries import READ_ONLY
from pytest_dbmigrate.postgres.query import ConnectionLostError, StatementFailedError, run
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.migrations import control
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.gate import Gate

_REFUSAL = (
    "this connection is the gate's, in the middle of its transaction: a test reads it, "
    "and only the gate ends it"
)
_SAVEPOINT = "dbmigrate_test"


class GuardedCursor(psycopg.Cursor[Any]):
    """A cursor that sends no transaction control."""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> GuardedCursor:
        """Execute as psycopg does. Raises psycopg.ProgrammingError for COMMIT and the like."""
        refuse_control(query, self.connection)
        super().execute(query, *args, **kwargs)
        return self

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        """Execute a query for many parameters, as psycopg does."""
        refuse_control(query, self.connection)
        super().executemany(query, *args, **kwargs)


def refuse_control(query: object, conn: psycopg.Connection[Any]) -> None:
    """Raise psycopg.ProgrammingError for transaction control, or what cannot be read."""
    if isinstance(query, psycopg.sql.Composable):
        text = query.as_string(conn)
    else:
        text = query.decode() if isinstance(query, bytes) else str(query)
    try:
        found = [c for s in scan(text, "the query").statements if (c := control(s))]
    except SpecError as error:
        raise psycopg.ProgrammingError(f"{_REFUSAL} ({error.problem})") from None
    if found:
        raise psycopg.ProgrammingError(f"{found[0]} is refused: {_REFUSAL}")


class HeldConnection:
    """A psycopg connection without what would end, leave or replace the transaction."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        """Lend a connection that is in a transaction."""
        self._conn = conn

    @property
    def info(self) -> psycopg.ConnectionInfo:
        """What psycopg knows of the connection."""
        return self._conn.info

    def cursor(self, *, row_factory: Any = None) -> GuardedCursor:
        """A cursor, rows as tuples unless another row factory is given."""
        return GuardedCursor(self._conn, row_factory=row_factory or self._conn.row_factory)

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> GuardedCursor:
        """Execute a query on a new cursor and return it."""
        return self.cursor().execute(query, params, **kwargs)

    def commit(self) -> None:
        """Refuse: the gate commits, when everything has passed."""
        raise psycopg.ProgrammingError(_REFUSAL)

    def rollback(self) -> None:
        """Refuse: what a test did is undone behind it anyhow."""
        raise psycopg.ProgrammingError(_REFUSAL)

    def close(self) -> None:
        """Refuse: the connection is only lent."""
        raise psycopg.ProgrammingError(_REFUSAL)


@contextmanager
def lend(gate: Gate) -> Iterator[HeldConnection]:
    """Lend the gate's connection for one test, read-only by the server's own rule.

    Outside a held transaction (a database that is only verified, or was committed) the test gets a
    snapshot of its own. A test that ended the transaction all the same stops the gate.
    """
    conn = gate.connection()
    held = gate.holding
    enter = f"SAVEPOINT {_SAVEPOINT}" if held else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    what = gate.intent if held else None
    for statement in (enter, *READ_ONLY):
        run(conn, statement)
    try:
        yield HeldConnection(conn)
    finally:
        try:
            if not held:
                run(conn, "ROLLBACK")
            else:
                run(conn, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
                run(conn, f"RELEASE SAVEPOINT {_SAVEPOINT}")
        except (ConnectionLostError, StatementFailedError) as error:
            why = f"a Python test ended the gate's transaction: {error}"
            if what is not None:
                conn.close()
                gate.end(ending.resolve(what, gate.connect, why, orphan=True))
            gate.stop(why)
