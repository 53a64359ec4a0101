"""What a run says at its end: to the terminal, to GitHub Actions, and in the last line of all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.decision import last_line, undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.closing import Closing


def summary(closing: Closing) -> Iterator[str]:
    """The run in a few lines, and where GitHub Actions reads them, its workflow commands."""
    from pytest_dbmigrate.report.terminal import summary_lines  # noqa: PLC0415  (import time)

    yield from summary_lines(closing.evidence, closing.decision, closing.folder or "(none)")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from pytest_dbmigrate.report.github import workflow_commands  # noqa: PLC0415

        yield from workflow_commands(closing.evidence, closing.decision)


def step_summary(closing: Closing) -> None:
    """Append to the step summary of GitHub Actions, where there is one to be written."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from pytest_dbmigrate.report import github  # noqa: PLC0415  (import time)

    text = github.step_summary(closing.evidence, closing.decision, (), closing.digest)
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        sys.stderr.write(f"dbmigrate: GITHUB_STEP_SUMMARY cannot be written: {error.strerror}\n")


def last(closing: Closing | None, problem: str, database: str) -> str:
    """The last line: the decision, or why there is none and what became of the database."""
    if closing is not None:
        line = last_line(closing.decision)
    else:
        line = last_line(undecided(problem, database=database))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding)
