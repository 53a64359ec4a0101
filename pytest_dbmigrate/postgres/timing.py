"""The application's named queries, timed: the median of several runs, and the plan behind it.

Each run is sent alone in a read-only transaction, and its result is read as far as any result is
read here (query.py). One run before the others fills the caches and is not counted.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.query import Answer, Patience, Question, ask, ask_all, run
from pytest_dbmigrate.spec.expectations import Failure, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.timed_queries import TimedQuery

SECONDS = 10.0
"""How long one run of a query may take."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One query's time. `median_ns` is None where it could not be measured: `why` says so.

    `times_ns` are all counted runs in order; `plan` is EXPLAIN's text without costs.
    """

    name: str
    at: datetime
    median_ns: int | None
    times_ns: tuple[int, ...] = ()
    rows: int = 0
    plan: tuple[str, ...] = ()
    why: str = ""


def measure(
    conn: Connection[object], queries: Sequence[TimedQuery], seconds: float = SECONDS
) -> Iterator[Timing]:
    """Time each query, in order; one that fails says why. Raises ConnectionLostError."""
    for query in queries:
        yield _measure(conn, query, seconds)


def _measure(conn: Connection[object], query: TimedQuery, seconds: float) -> Timing:
    at = datetime.now(UTC)
    plan = _run(conn, f"EXPLAIN (COSTS OFF) {query.sql}", seconds)
    if isinstance(plan.outcome, Failure):
        return Timing(query.name, at, None, why=plan.outcome.message)
    answers = []
    for _ in range(query.runs + 1):
        answer = _run(conn, query.sql, seconds)
        if isinstance(answer.outcome, Failure):
            return Timing(query.name, at, None, why=answer.outcome.message)
        answers.append(answer)
    times = tuple(answer.duration_ns for answer in answers[1:])
    last = answers[-1].outcome
    return Timing(
        query.name,
        at,
        int(statistics.median(times)),
        times,
        rows=last.row_count if isinstance(last, Result) else 0,
        plan=tuple(row[0] or "" for row in plan.outcome.rows),
    )


def _run(conn: Connection[object], sql: str, seconds: float) -> Answer:
    """One statement in a read-only transaction of its own, within a time that the server keeps."""
    patience = Patience(time.monotonic_ns() + round((seconds + 1) * 1e9), "no answer in time")
    limit = f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"
    ask_all(conn, [Question("BEGIN READ ONLY"), Question(limit)])
    answer = ask(conn, Question(sql), patience)
    run(conn, "ROLLBACK" if isinstance(answer.outcome, Failure) else "COMMIT")
    return answer
