"""Which items count for the decision, and where each stands in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.project import Project

# Where an item stands: the first number is one of these.
OTHERS, BEFORE, MIGRATING, FINAL, PYTHON, COMMIT, ALONE, RERUN, HEALTH, AFTERWARDS, DECISION = (
    range(11)
)

Order = tuple[int, ...]
ORDER = pytest.StashKey[Order]()

# Fixtures whose tests look at the migrations inside the held transaction, or at a copy after it.
READING = frozenset({"dbmigrate_connection", "dbmigrate_migrations"})
COPYING = "dbmigrate_postgresql_proc"
OURS = READING | {COPYING, "dbmigrate_run", "dbmigrate_target"}


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def fixtures_of(item: pytest.Item) -> set[str]:
    """The names of the fixtures that an item asks for, also through others."""
    return set(getattr(item, "fixturenames", ()))


def is_ours(item: pytest.Item) -> bool:
    """Whether an item was made from a .sql file of a project."""
    return ORDER in item.stash


def is_counted(item: pytest.Item) -> bool:
    """Whether a Python test looks at the migrations, so that it must pass before the COMMIT."""
    return not is_ours(item) and bool(READING & fixtures_of(item))


def place_of(item: pytest.Item) -> Order:
    """The key to sort by: other tests first, then ours by step, then tests on a copy."""
    if is_ours(item):
        return item.stash[ORDER]
    if is_counted(item):
        return (PYTHON,)
    return (AFTERWARDS,) if COPYING in fixtures_of(item) else (OTHERS,)


def place_of_check(check: Check, number: tuple[int, int], project: Project) -> Order:
    """Where a check's item stands: by phase, then by file and line (`number`, both counted)."""
    match check.phase.kind:
        case "before":
            return BEFORE, *number
        case "final":
            return FINAL, *number
        case "health":
            return HEALTH, *number
        case _:
            versions = [m.version for m in project.migrations]
            migration = versions.index(check.phase.version)
            held = project.migrations[migration].transactional
            return (MIGRATING if held else ALONE), migration, 1, *number
