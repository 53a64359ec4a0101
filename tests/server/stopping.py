"""A server that is stopped in the middle of things and started again; waiting for conditions."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_dbmigrate.postgres.server import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.server import Binaries, Server

SECONDS = 60


def wait_until(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for a condition, and fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not come true in {seconds} s")
        time.sleep(0.01)


@contextmanager
def restartable(binaries: Binaries, **settings: str) -> Iterator[Server]:
    """A server that is as careful with COMMITs as production is, and may be stopped meanwhile."""
    careful = {"synchronous_commit": "on", "wal_writer_delay": "10ms", **settings}
    with running_server(binaries, settings=careful) as server:
        try:
            yield server
        finally:
            with suppress(OSError):
                os.kill(_postmaster(server), signal.SIGQUIT)


def _postmaster(server: Server) -> int:
    return int((server.log.parent / "data" / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def restarting(server: Server, how: signal.Signals) -> Iterator[None]:
    """Stop the server (SIGINT: fast, SIGQUIT: immediate), do something, and start it again."""
    data = server.log.parent / "data"
    pid = _postmaster(server)
    owner = data.stat()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    os.kill(pid, how)
    wait_until(lambda: not _alive(pid))
    yield
    (data / "postmaster.pid").unlink(missing_ok=True)
    other = os.geteuid() == 0
    with server.log.open("ab") as log:
        subprocess.run(  # noqa: S603  (the very command of the server that ran)
            ["/usr/bin/setsid", "--fork", *command],
            check=True,
            cwd=data.parent,
            stdout=log,
            stderr=log,
            user=owner.st_uid if other else None,
            group=owner.st_gid if other else None,
            extra_groups=[] if other else None,
        )
    wait_until(lambda: _answers(server))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _answers(server: Server) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(server.dsn()).close()
        return True
    return False
