"""A project's database after its migrations, broken and mended again by each test that wants to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from pytest_dbmigrate.postgres.apply import apply
from pytest_dbmigrate.postgres.check_queries import observe
from pytest_dbmigrate.postgres.query import Answer, run
from pytest_dbmigrate.postgres.rehearsal import load
from pytest_dbmigrate.spec.judging import judge
from pytest_dbmigrate.spec.phases import FINAL, Phase
from pytest_dbmigrate.spec.project import load_project
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from psycopg import Connection

    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict


@dataclass(frozen=True, slots=True)
class Migrated:
    """The checks that describe a migrated database, and a connection to one that holds.

    `whole` is what each check's statement gives there, by the check's name: the earlier result that
    `expect-same-as-before` compares with.
    """

    checks: tuple[Check, ...]
    conn: Connection[object]
    whole: dict[str, Result | Failure]

    def verdicts(
        self, breaking: str = "", only: Collection[str] = (), design: Migrated | None = None
    ) -> dict[str, list[Verdict]]:
        """The verdicts by check (the cases of a parameter together) while `breaking` has been done.

        `only` limits them to these checks; `design` is whose checks are tried, if not its own.
        """
        design = design or self
        wanted = [c for c in design.checks if not only or stem(c) in only]
        found: dict[str, list[Verdict]] = {}
        run(self.conn, "BEGIN")
        for statement in scan(breaking, "the breakage").statements:
            run(self.conn, statement.text)
        for check, answer in observe(self.conn, wanted):
            outcome = answer.outcome if isinstance(answer, Answer) else answer
            verdict = judge(check, outcome, design.whole.get(check.name))
            found.setdefault(stem(check), []).append(verdict)
        run(self.conn, "ROLLBACK")
        return found


def stem(check: Check) -> str:
    """A check's name without its parameter's case."""
    return check.name.removesuffix(f".{check.case}")


@contextmanager
def migrated(root: Path, server: Server) -> Iterator[Migrated]:
    """A new database with a project's baseline and migrations; dropped at the end."""
    project = load_project(root)
    name = f"migrated_{uuid4().hex}"
    phases = FINAL, Phase("after", project.migrations[-1].version)
    checks = tuple(c for c in project.checks if c.phase in phases)
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with psycopg.connect(server.dsn(name), autocommit=True) as conn:
                for script in project.baseline:
                    load(conn, script)
                run(conn, "BEGIN")
                for migration in project.migrations:
                    fault = apply(conn, migration.script, migration.statements).fault
                    if fault is not None:
                        raise RuntimeError(fault.place)
                whole = {
                    check.name: answer.outcome
                    for check, answer in observe(conn, checks)
                    if isinstance(answer, Answer)
                }
                run(conn, "COMMIT")
                yield Migrated(checks, conn, whole)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
