"""A small project in git with a plan, keys of its people, and a rehearsal that can be signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace
from signing import ROLE_OF, line

from pytest_dbmigrate import __version__
from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.evidence.folder import LoadedRun, RunFolder, load_run
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Check,
    Evidence,
    File,
    MigrationRun,
    Observation,
    Passed,
    Result,
    Role,
    Target,
    Transaction,
)
from pytest_dbmigrate.report.pages import write_pages
from pytest_dbmigrate.spec.project import Project, load_project

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """\
title = "Week 1 Wednesday"
report = "WEEK_1_WEDNESDAY_REPORT"

[[role]]
name = "database-admin"

[[role]]
name = "backend-lead"

[[role]]
name = "devops"

[[criterion]]
name = "tables"
title = "43 tables remain"
checks = ["public_tables"]

[[criterion]]
name = "recovery"
title = "Recovery under 15 min"

[[criterion]]
name = "team-notified"
title = "Team notified one hour before"
signed_by = "devops"
phase = "before"

[[criterion]]
name = "unaffected"
title = "Nobody was affected"
signed_by = "devops"
phase = "monitoring"
"""
VERIFICATION = """\
-- name: public_tables
-- Expected: 43
SELECT count(*) FROM pg_tables WHERE schemaname = 'public';
"""


@dataclass
class Signed:
    """The project's root, the folder of keys, and the rehearsal's folder."""

    root: Path
    keys: Path
    folder: RunFolder

    @property
    def run(self) -> LoadedRun:
        """The rehearsal as it stands on disk."""
        return load_run(self.folder.path)

    @property
    def project(self) -> Project:
        """The project as it stands on disk."""
        sql = self.root / "sql"
        return load_project(sql, show=lambda path: str(path.relative_to(self.root)))

    @property
    def page(self) -> Path:
        """The sign-off page."""
        return self.folder.path / "WEEK_1_WEDNESDAY_REPORT.html"

    def commit(self) -> None:
        """Commit all that is not ignored."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        for command in (["add", "."], [*identity, "commit", "-q", "--allow-empty", "-m", "x"]):
            git(self.root, *command)

    def tool(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `pytest-dbmigrate` in the project's root, without a terminal or an agent."""
        left_out = {"SSH_AUTH_SOCK", "DISPLAY"}
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        return subprocess.run(  # noqa: S603  (our own command line)
            [sys.executable, "-m", "pytest_dbmigrate.cli", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            env={**inherited, "HOME": str(self.root / "home"), **environment},
            start_new_session=True,
            timeout=60,
            check=False,
        )

    def sign_all(self) -> None:
        """Let every role sign GO; the first waives what nobody measured."""
        for name, role in ROLE_OF.items():
            waived = ["--waive", "recovery"] if name == "alice" else []
            as_role = ["--role", role, "--decision", "GO", "--key", str(self.keys / name)]
            done = self.tool("sign", "latest", *as_role, *waived)
            if done.returncode:
                raise AssertionError(done.stderr)


def copy(made: Signed, root: Path) -> Signed:
    """The same project in another folder."""
    shutil.copytree(made.root, root, symlinks=True)
    folder = root / made.folder.path.relative_to(made.root)
    return Signed(root, made.keys, RunFolder(folder))


def git(folder: Path, *arguments: str) -> None:
    """Run git; it must work."""
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  (the test's own folder)


def make_project(root: Path, keys: Path) -> Signed:
    """The project, committed, with a rehearsal in which all passed that was measured."""
    sql = root / "sql"
    (sql / "migrations").mkdir(parents=True)
    (root / "home" / ".ssh").mkdir(parents=True)
    (root / ".gitignore").write_text("dbmigrate-report/\nhome/\n")
    (sql / "plan.toml").write_text(PLAN)
    (sql / "migrations" / "011_fix.sql").write_text("CREATE TABLE fixed (id int);\n")
    (sql / "verification.sql").write_text(VERIFICATION)
    signers = "".join(line(keys / name, role) for name, role in ROLE_OF.items())
    (sql / "allowed_signers").write_text(signers)
    git(root, "init", "-q")
    started = datetime.now(UTC) - timedelta(hours=1)
    folder = RunFolder.create(root / "dbmigrate-report", "rehearsal", started=started)
    made = Signed(root, keys, folder)
    made.commit()
    record(made)
    return made


def record(
    made: Signed, result: Result | None = None, target: Target | None = None, **run: object
) -> None:
    """Write the rehearsal's evidence and pages as a run would; `result` is its one check's."""
    project, was = made.project, made.run.evidence.run
    if project.plan is None:
        raise AssertionError("the test's plan is gone")
    seen = Observation(text="43", at=was.started, by="public_tables", value=43)
    check = project.checks[0]
    as_it_ended = {
        "operator": "dan",
        "title": project.plan.title,
        "report_name": project.plan.report,
        "finished": was.started,
        "complete": True,
        "incomplete": (),
        "planned": 1,
        "selected": 1,
    }
    evidence = Evidence(
        schema=SCHEMA,
        run=replace(replace(was, **as_it_ended), **run),
        tools={"pytest-dbmigrate": __version__},
        target=target,
        transaction=Transaction(state="committed", ended=was.started),
        files=tuple(File(f.role, f.path, f.size, f.sha256) for f in project.files),
        migrations=tuple(
            MigrationRun(m.version, m.name, m.path, m.sha256, "committed")
            for m in project.migrations
        ),
        checks=(
            Check(
                id=f"{check.path}::{check.name}",
                name=check.name,
                title=check.title,
                kind="verification",
                phase="final",
                result=result or Passed(seen),
                expected="43",
            ),
        ),
        roles=tuple(Role(r.name, r.title) for r in project.plan.roles),
    )
    evidence = replace(evidence, criteria=judge_criteria(project.plan, evidence))
    made.folder.write_evidence(evidence)
    write_pages(made.folder.path, evidence)
