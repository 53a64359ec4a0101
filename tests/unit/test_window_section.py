"""The window of a monitoring run: what is drawn, and the same in words."""

from __future__ import annotations

import re

import pytest
import sample_runs as runs
from msgspec.structs import replace
from pages import Page

from pytest_dbmigrate.evidence.decision import decide, exit_status, last_line
from pytest_dbmigrate.evidence.window import Anomaly, Series
from pytest_dbmigrate.report.html import render_page
from pytest_dbmigrate.report.markdown import render_markdown
from pytest_dbmigrate.report.sections import window as section
from pytest_dbmigrate.report.sections.window import Chart, window
from pytest_dbmigrate.report.terminal import summary_lines
from pytest_dbmigrate.report.view import report

MINUTE = 60_000_000_000


def charts(**more: object) -> dict[str, Chart]:
    view = window(runs.watched(**more))
    assert view is not None
    return {chart.title: chart for chart in view.charts}


def chart(values: tuple[float | None, ...], unit: str = "", limit: str = "") -> Chart:
    offsets = tuple(n * MINUTE for n in range(len(values)))
    (found,) = charts(series=(Series("x", "X", unit, limit, offsets, values),)).values()
    return found


def test_when_a_run_is_not_one_of_monitoring_then_it_has_no_window() -> None:
    """Neither the section nor a link to it."""
    evidence = runs.rehearsal()
    assert window(evidence) is None
    page = render_page(report(evidence, decide(evidence), (), runs.DIGEST))
    assert "dbm-window" not in page


def test_when_a_window_is_shown_then_it_says_how_much_was_observed_and_how_it_ended() -> None:
    """The first thing that a reader wants to know of it."""
    view = window(runs.watched())
    assert view is not None
    assert view.said == (
        "9 min 00 s of 2 h 00 min were observed from 08:31:00.000 UTC, 20 samples, one every "
        "30.0 s, 2 anomalies. The window ended early: it was interrupted."
    )
    (blind,) = view.blinds
    assert blind.startswith("From 08:32:30.000 UTC to 08:33:30.000 UTC the database did not answer")
    assert blind.endswith(": the server went away")
    assert [(row.status.word, row.until) for row in view.anomalies] == [
        ("FAIL", "until 08:35:30.000 UTC, 1 sample"),
        ("NOT CHECKED", "to the end, 1 sample, does not stop GO"),
    ]


def test_when_a_figure_is_drawn_then_its_numbers_stand_beside_it() -> None:
    """Lowest, highest, last, before the migrations, and the limit: in words too."""
    found = charts()["Sessions waiting for a lock"]
    assert (found.low, found.high, found.last, found.before) == ("0", "7", "0", "0")
    assert found.limit == "<= 5"
    assert found.label == "Sessions waiting for a lock: between 0 and 7, at the end 0, limit <= 5"
    sizes = charts()["Size"]
    assert (sizes.low, sizes.high) == ("10.0 MB", "11.0 MB")
    assert charts()["GET /health"].high == "480.0 ms"
    assert charts()["No errors"].last == "not measured"


def test_when_there_was_nothing_to_read_for_a_while_then_the_line_is_broken() -> None:
    """A line through a gap would claim what nobody saw; a lone point is a short stroke."""
    found = chart((1, 2, None, 3, None, None, 4, 5))
    assert [len(line.split()) for line in found.lines] == [2, 2, 2]
    assert chart((None, None)).lines == ()


def test_when_commit_and_anomalies_lie_on_the_axis_then_they_are_marked() -> None:
    """At their place in time: the commit 30.8 s behind the beginning, of 7 minutes."""
    found = charts()["Sessions waiting for a lock"]
    assert float(found.commit_x) == pytest.approx(1000 * 30.824 / 420, abs=0.1)
    assert [float(x) for x in found.marks] == [pytest.approx(1000 * 300 / 420, abs=0.1)]


@pytest.mark.parametrize(
    ("values", "unit", "limit", "drawn"),
    [
        ((1.0, 2.0), "", "< 4", True),
        ((1.0, 2.0), "", "< 4000", False),
        ((1.0, 2.0), "", ">= 1", False),
        ((1.0, 2.0), "ms", "< 1 s", False),
        ((400.0, 900.0), "ms", "< 1 s", True),
        ((1.0, 2.0), "", "< 1 s", False),
        ((1.0, 2.0), "", "something else", False),
    ],
)
def test_when_a_limit_is_an_upper_bound_near_the_values_then_it_is_drawn(
    values: tuple[float, ...], unit: str, limit: str, drawn: bool
) -> None:
    """One far away would press the line flat; its words stand beside the chart all the same."""
    found = chart(values, unit, limit)
    assert bool(found.limit_y) is drawn
    assert found.limit == limit


def test_when_a_figure_never_changes_then_it_is_a_line_and_no_division_by_zero() -> None:
    """Also one that is 0, negative or huge all the time."""
    for value in (0, -3, 10**15):
        (line,) = chart((value, value)).lines
        assert all(0 <= float(y) <= section.HEIGHT for y in re.findall(r",([\d.]+)", line))


def test_when_there_are_many_samples_then_the_highest_of_each_bucket_is_drawn() -> None:
    """A peak of one sample in 10,000 is seen."""
    values = [0.0] * 10_000
    values[7_777] = 50.0
    found = chart(tuple(values))
    assert len(found.lines[0].split()) <= 241
    assert found.high == "50"
    assert any(y == "3" for y in re.findall(r",([\d.]+)", found.lines[0]))


def test_when_there_are_many_anomalies_then_the_first_are_shown_and_the_rest_is_counted() -> None:
    """Thousands of rows help nobody."""
    many = tuple(Anomaly(f"a{n}", "t", "x", "2024-01-29T08:36:00.000Z") for n in range(60))
    view = window(runs.watched(anomalies=many))
    assert view is not None
    assert len(view.anomalies) == 50
    assert view.anomalies_left_out == "10 more anomalies in evidence.json."


def test_when_both_pages_are_drawn_then_they_have_the_same_numbers() -> None:
    """And the terminal says what is out of limits."""
    evidence = runs.watched()
    view = report(evidence, decide(evidence), (), runs.DIGEST)
    html, markdown = render_page(view), render_markdown(view)
    page = Page(html)
    for words in ("Monitoring window", "9 min 00 s of 2 h 00 min", "7: pid 4711 waits for 6.2 s"):
        assert words in page.text
        assert words in markdown
    assert page.tags.count("polyline") == 2 + 0 + 1 + 1  # one is broken, one has no value
    assert "| Sessions waiting for a lock | 0 | 0 | 7 | **0** |" in markdown
    lines = summary_lines(evidence, decide(evidence), "x")
    assert "observed    9 min 00 s (of 2 h 00 min, 20 samples)" in lines
    assert not any(line.startswith("verified") for line in lines)


def test_when_a_watched_database_is_no_go_then_the_last_line_says_that_it_was_committed() -> None:
    """Whoever reads only that must not take it for a rollback; the status is 10."""
    evidence = runs.watched()
    decision = decide(evidence)
    assert decision.word == "NO-GO"
    assert last_line(decision).endswith(
        "database committed at 2024-01-29T08:30:00.824Z by 20240129T083000Z-production"
    )
    assert exit_status(decision, evidence) == 10
    alone = replace(evidence, run=replace(evidence.run, production=None))
    assert exit_status(decide(alone), alone) == 1
    assert last_line(decide(alone)).endswith("nothing was written")
