"""What is out of limits in a sample: the plan's limits, and ours where the plan has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pytest_dbmigrate.postgres.metrics import Reading, Snapshot
from pytest_dbmigrate.probes.anomalies import PlannedLimit, of_figures, planned_limits
from pytest_dbmigrate.probes.window import Bad, Window
from pytest_dbmigrate.spec.limits import read_limit
from pytest_dbmigrate.spec.plan import read_plan

AT = datetime(2024, 1, 29, 10, tzinfo=UTC)


def snapshot(*readings: Reading, started: str = "t") -> Snapshot:
    return Snapshot(AT, {r.name: r for r in readings}, server_started=started)


def reading(name: str, value: float | None, **more: object) -> Reading:
    return Reading(name, AT, f"{value}", value, **more)  # type: ignore[arg-type]  # fields of a test


def bad(
    now: Reading,
    *,
    limit: str = "",
    side: str = "after",
    before: Reading | None = None,
    last: Reading | None = None,
) -> list[Bad]:
    limits = {now.name: [PlannedLimit(side, read_limit(limit), required=True)]} if limit else {}
    return list(
        of_figures(
            limits,
            snapshot(before) if before else None,
            snapshot(last) if last else None,
            snapshot(now),
            None,
        )
    )


@pytest.mark.parametrize(
    ("now", "last", "limit"),
    [
        (reading("connections", 89, limit=100.0), None, ""),
        (reading("connections", 90, limit=100.0), None, "< 90% of 100"),
        (reading("waiting-locks", 3, longest=4.9), None, ""),
        (reading("waiting-locks", 1, longest=5.0), None, "no wait of 5 s or more"),
        (reading("deadlocks", 7), None, ""),
        (reading("deadlocks", 7), reading("deadlocks", 7), ""),
        (reading("deadlocks", 8), reading("deadlocks", 7), "no new one"),
        (reading("rollbacks", 10_000), reading("rollbacks", 0), ""),
        (reading("connections", None), None, ""),
    ],
)
def test_when_the_plan_limits_nothing_then_only_what_is_wrong_anywhere_is_an_anomaly(
    now: Reading, last: Reading | None, limit: str
) -> None:
    """Nearly no connection left, a long wait, a new deadlock."""
    assert [each.limit for each in bad(now, last=last)] == ([limit] if limit else [])


def test_when_the_plan_limits_a_figure_then_its_limit_stands_for_ours() -> None:
    """Stricter or laxer, as the plan has it."""
    full = reading("connections", 99, limit=100.0)
    assert bad(full, limit="<= 99") == []
    (found,) = bad(reading("connections", 5, limit=100.0), limit="< 5")
    assert (found.name, found.value, found.limit, found.required) == ("connections", 5, "< 5", True)
    assert found.title == "Connections"


def test_when_a_change_is_limited_then_it_counts_from_before_the_migrations() -> None:
    """Of counters that were reset meanwhile nothing is known."""
    before, now = reading("deadlocks", 7, since="a"), reading("deadlocks", 9, since="a")
    assert bad(now, limit="<= 2", side="change", before=before) == []
    (found,) = bad(now, limit="<= 1", side="change", before=before)
    assert found.text == "+2 since before the migrations"
    assert bad(reading("deadlocks", 9, since="b"), limit="0", side="change", before=before) == []
    assert bad(now, limit="0", side="change") == []


def test_when_the_server_was_started_again_then_that_is_an_anomaly() -> None:
    """Whoever did it."""
    last, now = snapshot(started="10:00"), snapshot(started="10:31")
    (found,) = of_figures({}, None, last, now, None)
    assert found.text == "the server was started again at 10:31"
    assert list(of_figures({}, None, last, last, None)) == []


def test_when_a_plan_is_read_then_its_limits_for_the_window_are_those_of_that_stage() -> None:
    """Not those of a criterion for production alone, nor what a window cannot measure."""
    criterion = '[[criterion]]\nname = "{}"\ntitle = "t"\nfigure = "{}"\nlimit = 0\n{}\n'
    plan = read_plan(
        'title = "t"\n'
        + criterion.format("a", "deadlocks.change", "required = false")
        + criterion.format("b", "waiting-locks.after", 'stages = ["production"]')
        + criterion.format("c", "connections.before", "")
        + criterion.format("d", "migrations.errors", ""),
        "plan.toml",
    )
    found = planned_limits(plan)
    assert {name: [(p.side, p.required) for p in each] for name, each in found.items()} == {
        "deadlocks": [("change", False)]
    }
    assert planned_limits(None) == {}


def test_when_something_is_bad_in_a_row_then_it_is_one_anomaly_until_it_is_looked_at_and_fine() -> (
    None
):
    """A sample in which it could not be looked at says neither."""
    window = Window(AT, 1, 1)

    def sample(minute: int, names: list[str], looked: set[str]) -> list[str]:
        at = AT + timedelta(minutes=minute)
        return [a.bad.name for a in window.judge(at, [Bad(n, n, "x") for n in names], looked)]

    assert sample(0, ["a", "b"], {"a", "b"}) == ["a", "b"]
    assert sample(1, ["a"], {"a", "b"}) == []
    assert sample(2, [], set()) == []
    assert sample(3, ["a", "b"], {"a", "b"}) == ["b"]
    assert sample(4, [], {"a", "b"}) == []
    first, second, third = window.anomalies
    assert (first.bad.name, first.samples, first.recovered) == ("a", 3, AT + timedelta(minutes=4))
    assert (second.bad.name, second.recovered) == ("b", AT + timedelta(minutes=1))
    assert (third.bad.name, third.recovered) == ("b", AT + timedelta(minutes=4))
