"""pg_dump into pg_restore through a pipe: nothing of the data is written to a disk in between."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.dumping import errors_of, started

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_dbmigrate.postgres.dumping import Connection

TELL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Pipe:
    """From where to where, and with which programs.

    `tell` is called every `tell_seconds` while it runs; `scrub` takes secrets out of what the
    programs say.
    """

    pg_dump: Path
    source: Connection
    pg_restore: Path
    into: Connection
    tell: Callable[[], None]
    scrub: Callable[[str], str]
    tell_seconds: float = TELL_SECONDS

    def transfer(self, words: Sequence[str]) -> tuple[str, ...]:
        """Dump with these words, restore, and return what could not be restored.

        Raises ServerError when not everything could be dumped, or there is no room for it.
        """
        with ExitStack() as stack:
            logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
            dumping = stack.enter_context(
                started(self.pg_dump, words, self.source, errors=logs[0], stdout=subprocess.PIPE)
            )
            restoring = stack.enter_context(
                started(
                    self.pg_restore,
                    ["--no-tablespaces"],
                    self.into,
                    errors=logs[1],
                    stdin=dumping.stdout or subprocess.DEVNULL,
                )
            )
            if dumping.stdout is not None:
                dumping.stdout.close()  # pg_dump must see when pg_restore is gone
            self._wait(restoring)
            dumping.wait()
            said = []
            for log in logs:
                log.seek(0)
                said.append(self.scrub(log.read().decode("utf-8", "replace")).strip())
        self._judge(dumping.returncode, said[0], said[1])
        return tuple(errors_of(said[1]))

    def _wait(self, restoring: subprocess.Popen[bytes]) -> None:
        told = time.monotonic()
        while restoring.poll() is None:
            try:
                restoring.wait(timeout=max(0.0, told + self.tell_seconds - time.monotonic()))
            except subprocess.TimeoutExpired:
                told = time.monotonic()
                self.tell()

    def _judge(self, status: int, dump_said: str, restore_said: str) -> None:
        if "No space left on device" in restore_said:
            raise ServerError(
                "there is no room for the clone: No space left on device\n"
                "  point TMPDIR at a folder with more, or rehearse with "
                "--dbmigrate-rehearse-data=none"
            )
        if status == 0:
            return
        if "Broken pipe" in dump_said or status < 0:
            raise ServerError(f"pg_restore ended before the dump did:\n  {restore_said[-1000:]}")
        raise ServerError(
            f"pg_dump could not read the whole target:\n  {dump_said}\n"
            "  The role must be able to read all of it; --dbmigrate-rehearse-data=none needs less"
        )
