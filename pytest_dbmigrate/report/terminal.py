"""The run in a few lines of plain text, for pytest's terminal summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.check_rows import also_before
from pytest_dbmigrate.report.signed import reason_lines
from pytest_dbmigrate.report.view import report

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.report.view import Report

SHOWN_SETS = 20
SHOWN_NAMES = 8


def summary_lines(
    evidence: Evidence, decision: Decision, folder: str | Path, *, encoding: str = "utf-8"
) -> list[str]:
    """Identity, decision, sets, what stands in the way with what to do, and the page's path.

    Our own words are ASCII; what `encoding` cannot write of a user's is escaped as Python does.
    """
    view = report(evidence, decision, (), "")
    page = Path(folder) / f"{evidence.run.report_name}.html"
    lines = [
        *_identity(view),
        *_facts(view),
        *_sets(view),
        *_vacuous(evidence),
        *reason_lines(decision),
        f"report      {page}",
    ]
    return [_writable(line, encoding) for line in lines]


def _writable(line: str, encoding: str) -> str:
    for fine, plain in (("→", "->"), ("…", "..."), ("↵", " ")):
        line = line.replace(fine, plain)
    return text.line(line, 2_000).encode(encoding, "backslashreplace").decode(encoding)


def _identity(view: Report) -> list[str]:
    head = view.identity
    return [
        head.title,
        f"stage       {head.stage}",
        f"target      {head.target} ({head.server})",
        f"run         {head.run}, by {head.operator}, {head.when}",
    ]


def _facts(view: Report) -> list[str]:
    shown = view.verdict
    lines = [f"decision    {shown.word}: {shown.sentence}"]
    if shown.database:
        lines.append(f"database    {shown.database}")
    # The first fact counts the verifications, which follow by set; a window has none.
    for fact in shown.facts[0 if view.window is not None else 1 :]:
        small = f" ({fact.small})" if fact.small else ""
        lines.append(
            f"{fact.label.lower():<12}{fact.value}{small}"
            if len(fact.label) < 12
            else f"{fact.label.lower()} {fact.value}{small}"
        )
    return lines


def _vacuous(evidence: Evidence) -> list[str]:
    """The final checks that say nothing of what the migrations did; and how to say it is meant."""
    names = [c.name for c in evidence.checks if c.phase == "final" and also_before(c)]
    if not names:
        return []
    more = f", ... and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else ""
    shown = ", ".join(names[:SHOWN_NAMES])
    return [
        f"vacuous     {len(names):,} would have passed without the migration: {shown}{more}",
        "            -> where that is meant, write: -- stays: true",
    ]


def _sets(view: Report) -> list[str]:
    lines = [f"verified    {view.checks.passed:,} of {view.checks.total:,}"]
    if view.window is not None:
        lines = []
    sets = [s for s in view.checks.sets if s.short]
    # Where not all fit, incomplete sets are what a reader looks for.
    if len(sets) > SHOWN_SETS:
        sets = [s for s in sets if not s.complete]
    width = max((len(s.short) for s in sets), default=0)
    lines += [f"            {s.short:>{width}}  {s.title}" for s in sets[:SHOWN_SETS]]
    if len(sets) > SHOWN_SETS:
        lines.append(f"            and {len(sets) - SHOWN_SETS:,} more incomplete sets")
    return lines
