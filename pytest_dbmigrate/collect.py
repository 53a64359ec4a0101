""".sql file → items. Public pytest names only; an item judges, it never runs SQL itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dbmigrate import judgements
from pytest_dbmigrate.postgres.steps import RERUN, SESSIONS
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.project import BASELINE, MIGRATIONS, is_verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project

# Where an item stands in the run: the first number is one of these.
BEFORE, MIGRATING, FINAL, PYTHON, COMMIT, ALONE, REPEAT, HEALTH, AFTERWARDS, DECISION = range(10)

Order = tuple[int, ...]
ORDER = pytest.StashKey[Order]()
CHECK = pytest.StashKey["Check"]()
_MARKER = re.compile(rb"expect|should|must", re.IGNORECASE)


class GateItem(pytest.Function):
    """One thing the gate decides or observes; fails with words of ours instead of a traceback."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the thing stands in the user's file; pytest counts lines from 0."""
        check = self.stash.get(CHECK, None)
        return self.path, check.line - 1 if check else None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:  # noqa: ANN401  (pytest's own signature)
        """The words of a failed judgement; anything else is shown as pytest shows it."""
        if isinstance(excinfo.value, judgements.JudgementError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)


class ProjectFile(pytest.Module):
    """A .sql file of a project. Based on Module so that module-scoped fixtures work."""

    obj = None
    project: Callable[[Path], Project]
    without: frozenset[str] = frozenset()

    def item(self, name: str, body: Callable[..., None], order: Order) -> GateItem:
        """An item of this file; the parameters of `body` name its fixtures."""
        item: GateItem = GateItem.from_parent(self, name=name, callobj=body)
        item.stash[ORDER] = order
        return item


class VerificationFile(ProjectFile):
    """A verification file: one item for each verification and parameter case."""

    def collect(self) -> Iterator[GateItem]:
        """One item a check; a project that is wrong is one clean error, and nothing runs."""
        try:
            project = self.project(self.path)
        except SpecError as error:
            raise self.CollectError(str(error)) from None
        for file in project.verifications:
            if file.path == self.path:
                yield from (self._verification(check, project) for check in file.checks)

    def _verification(self, check: Check, project: Project) -> GateItem:
        """The item of one check, with its tags as marks and its words for `-k`."""
        order = order_of(check, project)
        item = self.item(check.name, judgements.verification(check), order)
        item.stash[CHECK] = check
        item.extra_keyword_matches.update({check.query_set, check.title, str(check.phase)} - {""})
        for tag in check.tags:
            item.add_marker(tag)
        return item


class MigrationFile(ProjectFile):
    """A migration: its apply and re-run items; the last one of a project also has commit and decision."""

    def collect(self) -> Iterator[GateItem]:
        """The items of this migration, if the project has it."""
        try:
            project = self.project(self.path)
        except SpecError as error:
            raise self.CollectError(str(error)) from None
        for number, migration in enumerate(project.migrations):
            if project.migration_paths[migration.path] == self.path:
                yield from self._migration(number, migration)
                if migration is project.migrations[-1]:
                    yield self.item("commit", judgements.committed, (COMMIT,))
                    yield self.item("decision", judgements.decided, (DECISION,))

    def _migration(self, number: int, migration: Migration) -> Iterator[GateItem]:
        kind = MIGRATING if migration.transactional else ALONE
        yield self.item("apply", judgements.applied(migration), (kind, number, 0))
        for place, session in enumerate(SESSIONS if RERUN not in self.without else ()):
            body = judgements.reran(migration, session)
            yield self.item(f"rerun-{session}-session", body, (REPEAT, place, number))


def order_of(check: Check, project: Project) -> Order:
    """Where a check's item stands in the run: by phase, then by file and line."""
    files = [f.shown for f in project.verifications]
    place = (files.index(check.path), project.checks.index(check))
    match check.phase.kind:
        case "before":
            return BEFORE, *place
        case "final":
            return FINAL, *place
        case "health":
            return HEALTH, *place
        case _:
            versions = [m.version for m in project.migrations]
            number = versions.index(check.phase.version)
            held = project.migrations[number].transactional
            return (MIGRATING if held else ALONE), number, 1, *place


def looks_like_verification(path: Path, root: Path, patterns: Iterable[str]) -> bool:
    """Whether a file found by pattern is to be read: its name fits, and it speaks of expectations.

    A file without any such word is somebody else's, and is not even scanned.
    """
    relative = path.relative_to(root) if path.is_relative_to(root) else path
    return is_verification(relative, patterns) and bool(_MARKER.search(path.read_bytes()))


def is_migration(path: Path) -> bool:
    """Whether a .sql file stands in a migrations folder."""
    return path.suffix == ".sql" and path.parent.name == MIGRATIONS


def is_baseline(path: Path) -> bool:
    """Whether a .sql file stands in a baseline folder."""
    return path.suffix == ".sql" and path.parent.name == BASELINE
