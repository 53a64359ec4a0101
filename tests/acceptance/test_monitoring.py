"""The monitoring window as a user types it: a second record, judged on what was observed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from application import running
from in_process import QUIET, load_everything
from shop import CHECK_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from application import Application
    from shop import Live, Ran, Shop

PLAN = """\
title = "Orders get a status"

[[probe.http]]
name = "up"
path = "/health"

[[probe.log]]
name = "log"
files = ["application.log"]

[[criterion]]
name = "application-is-up"
title = "The application is up"
checks = ["up", "log"]
stages = ["monitoring"]

[[criterion]]
name = "no-queue"
title = "At most five sessions wait"
figure = "waiting-locks.after"
limit = "<= 5"
stages = ["monitoring"]
"""
WINDOW = ("--apply-migrations", "--dbmigrate-monitor=1s", "--dbmigrate-interval=50ms")


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    load_everything()


@pytest.fixture
def application(live: Live, shop: Shop) -> Iterator[Application]:
    shop.write("plan.toml", PLAN)
    with running(live.dsn, shop.root / "application.log") as application:
        yield application


@pytest.fixture
def watch(shop: Shop, live: Live, application: Application) -> Callable[..., Ran]:
    """Migrate and watch, while something is done to the application once it was sampled."""

    def run(do: Callable[[], object] = lambda: None, *arguments: str) -> Ran:
        url = f"--dbmigrate-base-url={application.url}"
        thread = threading.Thread(target=after_samples, args=(shop, application, do))
        thread.start()
        ran = shop.run(*QUIET, live.url, *WINDOW, url, *arguments)
        thread.join()
        return ran

    return run


def after_samples(shop: Shop, application: Application, do: Callable[[], object]) -> None:
    """Do something when the window has begun and the application was asked twice in it."""
    reports = shop.root / "dbmigrate-report"
    until(lambda: list(reports.glob("*-monitoring-*/evidence.json")))
    application.await_requests(2)
    do()


def until(condition: Callable[[], object]) -> None:
    """Look again and again, and let others work meanwhile."""
    while not condition():
        time.sleep(0.005)


def record(shop: Shop, stage: str) -> dict[str, Any]:
    """The one record of a stage."""
    (path,) = (shop.root / "dbmigrate-report").glob(f"*-{stage}-*/evidence.json")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def check(found: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [c for c in found["checks"] if c["name"] == name]
    return dict(one)


def page(shop: Shop, stage: str) -> str:
    (path,) = (shop.root / "dbmigrate-report").glob(f"*-{stage}-*/report.html")
    return path.read_text("utf-8")


def test_when_all_is_well_to_the_end_then_both_records_are_go_and_the_second_names_the_first(
    shop: Shop, watch: Callable[..., Ran], application: Application
) -> None:
    """What may have been signed stays byte for byte what it was."""
    ran = watch()
    assert (ran.word, ran.status) == ("GO", 0), ran.out
    production, seen = record(shop, "production"), record(shop, "monitoring")
    (path,) = (shop.root / "dbmigrate-report").glob("*-production-*/evidence.json")
    assert seen["run"]["production"] == {
        "run": production["run"]["id"],
        "evidence_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "committed": production["transaction"]["ended"],
    }
    assert seen["transaction"]["state"] == "nothing written"
    assert f"database committed at {production['transaction']['ended']} by " in ran.last
    window = seen["window"]
    assert window["observed_ns"] == window["planned_ns"] == 1_000_000_000
    assert window["samples"] > 3
    assert window["anomalies"] == window["blinds"] == []
    series = {s["name"]: s for s in window["series"]}
    assert {"up", "log", "connections", "waiting-locks", "database-size"} <= set(series)
    for each in series.values():
        assert len(each["values"]) == len(each["offsets_ns"]) >= window["samples"]
        assert each["offsets_ns"] == sorted(each["offsets_ns"])
    assert series["waiting-locks"]["limit"] == "<= 5"
    assert check(seen, "monitoring-window")["result"]["observed"]["text"].startswith("1 of 1 sec")
    assert check(seen, "monitoring-anomalies")["result"]["observed"]["text"] == "none"
    assert "samples that all passed" in check(seen, "up")["result"]["observed"]["text"]
    assert check(seen, "readable")["result"]["outcome"] == "PASS"
    assert {c["name"]: c["result"]["outcome"] for c in seen["criteria"]} == {
        "application-is-up": "PASS",
        "no-queue": "PASS",
    }
    assert not application.log.read_text()
    assert "dbmigrate: monitoring" in ran.out


def test_when_the_application_fails_and_recovers_then_the_anomaly_has_its_times_and_it_is_no_go(
    shop: Shop, watch: Callable[..., Ran], application: Application
) -> None:
    """Marked when it happens; a window that ends well was not well."""

    def fail_for_a_while() -> None:
        application.mode = "failing"
        application.await_requests(2)
        application.mode = "healthy"

    ran = watch(fail_for_a_while)
    assert (ran.word, ran.status) == ("NO-GO", 10)
    assert "database committed at" in ran.last
    seen = record(shop, "monitoring")
    found = {a["name"]: a for a in seen["window"]["anomalies"]}
    assert found["up"]["text"].startswith("503 in ")
    assert found["up"]["recovered"] > found["up"]["at"]
    assert "<the database> says no" in found["log"]["text"]
    assert "ANOMALY" in ran.out
    result = check(seen, "up")["result"]
    assert result["outcome"] == "FAIL"
    assert " samples, first at " in result["observed"]["text"]
    assert check(seen, "monitoring-anomalies")["result"]["outcome"] == "FAIL"
    assert check(seen, "monitoring-window")["result"]["outcome"] == "PASS"
    assert record(shop, "production")["run"]["complete"]


def test_when_the_window_is_interrupted_then_what_was_observed_is_not_checked_yet(
    shop: Shop, live: Live, application: Application
) -> None:
    """`0.4 of 60 seconds`: nothing is claimed of the rest, and nothing is lost."""
    process = shop.start(
        live.url,
        "--apply-migrations",
        "--dbmigrate-monitor=1h",
        "--dbmigrate-interval=50ms",
        f"--dbmigrate-base-url={application.url}",
    )
    after_samples(shop, application, lambda: process.send_signal(signal.SIGINT))
    out = process.communicate()[0].decode()
    assert process.returncode == 10, out
    assert "of 60 minutes were observed: it was interrupted" in out
    last = out.splitlines()[-1]
    assert last.startswith("dbmigrate: NO-GO ")
    assert "database committed at" in last
    seen = record(shop, "monitoring")
    assert seen["run"]["complete"] is False
    assert {c["result"]["outcome"] for c in seen["criteria"]} == {"NOT CHECKED"}
    assert check(seen, "up")["result"]["outcome"] == "NOT CHECKED"
    assert seen["window"]["samples"] >= 1
    assert record(shop, "production")["run"]["complete"]


def test_when_the_process_is_killed_in_the_window_then_its_record_says_that_it_is_incomplete(
    shop: Shop, live: Live, application: Application
) -> None:
    """And the production run's record is complete: it was written before."""
    process = shop.start(
        live.url, *WINDOW[:1], "--dbmigrate-monitor=1h", f"--dbmigrate-base-url={application.url}"
    )
    reports = shop.root / "dbmigrate-report"
    until(lambda: list(reports.glob("*-monitoring-*/evidence.json")))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert record(shop, "monitoring")["run"]["complete"] is False
    assert record(shop, "production")["run"]["complete"] is True


