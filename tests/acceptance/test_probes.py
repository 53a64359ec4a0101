"""Probes of the plan in runs as a user types them, against a real application."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from application import running
from in_process import QUIET, load_everything
from shop import CHECK_FILE, MIGRATION_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application import Application
    from shop import Live, Shop

PLAN = """\
title = "Orders get a status"

[[probe.http]]
name = "up"
path = "/health"
max_response = "30 s"
json_field = "database.orders"

[[probe.log]]
name = "log"
files = ["application.log"]
"""
LATER = """
[[criterion]]
name = "application-is-up"
title = "The application is up"
checks = ["up", "log"]
stages = ["monitoring"]
"""
APPLY = "--apply-migrations"


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    load_everything()


@pytest.fixture
def application(live: Live, shop: Shop) -> Iterator[Application]:
    shop.write("plan.toml", PLAN)
    with running(live.dsn, shop.root / "application.log") as application:
        yield application


def probe(shop: Shop, name: str) -> dict[str, Any]:
    """A probe of the newest record."""
    (found,) = [c for c in shop.evidence()["checks"] if c["name"] == name]
    return dict(found)


def metric(shop: Shop, name: str) -> dict[str, Any]:
    (found,) = [m for m in shop.evidence()["metrics"] if m["name"] == name]
    return dict(found)


def test_when_the_application_is_well_then_the_run_is_go_and_both_sides_are_in_the_record(
    shop: Shop, live: Live, application: Application
) -> None:
    """Probes are items of their own; each figure has its value before and after."""
    shop.write("queries.sql", "-- metric: open-orders\nSELECT * FROM orders WHERE id > 1;\n")
    application.say(logging.ERROR, "long before")
    ran = shop.run(*QUIET, live.url, APPLY, f"--dbmigrate-base-url={application.url}", "-v")
    assert ran.word == "GO"
    assert f"{MIGRATION_FILE}::up PASSED" in ran.out
    assert f"{MIGRATION_FILE}::log PASSED" in ran.out
    up = probe(shop, "up")
    assert up["kind"] == "probe"
    assert up["expected"] == "200 within 30,000 ms with database.orders"
    assert up["result"]["observed"]["text"].startswith("200 in ")
    assert up["source"] == "plan.toml:3"
    assert probe(shop, "log")["result"]["observed"]["text"] == "no error in 0 new lines"
    for name in ("connections", "waiting-locks", "database-size", "open-orders", "up"):
        assert metric(shop, name)["before"], name
        assert metric(shop, name)["after"], name
    downtime = metric(shop, "downtime")
    assert downtime["after"]["unit"] == "ms"
    assert "waited from" in downtime["after"]["text"]
    tried = "\n".join(downtime["after"]["details"])
    for name in ("reading public.orders", "writing public.orders", "query open-orders"):
        assert name in tried
    assert "GET /health" in tried


def test_when_the_application_fails_afterwards_then_the_run_is_committed_and_no_go(
    shop: Shop, live: Live, application: Application
) -> None:
    """What is wrong with the application cannot be undone by saying GO."""
    application.mode = "failing"
    ran = shop.run(*QUIET, live.url, APPLY, f"--dbmigrate-base-url={application.url}")
    assert (ran.word, ran.status) == ("NO-GO", 10)
    assert "database committed" in ran.last
    assert live.is_migrated
    assert probe(shop, "up")["result"]["outcome"] == "FAIL"
    found = probe(shop, "log")["result"]
    assert found["outcome"] == "FAIL"
    assert "/health: <the database> says no" in found["observed"]["details"][0]
    assert "plan.toml:3: FAIL: GET /health: expected 200" in ran.out


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (PLAN, "probe up cannot be asked: no base URL is configured"),
        (
            PLAN.replace('path = "/health"', 'url = "http://127.0.0.1:9/"').replace(
                "application.log", "gone.log"
            ),
            "probe log cannot be read: gone.log: no such file or directory",
        ),
    ],
)
def test_when_a_required_probe_cannot_be_asked_then_nothing_is_begun(
    shop: Shop, live: Live, application: Application, plan: str, why: str
) -> None:
    """Production is not locked for a run that cannot end in GO."""
    del application
    shop.write("plan.toml", plan)
    ran = shop.run(*QUIET, live.url, APPLY)
    assert (ran.word, ran.status) == ("NO-GO", 1)
    assert f"refused before BEGIN: {why}" in ran.out
    assert "--dbmigrate-base-url=URL" in ran.out or "log" in why
    assert not live.is_migrated


def test_when_a_probe_is_for_monitoring_then_a_production_run_goes_without_it(
    shop: Shop, live: Live, application: Application
) -> None:
    """Its criterion says where it is judged; here it is shown and does not stop GO."""
    shop.write("plan.toml", PLAN + LATER)
    ran = shop.run(*QUIET, live.url, APPLY)
    assert ran.word == "GO"
    found = probe(shop, "up")
    assert (found["result"]["outcome"], found["required"]) == ("NOT CHECKED", False)
    assert probe(shop, "log")["result"]["outcome"] == "PASS"
    application.die()


def test_when_a_database_is_only_verified_then_the_application_is_asked_and_its_log_is_not(
    shop: Shop, migrated: Live, application: Application
) -> None:
    """Nothing says which lines of the log would be new."""
    shop.change(CHECK_FILE, "-- expect-same-as-before\n", "-- expect-value: 3\n")
    ran = shop.run(*QUIET, migrated.url, f"--dbmigrate-base-url={application.url}")
    assert ran.word == "GO", ran.out
    assert probe(shop, "up")["result"]["outcome"] == "PASS"
    assert not probe(shop, "log")["applicable"]
    assert metric(shop, "connections")["before"] is None
    assert metric(shop, "connections")["after"]["value"] >= 0


def test_when_it_is_rehearsed_then_downtime_is_measured_and_probes_do_not_apply(
    shop: Shop, application: Application
) -> None:
    """No application runs on a throw-away database, but its locks are those of the migrations."""
    ran = shop.run(*QUIET, f"--dbmigrate-base-url={application.url}")
    assert ran.word == "GO"
    assert not application.asked
    assert not probe(shop, "up")["applicable"]
    assert metric(shop, "downtime")["after"]["value"] > 0
    assert metric(shop, "database-size")["before"]["value"] > 0
    assert "connections" not in {m["name"] for m in shop.evidence()["metrics"]}


def test_when_downtime_is_switched_off_then_nobody_tries_anything(shop: Shop, live: Live) -> None:
    """A criterion on it would read NOT CHECKED."""
    ran = shop.run(*QUIET, live.url, APPLY, "--dbmigrate-off=downtime")
    assert ran.word == "GO"
    assert "downtime" not in {m["name"] for m in shop.evidence()["metrics"]}


def test_when_a_migration_breaks_a_query_of_the_application_then_its_time_is_not_measured(
    shop: Shop, live: Live
) -> None:
    """The record says why, and so does the downtime, which has no end."""
    shop.change(MIGRATION_FILE, "UPDATE", "ALTER TABLE lines RENAME COLUMN id TO no;\nUPDATE")
    shop.write("queries.sql", "-- metric: of-a-line\nSELECT id FROM lines;\n")
    ran = shop.run(*QUIET, live.url, APPLY)
    assert ran.word == "GO"
    found = metric(shop, "of-a-line")
    assert found["before"]
    assert found["after"] is None
    assert found["why"] == 'column "id" does not exist'
    assert "query of-a-line still failed when all was over" in metric(shop, "downtime")["why"]


@pytest.mark.parametrize("url", ["http://me:hunter2@app", "app.example", "http://a/?token=hunter2"])
def test_when_the_base_url_is_none_then_it_is_refused_and_not_repeated(
    shop: Shop, url: str
) -> None:
    """It may hold a password."""
    ran = shop.run(*QUIET, f"--dbmigrate-base-url={url}")
    assert ran.status == 4
    assert "--dbmigrate-base-url: an http or https URL is expected" in ran.err
    assert "hunter2" not in ran.out + ran.err


def test_when_a_probe_has_the_name_of_a_check_then_the_plan_is_refused(shop: Shop) -> None:
    """A criterion could mean either, and an item's id must be one thing."""
    for name in ("readable", "commit"):
        shop.write("plan.toml", PLAN.replace('"up"', f'"{name}"'))
        ran = shop.run(*QUIET)
        assert ran.status in {2, 4}
        assert f'plan.toml:4: probe "{name}" has the name of a check' in ran.out + ran.err
