"""pytest-xdist: each worker runs the whole gate on a server of its own; the controller decides.

Workers pass their record on as text; the controller takes the worst one and holds it against the
reports of all. Nothing of this applies to a live target: migrations would run once a worker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dbmigrate.item_reports import keep
from pytest_dbmigrate.order import is_worker

if TYPE_CHECKING:
    from pytest_dbmigrate.closing import Closing
    from pytest_dbmigrate.evidence.folder import RunFolder
    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.evidence.reported import Reported
    from pytest_dbmigrate.run import Run
    from pytest_dbmigrate.selection import Selection
    from pytest_dbmigrate.settings import Settings

OUTPUT = "dbmigrate"
# How the id of every run's last item ends.
DECISION = ".sql::decision"


def control(config: pytest.Config, selection: Selection) -> None:
    """Make this process, which has workers, the one that decides."""
    controller = Controller(config, selection.settings, selection)
    selection.open_session().controller = controller
    config.pluginmanager.register(controller, "dbmigrate-controller")


def pass_on(config: pytest.Config, run: Run, evidence: Evidence) -> None:
    """Hand a worker's record to the controller."""
    from pytest_dbmigrate.evidence.record import encode  # noqa: PLC0415  (import time)

    _output(config)[OUTPUT] = {
        "opened": run.opened,
        "evidence": encode(evidence).decode(),
        "root": str(run.project.root),
        "planned": list(run.planned),
        "steps": list(run.steps),
        "python": list(run.python),
    }


def pass_on_problem(config: pytest.Config, problem: str) -> None:
    """Tell the controller, if this is a worker, why there is no record."""
    if problem and is_worker(config):
        _output(config)[OUTPUT] = {"problem": problem}


def _output(config: pytest.Config) -> dict[str, object]:
    output: dict[str, object] = config.workeroutput  # type: ignore[attr-defined]  # pytest-xdist's
    return output


class Controller:
    """The controller's side: it collects nothing, hears of everything, and decides at the end.

    `problem` is why there is no folder, or no record to come.
    """

    def __init__(self, config: pytest.Config, settings: Settings, selection: Selection) -> None:
        """Nothing is known before the first worker has collected."""
        self.config = config
        self.settings = settings
        self.selection = selection
        self.started = datetime.now(UTC)
        self.folder: RunFolder | None = None
        self.problem = ""
        self.records: list[dict[str, Any]] = []
        self.lost: list[str] = []
        self.reported: dict[str, Reported] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """Make the run's folder as soon as a worker says that there is a decision to come."""
        del node
        if self.folder is None and not self.problem and any(i.endswith(DECISION) for i in ids):
            self._make_folder()

    def _make_folder(self) -> None:
        from pytest_dbmigrate.evidence.folder import FolderError, RunFolder  # noqa: PLC0415  (import time)

        root = self.config.rootpath / self.settings.report
        try:
            self.folder = RunFolder.create(root, self.settings.mode, started=self.started)
        except FolderError as error:
            self.problem = str(error)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take a worker's record; one that ends without it leaves the run incomplete."""
        passed_on = (getattr(node, "workeroutput", None) or {}).get(OUTPUT, {})
        if passed_on.get("opened"):
            self.records.append(passed_on)
        elif "opened" in passed_on:
            return  # it was given none of our items
        elif "problem" in passed_on:
            self.problem = passed_on["problem"]
        elif self.folder is not None:
            self.lost.append(
                f"worker {node.gateway.id} ended without its record: {error or 'crashed'}"
            )

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what pytest says of every item, whichever worker ran it."""
        if self.folder is not None:
            keep(self.reported, report)

    def close(self, exitstatus: int) -> Closing | None:
        """Decide for all workers, if there was a run of ours."""
        if self.folder is None:
            return None
        from pytest_dbmigrate import closing  # noqa: PLC0415  (import time)
        from pytest_dbmigrate.evidence.decision import decide  # noqa: PLC0415
        from pytest_dbmigrate.evidence.record import decode  # noqa: PLC0415
        from pytest_dbmigrate.evidence.reported import correct  # noqa: PLC0415

        seen = [decode(r["evidence"].encode()) for r in self.records]
        if not seen:
            return closing.abandoned(self.folder, self.lost, exitstatus)
        worst = min(range(len(seen)), key=lambda i: decide(seen[i]).go)
        evidence, run = seen[worst], self.records[worst]
        project = self.selection.project(Path(run["root"]) / "plan.toml")
        silent = [i for i in run["planned"] if i not in self.reported]
        if silent and evidence.run.selected == evidence.run.planned:
            some = ", ".join(silent[:3])
            self.lost.append(f"{len(silent)} items were selected and never reported: {some}")
        evidence = closing.gathered(evidence, self.folder, self.lost)
        evidence = correct(
            evidence, self.reported, project.plan, python=run["python"], steps=run["steps"]
        )
        return closing.close(evidence, self.folder, exitstatus, self.problem)
