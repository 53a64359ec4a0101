"""Small projects written by a test, and a gate on a real database for each."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.gate import Gate
from pytest_dbmigrate.postgres.transaction import Limits
from pytest_dbmigrate.spec.project import load_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_dbmigrate.postgres.steps import Stage
    from pytest_dbmigrate.spec.project import Project


def project_of(root: Path, migrations: Mapping[str, str], checks: str = "") -> Project:
    """A project with these migrations (file name → SQL) and one verification file."""
    (root / "migrations").mkdir(parents=True, exist_ok=True)
    for name, text in migrations.items():
        (root / "migrations" / name).write_text(text, "utf-8")
    if checks:
        (root / "checks_verification.sql").write_text(checks, "utf-8")
    return load_project(root, show=lambda p: p.name)


def gate_of(
    project: Project,
    dsn: str,
    stage: Stage = "production",
    limits: Limits | None = None,
    *,
    commit_each: bool = False,
) -> Gate:
    """A gate for a project on a database."""
    return Gate(
        project,
        stage,
        functools.partial(psycopg.connect, dsn, autocommit=True, prepare_threshold=None),
        limits=limits or Limits(retries=0),
        commit_each=commit_each,
    )


def run_all(gate: Gate) -> Gate:
    """Run a gate to its end."""
    gate.advance(gate.steps[-1])
    gate.finish()
    return gate


def outcomes(gate: Gate) -> dict[str, str]:
    """The outcome of each check, by its name."""
    return {f.check.name: str(f.verdict.outcome) for f in gate.seen.findings.values()}


def value(dsn: str, query: str) -> object:
    """One value, as another session sees it."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None
