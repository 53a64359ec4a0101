"""Down and up again: each migration's way back, tried on a throw-away database after its COMMIT.

From the last migration back to the first, then forward again, in one transaction that is rolled
back: on the way forward the schema must pass through the same states as on the way back, begin as
it was before the first migration, and end as it is behind the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.apply import Applied, Fault, apply
from pytest_dbmigrate.postgres.catalog import Catalog, diff, snapshot
from pytest_dbmigrate.postgres.query import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.downs import Down
    from pytest_dbmigrate.spec.migrations import Migration


@dataclass(frozen=True, slots=True)
class WentBack:
    """What became of one migration's way back: an error, a difference, or why it was not tried."""

    version: str
    at: datetime
    duration_ns: int = 0
    problems: tuple[str, ...] = ()
    fault: Fault | None = None
    not_tried: str = ""


def down_and_up(
    conn: Connection[object], migrations: Sequence[Migration], before: Catalog | None
) -> list[WentBack]:
    """Try the ways back of those migrations that have one; `before` is the state before all."""
    tried, reasons = _chain(migrations)
    found = [WentBack(v, datetime.now(UTC), not_tried=why) for v, why in reasons.items()]
    if not tried:
        return found
    run(conn, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    try:
        whole = len(tried) == len(migrations)
        return [*found, *_Walk(conn).there_and_back(tried, before if whole else None)]
    finally:
        run(conn, "ROLLBACK")


def _chain(
    migrations: Sequence[Migration],
) -> tuple[list[tuple[Migration, Down]], dict[str, str]]:
    """The migrations, in order, whose ways back can be tried, and why the others cannot be."""
    tried: list[tuple[Migration, Down]] = []
    reasons: dict[str, str] = {}
    blocked = ""
    for migration in reversed(migrations):
        down = migration.down
        if down is None:
            blocked = blocked or f"{migration.version} behind it has no way back"
        elif not (migration.transactional and down.transactional):
            reasons[migration.version] = blocked or "it runs outside a transaction"
            blocked = blocked or f"{migration.version} behind it runs outside a transaction"
        elif blocked:
            reasons[migration.version] = blocked
        else:
            tried.insert(0, (migration, down))
    return tried, reasons


@dataclass(slots=True)
class _Walk:
    """The states of the schema, by how many of the tried migrations are applied."""

    conn: Connection[object]

    def there_and_back(
        self, tried: Sequence[tuple[Migration, Down]], before: Catalog | None
    ) -> list[WentBack]:
        last = snapshot(self.conn)
        downs: dict[int, Applied] = {}
        back: dict[int, Catalog] = {}
        for place in reversed(range(len(tried))):
            _, down = tried[place]
            downs[place] = apply(self.conn, down.script, down.statements)
            if downs[place].fault is not None:
                return self._stopped(tried, downs, place)
            back[place] = snapshot(self.conn)
        problems: dict[int, tuple[str, ...]] = {}
        problems[0] = _differ("before it", before, back[0]) if before is not None else ()
        for place, (migration, _) in enumerate(tried):
            again = apply(self.conn, migration.script, migration.statements)
            if again.fault is not None:
                # What the way back left is in the way of going forward again.
                problems[place] += (f"it cannot be applied again: {again.fault.place}",)
                break
            there = snapshot(self.conn)
            if place + 1 < len(tried):
                problems[place + 1] = _differ(f"behind {migration.version}", there, back[place + 1])
            else:
                problems[place] += _differ("applied again", last, there)
        unseen = "" if before is not None else _unseen(tried[0][0])
        return [
            WentBack(
                migration.version,
                downs[place].started,
                downs[place].duration_ns,
                problems.get(
                    place, ("it was not come to: an earlier one cannot be applied again",)
                ),
                not_tried=unseen if place == 0 and not problems[0] else "",
            )
            for place, (migration, _) in enumerate(tried)
        ]

    def _stopped(
        self, tried: Sequence[tuple[Migration, Down]], downs: dict[int, Applied], place: int
    ) -> list[WentBack]:
        version = tried[place][0].version
        return [
            WentBack(
                migration.version,
                downs[place].started,
                downs[place].duration_ns,
                fault=downs[place].fault,
            )
            if n == place
            else WentBack(
                migration.version,
                datetime.now(UTC),
                not_tried=f"the way back of {version} failed",
            )
            for n, (migration, _) in enumerate(tried)
        ]


def _differ(where: str, expected: Catalog, found: Catalog) -> tuple[str, ...]:
    return tuple(
        f"{c.kind} {c.identity} is not as {where}: {_WORDS[c.change]}"
        for c in diff(expected, found)
    )


_WORDS = {"added": "it is left over", "removed": "it is missing", "changed": "it is another"}


def _unseen(first: Migration) -> str:
    return f"the one before {first.version} has no way back: the state behind it was not seen again"
