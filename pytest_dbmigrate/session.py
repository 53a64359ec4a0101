"""One pytest session: what must not be combined, signals, reports, and the end."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate import collect, workers
from pytest_dbmigrate.selection import READING, Selection, fixtures_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_dbmigrate.closing import Closing
    from pytest_dbmigrate.options import Settings
    from pytest_dbmigrate.run import Run


class GateSession:
    """The running half of a session. `run` is None as long as there is nothing of ours to do."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Keep the settings, and let the selection say when there is a run."""
        self.config = config
        self.settings = settings
        self.selection = Selection(config, settings, self.start)
        self.controller = workers.Controller(config, settings, self.selection)
        self.run: Run | None = None
        self.closing: Closing | None = None
        self.updated: list[str] = []

    def start(self, run: Run) -> None:
        """Take on a run; its folder is made before anything of it happens."""
        self.run = run
        if not self.config.option.collectonly and not workers.is_worker(self.config):
            run.make_folder(self.config.rootpath / self.settings.report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Refuse what is known beforehand; then handle signals as long as something may be held."""
        if self.run is None or session.config.option.collectonly:
            return (yield)
        if self.settings.mode == "production":
            self._refuse_live(self.run)
        with _signals(self.run):
            return (yield)

    def _refuse_live(self, run: Run) -> None:
        """What must not be combined with a database that people use. Raises pytest.UsageError."""
        option = self.config.option
        for name, set_ in (
            ("--pdb", option.usepdb),
            ("--trace", option.trace),
            ("--setup-only", option.setuponly),
            ("--setup-plan", option.setupplan),
            ("--reruns", getattr(option, "reruns", 0)),
        ):
            if set_:
                raise pytest.UsageError(
                    f"{name} with --apply-migrations: the transaction would be held while somebody "
                    "looks at it, or run twice. Leave it out; a rehearsal (without --db-url) takes it"
                )
        missing = [p for p in run.planned if p not in set(run.selected)]
        if missing:
            some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            raise pytest.UsageError(
                f"--apply-migrations with an incomplete selection: {len(missing)} of "
                f"{len(run.planned)} planned items are missing ({some}). Nothing was sent. Leave out "
                "-k, -m, --lf and single ids, so that everything is verified before COMMIT"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """No test that is not counted runs between BEGIN and COMMIT of a live run."""
        run = self.run
        if run is None or isinstance(item, collect.GateItem) or READING in fixtures_of(item):
            return
        if run.gate.live and run.gate.holding:
            run.gate.stop(f"{item.nodeid} was about to run inside the held transaction")

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what pytest says of the planned items."""
        if self.run is not None and self.run.expects(report.nodeid):
            words = report.longreprtext.splitlines()[0] if report.longreprtext else ""
            if report.skipped and isinstance(report.longrepr, tuple):
                words = report.longrepr[2]
            self.run.report(report.nodeid, report.outcome, words)

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self) -> None:
        """An interrupted run is incomplete."""
        if self.run is not None:
            self.run.interrupted = "the run was interrupted"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, object, object]:
        """Close the run, set the exit status before anybody reads it, and say the last line."""
        if not self.config.option.collectonly:
            self.closing = self._close(session, int(exitstatus))
        if self.closing is not None:
            session.exitstatus = self.closing.status
        result = yield
        if not self.config.option.collectonly:
            self._say_last()
        return result

    def _close(self, session: pytest.Session, exitstatus: int) -> Closing | None:
        from pytest_dbmigrate import closing  # noqa: PLC0415  (import time)

        if self.run is None:
            return self.controller.close(exitstatus)
        if session.shouldstop or session.shouldfail:
            self.run.interrupted = str(session.shouldstop or session.shouldfail)
        self.run.close()
        if self.settings.update_expected:
            self.updated = self.run.update_expected()
        evidence = self.run.evidence(finished=True)
        if workers.is_worker(self.config):
            workers.pass_on(self.config, self.run, evidence)
            return None
        return closing.close(evidence, self.run.folder, exitstatus, self.run.problem)

    def _say_last(self) -> None:
        """Print the last line, also where no terminal plugin is there to do it."""
        if self.closing is None and self.selection.error is None:
            return
        from pytest_dbmigrate.evidence.decision import last_line, undecided  # noqa: PLC0415

        if self.closing is not None:
            line = last_line(self.closing.decision)
        else:
            line = last_line(undecided(str(self.selection.error).splitlines()[0]))
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(line.encode(encoding, "replace").decode(encoding), flush=True)  # noqa: T201  (the product's own line)

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The run in a few lines, above pytest's own counts."""
        if self.closing is None:
            return
        from pytest_dbmigrate.report.terminal import summary_lines  # noqa: PLC0415  (import time)

        closing = self.closing
        terminalreporter.section("dbmigrate")
        for line in summary_lines(closing.evidence, closing.decision, closing.folder or "(none)"):
            terminalreporter.line(line)
        for line in self.updated:
            terminalreporter.line(line)


@contextmanager
def _signals(run: Run) -> Iterator[None]:
    """SIGTERM and SIGINT interrupt the run, also where a shell made it ignore them.

    A background shell ignores SIGINT, and such a run would go on to COMMIT. While a COMMIT is being
    settled nothing interrupts any more.
    """

    def interrupt(_number: int, _frame: object) -> None:
        if not run.gate.resolving:
            raise KeyboardInterrupt

    kept = {s: signal.signal(s, interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
