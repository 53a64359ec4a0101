"""The README names files and options that are there; .ci/run types its two commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_when_a_file_is_linked_then_it_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_when_an_option_is_named_then_it_exists(pytester: pytest.Pytester) -> None:
    known = pytester.runpytest_inprocess("--help").stdout.str()
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", README))
    assert named
    assert [option for option in named if option not in known] == []


def test_when_ci_reads_the_commands_then_they_are_the_two_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    wanted = re.search(r"sed -n '(.*)' README\.md", script)
    assert wanted is not None
    found = subprocess.run(  # noqa: S603  (the line of our own script)
        ["sed", "-n", wanted[1], "README.md"],  # noqa: S607
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line.rpartition("/bin/")[2] for line in found] == ["pytest sql", "pytest tests"]
