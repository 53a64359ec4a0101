"""HTTP probes against a real application with a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from application import TOKEN, running

from pytest_dbmigrate.probes import http
from pytest_dbmigrate.probes.application import Application
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.probes import HttpProbe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from application import Application as RealApplication
    from shop import Live

    from pytest_dbmigrate.probes.seen import ProbeSeen

HEALTH = HttpProbe("health", "GET /health", "/health", 1)


@pytest.fixture
def real(live: Live, tmp_path: Path) -> Iterator[RealApplication]:
    with running(live.dsn, tmp_path / "application.log") as application:
        yield application


def ask(real: RealApplication, probe: HttpProbe, **environ: str) -> ProbeSeen:
    (seen,) = http.ask([probe], Application(option=real.url, environ=environ), patience=5)
    return seen


def probe(path: str = "/health", **more: object) -> HttpProbe:
    return HttpProbe("p", f"GET {path}", path, 1, **more)  # type: ignore[arg-type]  # fields of a test


def test_when_the_application_is_well_then_the_probe_passes_with_status_and_time(
    real: RealApplication,
) -> None:
    """What was observed is said in words, and the response time as a number in ms."""
    seen = ask(real, probe(max_response_ns=5_000_000_000))
    assert seen.outcome is Outcome.PASS
    assert seen.text.startswith("200 in ")
    assert seen.unit == "ms"
    assert seen.value is not None
    assert 0 < seen.value < 5000


def test_when_several_are_asked_then_each_has_its_own_answer_in_the_order_of_the_plan(
    real: RealApplication,
) -> None:
    """They are asked at the same time."""
    probes = [probe("/gone"), HEALTH, probe("/moved")]
    seen = http.ask(probes[:2], Application(option=real.url))
    assert [s.text[:3] for s in seen] == ["404", "200"]


def test_when_the_application_fails_then_the_probe_fails_with_its_status(
    real: RealApplication,
) -> None:
    """A 503 is an answer: FAIL, not ERROR."""
    real.mode = "failing"
    seen = ask(real, HEALTH)
    assert seen.outcome is Outcome.FAIL
    assert seen.text.startswith("503 in ")


def test_when_the_application_is_slow_then_a_probe_with_a_limit_fails_and_says_both(
    real: RealApplication,
) -> None:
    """Without a limit a slow answer is an answer."""
    real.mode = "slow"
    assert ask(real, HEALTH).outcome is Outcome.PASS
    seen = ask(real, probe(max_response_ns=50_000_000))
    assert seen.outcome is Outcome.FAIL
    assert seen.text.endswith(", slower than 50 ms")


def test_when_the_application_is_dead_then_the_probe_errs_and_when_it_recovers_it_passes(
    real: RealApplication,
) -> None:
    """Nobody answered, so nothing was evaluated; the system's own words say why."""
    real.die()
    seen = ask(real, HEALTH)
    assert seen.outcome is Outcome.ERROR
    assert f"no answer from {real.url}/health" in seen.text
    assert "refused" in seen.text or "Connect call failed" in seen.text
    real.start()
    assert ask(real, HEALTH).outcome is Outcome.PASS


def test_when_an_answer_never_ends_then_no_more_than_its_first_part_is_read(
    real: RealApplication,
) -> None:
    """A probe is over even where the body is not."""
    assert ask(real, probe("/endless")).outcome is Outcome.PASS
    seen = ask(real, probe("/endless", json_field="status"))
    assert seen.outcome is Outcome.FAIL
    assert "was not looked for" in seen.text


def test_when_nothing_comes_in_time_then_a_limit_was_broken_and_without_one_it_is_an_error(
    real: RealApplication,
) -> None:
    """What was not answered within a probe's patience is longer than its limit."""
    real.mode = "slow"
    for limit, outcome in ((10_000_000, Outcome.FAIL), (None, Outcome.ERROR)):
        application = Application(option=real.url)
        (seen,) = http.ask([probe(max_response_ns=limit)], application, patience=0.02)
        assert seen.outcome is outcome
        assert seen.text == "no answer within 0.02 s"


def test_when_the_application_redirects_then_that_is_its_answer(real: RealApplication) -> None:
    """A redirect to a login page must not count as the page that was asked for."""
    assert ask(real, probe("/moved")).text.startswith("302 in ")
    assert ask(real, probe("/moved", status=302)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("status", None, ""),
        ("status", "ok", ""),
        ("database.orders", "3", ""),
        ("status", "down", "status is ok"),
        ("database.rows", None, "its JSON has no database.rows"),
        ("status.0", None, "its JSON has no status.0"),
    ],
)
def test_when_a_field_is_asked_for_then_it_must_be_there_with_its_value(
    real: RealApplication, field: str, value: str | None, problem: str
) -> None:
    """Numbers, booleans and null compare as JSON writes them, texts as they are."""
    seen = ask(real, probe(json_field=field, json_value=value))
    assert seen.outcome is (Outcome.FAIL if problem else Outcome.PASS)
    assert seen.text.endswith(problem)


def test_when_the_body_is_no_json_then_a_field_cannot_be_there(real: RealApplication) -> None:
    """The status alone would have passed."""
    seen = ask(real, probe("/moved", status=302, json_field="status"))
    assert seen.outcome is Outcome.FAIL
    assert seen.text.endswith("its body is not JSON")


def test_when_a_header_comes_from_the_environment_then_it_is_sent_and_never_shown(
    real: RealApplication,
) -> None:
    """Not even an application that repeats it in its answer brings it into the report."""
    header = (("Authorization", "APP_TOKEN"),)
    seen = ask(real, probe("/api/orders", headers=header), APP_TOKEN=TOKEN)
    assert seen.outcome is Outcome.PASS
    assert ask(real, probe("/api/orders")).text.startswith("401 in ")
    echoed = probe("/echo", headers=header, json_field="said", json_value="nothing")
    seen = ask(real, echoed, APP_TOKEN=TOKEN)
    assert seen.text.endswith("said is ***")
    assert TOKEN not in repr(Application(environ={"APP_TOKEN": TOKEN}))
