"""A migration outside the transaction (`-- transaction: none`): alone, after the verified commit.

Nothing can be taken back here, so what a statement that failed leaves behind is looked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.apply import Applied, apply
from pytest_dbmigrate.postgres.integrity import findings
from pytest_dbmigrate.postgres.query import cancel, run
from pytest_dbmigrate.spec.declarations import drops_data
from pytest_dbmigrate.spec.losses import losses
from pytest_dbmigrate.spec.statements import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from pytest_dbmigrate.postgres.transaction import Limits
    from pytest_dbmigrate.spec.losses import Loss
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.statements import Statement

_CANCEL_SECONDS = 2
# Statements that may do anything to rows, as far as their text shows.
_MAY_DELETE = frozenset({"DELETE", "MERGE", "WITH", "DO", "CALL", "SELECT", "EXECUTE"})


def apply_unheld(
    connect: Callable[[], Connection[object]], migration: Migration, limits: Limits, into: Applied
) -> None:
    """Apply one migration on a connection of its own, within limits of its own.

    A CONCURRENTLY statement waits for others' transactions without being in anybody's way: for its
    locks it may wait as long as it may run. `into` is filled in, also when the run is interrupted.
    Raises ConnectionLostError.
    """
    conn = connect()
    try:
        run(conn, f"SET statement_timeout = {limits.outside}")
        before = _invalid_indexes(conn)
        try:
            apply(
                conn,
                migration.script,
                migration.statements,
                before_each=lambda s: _limit_locks(conn, s, limits),
                held=False,
                into=into,
            )
        except BaseException:
            cancel(conn, _CANCEL_SECONDS)
            raise
        finally:
            if into.fault is not None:
                left = _left_behind(connect, before)
                into.fault = replace(into.fault, hint=" ".join((into.fault.hint, *left)).strip())
    finally:
        conn.close()


def uncounted(migration: Migration) -> Statement | None:
    """The first statement that may take rows away undeclared, where nothing counts them."""
    declared = {part for d in drops_data(migration.script) for part in d.parts}
    for statement in migration.statements:
        lost = (loss for loss in losses(statement.text) if not declared & set(_parts(loss)))
        if _MAY_DELETE.intersection(_words(statement)[:1]) or any(lost):
            return statement
    return None


def _parts(loss: Loss) -> Iterator[str]:
    """The names in what a statement takes away, as `drops-data` names them."""
    for name in (*loss.name.split("."), loss.column):
        yield name.strip('"') if name.startswith('"') else name.lower()


def _limit_locks(conn: Connection[object], statement: Statement, limits: Limits) -> None:
    concurrently = "CONCURRENTLY" in _words(statement)
    run(conn, f"SET lock_timeout = {0 if concurrently else limits.lock}")


def _words(statement: Statement) -> list[str]:
    return [t.text.upper() for t in tokens(statement.text) if t.kind == "word"]


def _invalid_indexes(conn: Connection[object]) -> frozenset[str]:
    (found,) = findings(conn, ("invalid-indexes",))
    return frozenset(offender.identity for offender in found.offenders)


def _left_behind(connect: Callable[[], Connection[object]], before: frozenset[str]) -> list[str]:
    """What a CREATE INDEX CONCURRENTLY that failed leaves, and how to be rid of it.

    Asked on a new connection: the old one may be lost, or in the middle of something.
    """
    try:
        conn = connect()
        try:
            left = sorted(_invalid_indexes(conn) - before)
        finally:
            conn.close()
    except Exception:  # noqa: BLE001  (psycopg's and our own: what cannot be asked is said so)
        return ["Whether an invalid index was left behind could not be looked at."]
    return [
        f"It left the invalid index {name} behind, which costs every write: "
        f"DROP INDEX CONCURRENTLY {name};"
        for name in left
    ]
