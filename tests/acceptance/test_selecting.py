"""Which items there are, which run, and that what was left out is never GO."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop import CHECK_FILE, MIGRATION_FILE

if TYPE_CHECKING:
    from shop import Live, Ran, Shop

FINAL = {"none_lost", "two_shipped", "not_empty.orders", "not_empty.lines"}


def shown(ran: Ran, word: str = "") -> list[str]:
    """The ids that a run showed, of one outcome."""
    lines = [line for line in ran.out.splitlines() if "::" in line and word in line]
    return [line.split()[0] for line in lines if line.split()[0].partition("::")[1]]


def names(ids: list[str]) -> list[str]:
    """What stands behind the file in each id."""
    return [id_.rpartition("::")[2] for id_ in ids]


@pytest.mark.parametrize("order", [("-p", "randomly"), ("-p", "no:randomly")])
def test_when_everything_passes_then_it_ran_in_the_order_of_the_phases_and_is_go(
    shop: Shop, order: tuple[str, str]
) -> None:
    ran = shop.run("-v", *order)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert set(shop.outcomes().values()) == {"PASS"}
    assert shop.evidence()["transaction"]["state"] == "committed"
    expected = ["three_before", "apply", "filled", "none_lost", "two_shipped", "commit"]
    expected += ["rerun-same-session", "rerun-new-session", "readable", "decision"]
    assert [n for n in names(shown(ran)) if n in expected] == expected


def test_when_an_id_was_shown_then_it_can_be_given_again(shop: Shop, migrated: Live) -> None:
    ids = shown(shop.run("--co", "-q"))
    assert shown(shop.run("-v", migrated.url)) == ids
    assert shown(shop.run("--co", "-q", *ids)) == ids


def test_when_only_collecting_then_nothing_is_started_connected_or_written(shop: Shop) -> None:
    ran = shop.run("--co", "-q", "--db-url=postgresql://nobody@127.0.0.1:1/none")
    assert ran.status == 0
    assert f"{CHECK_FILE}::not_empty.orders" in ran.out
    assert "dbmigrate:" not in ran.out
    assert shop.folders == []


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (("-k", "two_shipped"), {"two_shipped"}),
        ((f"{CHECK_FILE}::not_empty.lines",), {"not_empty.lines"}),
        ((f"{MIGRATION_FILE}::decision",), set()),
    ],
)
def test_when_checks_are_left_out_of_a_rehearsal_then_it_migrates_and_is_not_go(
    shop: Shop, choice: tuple[str, ...], chosen: set[str]
) -> None:
    ran = shop.run("-v", *choice)
    passed = set(names(shown(ran, "PASSED")))
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "planned checks were not selected" in ran.last
    assert {"apply", "commit"} < passed
    assert passed & FINAL == chosen


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (("-m", "shipping"), {"two_shipped"}),
        (("-m", "not shipping"), FINAL - {"two_shipped"}),
        (("-k", "not_empty"), {"not_empty.orders", "not_empty.lines"}),
        (("-k", "final"), FINAL),
        (("--deselect", f"{CHECK_FILE}::two_shipped"), FINAL - {"two_shipped"}),
        ((f"{MIGRATION_FILE}::commit", f"{MIGRATION_FILE}::apply"), set()),
    ],
)
def test_when_checks_are_left_out_then_those_chosen_run_and_it_is_not_go(
    shop: Shop, migrated: Live, choice: tuple[str, ...], chosen: set[str]
) -> None:
    ran = shop.run("-v", migrated.url, *choice)
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "planned checks were not selected" in ran.last
    assert set(names(shown(ran))) & FINAL == chosen


def test_when_a_file_of_any_name_is_named_then_it_is_read_as_verifications(
    shop: Shop, migrated: Live
) -> None:
    shop.write("later.sql", "-- name: later\n-- expect-value: 3\nSELECT count(*) FROM orders;\n")
    assert "later" not in shop.run("--co", "-q").out
    ran = shop.run(".", "later.sql", migrated.url)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert shop.outcomes()["later"] == "PASS"


def test_when_a_file_below_migrations_is_called_verification_then_it_is_a_migration(
    shop: Shop,
) -> None:
    shop.write(
        "migrations/002_email_verification.sql",
        "-- every address should be checked\nALTER TABLE orders ADD COLUMN checked boolean;\n",
    )
    ids = shown(shop.run("--co", "-q"))
    assert "migrations/002_email_verification.sql::apply" in ids
    assert "migrations/002_email_verification.sql::decision" in ids


def test_when_a_file_found_by_its_name_expects_nothing_then_it_is_somebody_elses(
    shop: Shop, migrated: Live
) -> None:
    shop.write("verify_email.sql", "DROP TABLE orders;\n")
    ran = shop.run(migrated.url)
    assert (ran.status, ran.word) == (0, "GO"), ran.out


def test_when_a_check_failed_then_lf_runs_it_again_alone_and_is_not_go(
    shop: Shop, migrated: Live
) -> None:
    shop.break_a_check()
    assert shop.run(migrated.url).status == 1
    shop.repair_the_check()
    ran = shop.run("-v", "--lf", migrated.url)
    assert set(names(shown(ran, "PASSED"))) & FINAL == {"two_shipped"}
    assert (ran.status, ran.word) == (1, "NO-GO")


def test_when_a_check_failed_then_ff_runs_everything_in_its_order(
    shop: Shop, migrated: Live
) -> None:
    shop.break_a_check()
    assert shop.run(migrated.url).status == 1
    shop.repair_the_check()
    ran = shop.run("-v", "--ff", migrated.url)
    assert shown(ran)[0] == f"{CHECK_FILE}::three_before"
    assert (ran.status, ran.word) == (0, "GO"), ran.out


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_when_the_first_failure_stops_the_run_then_it_is_not_go(
    shop: Shop, migrated: Live, stop: str
) -> None:
    shop.break_a_check()
    ran = shop.run("-v", stop, migrated.url)
    assert f"{CHECK_FILE}::two_shipped FAILED" in ran.out
    assert "::decision" not in ran.out
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert not shop.evidence()["run"]["complete"]


def test_when_two_projects_are_collected_then_it_is_wrong_use(shop: Shop) -> None:
    for name in ("migrations/001_a.sql", "second_verification.sql"):
        shop.write(f"other/{name}", "-- expect-value: 1\nSELECT 1;\n")
    ran = shop.run()
    assert ran.status == 4
    assert "two projects in one run: ., other" in ran.err
    assert ran.last.startswith("dbmigrate: NO-GO · two projects in one run")
    assert ran.last.endswith("· nothing was written")
    assert shop.folders == []
    assert shop.run("other", "--co", "-q").status == 0


def test_when_a_tag_is_not_declared_then_the_message_says_where_and_what_to_write(
    shop: Shop,
) -> None:
    shop.write("pytest.ini", "[pytest]\nstrict_markers = true\n")
    shop.change(CHECK_FILE, "-- tags: shipping", "-- tags: freight")
    ran = shop.run()
    assert ran.status == 2
    assert f"{CHECK_FILE}:22: the tag 'freight' is not declared" in ran.out
    assert 'markers = ["freight"]' in ran.out
    assert ran.word == "NO-GO"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (CHECK_FILE, "-- expect-valeu: 3\nSELECT 1;\n", f"{CHECK_FILE}:1"),
        (MIGRATION_FILE, "SELECT 'unterminated;\n", f"{MIGRATION_FILE}:1"),
        ("baseline/02_more.sql", "SELECT (1;\n", "baseline/02_more.sql:1"),
        ("plan.toml", "title = \n", "plan.toml:1"),
    ],
)
def test_when_a_file_is_wrong_then_nothing_runs_and_it_is_said_once(
    shop: Shop, file: str, text: str, said: str
) -> None:
    shop.write("more_verification.sql", "-- expect-value: 3\nSELECT count(*) FROM orders;\n")
    shop.write(file, text)
    ran = shop.run()
    assert ran.status == 2
    assert ran.out.count("ERROR collecting") == 1
    assert said in ran.out
    assert ran.last.startswith(f"dbmigrate: NO-GO · {said}")
    assert shop.folders == []


def test_when_a_mark_keeps_a_check_from_running_then_it_is_not_go(
    shop: Shop, migrated: Live
) -> None:
    shop.mark("two_shipped", "skip(reason='not today')")
    ran = shop.run(migrated.url)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "pytest reported the item as skipped: " in ran.out
    assert "not today" in ran.last


def test_when_a_failing_check_is_expected_to_fail_then_it_is_not_go(
    shop: Shop, migrated: Live
) -> None:
    shop.break_a_check()
    shop.mark("two_shipped", "xfail(reason='known')")
    ran = shop.run(migrated.url)
    assert "1 xfailed" in ran.out
    assert (ran.status, ran.word) == (1, "NO-GO")


@pytest.mark.parametrize("name", ["two_shipped", "commit"])
def test_when_a_fixture_of_the_users_fails_for_an_item_then_it_is_not_go(
    shop: Shop, name: str
) -> None:
    shop.write(
        "conftest.py",
        "import pytest\n"
        "@pytest.fixture(autouse=True)\n"
        "def fussy(request):\n"
        f"    if request.node.name == {name!r}:\n"
        "        raise OSError('no disk')\n",
    )
    ran = shop.run()
    assert "1 error" in ran.out
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "OSError: no disk" in ran.last


def test_when_users_have_autouse_fixtures_of_every_scope_then_they_wrap_our_items(
    shop: Shop, migrated: Live
) -> None:
    scopes = ("session", "package", "module", "class", "function")
    shop.write(
        "conftest.py",
        "import pytest\n"
        + "".join(
            f"@pytest.fixture(autouse=True, scope={s!r})\ndef of_{s}():\n    yield\n"
            for s in scopes
        ),
    )
    ran = shop.run("--setup-show", migrated.url)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    for scope in scopes:
        assert f"SETUP    {scope[0].upper()} of_{scope}" in ran.out
    assert "SETUP    S dbmigrate_run" in ran.out


def test_when_only_set_up_is_run_then_nothing_was_observed_and_it_is_not_go(shop: Shop) -> None:
    ran = shop.run("--setup-only")
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "· nothing was written" in ran.last
