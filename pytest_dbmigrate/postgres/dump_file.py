"""A backup that somebody else took: is the file there, whole, of this database, and how old."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.dumping import any_pg_restore

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"PGDMP"  # src/bin/pg_dump/pg_backup_archiver.h
_CREATED = re.compile(r"^; Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
_DATABASE = re.compile(r"^; +dbname: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DumpFile:
    """What is known of a file: its `problem`, or since when it stands and what told that.

    An archive of pg_dump says itself when it was made; of any other file only its time tells.
    """

    path: str
    problem: str = ""
    size: int = 0
    created: datetime | None = None
    told_by: str = ""


def look_at(path: Path, database: str, bindir: str = "") -> DumpFile:
    """Look at a file that is to be the backup of a database."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
        found = path.stat()
    except OSError as error:
        return DumpFile(str(path), f"{path} cannot be read: {error.strerror}")
    if not found.st_size:
        return DumpFile(str(path), f"{path} is empty")
    if start != _MAGIC:
        changed = datetime.fromtimestamp(found.st_mtime, UTC)
        return DumpFile(str(path), "", found.st_size, changed, "the file's time")
    return _archive(path, found.st_size, database, bindir)


def _archive(path: Path, size: int, database: str, bindir: str) -> DumpFile:
    program = any_pg_restore(bindir)
    if program is None:
        return DumpFile(str(path), f"{path} cannot be looked into: no pg_restore on this machine")
    listed = subprocess.run(  # noqa: S603  (a program found by us, no shell)
        [program, "--list", path],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        check=False,
    )
    created, of = _CREATED.search(listed.stdout), _DATABASE.search(listed.stdout)
    if listed.returncode or created is None:
        said = " ".join(listed.stderr.split())
        return DumpFile(str(path), f"{path} is no whole archive of pg_dump: {said}")
    if of is not None and of[1].strip() != database:
        return DumpFile(str(path), f"{path} is of the database {of[1].strip()}, not of {database}")
    made = datetime.fromisoformat(created[1]).replace(tzinfo=UTC)
    return DumpFile(str(path), "", size, made, "the archive itself")
