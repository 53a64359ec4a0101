"""Which files are ours, which items there must be, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate import collect
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.judging import key
from pytest_dbmigrate.spec.project import Project, find_root, load_project

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from pytest_dbmigrate.options import Settings
    from pytest_dbmigrate.run import Run

# Fixtures whose tests read the migrated schema inside the held transaction, or a copy after it.
READING = "dbmigrate_connection"
COPYING = "dbmigrate_postgresql_proc"
OURS = frozenset({READING, COPYING, "dbmigrate_run", "dbmigrate_target", "dbmigrate_migrations"})


class Selection:
    """The collecting half of a session. `start` is called once, when there is something to run."""

    def __init__(
        self, config: pytest.Config, settings: Settings, start: Callable[[Run], None]
    ) -> None:
        """Keep the settings; the project is read when the first file of ours is collected."""
        self.config = config
        self.settings = settings
        self.start = start
        self.is_named: Callable[[Path], bool] = lambda _path: False
        self._projects: dict[Path, Project | SpecError] = {}

    @property
    def error(self) -> SpecError | None:
        """What is wrong in a project's files, if anything was found."""
        return next((p for p in self._projects.values() if isinstance(p, SpecError)), None)

    @pytest.hookimpl
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Verification files by pattern, or by name on the command line; migrations by name only."""
        if file_path.suffix != ".sql" or collect.is_baseline(file_path):
            return None
        self.is_named = parent.session.isinitpath
        named = parent.session.isinitpath(file_path)
        if collect.is_migration(file_path):
            return self._file(collect.MigrationFile, parent, file_path) if named else None
        root, patterns = self.config.rootpath, self.settings.files
        if named or collect.looks_like_verification(file_path, root, patterns):
            return self._file(collect.VerificationFile, parent, file_path)
        return None

    def _file(
        self, kind: type[collect.ProjectFile], parent: pytest.Collector, path: Path
    ) -> collect.ProjectFile:
        file: collect.ProjectFile = kind.from_parent(parent, path=path)
        file.project = self.project
        file.without = frozenset(self.settings.off)
        return file

    def project(self, path: Path | None = None) -> Project:
        """The project that a file belongs to, read once. Raises SpecError for what is wrong in it."""
        root = find_root(path, self.config.rootpath, self.settings.root)
        if root not in self._projects:
            try:
                self._projects[root] = load_project(
                    root,
                    named=self.is_named,
                    patterns=self.settings.files,
                    show=self.show,
                    allow_gaps=self.settings.allow_gaps,
                    commit_each=self.settings.commit_each,
                )
            except SpecError as error:
                self._projects[root] = error
        found = self._projects[root]
        if isinstance(found, SpecError):
            raise found
        return found

    def show(self, path: Path) -> str:
        """A path as pytest's node ids write it: relative to the rootdir, with `/`."""
        root = self.config.rootpath
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None]:
        """After every other plugin has selected and sorted: add what must exist, and put it in order."""
        yield
        mine = [i for i in items if isinstance(i, collect.GateItem) or OURS & fixtures_of(i)]
        if not mine and not self.settings.asked_for:
            return
        project = self._only_project(mine)
        present = {i.nodeid for i in items}
        must = self._added_items(session, project, items)
        items += [i for i in must if i.nodeid not in present]
        items.sort(key=_order)
        self._begin(project, must, items)

    def _only_project(self, mine: Iterable[pytest.Item]) -> Project:
        roots = {
            find_root(i.path, self.config.rootpath, self.settings.root)
            for i in mine
            if isinstance(i, collect.GateItem)
        }
        if len(roots) > 1:
            shown = ", ".join(sorted(self.show(r) for r in roots))
            raise pytest.UsageError(
                f"two projects in one run: {shown}. One run judges one database: name one of them "
                "on the command line, or set dbmigrate_root"
            )
        if not roots:
            return self._checked_project(None)
        return self._checked_project(next(i.path for i in mine if isinstance(i, collect.GateItem)))

    def _checked_project(self, path: Path | None) -> Project:
        try:
            project = self.project(path)
        except SpecError as error:
            raise pytest.UsageError(str(error)) from None
        if self.settings.mode == "production" and not project.migrations:
            raise pytest.UsageError(
                f"--apply-migrations, but there is no migration: {self.show(project.root)}/migrations/ "
                "holds no .sql file. Name one NNN_what_it_does.sql, or set dbmigrate_root"
            )
        return project

    def _added_items(
        self, session: pytest.Session, project: Project, items: list[pytest.Item]
    ) -> list[pytest.Item]:
        """The items that must exist whatever was given on the command line: apply, commit, …"""
        parent = _deepest_folder(items, project.root) or session
        found: list[pytest.Item] = []
        for migration in project.migrations:
            path = project.migration_paths[migration.path]
            file = self._file(collect.MigrationFile, parent, path)
            made = [i for i in file.collect() if isinstance(i, pytest.Item)]
            report = pytest.CollectReport(
                nodeid=file.nodeid, outcome="passed", longrepr=None, result=[*made]
            )
            session.ihook.pytest_collectreport(report=report)
            found += made
        return found

    def _begin(self, project: Project, must: list[pytest.Item], items: list[pytest.Item]) -> None:
        from pytest_dbmigrate.run import Run  # noqa: PLC0415  (import time)

        counted = [i.nodeid for i in items if READING in fixtures_of(i)]
        planned = [*map(key, project.checks), *(i.nodeid for i in must), *counted]
        chosen = {i.nodeid for i in items}
        run = Run(
            settings=self.settings,
            project=project,
            command=" ".join(["pytest", *map(str, self.config.invocation_params.args)]),
            planned=tuple(planned),
            selected=tuple(p for p in planned if p in chosen),
        )
        self.start(run)


def fixtures_of(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def _order(item: pytest.Item) -> collect.Order:
    """Others first, as they stood; then ours by step; tests on a copy of the result after COMMIT."""
    order = item.stash.get(collect.ORDER, None)
    if order is not None:
        return order
    if READING in fixtures_of(item):
        return (collect.PYTHON,)
    return (collect.AFTERWARDS,) if COPYING in fixtures_of(item) else (-1,)


def _deepest_folder(items: Iterable[pytest.Item], root: Path) -> pytest.Dir | None:
    """The deepest collected folder that is the project's root or stands above it."""
    folders = {n for i in items for n in i.listchain() if isinstance(n, pytest.Dir)}
    above = [f for f in folders if root.is_relative_to(f.path)]
    return max(above, key=lambda f: len(f.path.parts), default=None)
