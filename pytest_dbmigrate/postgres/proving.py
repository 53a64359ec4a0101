"""The way back, proven before the first statement: a backup that is there and can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.dump_file import DumpFile, look_at
from pytest_dbmigrate.postgres.url import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_dbmigrate.postgres.backup import Backup
    from pytest_dbmigrate.postgres.drill import Drill
    from pytest_dbmigrate.postgres.url import Target


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be proven, of which target.

    `folder` is where a backup is taken to, `restore_into` an empty database that it is restored
    into; `file` is a backup that somebody else takes, which may be `max_age_ns` old.
    """

    target: Target
    folder: Path | None = None
    restore_into: Target | None = None
    file: Path | None = None
    max_age_ns: int = 0
    bindir: str = ""
    timeout: int = 10
    lock_timeout: int = 2000
    say: Callable[[str], None] = lambda _line: None


@dataclass(slots=True)
class WayBack:
    """What was found; what is None was not wanted, or not come to.

    `drill` was in a throw-away server, `recovery` in a database of the user's. `failed` says why
    the backup could not be taken, `unproven` why no restore was tried, `not_run` why nothing was.
    """

    at: datetime
    taking: bool
    backup: Backup | None = None
    drill: Drill | None = None
    recovery: Drill | None = None
    failed: str = ""
    unproven: str = ""
    not_run: str = ""
    file: DumpFile | None = None
    file_max_age_ns: int = 0

    @property
    def restored(self) -> Drill | None:
        """The restore that was tried."""
        return self.recovery or self.drill

    @property
    def file_age_ns(self) -> int | None:
        """How old the file was, None for one that will not do."""
        if self.file is None or self.file.created is None:
            return None
        return max(0, int((self.at - self.file.created).total_seconds() * 1e9))

    @property
    def problem(self) -> str:
        """Why nothing may begin: there is no way back, or it was not proven. Empty otherwise."""
        if self.failed or self.unproven:
            return self.failed or self.unproven
        if self.restored is not None and self.restored.problems:
            return f"the backup does not restore: {self.restored.problems[0]}"
        if self.file is not None and self.file.problem:
            return self.file.problem
        if self.file is not None and (self.file_age_ns or 0) > self.file_max_age_ns:
            return f"{self.file.path} is older than the plan allows"
        return ""


def prove(wanted: Wanted) -> WayBack:
    """Take a backup and restore it, or look at the file that is to be one. Never raises for them.

    What could only fail after minutes is known first: is there a server for the drill at all?
    """
    found = WayBack(datetime.now(UTC), taking=wanted.folder is not None)
    try:
        if wanted.folder is not None:
            _take_and_restore(wanted, wanted.folder, found)
        elif wanted.file is not None:
            found.file = look_at(wanted.file, _database(wanted), wanted.bindir)
            found.file_max_age_ns = wanted.max_age_ns
    except (ServerError, TargetError) as error:
        if found.backup is None:
            found.failed = str(error)
        else:
            found.unproven = str(error)
    return found


def _take_and_restore(wanted: Wanted, folder: Path, found: WayBack) -> None:
    from pytest_dbmigrate.postgres import backup, drill  # noqa: PLC0415  (import time)

    binaries = None
    if wanted.restore_into is None:
        try:
            binaries = drill.server_for_drill(_major(wanted), wanted.bindir)
        except ServerError as error:
            found.unproven = (
                f"{str(error).splitlines()[0]} The backup could not be proven here; "
                "--dbmigrate-restore-url=URL restores it into an empty database of yours"
            )
            return
    found.backup = backup.take(
        wanted.target,
        folder,
        bindir=wanted.bindir,
        timeout=wanted.timeout,
        lock_timeout=wanted.lock_timeout,
        say=wanted.say,
    )
    if wanted.restore_into is not None:
        found.recovery = drill.restore(
            found.backup, wanted.restore_into, timeout=wanted.timeout, say=wanted.say
        )
    elif binaries is not None:
        found.drill = drill.drill(
            found.backup, wanted.target, binaries, timeout=wanted.timeout, say=wanted.say
        )


def _major(wanted: Wanted) -> int:
    from pytest_dbmigrate.postgres.target import connect  # noqa: PLC0415  (import time)

    with connect(wanted.target, timeout=wanted.timeout, autocommit=True) as conn:
        return conn.info.server_version // 10000


def _database(wanted: Wanted) -> str:
    from pytest_dbmigrate.postgres.target import connect  # noqa: PLC0415  (import time)

    with connect(wanted.target, timeout=wanted.timeout, autocommit=True) as conn:
        return conn.info.dbname
