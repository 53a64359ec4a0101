"""The examples of docs/monitoring.md are a project that runs, with its own alert."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from application import TOKEN, running
from in_process import QUIET, load_everything
from shop import CHECK_FILE

from pytest_dbmigrate.spec.figures import known_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application import Application
    from shop import Live, Shop

TEXT = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    load_everything()


@pytest.fixture
def application(live: Live, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """The page's own project, beside an application."""
    (plan,), (queries,), (alert,) = blocks("toml"), blocks("sql"), blocks("python")
    shop.write("plan.toml", plan)
    shop.write("queries.sql", queries)
    shop.write("notify.py", f"{alert}\nopen('alerts', 'a').write(json.dumps(facts))\n")
    with running(live.dsn, shop.root / "application.log") as application:
        monkeypatch.setenv("DATABASE_URL", live.dsn)
        monkeypatch.setenv("APP_URL", application.url)
        monkeypatch.setenv("APP_TOKEN", TOKEN)
        yield application


def typed(command: str) -> list[str]:
    """The arguments of a line of the page, with shorter times and this Python."""
    shorter = command.replace("=2h", "=500ms").replace("=30s", "=100ms")
    program, *arguments = shlex.split(shorter.replace("python3", sys.executable))
    assert program == "pytest"
    return arguments


def record(shop: Shop, stage: str) -> dict[str, Any]:
    folders = sorted((shop.root / "dbmigrate-report").glob(f"*-{stage}-*"))
    found: dict[str, Any] = json.loads((folders[-1] / "evidence.json").read_bytes())
    return found


def test_when_the_commands_of_monitoring_md_are_typed_then_they_do_what_it_says(
    shop: Shop, application: Application
) -> None:
    """Migrate and watch, watch again, be alerted."""
    migrate, again, alerted = (block.strip() for block in blocks("sh"))
    ran = shop.run(*QUIET, *typed(migrate))
    assert (ran.word, ran.status) == ("GO", 0), ran.out
    criteria = {c["name"]: c for c in record(shop, "production")["criteria"]}
    assert criteria["downtime"]["result"]["outcome"] == "PASS"
    assert "open-orders" in {m["name"] for m in record(shop, "production")["metrics"]}
    window = record(shop, "monitoring")
    criteria = {c["name"]: c for c in window["criteria"]}
    assert criteria["application-is-well"]["result"]["outcome"] == "PASS"
    assert criteria["no-slow-queries"]["result"]["why"].startswith("the extension pg_stat_stat")

    shop.change(CHECK_FILE, "-- expect-same-as-before\n", "-- expect-value: 3\n")
    ran = shop.run(*QUIET, *typed(again))
    assert (ran.word, ran.status) == ("GO", 0), ran.out
    linked = record(shop, "monitoring")["run"]["production"]
    assert linked["run"] == record(shop, "production")["run"]["id"]

    application.mode = "failing"
    ran = shop.run(*QUIET, *typed(alerted))
    assert ran.word == "NO-GO"
    facts = json.JSONDecoder().raw_decode((shop.root / "alerts").read_text())[0]
    (example,) = blocks("json")
    assert set(facts) == set(json.loads(example))
    assert {type(v) for v in facts.values()} <= {type(v) for v in json.loads(example).values()}


def test_when_monitoring_md_names_figures_and_options_then_there_are_such() -> None:
    """A page that names what is not there is worse than none."""
    figures = {name.partition(".")[0] for name in known_figures((), ["open-orders"])}
    table = TEXT.partition("| figure | what it is | needs |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", table.replace("`pg_read_all_stats`", "")))
    assert named <= figures
    assert len(named) == 8
