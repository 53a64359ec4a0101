"""A copy of PostgreSQL's server programs that another user can read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SERVER_PROGRAMS = {"postgres", "initdb"}


def copy_programs(bindir: Path, directory: Path) -> Path:
    """Copy what a server needs of an installation to `directory`; the copy's bin directory.

    Programs find their libraries and files by relative paths, those of a wheel also in
    `package.libs` beside its package: the copy has the original's depth. Raises OSError.
    """
    root = bindir.parent
    package = root.parent
    shared = "share/postgresql" if (root / "share/postgresql").is_dir() else "share"
    wanted = [f"{package.name}/{root.name}/{each}" for each in ("bin", "lib", shared)]
    for name in [*wanted, f"{package.name}.libs"]:
        original = package.parent / name
        if original.is_dir():
            shutil.copytree(
                original,
                directory / name,
                symlinks=True,
                ignore=_unneeded,
                copy_function=_copy_readable,
            )
    for folder in directory.rglob("*/"):
        folder.chmod(0o755)
    return directory / package.name / root.name / "bin"


def _unneeded(folder: str, names: list[str]) -> list[str]:
    """Whatever else lies beside a server, such as the rest of an environment of another manager."""
    if Path(folder).name == "bin":
        return [name for name in names if name not in SERVER_PROGRAMS]
    if Path(folder).name == "lib":
        return [name for name in names if not _is_library(name) and name != "postgresql"]
    return []


def _is_library(name: str) -> bool:
    return ".so" in name or name.endswith(".dylib")


def _copy_readable(original: str, copy: str) -> str:
    """Copy a file for everybody to read and, if its owner may, to execute."""
    shutil.copyfile(original, copy)
    Path(copy).chmod(0o755 if os.access(original, os.X_OK) else 0o644)
    return copy
