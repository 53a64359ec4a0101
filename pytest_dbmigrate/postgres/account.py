"""Who runs PostgreSQL: it refuses root, so root hands it to a user who can read the programs."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.directories import choose_base, private_directory
from pytest_dbmigrate.postgres.programs import copy_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from pytest_dbmigrate.postgres.binaries import Binaries

PR_SET_PDEATHSIG = 1  # linux/prctl.h
CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000

# What a server process may see of our environment: nothing that could be a secret or a setting.
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE")

NO_ACCOUNT = (
    "PostgreSQL does not run as root (or as a user without a name), and no other user can be had."
    " Tried:"
)
NO_ACCOUNT_REMEDY = (
    "What to do: run pytest as an ordinary user, allow setuid or user namespaces in this container,"
    " or judge an existing database with --db-url=URL."
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user that PostgreSQL accepts: ourselves (`uid` None), another one, or a user namespace."""

    name: str
    uid: int | None = None
    gid: int | None = None
    namespace: bool = False

    def give(self, path: Path) -> None:
        """Make `path` the account's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | str,
        output: int | IO[bytes],
        offline: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start `command` as this user, in its own session, bound to the calling thread's life.

        On Linux the kernel ends it when that thread ends, however it ends. `offline`: without any
        network, where the kernel allows that. Raises OSError when the change of user or the program
        is refused.
        """
        try:
            return subprocess.Popen(  # noqa: S603  (programs found by us, no shell)
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                # A terminal's Ctrl-C goes to its whole group and would stop the server before us.
                start_new_session=True,
                umask=0o077,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
                preexec_fn=_bind_to_parent(namespace=self.namespace, offline=offline),  # noqa: PLW1509  (takes no lock)
            )
        except subprocess.SubprocessError as error:  # all that Popen says of preexec_fn
            raise PermissionError("the kernel or the container refuses user namespaces") from error

    def refusal(self, command: list[str | Path]) -> str:
        """Why this user cannot run `command` to a good end, empty when it can."""
        try:
            process = self.start(command, cwd="/", output=subprocess.PIPE)
        except OSError as error:
            return error.strerror or str(
                error
            )  # its file name may be that of the working directory
        output, _ = process.communicate()
        if process.returncode == 0:
            return ""
        return output.decode(errors="replace").strip() or f"exit status {process.returncode}"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    # TZ also spares initdb the search for the zone of this machine.
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC"}


def _bind_to_parent(*, namespace: bool, offline: bool) -> Callable[[], None] | None:
    """What the child does between fork and exec; everything it needs is looked up before."""
    if sys.platform != "linux":
        return None  # the next run's sweep takes the files away, and PostgreSQL ends without them
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        # An ordinary user may only leave the network together with the users' namespace.
        if offline and libc.unshare(CLONE_NEWNET) != 0 and not namespace:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
        # Before prctl: a change of credentials clears the parent-death signal (prctl(2)).
        if namespace and libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))
        if os.getppid() != parent:  # it died before prctl
            os._exit(1)

    return prepare


def choose_account(binaries: Binaries, stack: ExitStack) -> tuple[Account, Path]:
    """The user that runs PostgreSQL and the directory of the programs it can execute.

    Programs which that user cannot reach (a virtual environment below /root) are copied until
    `stack` is closed. Raises ServerError when no user can be had.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account(f"user {pwd.getpwuid(os.geteuid()).pw_name}"), binaries.bindir
    refused = []
    for account in _candidates():
        reason = account.refusal(_version(binaries.bindir))
        if not reason:
            return account, binaries.bindir
        impossible = account.refusal(["/bin/sh", "-c", ":"])
        if impossible:
            refused.append(f"  {account.name}: {impossible}")
            continue
        try:
            base = choose_base(0, shared=True, programs=True)
            copy = copy_programs(
                binaries.bindir, stack.enter_context(private_directory(base, 0o755))
            )
        except (ServerError, OSError) as error:
            refused.append(f"  {account.name}: {reason}, and no copy could be made: {error}")
            continue
        reason = account.refusal(_version(copy))
        if not reason:
            return account, copy
        refused.append(f"  {account.name}: {reason}")
    raise ServerError("\n".join([NO_ACCOUNT, *refused, NO_ACCOUNT_REMEDY]))


def _version(bindir: Path) -> list[str | Path]:
    return [bindir / "postgres", "-V"]


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _candidates() -> Iterator[Account]:
    if os.geteuid() == 0:
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            yield Account(f"user {name}", entry.pw_uid, entry.pw_gid)
    if sys.platform == "linux":
        # In a namespace without a mapping everybody is the overflow user, which is not root.
        yield Account("a user namespace", namespace=True)
