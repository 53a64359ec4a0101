"""Each example is what its README says: the commands in it are typed, and their output is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.server import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
# What the last command of a README that begins with this comes to; GO where nothing stands.
STATUS = {("broken_migration", "pytest"): 1, ("failing_verification", "pytest"): 1}


def commands(example: str) -> list[tuple[str, list[str]]]:
    """The pytest commands of a README, each with the lines of output that are shown below it."""
    text = (EXAMPLES / example / "README.md").read_text()
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        if lines[0].startswith("pytest"):
            found.append((lines[0], lines[1:]))
        elif found and not lines[0].startswith("$"):
            found[-1][1].extend(lines)
    return found


NAMES = sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir())


@pytest.fixture
def database(pg15: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A live database in the state of the example's baseline."""
    name = f"example_{uuid4().hex}"
    with psycopg.connect(pg15.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(pg15.dsn(name), autocommit=True) as conn:
            example = request.node.callspec.params["example"]
            for path in sorted((EXAMPLES / example / "baseline").glob("*.sql")):
                conn.execute(path.read_bytes())
        yield pg15.dsn(name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("example", NAMES)
def test_when_the_readme_is_followed_then_it_goes_as_it_says(
    example: str, database: str, tmp_path: Path
) -> None:
    typed = commands(example)
    assert typed, "no command in the README"
    reports = shutil.ignore_patterns("dbmigrate-report")
    folder = shutil.copytree(EXAMPLES / example, tmp_path / example, ignore=reports)
    for command, output in typed:
        done = subprocess.run(  # noqa: S603  (a command of our own README)
            [sys.executable, "-m", *command.split()],
            cwd=folder,
            env={**os.environ, "DATABASE_URL": database},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == STATUS.get((example, command), 0), done.stdout
        for line in output:
            assert line.strip() in done.stdout
        if "on_a_copy" not in command:
            word = "GO" if done.returncode == 0 else "NO-GO"
            assert done.stdout.splitlines()[-1].startswith(f"dbmigrate: {word} ·")


@pytest.mark.parametrize("example", ["broken_migration"])
def test_when_psql_runs_the_broken_migration_then_it_says_what_the_readme_shows(
    example: str, database: str, pg15: Server
) -> None:
    text = (EXAMPLES / example / "README.md").read_text()
    shown = [x[4:] for x in text.partition("    $ psql")[2].split("\n\n")[0].splitlines()[1:]]
    psql = pg15.binaries.tool("psql")
    assert psql is not None
    done = subprocess.run(  # noqa: S603  (a program found by us)
        [psql, "-X", "-d", database, "-f", "migrations/001_add_workspace_keys.sql"],
        cwd=EXAMPLES / example,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = [*done.stdout.splitlines(), str(done.returncode)]
    assert [line for line in said if line in shown] == shown
