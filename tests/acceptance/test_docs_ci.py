"""The recipes of docs/ci.md parse, and each command in them has only options that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_dbmigrate import __version__

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
RECIPES: list[dict[Any, Any]] = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
]
GITHUB, GITLAB = RECIPES[:2], RECIPES[2]


def jobs(recipe: dict[Any, Any]) -> list[dict[str, Any]]:
    """The jobs of a GitHub workflow or a GitLab pipeline."""
    found = recipe.get("jobs", recipe)
    return [
        job for job in found.values() if isinstance(job, dict) and job.keys() & {"steps", "script"}
    ]


def commands(job: dict[str, Any]) -> list[list[str]]:
    """A job's command lines, split into words."""
    lines = job.get("script") or [step["run"] for step in job["steps"] if "run" in step]
    return [shlex.split(line) for line in lines]


EVERY = [words for recipe in RECIPES for job in jobs(recipe) for words in commands(job)]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The options that each program's own help names."""
    asked = {"pytest": ["pytest"], "pytest-dbmigrate verify": ["pytest_dbmigrate.cli", "verify"]}
    options, empty = {}, tmp_path_factory.mktemp("empty")
    for program, module in asked.items():
        command = [sys.executable, "-m", *module, "--help"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=empty)  # noqa: S603  (our own help)
        options[program] = set(re.findall(r"--[a-z][a-z-]+", shown.stdout))
    return options


def test_when_the_page_is_read_then_it_has_the_three_recipes() -> None:
    assert [len(jobs(recipe)) for recipe in RECIPES] == [1, 2, 2]


def test_when_a_recipe_calls_us_then_each_option_exists(known: dict[str, set[str]]) -> None:
    ours = [words for words in EVERY if words[0].startswith("pytest")]
    assert len(ours) == 7
    for words in ours:
        program = words[0] if words[0] == "pytest" else " ".join(words[:2])
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known[program], words


def test_when_a_job_changes_production_then_it_verified_the_same_run_before() -> None:
    changing = [
        job for recipe in RECIPES for job in jobs(recipe)
        if any("--apply-migrations" in words for words in commands(job))
    ]  # fmt: skip
    assert len(changing) == 2
    for job in changing:
        lines = commands(job)
        assert lines[-2][:2] == ["pytest-dbmigrate", "verify"]
        run = lines[-2][2]
        assert f"--require-signoff={run}" in lines[-1]
        assert "--db-url=env:DATABASE_URL" in lines[-1]
        assert job["environment"] == "production"


def test_when_we_are_installed_then_the_version_is_pinned_and_the_same() -> None:
    installed = [words[2] for words in EVERY if words[:2] == ["pip", "install"]]
    assert len(installed) == 5
    assert {name.partition("==")[2] for name in installed} == {__version__}


def test_when_a_workflow_takes_an_input_then_no_command_line_holds_it() -> None:
    for recipe in GITHUB:
        for job in jobs(recipe):
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


def test_when_production_runs_then_nothing_cancels_or_repeats_it() -> None:
    assert GITHUB[1]["concurrency"]["cancel-in-progress"] is False
    assert GITLAB["production"]["interruptible"] is False
    assert GITLAB["production"]["retry"] == 0
    assert GITLAB["production"]["resource_group"]
