"""What GitHub Actions shows of a run: a step summary, and annotations at the lines of the files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import Errored, Failed, NotChecked
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.gfm import code, escape, table
from pytest_dbmigrate.report.markdown import head
from pytest_dbmigrate.report.view import report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.decision import Decision, Signature
    from pytest_dbmigrate.evidence.record import Check, Evidence

ANNOTATIONS = 10
"""GitHub shows this many of each kind per step; more would push the last ones out."""
SHOWN_SETS = 50


def step_summary(
    evidence: Evidence, decision: Decision, signatures: Sequence[Signature], digest: str
) -> str:
    """Identity, decision, facts, reasons and sets as Markdown, for `$GITHUB_STEP_SUMMARY`."""
    view = report(evidence, decision, signatures, digest)
    sets = [s for s in view.checks.sets if s.tally]
    if len(sets) > SHOWN_SETS:
        sets = [s for s in sets if not s.complete]
    left = len(sets) - SHOWN_SETS
    lines = [
        *head(view),
        *table(
            ("Query set", "Passed"),
            (
                (escape(s.title), escape(s.tally) if s.complete else f"**{escape(s.tally)}**")
                for s in sets[:SHOWN_SETS]
            ),
        ),
        *([f"and {left:,} more sets that did not pass", ""] if left > 0 else []),
        f"Evidence: sha256 {code(view.provenance.digest)}",
    ]
    return "\n".join(lines) + "\n"


def workflow_commands(evidence: Evidence, decision: Decision) -> list[str]:
    """Workflow commands to print, one a line: an error for each failure, at its file and line.

    Their format is GitHub's "workflow commands for GitHub Actions".
    """
    found = list(_failures(evidence))
    shown = found[:ANNOTATIONS]
    if decision.go:
        shown.append(_command("notice", "dbmigrate: GO", decision.sentence))
    elif not found:
        shown.append(_command("error", "dbmigrate: NO-GO", decision.sentence))
    return shown


def annotation(kind: str, title: str, message: str) -> str:
    """One workflow command on its own: `error`, `warning` or `notice`."""
    return _command(kind, title, message)


def _failures(evidence: Evidence) -> Iterator[str]:
    for migration in evidence.migrations:
        if migration.error:
            error = migration.error
            place = f"{error.file or migration.file}:{error.line or 1}"
            yield _command("error", f"migration {migration.version} failed", error.message, place)
    for check in evidence.checks:
        if check.applicable and check.required and isinstance(check.result, Failed | Errored):
            yield _command("error", check.title or check.name, _told(check), check.source)
    for check in evidence.checks:
        if check.applicable and check.required and isinstance(check.result, NotChecked):
            title = f"NOT CHECKED: {check.title or check.name}"
            yield _command("warning", title, _told(check), check.source)


def _told(check: Check) -> str:
    match check.result:
        case Failed(observed=observed):
            return f"expected {check.expected}, observed {observed.text}"
        case Errored(why=why):
            return why
        case NotChecked(why=why, todo=todo):
            return f"{why}. To check it: {todo}" if todo else why
        case _:
            return ""


def _command(kind: str, title: str, message: str, source: str = "") -> str:
    properties = [f"title={_property(text.line(title))}"]
    path, _, line = source.rpartition(":")
    if path and re.fullmatch(r"[0-9]{1,9}", line):
        properties[:0] = [f"file={_property(text.line(path, 400))}", f"line={line}"]
    return f"::{kind} {','.join(properties)}::{_data(text.line(message, 1_000))}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
