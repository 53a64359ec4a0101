"""The cluster that initdb makes, kept for later runs: to copy it takes a fifth of the time.

It stands in the user's cache directory, closed to everybody else. It holds nothing of a run: it is
kept before its first start. Whatever is odd about it, initdb runs instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_dbmigrate.postgres.binaries import Binaries

FOLDER = "pytest-dbmigrate"
KEPT_AT_MOST = 4
_DATA, _INVENTORY = "data", "inventory"


def key_of(binaries: Binaries, arguments: Iterable[str]) -> str:
    """The name under which a cluster of this installation, made with these arguments, is kept."""
    found = (binaries.tool("initdb") or binaries.bindir).stat()
    facts = [binaries.version, binaries.bindir, found.st_size, found.st_mtime_ns, *arguments]
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:32]


def take(key: str, data: Path, give: Callable[[Path], None]) -> bool:
    """Copy the kept cluster into the empty directory `data`; False when there is none to trust.

    `give` makes a path the server's own.
    """
    try:
        kept = _folder() / key
        _refuse_others(kept)
        if _copy(kept / _DATA, data, give) == (kept / _INVENTORY).read_text("utf-8"):
            os.utime(kept)
            return True
    except OSError:
        pass
    for left in data.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return False


def keep(key: str, data: Path) -> None:
    """Keep a copy of a cluster that was made and never started, and drop those longest unused."""
    with suppress(OSError):
        folder = _folder()
        folder.mkdir(0o700, parents=True, exist_ok=True)
        _refuse_others(folder)
        made = Path(tempfile.mkdtemp(prefix="making-", dir=folder))
        try:
            (made / _DATA).mkdir(0o700)
            inventory = _copy(data, made / _DATA, lambda _path: None)
            (made / _INVENTORY).write_text(inventory, "utf-8")
            shutil.rmtree(folder / key, ignore_errors=True)  # it was there, and odd
            made.rename(folder / key)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        unused = sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in unused[KEPT_AT_MOST:]:
            shutil.rmtree(path, ignore_errors=True)


def _copy(source: Path, target: Path, give: Callable[[Path], None]) -> str:
    """Copy what stands in a directory; returns each file with its size, as it arrived.

    A copy that was cut short, or a source that was, has another inventory.
    """
    found = []
    for folder, below, names in os.walk(source):
        here = os.path.relpath(folder, source)
        for name in below:
            made = target / here / name
            made.mkdir(0o700)
            give(made)
        for name in names:
            made = target / here / name
            shutil.copyfile(f"{folder}/{name}", made)
            give(made)
            found.append(f"{here}/{name} {made.stat().st_size}\n")
    return "".join(sorted(found))


def _folder() -> Path:
    """The directory of all kept clusters, where the XDG Base Directory Specification puts it.

    Raises FileNotFoundError where there is no home.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (cache if cache.is_absolute() else Path.home() / ".cache") / FOLDER
    except RuntimeError:
        raise FileNotFoundError("this user has no home") from None


def _refuse_others(path: Path) -> None:
    """Raise PermissionError for a directory that is not ours, or that others may write to."""
    found = path.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o077 or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"{path} is not ours alone")