def test_when_there_is_an_anomaly_then_the_command_is_run_once_with_the_facts(
    shop: Shop, watch: Callable[..., Ran], application: Application, tmp_path: Path
) -> None:
    """As JSON on its standard input, and no shell reads what an application says."""
    script = tmp_path / "alert.py"
    script.write_text(
        "import sys, pathlib\n"
        f"with open({str(tmp_path / 'alerts')!r}, 'a') as file:\n"
        "    file.write(sys.stdin.read())\n"
        "    assert sys.argv[1:] == ['a b', '$HOME', '; exit 3']\n"
    )
    command = f"{sys.executable} {script} 'a b' $HOME '; exit 3'"
    watch(application.die, f"--dbmigrate-on-alert={command}")
    (facts,) = [json.loads(line) for line in (tmp_path / "alerts").read_text().splitlines()]
    assert facts["anomaly"] == "up"
    assert facts["title"] == "GET /health"
    assert "no answer from" in facts["observed"]
    assert facts["required"] is True
    assert facts["run"] == record(shop, "monitoring")["run"]["id"]
    assert facts["production"] == record(shop, "production")["run"]["id"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("/nowhere/alert", "/nowhere/alert: No such file or directory"),
        ("false", "false ended with status 1"),
    ],
)
def test_when_the_command_does_not_work_then_the_window_goes_on_and_it_is_said(
    watch: Callable[..., Ran], application: Application, command: str, problem: str
) -> None:
    """An alarm that is broken must not break what it watches over."""
    ran = watch(application.die, f"--dbmigrate-on-alert={command}")
    assert f"dbmigrate: --dbmigrate-on-alert: {problem}" in ran.out
    assert ran.status == 10


