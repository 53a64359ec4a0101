"""The rehearsal's own PostgreSQL: made, started, and gone when the block or the process ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres import kept_cluster
from pytest_dbmigrate.postgres.account import choose_account
from pytest_dbmigrate.postgres.binaries import Binaries, ServerError, find_binaries
from pytest_dbmigrate.postgres.directories import (
    MEMORY,
    choose_base,
    free_bytes,
    private_directory,
    sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_dbmigrate.postgres.account import Account

__all__ = ["Binaries", "Server", "ServerError", "find_binaries", "running_server"]

GIB = 1 << 30
USER = "postgres"
PORT = 5432  # names the socket's file; its directory is private, so it meets no other server
START_SECONDS = 60
OTHERS = (
    "What to do: use another installation with --dbmigrate-pg-bindir=DIR, or judge an existing"
    " database with --db-url=URL."
)

# Nothing here needs to survive a power cut, and nothing may happen that a run did not ask for.
THROW_AWAY_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running throw-away server: reached only through the Unix socket in `host`, by ourselves."""

    host: str
    port: int
    user: str
    binaries: Binaries
    account: str
    log: Path = field(repr=False)

    @property
    def version(self) -> str:
        """The server's version, such as `18.6`."""
        return self.binaries.version

    def dsn(self, dbname: str = "postgres") -> str:
        """A libpq connection string for one database, which no PG* variable can lead elsewhere.

        libpq completes what a string leaves out from the environment: PGHOSTADDR would send the
        rehearsal to that address, although `host` is a socket.
        """
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415  (import time)

        return make_conninfo(
            host=self.host,
            hostaddr="",
            port=self.port,
            user=self.user,
            dbname=dbname,
            options="",
            gssencmode="disable",
            channel_binding="disable",
            target_session_attrs="any",
        )

    def log_text(self, limit: int = 4000) -> str:
        """The end of the server's log, at most `limit` characters, whole lines."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4 * limit))
            return _tail(log.read().decode(errors="replace"), limit)


@contextmanager
def running_server(
    binaries: Binaries,
    *,
    settings: Mapping[str, str] | None = None,
    space: int = GIB,
    superuser: str = USER,
    offline: bool = False,
) -> Iterator[Server]:
    """Make a cluster and run it for the time of the block; nothing of it is left behind.

    `settings` are server settings (postgresql.conf names) for this run. `space` is how many bytes
    must be free in memory for the cluster to stand there; otherwise it stands on disk. `superuser`
    is the first role's name. `offline`: its server is cut off from the network, where the kernel
    allows that. Call it from the thread that lives longest: on Linux the server ends with the
    thread that started it. Raises ServerError.
    """
    sweep()
    with ExitStack() as stack:
        try:
            server = _launch(
                binaries, superuser, dict(settings or {}), space, stack, offline=offline
            )
        except OSError as error:
            raise ServerError(
                f"The rehearsal's PostgreSQL did not start: {error}. {OTHERS}"
            ) from error
        yield server


def _launch(
    binaries: Binaries,
    superuser: str,
    settings: dict[str, str],
    space: int,
    stack: ExitStack,
    *,
    offline: bool,
) -> Server:
    """Everything up to a server that is ready; `stack` takes it away again."""
    account, bindir = choose_account(binaries, stack)
    other = account.uid is not None
    base = choose_base(space, shared=other)
    directory = stack.enter_context(private_directory(base, 0o711 if other else 0o700))
    data, socket = directory / "data", directory / "socket"
    for each in (data, socket):
        each.mkdir(0o700)
        account.give(each)
    server = Server(
        host=str(socket),
        port=PORT,
        user=superuser,
        binaries=binaries,
        account=account.name,
        log=directory / "server.log",
    )
    _make_cluster(server, account, bindir, data)
    stack.enter_context(_started(server, account, bindir, data, settings, offline=offline))
    return server


def _make_cluster(server: Server, account: Account, bindir: Path, data: Path) -> None:
    """Make what initdb makes: UTF-8, code point order, the same on every machine."""
    common = ["-U", server.user, "-A", "trust", "-E", "UTF8", "-N"]
    # PostgreSQL 13 does not know it.
    common += ["--no-instructions"] if server.binaries.major >= 14 else []
    if server.binaries.major >= 17:
        locales = [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    else:
        # Not every C library has C.UTF-8; with plain C only ASCII has upper and lower case.
        locales = [["--locale=C", "--lc-ctype=C.UTF-8"], ["--locale=C"]]
    key = kept_cluster.key_of(server.binaries, [*common, *locales[0]])
    if kept_cluster.take(key, data, account.give):
        return
    status, text = 1, ""
    for locale in locales:
        process = account.start(
            [bindir / "initdb", "-D", str(data), *common, *locale],
            cwd=data.parent,
            output=subprocess.PIPE,
        )
        with process:
            output, _ = process.communicate()
        status, text = process.returncode, output.decode(errors="replace")
        if status == 0 or "invalid locale name" not in text:
            break
    if status != 0:
        raise _failure(server, f"initdb failed with status {status}", text)
    kept_cluster.keep(key, data)


@contextmanager
def _started(
    server: Server,
    account: Account,
    bindir: Path,
    data: Path,
    settings: dict[str, str],
    *,
    offline: bool,
) -> Iterator[None]:
    chosen = {**THROW_AWAY_SETTINGS, **settings}
    if MEMORY.is_dir() and free_bytes(MEMORY) < GIB:
        # A container's 64 MB would fail parallel queries: their shared memory goes to files.
        chosen.setdefault("dynamic_shared_memory_type", "mmap")
    chosen |= {"unix_socket_directories": server.host, "port": str(PORT)}
    arguments = [f"-c{name}={value}" for name, value in chosen.items()]
    with server.log.open("wb") as log:
        process = account.start(
            [bindir / "postgres", "-D", data, *arguments],
            cwd=data.parent,
            output=log,
            offline=offline,
        )
    try:
        _wait_until_ready(server, process, data / "postmaster.pid")
        yield
    finally:
        _stop(process)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], lock_file: Path) -> None:
    """Wait for line 8 of postmaster.pid (src/include/utils/pidfile.h) to say ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failure(server, "the server ended while it started", server.log_text())
        lines = lock_file.read_text().splitlines() if lock_file.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.002)
    raise _failure(server, f"not ready after {START_SECONDS} s", server.log_text())


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Immediate shutdown: the cluster is thrown away, so nothing has to be written."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _failure(server: Server, problem: str, output: str) -> ServerError:
    binaries = server.binaries
    free = shutil.disk_usage(server.log.parent).free // (1 << 20)
    shown = "\n".join(f"  {line}" for line in _tail(output.strip(), 1000).splitlines())
    return ServerError(
        f"The rehearsal's PostgreSQL {binaries.version} ({binaries.source}: {binaries.bindir})"
        f" did not start: {problem}. It ran as {server.account} in {server.log.parent}"
        f" ({free} MB free) and said:\n{shown}\n"
        f"{OTHERS}"
    )


def _tail(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[-limit:].partition("\n")[2]
