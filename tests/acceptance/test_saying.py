"""How a run says what it decided: the last line, JUnit, pytest-html's page, the run's folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from shop import CHECK_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from shop import Live, Shop

GO_LINE = "dbmigrate: GO · 3 of 3 verifications passed · nothing was written"
NO_GO_START = "dbmigrate: NO-GO · two_shipped: "
NO_GO_END = f"4, observed 2 ({CHECK_FILE}:22) (1 FAIL) · nothing was written"


@pytest.mark.parametrize(
    "options",
    [
        ("-qq",),
        ("-v",),
        ("--no-summary",),
        ("-p", "no:terminal"),
        ("-p", "no:html"),
        ("-p", "no:cacheprovider"),
        ("-p", "no:randomly"),
        ("-p", "no:postgresql"),
        ("-p", "no:junitxml"),
        ("-s",),
        ("--tb=no",),
        ("-rA",),
        ("--durations=3",),
    ],
    ids=" ".join,
)
def test_when_options_change_the_output_then_its_last_line_is_the_decision(
    shop: Shop, migrated: Live, options: tuple[str, ...]
) -> None:
    shop.break_a_check()
    ran = shop.run(migrated.url, *options)
    assert ran.status == 1
    assert ran.last.startswith(NO_GO_START)
    assert ran.last.endswith(NO_GO_END)


def test_when_everything_holds_then_the_last_line_is_the_decision(
    shop: Shop, migrated: Live
) -> None:
    ran = shop.run(migrated.url, "-qq")
    assert (ran.status, ran.last) == (0, GO_LINE)


def test_when_a_hook_of_the_users_breaks_then_the_last_line_is_the_decision(
    shop: Shop, migrated: Live
) -> None:
    shop.write(
        "conftest.py", "def pytest_runtest_logreport(report):\n    raise RuntimeError('theirs')\n"
    )
    ran = shop.run_apart(migrated.url)
    assert "INTERNALERROR" in ran.out
    assert (ran.status, ran.word) == (3, "NO-GO")


def test_when_no_test_is_collected_in_a_project_without_ours_then_nothing_is_said(
    pytester: pytest.Pytester,
) -> None:
    assert pytester.runpytest_inprocess().ret == 5


def properties(page: Path, name: str) -> dict[str, str]:
    """The JUnit properties of one item."""
    cases = ET.parse(page).iter("testcase")  # noqa: S314  (written by pytest a moment ago)
    case = next(c for c in cases if c.get("name") == name)
    return {p.get("name", ""): p.get("value", "") for p in case.iter("property")}


def test_when_junit_is_written_then_it_is_red_on_no_go_and_tells_what_was_seen(
    shop: Shop, migrated: Live
) -> None:
    page = shop.root / "junit.xml"
    ran = shop.run(migrated.url, "--junitxml=junit.xml", "--deselect", f"{CHECK_FILE}::none_lost")
    assert ran.word == "NO-GO"
    suite = ET.parse(page).getroot()[0]  # noqa: S314  (written by pytest a moment ago)
    failed = [c.get("name") for c in suite.iter("testcase") if c.find("failure") is not None]
    assert failed == ["decision"]
    assert properties(page, "decision")["decision"] == "NO-GO"
    assert properties(page, "decision")["database"] == "nothing was written"
    seen = properties(page, "two_shipped")
    assert seen == {
        "outcome": "PASS",
        "phase": "final",
        "query_set": "QUERY SET 2: Orders with a status",
        "expected": "2",
        "observed": "2",
    }


def summary(page: Path) -> str:
    """What a reader without scripts sees of pytest-html's page, its style sheet left out."""
    text = re.sub(
        r"<style.*?</style>|data-jsonblob=\"[^\"]*\"", "", page.read_text(), flags=re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_when_an_html_page_is_written_then_its_static_part_has_the_decision_and_the_sets(
    shop: Shop, migrated: Live
) -> None:
    page = shop.root / "report.html"
    assert shop.run(migrated.url, "--html=report.html").word == "GO"
    seen = summary(page)
    assert '<title id="head-title">GO · verify</title>' in page.read_text()
    assert "3 of 3 verifications passed" in seen
    assert "QUERY SET 2: Orders with a status" in seen
    shop.break_a_check()
    shop.run(migrated.url, "--html=report.html", "--self-contained-html")
    assert "NO-GO" in summary(page)
    assert "observed 2" in summary(page)


def test_when_nothing_could_run_then_the_page_says_so_and_an_earlier_one_is_gone(
    shop: Shop, migrated: Live
) -> None:
    page = shop.root / "report.html"
    assert shop.run(migrated.url, "--html=report.html").word == "GO"
    shop.write(CHECK_FILE, "-- expect-valeu: 3\nSELECT 1;\n")
    assert shop.run(migrated.url, "--html=report.html").word == "NO-GO"
    assert "NO-GO" in summary(page)
    assert f"{CHECK_FILE}:1" in summary(page)
    assert "3 of 3" not in summary(page)


def test_when_a_run_is_killed_then_the_page_of_an_earlier_one_is_gone(
    shop: Shop, migrated: Live
) -> None:
    assert shop.run(migrated.url, "--html=report.html").word == "GO"
    shop.write(
        "conftest.py",
        "import os, signal\n"
        "def pytest_runtest_call(item):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    assert shop.run_apart(migrated.url, "--html=report.html").status == -9
    assert not (shop.root / "report.html").exists()
    assert shop.evidence()["run"]["complete"] is False


def test_when_a_run_ends_then_its_folder_has_evidence_and_both_pages(
    shop: Shop, migrated: Live
) -> None:
    for number in (1, 2):
        ran = shop.run(migrated.url)
        assert len(shop.folders) == number
        folder = shop.folders[-1]
        assert {p.name for p in folder.iterdir()} == {"evidence.json", "report.html", "report.md"}
        assert folder == (shop.root / "dbmigrate-report" / "latest").resolve()
        assert str(folder / "report.html") in ran.out


def test_when_another_folder_is_asked_for_then_the_run_writes_there(
    shop: Shop, migrated: Live
) -> None:
    assert shop.run(migrated.url, "--dbmigrate-report=kept/runs").word == "GO"
    assert len(list((shop.root / "kept" / "runs").glob("*-verify-*"))) == 1
    assert shop.folders == []


def test_when_github_actions_runs_it_then_summary_and_annotations_are_written(
    shop: Shop, migrated: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.break_a_check()
    page = shop.write("step.md", "# Earlier\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    ran = shop.run(migrated.url)
    assert f"::error file={CHECK_FILE},line=22," in ran.out
    assert page.read_text().startswith("# Earlier\n")
    assert "NO-GO" in page.read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/proc/nowhere/step.md")
    ran = shop.run(migrated.url)
    assert "GITHUB_STEP_SUMMARY cannot be written" in ran.err
    assert ran.word == "NO-GO"


def test_when_we_have_a_bug_at_the_end_then_the_last_line_says_so_and_it_is_no_go(
    shop: Shop, migrated: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("our bug")

    monkeypatch.setattr("pytest_dbmigrate.telling.step_summary", broken)
    ran = shop.run(migrated.url)
    assert (ran.status, ran.word) == (3, "NO-GO")
    assert "this is a bug of pytest-dbmigrate: ZeroDivisionError('our bug')" in ran.last
    assert ran.last.endswith("· nothing was written")
    assert "Traceback" in ran.err
