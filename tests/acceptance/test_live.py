"""A database people use: judged as it is, or migrated in one transaction, wholly or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from shop import CHECK_FILE, MIGRATION_FILE

if TYPE_CHECKING:
    from shop import Live, Shop

APPLY = "--apply-migrations"


def test_when_the_database_is_as_described_then_it_is_go_and_nothing_was_written(
    shop: Shop, migrated: Live
) -> None:
    ran = shop.run(migrated.url)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert ran.last.endswith("· nothing was written")
    checks = {c["name"]: c["applicable"] for c in shop.evidence()["checks"]}
    assert (checks["three_before"], checks["filled"], checks["two_shipped"]) == (False, False, True)
    assert shop.evidence()["target"]["server_version"].startswith("15.")


def test_when_the_database_is_not_migrated_then_verifying_is_no_go(shop: Shop, live: Live) -> None:
    ran = shop.run(live.url)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert shop.outcomes()["two_shipped"] == "ERROR"
    assert not live.is_migrated


def test_when_everything_passes_then_the_migration_is_committed(shop: Shop, live: Live) -> None:
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert "· database committed at 20" in ran.last
    assert live.is_migrated
    assert shop.evidence()["run"]["stage"] == "production"


def test_when_a_verification_fails_then_the_migration_never_was(shop: Shop, live: Live) -> None:
    shop.break_a_check()
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert ran.last.endswith("· database rolled back, unchanged")
    assert not live.is_migrated
    assert shop.outcomes()["readable"] == "NOT CHECKED"


def test_when_a_migration_stops_then_its_place_is_told_and_nothing_remains(
    shop: Shop, live: Live
) -> None:
    shop.change(MIGRATION_FILE, "UPDATE orders SET status", "UPDATE orders SET stauts")
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert f'{MIGRATION_FILE}:2: column "stauts" of relation "orders" does not exist' in ran.out
    assert ran.last.endswith("· database rolled back, unchanged")
    assert not live.is_migrated


def test_when_the_first_failure_stops_the_run_then_nothing_remains(shop: Shop, live: Live) -> None:
    shop.break_a_check()
    ran = shop.run(live.url, APPLY, "-x")
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert ran.last.endswith("· database rolled back, unchanged")
    assert not live.is_migrated


def test_when_a_health_check_fails_after_the_commit_then_it_is_not_taken_for_a_rollback(
    shop: Shop, live: Live
) -> None:
    shop.change(CHECK_FILE, "-- expect-value: true\n", "-- expect-value: false\n")
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (10, "NO-GO")
    assert "· database committed at 20" in ran.last
    assert live.is_migrated


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-- expect-value: 3\n", "-- expect-value: 4\n", "expect-value: 4, observed 3"),
        ("-- expect-value: 2\n", "-- Expected: about 2\n", "two_shipped cannot pass"),
    ],
    ids=["a before-check fails", "a check can only end NOT CHECKED"],
)
def test_when_it_cannot_end_in_go_then_no_transaction_is_begun(
    shop: Shop, live: Live, old: str, new: str, said: str
) -> None:
    shop.change(CHECK_FILE, old, new)
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert said in ran.out
    assert ran.last.endswith("· nothing was written")
    assert shop.evidence()["transaction"].get("began") is None
    assert not live.is_migrated


@pytest.mark.parametrize(
    "left_out",
    [("-k", "two_shipped"), ("-m", "shipping"), (f"{CHECK_FILE}::filled",), ("--lf",)],
    ids=" ".join,
)
def test_when_the_selection_is_incomplete_then_nothing_is_sent(
    shop: Shop, live: Live, left_out: tuple[str, ...]
) -> None:
    if left_out == ("--lf",):
        shop.break_a_check()
        shop.run(live.url, APPLY)
        shop.repair_the_check()
    ran = shop.run(live.url, APPLY, *left_out)
    assert (ran.status, ran.word) == (4, "NO-GO"), ran.out
    assert "--apply-migrations with an incomplete selection" in ran.err
    assert ran.last.endswith("· nothing was written")
    assert not live.is_migrated


@pytest.mark.parametrize(
    "option", ["--pdb", "--trace", "--setup-only", "--setup-plan", "--reruns=1"]
)
def test_when_the_transaction_would_be_held_or_repeated_then_nothing_is_sent(
    shop: Shop, live: Live, option: str
) -> None:
    ran = shop.run(live.url, APPLY, option)
    assert (ran.status, ran.word) == (4, "NO-GO"), ran.out
    assert f"{option.partition('=')[0]} with --apply-migrations" in ran.err
    assert not live.is_migrated


def test_when_workers_would_share_a_live_database_then_it_is_wrong_use(
    shop: Shop, live: Live
) -> None:
    for arguments in ([live.url], [live.url, APPLY]):
        ran = shop.run_apart(*arguments, "-n2")
        assert ran.status == 4
        assert "-n with --db-url" in ran.err
    assert not live.is_migrated


def test_when_apply_migrations_was_not_typed_then_no_file_and_no_variable_can_say_it(
    shop: Shop, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", APPLY)
    ran = shop.run(live.url)
    assert ran.status == 4
    assert "--apply-migrations was not typed" in ran.err
    assert not live.is_migrated


def test_when_no_url_is_given_then_apply_migrations_is_wrong_use(shop: Shop) -> None:
    ran = shop.run(APPLY)
    assert ran.status == 4
    assert "--apply-migrations needs the database" in ran.err


def test_when_the_project_has_no_migration_then_apply_migrations_is_wrong_use(
    shop: Shop, live: Live
) -> None:
    (shop.root / MIGRATION_FILE).unlink()
    shop.write(CHECK_FILE, "-- expect-value: 3\nSELECT count(*) FROM orders;\n")
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (4, "NO-GO")
    assert "there is no migration" in ran.err


def test_when_nothing_of_ours_is_collected_then_a_target_is_still_no_go(
    shop: Shop, migrated: Live
) -> None:
    (shop.root / CHECK_FILE).unlink()
    ran = shop.run(migrated.url)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "zero verifications apply at the verify stage" in ran.last


def test_when_the_target_cannot_be_reached_then_it_is_no_go_without_its_password(
    shop: Shop,
) -> None:
    ran = shop.run("--db-url=postgresql://ada:s3cret@127.0.0.1:1/none", "--showlocals", "-vv")
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "Cannot connect" in ran.last
    written = [p.read_text("utf-8", "replace") for p in shop.root.rglob("*") if p.is_file()]
    assert not [text for text in [ran.out, ran.err, *written] if "s3cret" in text]


def test_when_the_url_stands_in_a_variable_then_it_is_read_only_when_asked_for(
    shop: Shop, migrated: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", migrated.dsn)
    assert shop.run("--db-url=env:DATABASE_URL").last.endswith("· nothing was written")
    assert "rehearsal" in shop.run("--setup-only").last


def test_when_a_conftest_has_a_db_url_of_its_own_then_both_start(
    shop: Shop, migrated: Live
) -> None:
    shop.write(
        "conftest.py",
        "def pytest_addoption(parser):\n    parser.addoption('--db-url', help='theirs')\n"
        "def pytest_report_header(config):\n    return 'theirs: ' + config.getoption('--db-url')\n",
    )
    ran = shop.run_apart("--db-url=mine", f"--dbmigrate-db-url={migrated.dsn}")
    assert "theirs: mine" in ran.out
    assert (ran.status, ran.word) == (0, "GO"), ran.out


def test_when_another_test_would_run_inside_the_transaction_then_it_runs_before_it(
    shop: Shop, live: Live
) -> None:
    shop.write("test_theirs.py", "def test_theirs():\n    pass\n")
    ran = shop.run("-v", live.url, APPLY, ".")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert ran.out.index("test_theirs PASSED") < ran.out.index("::three_before PASSED")


def test_when_tests_that_are_not_ours_fail_after_a_commit_then_the_status_says_committed(
    shop: Shop, live: Live
) -> None:
    shop.write("test_theirs.py", "def test_theirs():\n    assert False\n")
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (10, "GO"), ran.out
    assert live.is_migrated


def test_when_the_report_folder_cannot_be_written_then_nothing_is_sent(
    shop: Shop, live: Live
) -> None:
    shop.write("dbmigrate-report", "a file is in the way\n")
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "dbmigrate-report" in ran.last
    assert ran.last.endswith("· nothing was written")
    assert not live.is_migrated


def test_when_a_mark_or_a_fixture_keeps_an_item_from_running_then_it_is_not_committed(
    shop: Shop, live: Live
) -> None:
    for name in ("commit", "two_shipped", "apply"):
        shop.mark(name, "skip(reason='not today')")
        ran = shop.run(live.url, APPLY)
        assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
        assert ran.last.endswith("· database rolled back, unchanged")
        assert not live.is_migrated


def test_when_a_python_test_on_our_connection_fails_then_it_is_not_committed(
    shop: Shop, live: Live
) -> None:
    shop.write(
        "test_more.py",
        "def test_more(dbmigrate_connection):\n"
        "    rows = dbmigrate_connection.execute('SELECT status FROM orders').fetchall()\n"
        "    assert ('lost',) in rows\n",
    )
    ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert ran.last.endswith("· database rolled back, unchanged")
    assert shop.outcomes()["test_more"] == "FAIL"
    assert not live.is_migrated


def test_when_another_gate_is_at_work_then_nothing_is_written(shop: Shop, live: Live) -> None:
    with psycopg.connect(live.dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(x'64626D67'::int, 1)")
        ran = shop.run(live.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "another gate is at work on this database" in ran.out
    assert not live.is_migrated
