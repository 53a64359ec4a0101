"""A migration applied once more: what counts as a change, and what nobody may claim to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gates import gate_of, project_of, run_all, value

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.postgres.rerun import Rerun

START = """\
CREATE TABLE IF NOT EXISTS prices (id int PRIMARY KEY, amount int);
INSERT INTO prices SELECT n, n FROM generate_series(1, 5) n ON CONFLICT DO NOTHING;
"""


def reruns(root: Path, dsn: str, *texts: str) -> list[Rerun]:
    """A rehearsal of migrations 001, 002, …; what became of their repetitions."""
    files = {f"{n:03}_m.sql": text for n, text in enumerate(texts, 1)}
    gate = run_all(gate_of(project_of(root, files), dsn, "rehearsal"))
    return gate.seen.reruns


def test_when_an_update_sets_the_same_value_again_then_nothing_changed(
    tmp_path: Path, database: str
) -> None:
    """It writes every row anew, without a WHERE, and no row is another than before."""
    found = reruns(tmp_path, database, f"{START}UPDATE prices SET amount = 7;")
    assert [(r.session, r.changed, r.fault) for r in found] == [
        ("same", (), None),
        ("new", (), None),
    ]


def test_when_an_update_doubles_then_its_table_changed(tmp_path: Path, database: str) -> None:
    """What it did again is rolled back, so that the second repetition sees the first state."""
    found = reruns(tmp_path, database, f"{START}UPDATE prices SET amount = amount * 2;")
    assert [r.changed for r in found] == [("rows of public.prices changed",)] * 2
    assert value(database, "SELECT sum(amount) FROM prices") == 30


@pytest.mark.parametrize(
    ("again", "changed"),
    [
        ("INSERT INTO prices SELECT max(id) + 1, 0 FROM prices;", "rows of public.prices changed"),
        ("CREATE TABLE IF NOT EXISTS other (a int);", ""),
        ("ALTER TABLE prices ADD CHECK (amount > -1);", "check constraint"),
    ],
)
def test_when_it_adds_something_each_time_then_that_is_named(
    tmp_path: Path, database: str, again: str, changed: str
) -> None:
    for found in reruns(tmp_path, database, START + again):
        assert found.fault is None
        assert changed in " ".join(found.changed)
        assert bool(found.changed) is bool(changed)


def test_when_it_cannot_be_applied_twice_then_its_place_is_told(
    tmp_path: Path, database: str
) -> None:
    for found in reruns(tmp_path, database, "CREATE TABLE once (a int);"):
        assert found.fault is not None
        assert found.fault.place == '001_m.sql:1: relation "once" already exists'


def test_when_it_runs_outside_a_transaction_then_it_is_repeated_too(
    tmp_path: Path, database: str
) -> None:
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_amount ON prices (amount);"
    found = reruns(tmp_path, database, START, f"-- transaction: none\n{index}")
    assert [(r.version, r.session, r.changed, r.fault) for r in found] == [
        ("001", "same", (), None),
        ("002", "same", (), None),
        ("001", "new", (), None),
        ("002", "new", (), None),
    ]


def test_when_a_table_is_too_large_to_compare_then_nothing_is_said_of_its_rows(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where it was written to: of a table that nobody touched there is nothing to say."""
    monkeypatch.setattr("pytest_dbmigrate.postgres.data_digest.data_digest.__defaults__", (0,))
    quiet = "CREATE TABLE IF NOT EXISTS quiet AS SELECT 1 AS a;"
    for found in reruns(tmp_path, database, f"{START}{quiet}UPDATE prices SET amount = 7;"):
        assert found.changed == ()
        assert [line.partition(":")[0] for line in found.unread] == ["public.prices"]
