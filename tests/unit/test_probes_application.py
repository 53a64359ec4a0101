"""Where a run's application is, and why a probe cannot be asked."""

from __future__ import annotations

import sys

import pytest

from pytest_dbmigrate.probes import http
from pytest_dbmigrate.probes.application import INSTALL, Application, NotReachableError
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.probes import HttpProbe

PROBE = HttpProbe("p", "GET /p", "/p", 1, headers=(("X-Key", "APP_KEY"),))
KEY = {"APP_KEY": "hunter2"}


@pytest.mark.parametrize(
    ("option", "planned", "environ", "url"),
    [
        ("https://a.example", "", {}, "https://a.example/p"),
        ("https://a.example/", "https://b.example", {}, "https://a.example/p"),
        ("", "https://b.example:8443/app", {}, "https://b.example:8443/app/p"),
        ("", "env:APP_URL", {"APP_URL": "http://c"}, "http://c/p"),
        ("env:OTHER", "env:APP_URL", {"APP_URL": "http://c", "OTHER": "http://d"}, "http://d/p"),
    ],
)
def test_when_a_base_url_is_given_then_the_option_wins_and_paths_are_joined_to_it(
    option: str, planned: str, environ: dict[str, str], url: str
) -> None:
    """In both places it may name a variable."""
    assert Application(option, planned, environ).url(PROBE) == url


@pytest.mark.parametrize(
    ("planned", "environ", "why", "todo"),
    [
        ("", {}, "no base URL is configured", "--dbmigrate-base-url=URL"),
        ("env:APP_URL", {}, "APP_URL is not set", "export APP_URL=https://…"),
        ("env:APP_URL", {"APP_URL": "localhost:80"}, "what APP_URL holds is no http", "export"),
        ("env:APP_URL", {"APP_URL": "http://me:pw@x"}, "has a password in it", "export"),
        ("env:APP_URL", {"APP_URL": "http://x/?token=s3"}, "what APP_URL holds", "export"),
        ("http://x", {}, "APP_KEY is not set: the header X-Key has no value", "export APP_KEY=…"),
        ("http://x", {"APP_KEY": "a\nb"}, "what APP_KEY holds cannot stand in a header", "export"),
        ("http://x", {"APP_KEY": "schlüssel"}, "what APP_KEY holds cannot", "export APP_KEY"),
    ],
)
def test_when_a_probe_cannot_be_asked_then_it_is_not_checked_with_what_to_do(
    planned: str, environ: dict[str, str], why: str, todo: str
) -> None:
    """Nothing is sent, and no value of the environment is repeated."""
    (seen,) = http.ask([PROBE], Application(planned=planned, environ=environ))
    assert seen.outcome is Outcome.NOT_CHECKED
    assert why in seen.text
    assert todo in seen.todo
    assert not any(value in seen.text + seen.todo for value in environ.values())


def test_when_httpx_is_not_installed_then_the_line_that_installs_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTP probes are an extra."""
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    obstacle = Application(option="http://x", environ=KEY).obstacle(PROBE)
    assert obstacle is not None
    assert (str(obstacle), obstacle.todo) == ("httpx is not installed", INSTALL)


def test_when_all_is_there_then_nothing_stands_in_the_way() -> None:
    """Known before anything is sent, so that a run that cannot end in GO does not begin."""
    pytest.importorskip("httpx")
    assert Application(option="http://x", environ=KEY).obstacle(PROBE) is None
    with pytest.raises(NotReachableError):
        Application(option="http://x").headers(PROBE)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "200"),
        ({"status": 204, "max_response_ns": 500_000_000}, "204 within 500 ms"),
        ({"json_field": "status"}, "200 with status"),
        ({"json_field": "db.ok", "json_value": "true"}, "200 with db.ok = true"),
    ],
)
def test_when_a_probe_is_shown_then_it_says_what_it_expects(
    more: dict[str, object], words: str
) -> None:
    """As the report's column "Required" has it."""
    assert http.expected(HttpProbe("p", "t", "/p", 1, **more)) == words  # type: ignore[arg-type]
