"""What a rehearsal predicts of a production run, and of which it predicts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from runs import run

from pytest_dbmigrate.evidence.forecast import with_forecast
from pytest_dbmigrate.evidence.record import (
    Lock,
    MigrationRun,
    Source,
    StatementRun,
    Target,
)

if TYPE_CHECKING:
    from typing import Literal

    from pytest_dbmigrate.evidence.record import Evidence

SHA = "a" * 64


def migration(took: int, held: int, sha256: str = SHA) -> MigrationRun:
    lock = Lock("public.t", "AccessExclusiveLock", 0, held)
    statements = tuple(
        StatementRun(n, n, "ALTER", "ALTER TABLE", 0, took, locks=(lock,)) for n in (1, 2)
    )
    return MigrationRun("011", "fix", "011.sql", sha256, "committed", None, took, statements)


def rehearsal(data: Literal["all", "none"] = "all", *, clone: bool = True) -> Evidence:
    source = Source("postgresql://h/d", "15.1", "d", "1", data) if clone else None
    target = Target("a clone", "15.1", "d", "r", embedded=True, source=source)
    return run(target=target, migrations=(migration(7, 9),))


def test_when_all_rows_were_rehearsed_then_statements_and_locks_are_predicted() -> None:
    now = run(migrations=(migration(8, 10),))
    (found,) = with_forecast(now, rehearsal()).migrations
    assert found.predicted_ns == 7
    assert [s.predicted_ns for s in found.statements] == [7, 7]
    assert found.statements[0].locks[0].predicted_ns == 9
    assert found.duration_ns == 8


@pytest.mark.parametrize(
    "rehearsed",
    [None, rehearsal("none"), rehearsal(clone=False)],
    ids=["not rehearsed", "without rows", "on the baseline"],
)
def test_when_it_was_no_rehearsal_on_all_rows_then_nothing_is_predicted(
    rehearsed: Evidence | None,
) -> None:
    now = run(migrations=(migration(8, 10),))
    assert with_forecast(now, rehearsed) == now


def test_when_the_migration_is_another_then_nothing_is_predicted_of_it() -> None:
    now = run(migrations=(replace(migration(8, 10), sha256="b" * 64),))
    assert with_forecast(now, rehearsal()) == now
