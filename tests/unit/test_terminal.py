"""The lines of pytest's terminal summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sample_runs as runs
from hostile import HIDDEN, hostile

from pytest_dbmigrate.evidence.decision import decide
from pytest_dbmigrate.report.terminal import summary_lines

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence


def lines(evidence: Evidence, encoding: str = "utf-8") -> list[str]:
    return summary_lines(evidence, decide(evidence), "dbmigrate-report/x", encoding=encoding)


def test_when_a_run_failed_then_the_summary_says_why_and_what_to_do() -> None:
    """Identity, decision, sets m of n, reasons with a next step, the page's path."""
    shown = lines(runs.lost_a_key())
    assert shown[0] == "Week 1 Wednesday: migrations 011 and 012"
    text = "\n".join(shown)
    assert "target      postgresql://postgres@/week1" in text
    assert "decision    NO-GO: " in text
    assert "tables      52 -> 43 (expected 43)" in text
    assert "verified    8 of 12\n            4/4  Set 1: Schema conflicts fixed" in text
    assert "            0/2  Set 5: Row-level security" in text
    assert "  FAIL         42 foreign keys, all validated: " in text
    assert "  NOT CHECKED  a tenant sees its own rows only: " in text
    assert "               -> -- expect-visible" in text
    assert shown[-1] == "report      dbmigrate-report/x/WEEK_1_WEDNESDAY_REPORT.html"


def test_when_a_run_passed_then_the_summary_lists_no_obstacle() -> None:
    """GO is short."""
    text = "\n".join(lines(runs.rehearsal()))
    assert "decision    GO: " in text
    assert "stands between" not in text


def test_when_the_terminal_knows_only_ascii_then_every_line_can_be_written() -> None:
    """Our own words are ASCII already; a user's letters are escaped as Python does."""
    evidence = runs.lost_a_key()
    for line in lines(evidence, "ascii"):
        assert line.isascii()
    assert any("\\u201ctenants are isolated\\u201d" in line for line in lines(evidence, "ascii"))


def test_when_texts_are_hostile_then_no_line_moves_the_cursor_or_breaks() -> None:
    """Escape sequences, line feeds and bidi overrides are named, not sent."""
    for line in lines(hostile(runs.lost_a_key())):
        assert not HIDDEN.search(line)
        assert "\n" not in line


def test_when_there_are_many_sets_then_only_those_that_did_not_pass_are_listed() -> None:
    """A summary fits on a screen."""
    evidence = runs.many(4_000, failing=400)
    shown = lines(evidence)
    assert len(shown) < 80
    assert "verified    3,600 of 4,000" in shown
