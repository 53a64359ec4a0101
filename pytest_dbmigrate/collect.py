""".sql file → items. Public pytest names only; an item judges, it never runs SQL itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_dbmigrate import judgements
from pytest_dbmigrate.fixtures import RUN
from pytest_dbmigrate.order import (
    ALONE,
    BEFORE,
    COMMIT,
    DECISION,
    FINAL,
    HEALTH,
    MIGRATING,
    ORDER,
    RERUN,
    Order,
    place_of_check,
)
from pytest_dbmigrate.postgres.steps import SESSIONS
from pytest_dbmigrate.spec import builtins
from pytest_dbmigrate.spec.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project

CHECK = pytest.StashKey["Check"]()


class GateItem(pytest.Function):
    """One thing the gate decides or observes; fails with words of ours instead of a traceback."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the thing stands in the user's file, and its headline; pytest counts from 0.

        A headline that ends the id would be shown in its place, each `.` as `::`, and could not be
        given again.
        """
        check = self.stash.get(CHECK, None)
        if check is None:
            return self.path, 0, self.name
        titled = check.title != self.name
        return self.path, check.line - 1, check.title if titled else f"{self.name} ({check.line})"

    def runtest(self) -> None:
        """Run as pytest does; what the judgement tells becomes the item's properties."""
        run = self.config.stash[RUN]
        run.told.clear()
        try:
            super().runtest()
        finally:
            self.user_properties += run.told

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """The words of a failed judgement; anything else is shown as pytest shows it."""
        if isinstance(excinfo.value, judgements.JudgementError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)


class ProjectFile(pytest.Module):
    """A .sql file of a project. Based on Module so that module-scoped fixtures work.

    `read` gives the project; None when what is wrong with it has been told by another file.
    `way_back` names the checks of a backup, where one is to be taken.
    """

    obj = None
    read: Callable[[Path], Project | None]
    way_back: tuple[str, ...] = ()

    def collect(self) -> Iterator[GateItem]:
        """This file's items; a project that is wrong is one clean error, and nothing runs."""
        try:
            project = self.read(self.path)
        except SpecError as error:
            raise self.CollectError(str(error)) from None
        if project is not None:
            yield from self.items(project)

    def items(self, project: Project) -> Iterator[GateItem]:
        """The items of this file in its project."""
        raise NotImplementedError

    def item(self, name: str, body: Callable[..., None], order: Order) -> GateItem:
        """An item of this file; the parameters of `body` name its fixtures."""
        item: GateItem = GateItem.from_parent(self, name=name, callobj=body)
        item.stash[ORDER] = order
        return item


class VerificationFile(ProjectFile):
    """A verification file: one item for each verification and parameter case."""

    def items(self, project: Project) -> Iterator[GateItem]:
        """One item a check, in the order of the file."""
        for place, file in enumerate(project.verifications):
            if file.path == self.path:
                for number, check in enumerate(file.checks):
                    order = place_of_check(check, (place, number), project)
                    yield self._verification(check, order)

    def _verification(self, check: Check, order: Order) -> GateItem:
        """The item of one check, with its tags as marks and its words for `-k`."""
        item = self.item(check.name, judgements.verification(check), order)
        item.stash[CHECK] = check
        item.extra_keyword_matches.update({check.query_set, check.title, str(check.phase)} - {""})
        for tag in check.tags:
            try:
                item.add_marker(tag)
            except pytest.fail.Exception:  # strict markers
                raise self.CollectError(
                    f"{check.path}:{check.line}: the tag {tag!r} is not declared\n"
                    f'  add it to the markers of pytest\'s configuration: markers = ["{tag}"]'
                ) from None
        return item


class MigrationFile(ProjectFile):
    """A migration: its apply and re-run items; a project's last one has commit and decision too."""

    def items(self, project: Project) -> Iterator[GateItem]:
        """The items of this migration, if the project has it."""
        if project.migrations and project.migration_paths[project.host] == self.path:
            for number, name in enumerate(self.way_back):
                place = (BEFORE, len(project.verifications), number)
                yield self.item(name, judgements.way_back(name), place)
        for number, migration in enumerate(project.migrations):
            if project.migration_paths[migration.path] == self.path:
                yield from self._migration(number, migration, project)
                if migration is project.migrations[-1]:
                    yield from self._builtins(project)
                    yield self.item("commit", judgements.committed, (COMMIT,))
                    yield from self._probes(project)
                    yield self.item("decision", judgements.decided, (DECISION,))

    def _builtins(self, project: Project) -> Iterator[GateItem]:
        """The built-in checks, one item each."""
        for phase, checks in (
            (BEFORE, builtins.BEFORE),
            (FINAL, (*builtins.INTEGRITY, *builtins.LOSSES)),
        ):
            for number, check in enumerate(c for c in checks if c.name not in project.without):
                place = (phase, len(project.verifications) + 1, number)
                yield self.item(check.name, judgements.built_in(check.name), place)

    def _probes(self, project: Project) -> Iterator[GateItem]:
        """The plan's probes, one item each, behind the health checks."""
        for number, probe in enumerate(project.plan.probes.all if project.plan else ()):
            place = (HEALTH, len(project.verifications), number)
            yield self.item(probe.name, judgements.probed(probe.name), place)

    def _migration(self, number: int, migration: Migration, project: Project) -> Iterator[GateItem]:
        kind = MIGRATING if migration.transactional else ALONE
        yield self.item("apply", judgements.applied(migration), (kind, number, 0))
        for place, session in enumerate(() if builtins.RERUN in project.without else SESSIONS):
            body = judgements.reran(migration, session)
            yield self.item(f"rerun-{session}-session", body, (RERUN, place, number))
        if migration.down is not None:
            place_last = (RERUN, len(SESSIONS), number)
            yield self.item(builtins.DOWN, judgements.went_back(migration), place_last)
