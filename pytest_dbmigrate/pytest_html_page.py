"""pytest-html's page: the decision in its title, and our report at its top, in its static part.

Its rows exist only once a browser has run its script, and it is green after Ctrl-C or a crashed
worker; what we put there says otherwise.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dbmigrate.order import is_worker

if TYPE_CHECKING:
    from pytest_dbmigrate.closing import Closing
    from pytest_dbmigrate.selection import Selection


def join(config: pytest.Config, selection: Selection) -> None:
    """Take part in the page, where this process writes one (workers of pytest-xdist do not)."""
    if not is_worker(config):
        config.pluginmanager.register(HtmlPage(config, selection), "dbmigrate-html")


class HtmlPage:
    """Registered where pytest-html writes a page."""

    def __init__(self, config: pytest.Config, selection: Selection) -> None:
        """Remember where the page goes: pytest-html takes it relative to the working directory."""
        self.selection = selection
        self.path = Path.cwd() / Path(os.path.expandvars(config.option.htmlpath)).expanduser()
        self.report: Any = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Keep the page's data: its title is set when there is a decision."""
        self.report = report

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Remove an earlier page: a run that is aborted would leave it as if it were its own."""
        if self.selection.session is not None:
            self.path.unlink(missing_ok=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the report, or why there is none, above everything else."""
        session = self.selection.session
        if session is None:
            return
        if session.closing is not None:
            prefix[:0] = [self._fragment(session.closing)]
        elif session.problem:
            self.report.title = "dbmigrate: NO-GO"
            prefix[:0] = [f"<h2>dbmigrate: NO-GO</h2><pre>{escape(session.problem)}</pre>"]

    def _fragment(self, closing: Closing) -> str:
        from pytest_dbmigrate.report.html import render_fragment  # noqa: PLC0415  (import time)
        from pytest_dbmigrate.report.view import report  # noqa: PLC0415

        decision = closing.decision
        self.report.title = f"{decision.word} · {decision.stage}"
        return render_fragment(report(closing.evidence, decision, (), closing.digest))
