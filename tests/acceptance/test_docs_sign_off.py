"""The commands of docs/sign-off.md are run, in order, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from signing import AS, line

if TYPE_CHECKING:
    from desk import Desk

pytest_plugins = ("desk",)
DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"(?P<fails><!-- exits 1 -->\n)?```sh\n(?P<commands>.*?)```", re.DOTALL)


def test_when_the_commands_of_sign_off_md_are_typed_then_they_do_what_it_says(
    desk: Desk, tmp_path: Path
) -> None:
    """Alice makes a key and signs; bob and carol have signed; the key is revoked in the end."""
    root, keys = desk.project.root, desk.project.keys
    others = line(keys / "bob", "backend-lead") + line(keys / "carol", "devops")
    (root / "sql" / "allowed_signers").write_text(others)
    desk.project.commit()
    for name in ("bob", "carol"):
        assert desk.type("sign", "latest", *AS[name], "--key", desk.key(name)).status == 0
    blocks = list(_BLOCK.finditer((DOCS / "sign-off.md").read_text()))
    assert sum(bool(block["fails"]) for block in blocks) == 1
    for block in blocks:
        done = shell(block["commands"], root, tmp_path)
        assert done.returncode == (1 if block["fails"] else 0), block[0] + done.stdout + done.stderr
    assert "the key is revoked" in done.stdout


def shell(commands: str, root: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run a block in the project's root, where a passphrase is typed when it is asked for."""
    ask = scratch / "askpass"
    ask.write_text("#!/bin/sh\necho correct horse\n")
    ask.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(root / "home"),
        "SSH_ASKPASS": str(ask),
        "SSH_ASKPASS_REQUIRE": "force",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Alice",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "alice@example.com",
    }
    return subprocess.run(  # noqa: S603  (the page's own commands)
        [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", commands],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=60,
        check=False,
    )
