"""Whether files stand in git as they stand on disk: who may sign is for reviewers to see."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["committed", "differs", "not committed", "unknown"]
_SECONDS = 30


def committed(path: Path) -> State:
    """Compare a file with its version in HEAD, line ends aside.

    `unknown`: there is no git, or no checkout around the file, or git will not read it. Bytes are
    compared here, because `git status` believes what `update-index --assume-unchanged` told it.
    """
    git = shutil.which("git")
    if git is None:
        return "unknown"
    inside = _git(git, path.parent, "rev-parse", "--verify", "HEAD^{commit}")
    if inside is None:
        return "unknown"
    recorded = _git(git, path.parent, "cat-file", "blob", f"HEAD:./{path.name}")
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        return "committed" if recorded is None else "differs"
    if recorded is None:
        return "not committed"
    same = present.replace(b"\r\n", b"\n") == recorded.replace(b"\r\n", b"\n")
    return "committed" if same else "differs"


def _git(git: str, folder: Path, *arguments: str) -> bytes | None:
    """What git prints, or None when it fails. GIT_DIR and its kin must not point it elsewhere."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603  # arguments are a list, the program is git
            [git, "-C", str(folder), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
            env={**plain, "GIT_NO_REPLACE_OBJECTS": "1"},
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return done.stdout if done.returncode == 0 else None
