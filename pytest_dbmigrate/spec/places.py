"""Where things stand in a project: names of folders and files, and which folder is the project's.

Imports nothing heavy, so that asking costs nothing where there is no project.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIGRATIONS = "migrations"
BASELINE = "baseline"
PLAN = "plan.toml"
PATTERNS = ("*verif*.sql",)
_EXPECTS = re.compile(rb"expect|should|must", re.IGNORECASE)


def is_migration(path: Path) -> bool:
    """Whether a .sql file stands in a migrations folder."""
    return path.suffix.lower() == ".sql" and path.parent.name == MIGRATIONS


def is_baseline(path: Path) -> bool:
    """Whether a .sql file stands in a baseline folder."""
    return path.suffix.lower() == ".sql" and path.parent.name == BASELINE


def is_verification(path: Path, patterns: Iterable[str] = PATTERNS) -> bool:
    """Whether a file is found as a verification by its name: never below migrations or baseline."""
    return (
        path.suffix.lower() == ".sql"
        and not {MIGRATIONS, BASELINE} & set(path.parts[:-1])
        and any(fnmatch(path.name.lower(), pattern.lower()) for pattern in patterns)
    )


def speaks_of_expectations(data: bytes) -> bool:
    """Whether a file holds any word of ours; one without is somebody else's, and is not scanned.

    A NUL byte stands in every UTF-16 text: what such a file says cannot be told here, and reading
    it refuses it.
    """
    return b"\0" in data or bool(_EXPECTS.search(data))


def find_root(path: Path | None, rootdir: Path, configured: str = "") -> Path:
    """The project folder of a file: as configured, else found.

    The nearest folder above the file that holds migrations or a plan, else sql/, else the rootdir.
    """
    if configured:
        return (rootdir / configured).resolve()
    for folder in path.parents if path is not None else ():
        if folder == rootdir.parent:
            break
        if (folder / PLAN).is_file() or any((folder / MIGRATIONS).glob("*.sql")):
            return folder
    return rootdir / "sql" if (rootdir / "sql").is_dir() else rootdir
