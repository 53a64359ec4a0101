"""The Markdown twin: what it says, and that a user's text stays a text in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample_runs as runs
from hostile import HIDDEN, MARKER, hostile

from pytest_dbmigrate.evidence.decision import Decision, Reason, Signature
from pytest_dbmigrate.report.gfm import code, escape, fenced, table
from pytest_dbmigrate.report.markdown import render_markdown
from pytest_dbmigrate.report.view import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.evidence.record import Evidence

DATA = Path(__file__).parent / "data" / "markdown"


GO = Decision("GO", "everything that was planned holds", "database committed", ())
NO_GO = Decision(
    "NO-GO",
    "two things failed",
    "database rolled back, unchanged",
    (
        Reason("FAIL", "42 foreign keys: observed 41", "look at the diff", "check-x"),
        Reason("NOT CHECKED", "12 checks: rolled back", "", ""),
    ),
)


@pytest.mark.parametrize(
    ("name", "evidence", "decision", "signatures"),
    [
        ("signed", runs.rehearsal(), GO, runs.signed()),
        ("failed", runs.lost_a_key(), NO_GO, runs.torn()),
        ("stopped", runs.stopped(), NO_GO, ()),
        ("verified", runs.without_plan(), GO, ()),
    ],
)
def test_when_a_run_is_written_as_markdown_then_it_is_the_reviewed_text(
    name: str, evidence: Evidence, decision: Decision, signatures: tuple[Signature, ...]
) -> None:
    """A change of the report is reviewed in the diff of tests/unit/data/markdown."""
    written = render_markdown(report(evidence, decision, signatures, runs.DIGEST))
    assert written == (DATA / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("agent_trust_scores has 3", "agent_trust_scores has 3"),
        ("_all_ **b** `c` ~~d~~", r"\_all\_ \*\*b\*\* \`c\` \~\~d\~\~"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("a | b", "a &#124; b"),
        ("\\| c", r"\\&#124; c"),
        ("http://h www.h", "http&#58;//h www&#46;h"),
        ("ask @team or a@b.example about #12", "ask @&#8203;team or a@b.example about #&#8203;12"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("390.0 ms", "390.0 ms"),
        ("one\n\n# two", "one↵↵# two"),
        ("$x$", r"\$x\$"),
    ],
)
def test_when_a_text_looks_like_markdown_then_it_is_escaped(raw: str, written: str) -> None:
    """What needs no escape is left alone, so that the file itself can be read."""
    assert escape(raw) == written


def test_when_code_holds_backticks_or_pipes_then_it_still_ends_where_it_should() -> None:
    """The fence is longer than any run inside; a pipe cannot stand in a span in a table."""
    assert code("a`b``c") == "```a`b``c```"
    assert code("`") == "`` ` ``"
    assert code("a \\| b") == r"<code>a \\&#124; b</code>"
    assert fenced("```\nx")[0] == "````"


def test_when_a_cell_is_hostile_then_the_table_keeps_its_columns() -> None:
    """Every row has as many cells as the head."""
    lines = table(("a", "b"), [(escape(MARKER), code(MARKER)), (code("x"), escape("|"))])
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines[:-1]] == [3, 3, 3, 3]


@pytest.mark.parametrize("build", [runs.lost_a_key, runs.stopped, runs.unknown])
def test_when_every_text_is_hostile_then_none_of_it_is_markdown(
    build: Callable[[], Evidence],
) -> None:
    """Outside code there is no tag but ours, no link, no heading and no list that is not ours."""
    evidence = hostile(build())
    reasons = (Reason(MARKER, MARKER, MARKER, MARKER),)
    signature = Signature(MARKER, MARKER, "GO", MARKER, valid=False, why=MARKER, comment=MARKER)
    decision = Decision("NO-GO", MARKER, MARKER, reasons)
    written = render_markdown(report(evidence, decision, (signature,), MARKER))
    assert not HIDDEN.search(written)
    prose = _without_code(written)
    assert set(re.findall(r"<[^>]*>?", prose)) <= {"<br>", "<code>", "</code>"}
    assert not re.search(r"(?<!\\)\]\(|://|(?<!&)#\d|(?<!\w)@\w|www\.", prose)
    assert "x-hostile" in prose
    headings = [line for line in prose.split("\n") if line.startswith("#")]
    assert not [line for line in headings if line == "# heading"]
    for line in prose.split("\n"):
        assert re.match(r"$|#{1,4} |- |\| |\|( --- \|)+$|[A-Z*`○<·✕!1-9\\&]", line), line


def _without_code(written: str) -> str:
    """The text with code blocks and code spans left out, as CommonMark finds them."""
    lines, fence = [], ""
    for line in written.split("\n"):
        opened = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif opened:
            fence = opened[0]
        else:
            lines.append(re.sub(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line))
    return "\n".join(lines)
