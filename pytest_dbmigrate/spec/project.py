"""A project's folder → everything planned: migrations, baseline, checks, plan.

One project a run. Planned is all of it, whatever was selected on the command line.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.annotations import Check, read_checks
from pytest_dbmigrate.spec.builtins import NAMES as BUILTINS
from pytest_dbmigrate.spec.downs import is_down
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.migrations import Migration, read_migrations
from pytest_dbmigrate.spec.places import (
    BASELINE,
    MIGRATIONS,
    PATTERNS,
    PLAN,
    is_verification,
    speaks_of_expectations,
)
from pytest_dbmigrate.spec.plan import Plan, read_plan
from pytest_dbmigrate.spec.plan_names import validate
from pytest_dbmigrate.spec.statements import Script, decode, scan
from pytest_dbmigrate.spec.timed_queries import (
    TimedQuery,
    read_timed,
    refuse_twins,
    speaks_of_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FileRole = Literal["migration", "down", "verification", "baseline", "plan", "expected", "queries"]

# A larger file is data, not the queries of an application.
_QUERIES_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file the run depends on, as it was read: role, path as shown, size in bytes, digest."""

    role: FileRole
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class VerificationFile:
    """One verification file and its checks, in order."""

    path: Path
    shown: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Everything planned in one project folder.

    `baseline` are the scripts that build a throw-away database in the state before the migrations.
    `without` names the built-in checks that are not wanted, `timed` are the queries whose time is
    taken. Paths are shown relative to pytest's rootdir.
    """

    root: Path
    migrations: tuple[Migration, ...]
    baseline: tuple[Script, ...]
    verifications: tuple[VerificationFile, ...]
    plan: Plan | None
    files: tuple[SourceFile, ...]
    without: frozenset[str] = frozenset()
    migration_paths: dict[str, Path] = field(default_factory=dict)
    timed: tuple[TimedQuery, ...] = ()

    @property
    def host(self) -> str:
        """The file, as shown, below which what belongs to no file stands: commit, decision."""
        if self.migrations:
            return self.migrations[-1].path
        return self.verifications[-1].shown if self.verifications else ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all verification files, in file order."""
        return tuple(c for f in self.verifications for c in f.checks)


def read_verifications(
    path: Path, shown: str, data: bytes
) -> tuple[tuple[Check, ...], dict[Path, bytes]]:
    """The checks of one file's bytes, and the side files (`expect-result: file.csv`) they read."""
    side_files: dict[Path, bytes] = {}

    def load(name: str) -> str:
        beside = path.parent / name
        side_files[beside] = beside.read_bytes()
        return decode(side_files[beside], f"{shown}: {name}")

    return read_checks(scan(decode(data, shown), shown), load), side_files


def load_project(
    root: Path,
    *,
    named: Callable[[Path], bool] = lambda _path: False,
    patterns: Iterable[str] = PATTERNS,
    show: Callable[[Path], str] = str,
    allow_gaps: bool = False,
    commit_each: bool = False,
    without: Iterable[str] = (),
) -> Project:
    """Read the whole project below `root`. Raises SpecError for the first file that is wrong.

    `named` tells which files were given on the command line: they are verifications whatever
    their name; a file found by pattern is one only if it holds an expectation. `show` renders a
    path for people.
    """
    files: list[SourceFile] = []

    def read(path: Path, role: FileRole) -> bytes:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SpecError(
                f"cannot be read: {error.strerror}", path=show(path), remedy="check its permissions"
            ) from None
        note(path, role, data)
        return data

    def note(path: Path, role: FileRole, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        files.append(SourceFile(role, show(path), len(data), digest))

    def read_scripts(
        folder: str, role: FileRole, *, downs: bool = False
    ) -> list[tuple[Path, bytes]]:
        paths = sorted((root / folder).glob("*.sql"))
        return [(p, read(p, role)) for p in paths if is_down(p.name) is downs]

    migrations = read_scripts(MIGRATIONS, "migration")
    downs = read_scripts(MIGRATIONS, "down", downs=True)
    scripts = [
        scan(decode(data, show(path)), show(path))
        for path, data in read_scripts(BASELINE, "baseline")
    ]
    verifications = []
    timed: list[TimedQuery] = []
    expected: dict[Path, bytes] = {}
    for path in sql_files(root):
        if not named(path) and not is_verification(path.relative_to(root), patterns):
            if _holds_queries(path):
                data = read(path, "queries")
                timed += read_timed(scan(decode(data, show(path)), show(path)))
            continue
        data = read(path, "verification")
        if speaks_of_metrics(data):
            timed += read_timed(scan(decode(data, show(path)), show(path)))
        if named(path) or speaks_of_expectations(data):
            checks, side_files = read_verifications(path, show(path), data)
            if named(path) or any(c.reading.status != "no-expectation" for c in checks):
                verifications.append(VerificationFile(path, show(path), checks))
                expected |= side_files
                continue
        files.pop()
    for path, data in expected.items():  # two files may expect the same rows
        note(path, "expected", data)
    read_order = read_migrations(
        ((show(p), data) for p, data in migrations),
        downs=((show(p), data) for p, data in downs),
        allow_gaps=allow_gaps,
        commit_each=commit_each,
    )
    _refuse_unknown_versions(verifications, {m.version for m in read_order})
    refuse_twins(timed)
    plan = None
    if (root / PLAN).is_file():
        plan = read_plan(decode(read(root / PLAN, "plan"), show(root / PLAN)), show(root / PLAN))
        planned = [check for file in verifications for check in file.checks]
        validate(
            plan,
            {check.name for check in planned} | set(BUILTINS),
            [migration.version for migration in read_order],
            query_sets={check.query_set for check in planned},
            integrity=BUILTINS,
            metrics=[query.name for query in timed],
        )
    return Project(
        root=root,
        migrations=read_order,
        baseline=tuple(scripts),
        verifications=tuple(verifications),
        plan=plan,
        files=tuple(files),
        without=frozenset(without) | frozenset(plan.options.without_integrity if plan else ()),
        migration_paths={show(p): p for p, _ in migrations},
        timed=tuple(timed),
    )


def _holds_queries(path: Path) -> bool:
    """Whether a file that is none of ours otherwise names queries to be timed."""
    try:
        return path.stat().st_size <= _QUERIES_BYTES and speaks_of_metrics(path.read_bytes())
    except OSError:
        return False


def _refuse_unknown_versions(files: Iterable[VerificationFile], versions: set[str]) -> None:
    """A check that waits for a migration which is not there would never run."""
    for check in (check for file in files for check in file.checks):
        version = check.phase.version
        if version and version not in versions:
            listed = ", ".join(sorted(versions)) or f"none, there is no file in {MIGRATIONS}/"
            raise SpecError(
                f"phase {check.phase}: there is no migration {version}",
                path=check.path,
                line=check.line,
                remedy=f"the migrations are: {listed}",
            )


def sql_files(root: Path) -> list[Path]:
    """The .sql files of a project, sorted so that parents come first.

    Left out: migrations and baseline, hidden folders, virtual environments, and other projects.
    """
    found: list[Path] = []
    for folder, below, names in os.walk(root):
        here = Path(folder)
        below[:] = [
            name
            for name in below
            if not name.startswith((".", "_"))
            and name not in {MIGRATIONS, BASELINE, "node_modules"}
            and not (here / name / "pyvenv.cfg").exists()
            and not (here / name / MIGRATIONS).is_dir()
        ]
        found += [here / name for name in names if name.lower().endswith(".sql")]
    return sorted(found, key=lambda p: (len(p.relative_to(root).parts), str(p)))
