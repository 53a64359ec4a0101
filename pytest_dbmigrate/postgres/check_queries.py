"""Verifications → answers, inside an open transaction, which they can neither write to nor leave.

Each batch runs in a savepoint that is read-only by the server's own rule and always rolled back
and released. (Savepoints that are not released exhaust shared memory for everybody.) Checks that
run as a role, or with a time limit of their own, go alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pytest_dbmigrate.postgres.query import (
    WITHOUT_END,
    Answer,
    Patience,
    Question,
    ask,
    ask_all,
    run,
    value,
)
from pytest_dbmigrate.spec.expectations import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.annotations import Check

BATCH = 64
_SAVEPOINT = "SAVEPOINT dbmigrate_check"
_LEAVE = ("ROLLBACK TO SAVEPOINT dbmigrate_check", "RELEASE SAVEPOINT dbmigrate_check")
# Row security off: a filtered result becomes an error (42501) and never a false zero.
# https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-ROW-SECURITY
READ_ONLY = (
    "SET LOCAL transaction_read_only = on",
    "SET LOCAL row_security = off",
    # Inside a transaction pg_stat_activity and the counters would stay as they were first read.
    # https://www.postgresql.org/docs/current/monitoring-stats.html
    "SELECT pg_catalog.pg_stat_clear_snapshot()",
)
# Who is above row security: superusers, BYPASSRLS, and owners of tables that do not force it.
_BYPASSES = """
SELECT concat_ws(', ',
    CASE WHEN r.rolsuper THEN 'it is a superuser' END,
    CASE WHEN r.rolbypassrls THEN 'it has BYPASSRLS' END,
    (SELECT 'it owns ' || string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
       FROM pg_class c
      WHERE c.relrowsecurity AND NOT c.relforcerowsecurity
        AND pg_has_role(r.oid, c.relowner, 'USAGE')))
  FROM pg_roles r WHERE r.rolname = current_user
"""


def observe(
    conn: Connection[object], checks: Sequence[Check], patience: Patience = WITHOUT_END
) -> Iterator[tuple[Check, Answer | str]]:
    """Run each check's statement and yield it with its answer, in order.

    An answer that is a string is the reason why nothing was observed. Raises ConnectionLostError.
    """
    batch: list[Check] = []
    for check in checks:
        if check.as_role or check.claims or check.timeout:
            yield from _observe_batch(conn, batch, patience)
            batch = []
            yield check, _observe_alone(conn, check, patience)
        else:
            batch.append(check)
            if len(batch) == BATCH:
                yield from _observe_batch(conn, batch, patience)
                batch = []
    yield from _observe_batch(conn, batch, patience)


def _observe_batch(
    conn: Connection[object], checks: Sequence[Check], patience: Patience
) -> Iterator[tuple[Check, Answer]]:
    """Send a batch in one pipeline; continue behind a check that failed, in a new savepoint."""
    rest = list(checks)
    while rest:
        enter = [Question(s) for s in (_SAVEPOINT, *READ_ONLY)]
        answers = ask_all(conn, [*enter, *(_question(c) for c in rest)], patience)
        leave(conn)
        answered = answers[len(enter) :]
        if not answered:
            # The preamble itself failed: say so for the first check, and go on with the others.
            answered = answers[-1:]
        yield from zip(rest, answered, strict=False)
        rest = rest[len(answered) :]


def _observe_alone(conn: Connection[object], check: Check, patience: Patience) -> Answer | str:
    enter = [Question(s) for s in (_SAVEPOINT, *_preamble(check))]
    answers = ask_all(conn, enter)
    try:
        if isinstance(answers[-1].outcome, Failure):
            return answers[-1]
        if check.as_role and (bypasses := value(conn, _BYPASSES)):
            return (
                f"role {check.as_role} is above row security ({bypasses}): "
                "what it sees says nothing about isolation"
            )
        return ask(conn, _question(check), patience)
    finally:
        leave(conn)


def _question(check: Check) -> Question:
    return Question(check.sql, check.expectation.rows_needed if check.expectation else 0)


def _preamble(check: Check) -> Iterator[str]:
    yield "SET LOCAL transaction_read_only = on"
    yield f"SET LOCAL row_security = {'on' if check.as_role else 'off'}"
    yield "SELECT pg_catalog.pg_stat_clear_snapshot()"
    if check.timeout:
        yield f"SET LOCAL statement_timeout = {check.timeout}"
    if check.claims:
        claims = sql.quote(check.claims)
        yield f"SELECT pg_catalog.set_config('request.jwt.claims', {claims}, true)"
    if check.as_role:
        yield sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(check.as_role)).as_string()


def leave(conn: Connection[object]) -> None:
    """Go back to the savepoint of a check and give it up."""
    for statement in _LEAVE:
        run(conn, statement)
