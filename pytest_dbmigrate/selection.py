"""Which files are ours, which items there must be, and their order."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.fixtures import RUN
from pytest_dbmigrate.order import OURS, fixtures_of, is_counted, is_ours, is_worker, place_of
from pytest_dbmigrate.spec import places
from pytest_dbmigrate.spec.builtins import BACKUP, BACKUP_RESTORES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import NoReturn

    from pytest_dbmigrate.collect import ProjectFile
    from pytest_dbmigrate.session import GateSession
    from pytest_dbmigrate.settings import Settings
    from pytest_dbmigrate.spec.errors import SpecError
    from pytest_dbmigrate.spec.project import Project


class Selection:
    """The collecting half of a session.

    It is all of us that every pytest session has, so it imports nothing heavy: the running half,
    `session`, is None until something of ours is met.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Keep the settings; the project is read when the first file of ours is collected."""
        self.config = config
        self.settings = settings
        self.session: GateSession | None = None
        self._named = _named_files(config)
        self._projects: dict[Path, Project] = {}
        self._wrong: dict[Path, SpecError] = {}

    def open_session(self) -> GateSession:
        """The running half, registered behind the hooks of every other plugin."""
        if self.session is None:
            from pytest_dbmigrate.session import GateSession  # noqa: PLC0415  (import time)

            self.session = GateSession(self.config, self.settings)
            self.config.pluginmanager.register(self.session, "dbmigrate-session")
        return self.session

    @pytest.hookimpl
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Verification files by pattern or by name on the command line; migrations by name."""
        if file_path.suffix.lower() != ".sql" or places.is_baseline(file_path):
            return None
        named = file_path in self._named
        if not named and not self._looks_like_verification(file_path):
            return None
        with _collector_paused():
            from pytest_dbmigrate import collect  # noqa: PLC0415  (import time)

            migration = places.is_migration(file_path)
            kind = collect.MigrationFile if migration else collect.VerificationFile
            return self._file(kind, parent, file_path)

    def _looks_like_verification(self, path: Path) -> bool:
        root = self.config.rootpath
        relative = path.relative_to(root) if path.is_relative_to(root) else path
        if not places.is_verification(relative, self.settings.files):
            return False
        try:
            return places.speaks_of_expectations(path.read_bytes())
        except OSError:
            return True  # what is wrong is said when the project is read

    def _file(self, kind: type[ProjectFile], parent: pytest.Collector, path: Path) -> ProjectFile:
        self.open_session()
        file: ProjectFile = kind.from_parent(parent, path=path)
        file.read = self._read_once
        file.way_back = (BACKUP, BACKUP_RESTORES) if self.settings.backup else ()
        return file

    def _read_once(self, path: Path) -> Project | None:
        """The project of a file; what is wrong with it is raised for the first file that asks."""
        with _collector_paused():
            return None if self._root(path) in self._wrong else self.project(path)

    def project(self, path: Path | None = None) -> Project:
        """The project that a file belongs to, read once. Raises SpecError for what is wrong."""
        from pytest_dbmigrate.spec.errors import SpecError  # noqa: PLC0415  (import time)
        from pytest_dbmigrate.spec.project import load_project  # noqa: PLC0415

        root = self._root(path)
        if root in self._wrong:
            raise self._wrong[root]
        if root not in self._projects:
            try:
                self._projects[root] = load_project(
                    root,
                    named=self._named.__contains__,
                    patterns=self.settings.files,
                    show=self.show,
                    allow_gaps=self.settings.allow_gaps,
                    commit_each=self.settings.commit_each,
                    without=self.settings.off,
                )
            except SpecError as error:
                self._wrong[root] = error
                raise
        return self._projects[root]

    def _root(self, path: Path | None) -> Path:
        return places.find_root(path, self.config.rootpath, self.settings.root)

    def show(self, path: Path) -> str:
        """A path as pytest's node ids write it: relative to the rootdir, with `/`."""
        root = self.config.rootpath
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None]:
        """After every other plugin has selected and sorted: add what must exist, and sort."""
        yield
        mine = [i for i in items if is_ours(i)]
        decides = bool(mine) or self.settings.asked_for or any(map(is_counted, items))
        if self._wrong or not (decides or any(OURS & fixtures_of(i) for i in items)):
            return
        project = self._only_project([i.path for i in mine])
        must = self._added_items(session, project, items) if decides else []
        present = {i.nodeid for i in items}
        items += [i for i in must if i.nodeid not in present]
        items.sort(key=place_of)
        self._begin(project, must, items, decides=decides)

    def _only_project(self, paths: list[Path]) -> Project:
        from pytest_dbmigrate.spec.errors import SpecError  # noqa: PLC0415  (import time)

        roots = {self._root(path) for path in set(paths)}
        if len(roots) > 1:
            self._refuse(
                f"two projects in one run: {', '.join(sorted(map(self.show, roots)))}. "
                "One run judges one database: name one of them on the command line, or set "
                "dbmigrate_root"
            )
        try:
            project = self.project(paths[0] if paths else None)
        except SpecError as error:
            self._refuse(str(error))
        if self.settings.mode == "production" and not project.migrations:
            self._refuse(
                "--apply-migrations, but there is no migration: "
                f"{self.show(project.root)}/migrations/ holds no .sql file. Name one "
                "NNN_what_it_does.sql, or set dbmigrate_root"
            )
        return project

    def _refuse(self, why: str) -> NoReturn:
        self.open_session().problem = why.splitlines()[0]
        raise pytest.UsageError(why)

    def _added_items(
        self, session: pytest.Session, project: Project, items: list[pytest.Item]
    ) -> list[pytest.Item]:
        """The items that must exist whatever was given on the command line, such as commit."""
        from pytest_dbmigrate import collect  # noqa: PLC0415  (import time)

        parent = _deepest_folder(items, project.root) or session
        found: list[pytest.Item] = []
        for migration in project.migrations:
            path = project.migration_paths[migration.path]
            file = self._file(collect.MigrationFile, parent, path)
            made = list(file.collect())
            report = pytest.CollectReport(
                nodeid=file.nodeid, outcome="passed", longrepr=None, result=[*made]
            )
            session.ihook.pytest_collectreport(report=report)
            for item in made:
                item.ihook.pytest_itemcollected(item=item)
            found += made
        return found

    def _begin(
        self, project: Project, must: list[pytest.Item], items: list[pytest.Item], *, decides: bool
    ) -> None:
        """Make the run. Tests that only borrow a migrated database have one, and decide nothing."""
        with _collector_paused():
            from pytest_dbmigrate.run import Run  # noqa: PLC0415  (import time)

        run = Run(
            settings=self.settings,
            project=project,
            base=self.config.rootpath,
            command=self._command(),
            steps=tuple(i.nodeid for i in must),
            python=tuple(i.nodeid for i in items if is_counted(i)),
            shared=is_worker(self.config),
        )
        chosen = {i.nodeid for i in items}
        run.selected = tuple(p for p in run.planned if p in chosen)
        self.config.stash[RUN] = run
        if decides:
            self.open_session().start(run)

    def _command(self) -> str:
        """What was typed, without the password: a traceback may show the whole run."""
        words = map(str, self.config.invocation_params.args)
        if self.settings.target is None:
            return " ".join(["pytest", *words])
        from pytest_dbmigrate.postgres.url import scrub  # noqa: PLC0415  (import time)

        return scrub(" ".join(["pytest", *words]), self.settings.target)


def _named_files(config: pytest.Config) -> frozenset[Path]:
    """The .sql files on the command line, also those that a folder beside them covers."""
    named = [argument.partition("::")[0] for argument in config.args]
    files = [name for name in named if name.lower().endswith(".sql")]
    folder = config.invocation_params.dir
    return frozenset(Path(os.path.normpath(folder / file)) for file in files)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without cyclic garbage collection: importing and reading make much and leave no garbage.

    Together with `gc.freeze()` it spares the reference project 8 % of its processor time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _deepest_folder(items: Iterable[pytest.Item], root: Path) -> pytest.Dir | None:
    """The deepest collected folder that is the project's root or stands above it."""
    folders = {n for i in items for n in i.listchain() if isinstance(n, pytest.Dir)}
    above = [f for f in folders if root.is_relative_to(f.path)]
    return max(above, key=lambda f: len(f.path.parts), default=None)
