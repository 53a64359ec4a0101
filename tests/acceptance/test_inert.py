"""A project with the plugin installed and nothing of ours notices nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shop import Live, Shop

# All that is imported of us in a session where nothing of ours is collected and no option is used.
THIN = {
    "pytest_dbmigrate",
    "pytest_dbmigrate.fixtures",
    "pytest_dbmigrate.options",
    "pytest_dbmigrate.order",
    "pytest_dbmigrate.plugin",
    "pytest_dbmigrate.selection",
    "pytest_dbmigrate.settings",
    "pytest_dbmigrate.spec",
    "pytest_dbmigrate.spec.builtins",
    "pytest_dbmigrate.spec.places",
}
TELLING = """\
import sys

def pytest_unconfigure():
    ours = sorted(m for m in sys.modules if m.partition(".")[0] == "pytest_dbmigrate")
    sys.stdout.write("imported: " + " ".join(ours) + "\\n")
"""


@pytest.fixture
def theirs(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of somebody who has tests, data in .sql files, and nothing of ours."""
    pytester.makeconftest(TELLING)
    pytester.makepyfile(
        test_theirs="""
        import pytest
        def test_passes(): pass
        def test_fails(): assert 0
        @pytest.mark.parametrize("n", [1, 2])
        def test_cases(n): pass
        """
    )
    for name in ("data.sql", "migrations/0007_email_verification.sql", "verify_email.sql"):
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("CREATE TABLE theirs (id integer);\n")
    return pytester


def plain(result: pytest.RunResult) -> list[str]:
    """The output without times, plugin names and what was imported."""
    lines = [re.sub(r"\d+\.\d+s", "_s", line) for line in result.outlines]
    return [line for line in lines if not line.startswith(("imported:", "plugins:", "metadata:"))]


@pytest.mark.parametrize("options", [(), ("-v",), ("-q", "--co"), ("-k", "cases"), ("-n1",)])
def test_when_nothing_of_ours_is_there_then_output_and_status_are_the_same(
    theirs: pytest.Pytester, options: tuple[str, ...]
) -> None:
    common = ("-p", "no:randomly", "-p", "no:cacheprovider", *options)
    with_us = theirs.runpytest_subprocess(*common)
    without = theirs.runpytest_subprocess(*common, "-p", "no:dbmigrate")
    assert with_us.ret == without.ret
    assert plain(with_us) == plain(without)
    assert with_us.errlines == without.errlines
    assert not (theirs.path / "dbmigrate-report").exists()


def test_when_nothing_of_ours_is_there_then_next_to_nothing_is_imported(
    theirs: pytest.Pytester,
) -> None:
    result = theirs.runpytest_subprocess()
    line = next(x for x in result.outlines if x.startswith("imported: "))
    assert set(line.split()[1:]) == THIN


def test_when_no_check_is_selected_in_a_mixed_project_then_nothing_is_said(shop: Shop) -> None:
    shop.write("test_theirs.py", "def test_login():\n    pass\n")
    ran = shop.run("-k", "test_login")
    assert ran.status == 0
    assert "1 passed, 7 deselected" in ran.last
    assert "dbmigrate" not in ran.out.partition("plugins:")[2].partition("\n")[2]
    assert shop.folders == []


def test_when_pgtap_tests_stand_beside_ours_then_they_are_left_to_their_plugin(
    shop: Shop, migrated: Live
) -> None:
    shop.write("test_orders.sql", "SELECT plan(1); SELECT pass('must be left alone');\n")
    assert shop.run(migrated.url).word == "GO"


def test_when_the_plugin_is_listed_in_a_conftest_as_well_then_pytest_says_so(shop: Shop) -> None:
    """Documented: it is installed, that is enough."""
    shop.write("conftest.py", "pytest_plugins = ['pytest_dbmigrate.plugin']\n")
    ran = shop.run_apart()
    assert ran.status != 0
    assert "already registered" in ran.err + ran.out
