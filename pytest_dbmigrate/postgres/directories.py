"""Private run directories: where they may stand, whose they are, how a dead run's are removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = Path("/dev/shm")  # noqa: S108  (only ever holds directories made by mkdtemp)
PREFIX = "dbmigrate-pg-"
LOCK = "owner.lock"

# sun_path is 108 bytes on Linux and 104 on macOS and BSD, with its final NUL; PostgreSQL refuses
# longer ones, and so does libpq. What stands behind the base directory is about 45 bytes.
LONGEST_BASE = 103 - len(f"/{PREFIX}12345678/socket/.s.PGSQL.5432.lock")

REMEDY = (
    "What to do: point TMPDIR at a directory with a short path that every user can reach, or judge"
    " an existing database with --db-url=URL."
)


def bases() -> list[Path]:
    """Every directory in which a run directory may be made, memory first, without repetition."""
    temporary = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108  (mkdtemp inside)
    return [base for base in dict.fromkeys([MEMORY, *map(Path, temporary)]) if base.is_dir()]


def choose_base(space: int, *, shared: bool, programs: bool = False) -> Path:
    """The first base that will do: memory if more than `space` bytes are free there.

    `shared`: another user must be able to reach it. `programs`: they must be executable there, and
    memory is never taken. Raises ServerError naming each base and why it was refused.
    """
    refused = []
    for base in bases():
        reason = _refusal(base, space, shared=shared, programs=programs)
        if not reason:
            return base
        refused.append(f"  {base}: {reason}")
    title = "No directory for the rehearsal's PostgreSQL. Looked at:"
    raise ServerError("\n".join([title, *refused, REMEDY]))


def free_bytes(directory: Path) -> int:
    """What an unprivileged process may still write there, 0 when it cannot be asked."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _refusal(base: Path, space: int, *, shared: bool, programs: bool) -> str:
    if base == MEMORY and (programs or free_bytes(base) <= space):
        return "programs do not belong there" if programs else f"not over {space} bytes free"
    if not os.access(base, os.W_OK | os.X_OK):
        return "not writable"
    if len(os.fsencode(base)) > LONGEST_BASE:
        return f"longer than {LONGEST_BASE} bytes, too long for a Unix socket's path"
    if "," in str(base):
        return "its path has a comma, which libpq reads as a list of hosts"
    if programs and os.statvfs(base).f_flag & getattr(os, "ST_NOEXEC", 0):
        return "mounted noexec"
    if shared:
        closed = [p for p in (base, *base.parents) if not p.stat().st_mode & stat.S_IXOTH]
        if closed:
            return f"{closed[0]} is closed to other users"
    return ""


@contextmanager
def private_directory(base: Path, mode: int = 0o700) -> Iterator[Path]:
    """A new directory in `base`, removed when the block ends, or by `sweep` if we are killed."""
    path, lock = _create(base)
    try:
        path.chmod(mode)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _create(base: Path) -> tuple[Path, int]:
    """A directory and its held lock. A sweeper may take it away before we lock it: then again."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        with suppress(FileNotFoundError):
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), (path / LOCK).stat()):
                    return path, lock
            os.close(lock)


def sweep() -> list[Path]:
    """Remove the run directories that killed runs of this user left; the paths that are gone.

    A lock, not a process id, says who is alive: the system drops it with its owner and never gives
    it to anybody else.
    """
    removed = []
    for base in bases():
        with suppress(OSError):
            for entry in list(os.scandir(base)):
                path = Path(entry.path)
                if entry.name.startswith(PREFIX) and _is_ours(path) and _remove_if_dead(path):
                    removed.append(path)
    return removed


def _is_ours(path: Path) -> bool:
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return False


def _remove_if_dead(path: Path) -> bool:
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        # Just being made, or not ours after all: gone only if nothing is in it.
        with suppress(OSError):
            path.rmdir()
        return not path.exists()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    finally:
        os.close(lock)
