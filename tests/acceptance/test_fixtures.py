"""What a Python test can ask for: the migrated database, what is known of it, and copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop import Live, Shop

READING = """\
import psycopg, pytest

def test_sees_the_new_schema(dbmigrate_connection):
    rows = dbmigrate_connection.execute("SELECT status FROM orders ORDER BY id").fetchall()
    assert rows == [("shipped",), ("open",), ("shipped",)]

def test_cannot_write(dbmigrate_connection):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        dbmigrate_connection.execute("DELETE FROM lines")

@pytest.mark.parametrize("query", ["COMMIT", "ROLLBACK", "SELECT 1; COMMIT", "/**/ END"])
def test_cannot_end_the_transaction(dbmigrate_connection, query):
    with pytest.raises(psycopg.Error):
        dbmigrate_connection.execute(query)

@pytest.mark.parametrize("name", ["commit", "rollback", "close"])
def test_cannot_leave(dbmigrate_connection, name):
    with pytest.raises(psycopg.ProgrammingError, match="only the gate ends it"):
        getattr(dbmigrate_connection, name)()

def test_an_error_is_undone_behind_it(dbmigrate_connection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        dbmigrate_connection.execute("SELECT * FROM nowhere")

def test_knows_the_target(dbmigrate_target):
    assert dbmigrate_target.database
    assert dbmigrate_target.role == "postgres"

def test_knows_the_migrations(dbmigrate_migrations):
    assert list(dbmigrate_migrations) == ["001"]
    assert dbmigrate_migrations["001"].fault is None
    assert len(dbmigrate_migrations["001"].sent) == 2
"""
COPYING = """\
from pytest_postgresql import factories

mine = factories.postgresql("dbmigrate_postgresql_proc")

def test_has_a_copy_to_write_to(dbmigrate_postgresql):
    dbmigrate_postgresql.execute("DELETE FROM lines")
    dbmigrate_postgresql.commit()
    assert dbmigrate_postgresql.execute("SELECT count(*) FROM lines").fetchone() == (0,)

def test_has_another_copy(dbmigrate_postgresql):
    assert dbmigrate_postgresql.execute("SELECT count(*) FROM lines").fetchone() == (3,)

def test_has_a_copy_by_pytest_postgresql(mine):
    assert mine.execute("SELECT count(status) FROM orders").fetchone() == (3,)
"""


def test_when_python_tests_read_the_schema_before_the_commit_then_they_count(
    shop: Shop, live: Live
) -> None:
    shop.write("test_reading.py", READING)
    ran = shop.run("-v", live.url, "--apply-migrations")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert ran.out.index("test_knows_the_migrations PASSED") > ran.out.index("::apply PASSED")
    assert ran.out.index("test_sees_the_new_schema PASSED") < ran.out.index("::commit PASSED")
    kinds = {c["name"]: c["kind"] for c in shop.evidence()["checks"]}
    assert kinds["test_cannot_write"] == "python"
    assert kinds["test_knows_the_migrations"] == "python"
    assert kinds.get("test_knows_the_target") is None
    assert live.ask("SELECT count(*) FROM lines") == [(3,)]


def test_when_python_tests_ask_for_copies_in_a_rehearsal_then_each_has_its_own(
    shop: Shop,
) -> None:
    shop.write("test_reading.py", READING)
    shop.write("test_copying.py", COPYING)
    ran = shop.run("-v")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert ran.out.index("::commit PASSED") < ran.out.index("test_has_another_copy PASSED")
    assert not [x for x in ran.out.splitlines() if x.startswith("test_") and "SKIPPED" in x]


def test_when_only_tests_on_copies_are_selected_then_nothing_is_decided(shop: Shop) -> None:
    """A test file of one's own can be run alone; only a decision needs everything."""
    shop.write("test_copying.py", COPYING)
    ran = shop.run("test_copying.py")
    assert ran.status == 0, ran.out
    assert "3 passed" in ran.last
    assert shop.folders == []


def test_when_only_a_test_that_counts_is_selected_then_it_is_no_go(
    shop: Shop, migrated: Live
) -> None:
    shop.write("test_reading.py", READING)
    ran = shop.run("test_reading.py", migrated.url, "-k", "cannot_write")
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "1 failed" in ran.out  # the decision
    assert "planned checks were not selected" in ran.last


def test_when_a_copy_is_asked_for_on_a_live_database_then_the_test_is_skipped(
    shop: Shop, migrated: Live
) -> None:
    shop.write("test_copying.py", COPYING)
    ran = shop.run("-rs", migrated.url)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert "copies are made of a throw-away database only" in ran.out


def test_when_the_migrations_stop_then_tests_on_their_result_are_skipped_with_the_reason(
    shop: Shop,
) -> None:
    shop.change("migrations/001_add_status.sql", "UPDATE orders", "UPDATE odrers")
    shop.write("test_reading.py", READING)
    shop.write("test_copying.py", COPYING)
    ran = shop.run("-rs")
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert (
        'not run: migration 001 failed: migrations/001_add_status.sql:2: relation "odrers"'
        in ran.out
    )
    assert "there is no migrated database to copy" in ran.out


def test_when_the_fixtures_are_asked_for_by_name_at_run_time_then_the_message_says_how(
    shop: Shop,
) -> None:
    (shop.root / "checks_verification.sql").unlink()
    shop.write(
        "test_late.py",
        "def test_late(request):\n    request.getfixturevalue('dbmigrate_connection')\n",
    )
    ran = shop.run("test_late.py")
    assert ran.status == 1
    assert "a fixture of pytest-dbmigrate must be a parameter of the test" in ran.out
