"""Every verification of the reference fails when its subject is broken.

The checks are read, run and judged by the product's own code; the ways to break the database are
data beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from breakages import BREAKAGES
from migrated import Migrated, migrated, stem
from small_breakages import SMALL_BREAKAGES

from pytest_dbmigrate.spec.expectations import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breakage import Breakage

    from pytest_dbmigrate.postgres.server import Server

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "sql"
SMALL = ROOT / "tests" / "profiles" / "small"

# No coincidence: what is forbidden here is absent there too; both have the role `authenticated`.
FORBIDDEN_EVERYWHERE = {
    "after_012_unused_tables",
    "api_roles_obey_policies",
    "not_valid_constraints",
    "triggers_off",
    "unused_tables_removed",
    "writes_stay_at_home",
}


@pytest.fixture(scope="module")
def reference(server: Server) -> Iterator[Migrated]:
    """The reference database (`sql/`) after 011 and 012."""
    with migrated(REFERENCE, server) as database:
        yield database


@pytest.fixture(scope="module")
def small(server: Server) -> Iterator[Migrated]:
    """The small profile's database after 003 and 004: every figure differs from the reference's."""
    with migrated(SMALL, server) as database:
        yield database


def every(breakages: Sequence[Breakage]) -> pytest.MarkDecorator:
    """One test for each breakage, by its name."""
    return pytest.mark.parametrize("broken", breakages, ids=[b.name for b in breakages])


def caught(verdicts: Sequence[Verdict]) -> bool:
    """Whether one of a check's cases noticed: it was evaluated, and does not hold."""
    return any(v.outcome in {Outcome.FAIL, Outcome.ERROR} for v in verdicts)


def passed(database: Migrated, design: Migrated | None = None) -> set[str]:
    """The checks that pass on a database as it is; those of another `design`, if one is given."""
    verdicts = database.verdicts(design=design)
    return {n for n, found in verdicts.items() if all(v.outcome is Outcome.PASS for v in found)}


@every(BREAKAGES)
def test_when_the_reference_is_broken_then_it_is_noticed_by_name(
    reference: Migrated, broken: Breakage
) -> None:
    found = reference.verdicts(broken.sql, broken.caught_by)
    assert {name for name, verdicts in found.items() if caught(verdicts)} == broken.caught_by


@every(SMALL_BREAKAGES)
def test_when_the_small_profile_is_broken_then_it_is_noticed_by_name(
    small: Migrated, broken: Breakage
) -> None:
    found = small.verdicts(broken.sql, broken.caught_by)
    assert {name for name, verdicts in found.items() if caught(verdicts)} == broken.caught_by


def test_when_nothing_is_broken_then_every_check_passes(
    reference: Migrated, small: Migrated
) -> None:
    """The control of every test above."""
    assert passed(reference) == {stem(c) for c in reference.checks}
    assert passed(small) == {stem(c) for c in small.checks}


def test_when_a_check_is_written_then_something_can_break_it(
    reference: Migrated, small: Migrated
) -> None:
    """A check that no breakage is noticed by may be one that cannot fail."""
    for database, breakages in ((reference, BREAKAGES), (small, SMALL_BREAKAGES)):
        noticed: set[str] = set().union(*(b.caught_by for b in breakages))
        assert {stem(c) for c in database.checks} - noticed == set()


def test_when_a_profile_is_checked_by_the_other_then_nothing_passes_by_coincidence(
    reference: Migrated, small: Migrated
) -> None:
    """Numbers that two designs share by chance prove nothing about either."""
    assert passed(small, reference) == FORBIDDEN_EVERYWHERE
    assert passed(reference, small) == set()
