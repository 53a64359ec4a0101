"""pg_dump and pg_restore: which ones will do for a server, and running them with secrets kept."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.binaries import ServerError, program_places
from pytest_dbmigrate.postgres.secret import Secret
from pytest_dbmigrate.postgres.url import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import psycopg

    from pytest_dbmigrate.postgres.target import Target

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
_GRACE_SECONDS = 5
# What libpq says when it was built without TLS.
_NO_TLS = "SSL support is not compiled in"


@dataclass(frozen=True, slots=True)
class DumpTools:
    """One pg_dump with its pg_restore: their directory and version, and how they were found."""

    bindir: Path
    major: int
    version: str
    source: str

    @property
    def pg_dump(self) -> Path:
        """The path of pg_dump."""
        return self.bindir / "pg_dump"

    @property
    def pg_restore(self) -> Path:
        """The path of pg_restore."""
        return self.bindir / "pg_restore"


def find_dump_tools(server_major: int, *, tls: bool, bindir: str = "") -> DumpTools:
    """The tools of the server's own major version, else of the next higher one.

    pg_dump refuses servers newer than itself
    (https://www.postgresql.org/docs/current/app-pgdump.html). With `tls` only tools that can speak
    it will do: a TLS connection is never lowered. A `bindir` is looked at first; where its pg_dump
    will not do, another one of this machine may. Raises ServerError with everything looked at.
    """
    looked_at: list[str] = []
    for places in [program_places(bindir)] * bool(bindir) + [program_places()]:
        found = list(_suitable(places, server_major, looked_at, tls=tls))
        if found:
            return min(found, key=lambda tools: tools.major)
    need = " that speaks TLS" if tls else ""
    raise ServerError(
        f"No pg_dump{need} for a server of version {server_major}.\n  Looked at:\n"
        + "\n".join(dict.fromkeys(looked_at))
        + f"\nWhat to do: install the client tools of PostgreSQL {server_major} (Debian: "
        f"postgresql-client-{server_major}), or name them with --dbmigrate-pg-bindir=DIR"
    )


def any_pg_restore(bindir: str = "") -> Path | None:
    """The newest pg_restore of this machine, which reads the archives of every older one."""
    found = [_inspect(*place) for place in (*program_places(bindir), *program_places())]
    tools = max(filter(None, found), key=lambda tools: tools.major, default=None)
    return tools.pg_restore if tools else None


def _suitable(
    places: Iterable[tuple[Path, str]], server_major: int, looked_at: list[str], *, tls: bool
) -> Iterator[DumpTools]:
    for directory, source in places:
        tools = _inspect(directory, source)
        if tools is None:
            looked_at.append(f"  {source}: {directory}: no pg_dump that runs, with pg_restore")
        elif tools.major < server_major:
            looked_at.append(f"  {source}: {directory}: {tools.version} is older than the server")
        elif tls and not _speaks_tls(tools):
            looked_at.append(f"  {source}: {directory}: {tools.version} was built without TLS")
        else:
            yield tools


def _inspect(directory: Path, source: str) -> DumpTools | None:
    try:
        output = subprocess.run(  # noqa: S603  (a program found by us, no shell)
            [directory / "pg_dump", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    match = _VERSION.search(output)
    if match is None or not (directory / "pg_restore").exists():
        return None
    return DumpTools(directory, int(match[1]), match[1] + match[2], source)


def _speaks_tls(tools: DumpTools) -> bool:
    """Whether this pg_dump can use TLS: without it, libpq refuses sslmode=require outright."""
    # Port 1 is not listened on; the answer to the sslmode comes before any connection.
    answer = subprocess.run(  # noqa: S603  (a program found by us, no shell)
        [tools.pg_dump, "--dbname=host=127.0.0.1 port=1 sslmode=require connect_timeout=2"],
        capture_output=True,
        text=True,
        check=False,
    )
    return _NO_TLS not in answer.stderr


@dataclass(frozen=True, slots=True)
class Connection:
    """How a client tool is told where to connect: words for the command line, and its environment.

    The password stands in the environment of the child alone, never among the words.
    """

    words: tuple[str, ...]
    password: Secret

    def environment(self) -> dict[str, str]:
        """The child's environment; its messages are in English, as `errors_of` reads them."""
        secret = {"PGPASSWORD": self.password.reveal()} if self.password else {}
        return {**os.environ, "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", **secret}


def connection_to(target: Target) -> Connection:
    """A server of our own for client tools."""
    return _connection(target, {})


def connection_like(conn: psycopg.Connection[Any], target: Target) -> Connection:
    """The very server that `conn` reached, for client tools, in the same or a stricter TLS mode.

    Where `conn` speaks TLS, a mode that could fall back to plain text is raised. Raises ServerError
    for a secret that a tool could only be given where everybody sees it.
    """
    used = {o.keyword.decode(): o.val.decode() for o in conn.pgconn.info if o.val}
    pinned: dict[str, str] = {}
    if "," in used.get("host", "") + used.get("hostaddr", ""):
        pinned |= {"host": conn.info.host, "port": str(conn.info.port)}
        pinned |= {"hostaddr": conn.info.hostaddr} if "hostaddr" in used else {}
    if conn.pgconn.ssl_in_use:
        mode = used.get("sslmode", "prefer")
        pinned["sslmode"] = "require" if mode in {"allow", "prefer"} else mode
    return _connection(target, pinned)


def _connection(target: Target, changes: dict[str, str]) -> Connection:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415  (import time)

    parameters = {k: str(v) for k, v in conninfo_to_dict(target.conninfo.reveal()).items()}
    password = Secret(parameters.pop("password", ""))
    shown = sorted(SECRETS & parameters.keys())
    if shown:
        raise ServerError(
            f"{shown[0]} in the database URL would show in the process list when pg_dump is "
            "started\n  write it into a service file (PGSERVICEFILE), and --db-url=service=NAME"
        )
    return Connection((f"--dbname={make_conninfo('', **(parameters | changes))}",), password)


@contextmanager
def started(
    program: Path,
    words: Sequence[str],
    connection: Connection,
    *,
    errors: IO[bytes],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """A client tool for the time of the block: one that still runs at its end is ended.

    What it says goes to a file: a pipe that nobody reads would stop it.
    """
    process = subprocess.Popen(  # noqa: S603  (a program found by us, no shell)
        [program, *connection.words, *words],
        env=connection.environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
    )
    try:
        yield process
    finally:
        # Asked to end, pg_dump cancels what its session at the target still waits for.
        process.terminate()
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def errors_of(output: str) -> Iterator[str]:
    """The errors that pg_dump or pg_restore printed, one line each, with what they were about."""
    about = ""
    for line in output.splitlines():
        text = re.sub(r"^pg_(dump|restore): (error: )?", "", line.strip())
        if text.startswith(("from TOC entry", "while PROCESSING TOC", "in TOC entry")):
            about = re.sub(r"^[\d ]*", "", text.split(";", 1)[-1].strip())
        elif "ERROR:" in text:
            message = text.split("ERROR:", 1)[1].strip()
            yield f"{message} ({about})" if about else message
        elif line.startswith(("pg_dump: error", "pg_restore: error")):
            yield text
