"""A dump of the target before the first statement, with what it must hold to be the way back.

What was written after the dump is not in it.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.cloning import read_snapshot, waiting
from pytest_dbmigrate.postgres.content import Content, read_content
from pytest_dbmigrate.postgres.dumping import DumpTools, connection_like, started
from pytest_dbmigrate.postgres.sequences import positions
from pytest_dbmigrate.postgres.url import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_dbmigrate.postgres.cloning import Snapshot
    from pytest_dbmigrate.postgres.target import Identity, Target


@dataclass(frozen=True, slots=True)
class Backup:
    """A dump in custom format, and what the database held in the dump's own snapshot.

    Sequences are in no snapshot: `later` is where they stood when the dump had ended.
    """

    path: Path
    size: int
    sha256: str
    taken: datetime
    duration_ns: int
    tools: DumpTools
    source: Identity
    content: Content
    later: Mapping[str, int | None]


def take(
    target: Target,
    folder: Path,
    *,
    bindir: str = "",
    timeout: int = 10,
    lock_timeout: int = 2000,
    say: Callable[[str], None] = lambda _line: None,
) -> Backup:
    """Dump the target into a new file in `folder`, which only its owner may read.

    Raises ServerError, and then leaves no file, or TargetError.
    """
    try:
        with read_snapshot(target, bindir, timeout, lock_timeout) as source:
            return _take(source, folder, lock_timeout, say)
    except psycopg.Error as error:
        said = scrub(" ".join(str(error).split()), target)
        raise ServerError(f"the backup failed: {said}") from None


def _take(source: Snapshot, folder: Path, lock_timeout: int, say: Callable[[str], None]) -> Backup:
    taken = datetime.now(UTC)
    path = _new_file(folder, source.identity.database, taken)
    try:
        say(f"taking a backup of {source.identity.database} into {path}")
        content = read_content(source.conn)
        began = time.monotonic_ns()
        _dump(source, path, lock_timeout)
        duration = time.monotonic_ns() - began
        return Backup(
            path=path.absolute(),
            size=path.stat().st_size,
            sha256=_digest(path),
            taken=taken,
            duration_ns=duration,
            tools=source.tools,
            source=source.identity,
            content=content,
            later=positions(source.conn),
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _new_file(folder: Path, database: str, taken: datetime) -> Path:
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in database)
    path = folder / f"{stem}-{taken:%Y%m%dT%H%M%SZ}.dump"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(0o600, exist_ok=False)
    except OSError as error:
        raise ServerError(
            f"the backup cannot be written to {path}: {error.strerror}\n"
            "  choose another folder with --dbmigrate-backup=DIR"
        ) from None
    return path


def _dump(source: Snapshot, path: Path, lock_timeout: int) -> None:
    words = ["--format=custom", f"--file={path}", f"--snapshot={source.exported}"]
    words += waiting(lock_timeout)
    connection = connection_like(source.conn, source.target)
    with (
        tempfile.TemporaryFile() as log,
        started(source.tools.pg_dump, words, connection, errors=log) as dumping,
    ):
        dumping.wait()
        log.seek(0)
        said = scrub(log.read().decode("utf-8", "replace").strip(), source.target)
    if dumping.returncode != 0:
        raise ServerError(f"the backup failed: pg_dump says:\n  {said}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