def test_when_github_runs_it_then_each_anomaly_is_an_annotation(
    watch: Callable[..., Ran],
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """At once, and both runs stand in the step summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    ran = watch(application.die)
    assert "::error title=GET /health::dbmigrate%3A" in ran.out or "::error title=GET" in ran.out
    summary = (tmp_path / "summary.md").read_text()
    assert summary.count("Evidence: sha256") == 2


def test_when_a_migrated_database_is_verified_then_it_can_be_watched_again(
    shop: Shop, watch: Callable[..., Ran], live: Live, application: Application
) -> None:
    """After a window that was interrupted, or at another time: linked to who migrated it."""
    assert watch().word == "GO"
    (first,) = (shop.root / "dbmigrate-report").glob("*-monitoring-*")
    first.rename(shop.root / "first")
    shop.change(CHECK_FILE, "-- expect-same-as-before\n", "-- expect-value: 3\n")
    url = f"--dbmigrate-base-url={application.url}"
    ran = shop.run(*QUIET, live.url, *WINDOW[1:], url)
    assert (ran.word, ran.status) == ("GO", 0), ran.out
    seen = record(shop, "monitoring")
    assert seen["run"]["production"]["run"] == record(shop, "production")["run"]["id"]
    assert seen["window"]["observed_ns"] == seen["window"]["planned_ns"]
    assert check(seen, "log")["result"]["outcome"] == "PASS"


def test_when_nothing_was_committed_then_there_is_nothing_to_watch_over(
    shop: Shop, live: Live, application: Application
) -> None:
    """A run that was rolled back has no window."""
    shop.change(CHECK_FILE, "-- expect-value: 2\n", "-- expect-value: 4\n")
    ran = shop.run(*QUIET, live.url, *WINDOW, f"--dbmigrate-base-url={application.url}")
    assert (ran.word, ran.status) == ("NO-GO", 1)
    assert "nothing was committed, so there is nothing to watch over" in ran.out
    assert len(shop.folders) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--dbmigrate-monitor=2h",), "--dbmigrate-monitor watches over a database that people"),
        (("--dbmigrate-monitor=often",), "a number with its unit is expected"),
        (("--dbmigrate-interval=0",), "--dbmigrate-interval: more than 0 is expected"),
        (("--dbmigrate-on-alert='",), '--dbmigrate-on-alert: "\'" is not understood: no closing'),
    ],
)
def test_when_a_window_makes_no_sense_then_it_is_refused(
    shop: Shop, arguments: tuple[str, ...], problem: str
) -> None:
    """Before anything runs; an ini value for later is no reason to refuse a rehearsal."""
    ran = shop.run(*QUIET, *arguments)
    assert ran.status == 4
    assert problem in ran.err


def test_when_the_alert_comes_from_a_variable_then_it_must_be_set(shop: Shop, live: Live) -> None:
    """A webhook's address is a secret, and a command line is not."""
    ran = shop.run(*QUIET, live.url, *WINDOW, "--dbmigrate-on-alert=env:NO_SUCH_ALERT")
    assert ran.status == 4
    assert "--dbmigrate-on-alert: the variable NO_SUCH_ALERT is not set" in ran.err
    assert not live.is_migrated


def test_when_the_window_stands_in_the_ini_then_a_rehearsal_runs_without_it(shop: Shop) -> None:
    """The file is for every run of the project."""
    text = (shop.root / "pytest.ini").read_text()
    shop.write("pytest.ini", text + "dbmigrate_monitor = 2h\ndbmigrate_on_alert = env:NO_SUCH\n")
    assert shop.run(*QUIET).word == "GO"
