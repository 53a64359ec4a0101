"""Which of the user's tables a query reads: of an empty clone it says nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.check_queries import READ_ONLY
from pytest_dbmigrate.postgres.query import Question, ask, run
from pytest_dbmigrate.spec.expectations import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

_SYSTEM = {"pg_catalog", "information_schema", "pg_toast"}
_SAVEPOINT = "dbmigrate_reads"


def tables_read(conn: Connection[object], sql: str) -> tuple[str, ...]:
    """The user's tables in the plan of a query, without running it.

    What a function reads inside does not show in a plan; a query that cannot be planned reads
    nothing. Call it inside a transaction.
    """
    run(conn, f"SAVEPOINT {_SAVEPOINT}")
    for statement in READ_ONLY:
        run(conn, statement)
    outcome = ask(conn, Question(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}")).outcome
    run(conn, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
    run(conn, f"RELEASE SAVEPOINT {_SAVEPOINT}")
    if not isinstance(outcome, Result) or not outcome.rows:
        return ()
    plan = json.loads(outcome.rows[0][0] or "[]")
    return tuple(sorted(set(_relations(plan))))


def _relations(node: Any) -> Iterator[str]:  # what json.loads gives
    if isinstance(node, list):
        for each in node:
            yield from _relations(each)
    elif isinstance(node, dict):
        if "Relation Name" in node and node.get("Schema") not in _SYSTEM:
            yield f"{node.get('Schema')}.{node['Relation Name']}"
        for each in node.values():
            yield from _relations(each)
