"""One pytest session that decides: what must not be combined, signals, reports, and the end."""

from __future__ import annotations

import gc
import signal
import threading
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate import live, workers
from pytest_dbmigrate.item_reports import keep
from pytest_dbmigrate.order import is_counted, is_ours, is_worker

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_dbmigrate.closing import Closing
    from pytest_dbmigrate.run import Run
    from pytest_dbmigrate.settings import Settings


class GateSession:
    """The running half of a session. `run` is None as long as nothing has been selected.

    `problem` is what was wrong before there was a run, for the last line; `controller` is there
    where workers of pytest-xdist have the runs.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Keep the settings; `start` brings the run."""
        self.config = config
        self.settings = settings
        self.controller: workers.Controller | None = None
        self.run: Run | None = None
        self.problem = ""
        self.uncollected = ""
        self.database = "nothing was written"
        self.closing: Closing | None = None
        self.watched: Closing | None = None
        self.unwatched = ""
        self.updated: list[str] = []

    def start(self, run: Run) -> None:
        """Take on a run; its folder is made before anything of it happens."""
        self.run = run
        run.interrupted = self.uncollected
        if not self.config.option.collectonly and not is_worker(self.config):
            run.make_folder(self.config.rootpath / self.settings.report)
            gc.freeze()  # what was collected stays: the collector need not look at it again

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """What cannot be collected keeps the run from starting; the first of it is told."""
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            words = crash.message if crash is not None else report.longreprtext
            why = words.partition("\n")[0] or f"{report.nodeid} cannot be collected"
            self.uncollected = self.uncollected or why
            if report.nodeid.endswith(".sql"):
                self.problem = self.problem or why

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Refuse what is known beforehand; then handle signals as long as something may be held."""
        if self.run is None or session.config.option.collectonly:
            return (yield)
        if self.run.gate.live:
            try:
                live.refuse(self.config, self.run)
            except pytest.UsageError as error:
                self.run.gate.stop(f"refused before BEGIN: {error}")
                raise
        with _signals(self.run):
            if self.settings.mode == "rehearsal" and self.settings.target is not None:
                # A clone may take minutes: here, between tests, what it says is seen at once.
                self.run.say = self._tell
                self.run.open()
            if self.settings.target is not None and self.settings.mode != "verify":
                self.run.say = self._tell
                self.run.prove_way_back()
            return (yield)

    def _tell(self, line: str) -> None:
        """Say what is going on, where there is a terminal plugin to say it."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"dbmigrate: {line}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """No test that is not counted runs between BEGIN and COMMIT of a live run."""
        if self.run is None or is_ours(item) or is_counted(item):
            return
        if self.run.gate.live and self.run.gate.holding:
            self.run.gate.stop(f"{item.nodeid} was about to run inside the held transaction")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a skip point at the user's file, not at ours."""
        report = yield
        if is_ours(item) and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
        return report

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what pytest says of the planned items."""
        if self.run is not None and self.run.expects(report.nodeid):
            keep(self.run.reported, report)

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
        from pytest_dbmigrate import closing, telling  # noqa: PLC0415  (import time)

        if not self.config.option.collectonly:
            try:
                self.closing = self._close(session, int(exitstatus))
                for closed in filter(None, (self.closing, self.watched)):
                    telling.step_summary(closed)
            except Exception as error:  # noqa: BLE001  (a bug of ours must not hide what happened)
                traceback.print_exc()
                self.closing = None
                self.problem = f"this is a bug of pytest-dbmigrate: {error!r}"
                self.database, session.exitstatus = closing.broken(self.run)
        if self.closing is not None:
            watched = self.watched.status if self.watched is not None else 0
            unwatched = closing.COMMITTED if self.settings.mode == "production" else 1
            session.exitstatus = self.closing.status or (unwatched if self.unwatched else watched)
        result = yield
        if not self.config.option.collectonly and not is_worker(self.config):
            self._tell_last()
        return result

    def _close(self, session: pytest.Session, exitstatus: int) -> Closing | None:
        if self.controller is not None:
            found = self.controller.close(exitstatus)
            self.problem = self.problem or self.controller.problem
            return found
        if self.run is None:
            workers.pass_on_problem(self.config, self.problem)
            return None
        if session.shouldstop or session.shouldfail:
            self.run.interrupted = str(session.shouldstop or session.shouldfail)
        self.run.close()
        if self.settings.update_expected:
            self.updated = self.run.update_expected()
        evidence = self.run.evidence(finished=True)
        if is_worker(self.config):
            workers.pass_on(self.config, self.run, evidence)
            return None
        from pytest_dbmigrate import closing  # noqa: PLC0415  (import time)

        try:
            closed = closing.close(evidence, self.run.folder, exitstatus, self.run.problem)
            if self.settings.monitor:
                self._watch(self.run, closed)
        finally:
            self.run.beside.close()
        return closed

    def _watch(self, run: Run, closed: Closing) -> None:
        """Watch over the database for as long as was asked; the record is one of its own."""
        from pytest_dbmigrate import closing, monitoring  # noqa: PLC0415  (import time)
        from pytest_dbmigrate.evidence.folder import FolderError  # noqa: PLC0415

        if run.gate.live and closed.evidence.transaction.state != "committed":
            self._say("dbmigrate: nothing was committed, so there is nothing to watch over")
            return
        with _signals(run):
            try:
                watch = monitoring.begin(run, closed.evidence, self._say)
            except FolderError as error:
                self.unwatched = f"not watched over: {error}"
                return
            self._say("")  # behind pytest's row of dots
            evidence = watch.watch()
        self.watched = closing.close(evidence, watch.folder, 0, watch.problem)

    def _say(self, line: str) -> None:
        """A line of its own, also where no terminal plugin is there to print it."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line)
            reporter.flush()
        else:
            print(line, flush=True)  # noqa: T201  (the product's own line)

    def _tell_last(self) -> None:
        """Print the last line, also where no terminal plugin is there to do it."""
        if self.closing is None and not self.problem:
            return
        from pytest_dbmigrate import telling  # noqa: PLC0415  (import time)

        last, problem, database = self.closing, self.problem, self.database
        if last is not None and last.decision.go and (self.watched or self.unwatched):
            database = last.decision.database
            last, problem = self.watched, self.unwatched
        print(telling.last(last, problem, database), flush=True)  # noqa: T201  (the product's own line)

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The run in a few lines, above pytest's own counts."""
        if self.closing is None:
            return
        from pytest_dbmigrate import telling  # noqa: PLC0415  (import time)

        terminalreporter.section("dbmigrate")
        for line in (*telling.summary(self.closing), *self.updated):
            terminalreporter.line(line)
        if self.watched is not None:
            terminalreporter.section("dbmigrate: monitoring")
            for line in telling.summary(self.watched):
                terminalreporter.line(line)


@contextmanager
def _signals(run: Run) -> Iterator[None]:
    """SIGTERM and SIGINT interrupt the run, also where a shell made it ignore them.

    A background shell ignores SIGINT, and such a run would go on to COMMIT. While a COMMIT is being
    settled they cut the waiting short, and interrupt the run afterwards.
    """

    def interrupt(_number: int, _frame: object) -> None:
        run.gate.interrupt()

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it is interrupted
        return
    kept = {s: signal.signal(s, interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
