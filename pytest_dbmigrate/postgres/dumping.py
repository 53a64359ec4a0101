"""pg_dump and pg_restore: which ones will do for a server, and running them with secrets kept."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError, program_places
from pytest_dbmigrate.postgres.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.postgres.target import Target

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
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
    it will do: a TLS connection is never lowered. Raises ServerError with everything looked at.
    """
    found: list[DumpTools] = []
    looked_at: list[str] = []
    for directory, source in program_places(bindir):
        tools = _inspect(directory, source)
        if tools is None:
            looked_at.append(f"  {source}: {directory}: no pg_dump that runs, with pg_restore")
        elif tools.major < server_major:
            looked_at.append(f"  {source}: {directory}: {tools.version} is older than the server")
        elif tls and not _speaks_tls(tools):
            looked_at.append(f"  {source}: {directory}: {tools.version} was built without TLS")
        else:
            found.append(tools)
    if not found:
        need = " that speaks TLS" if tls else ""
        raise ServerError(
            "\n".join(
                [
                    f"No pg_dump{need} for a server of version {server_major}. Looked at:",
                    *dict.fromkeys(looked_at),
                    f"What to do: install the client tools of PostgreSQL {server_major} (Debian: "
                    f"postgresql-client-{server_major}), or name them with --dbmigrate-pg-bindir=DIR",
                ]
            )
        )
    return min(found, key=lambda tools: tools.major)


def _inspect(directory: Path, source: str) -> DumpTools | None:
    try:
        output = subprocess.run(
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
    answer = subprocess.run(
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
        """The child's environment."""
        secret = {"PGPASSWORD": self.password.reveal()} if self.password else {}
        return {**os.environ, "PGCLIENTENCODING": "UTF8", **secret}


def connection_to(target: Target, *, tls: bool = False) -> Connection:
    """A target for client tools; with `tls` a mode that could fall back to plain text is raised."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415  (import time)

    parameters = {k: str(v) for k, v in conninfo_to_dict(target.conninfo.reveal()).items()}
    password = Secret(parameters.pop("password", ""))
    if tls and parameters.get("sslmode", "prefer") in {"allow", "prefer"}:
        parameters["sslmode"] = "require"
    return Connection((f"--dbname={make_conninfo('', **parameters)}",), password)


def start(
    program: Path,
    words: Sequence[str],
    connection: Connection | None,
    **pipes: int | IO[bytes] | None,
) -> subprocess.Popen[bytes]:
    """Start a client tool. `pipes` are Popen's stdin, stdout and stderr."""
    told = connection.words if connection is not None else ()
    environment = connection.environment() if connection is not None else dict(os.environ)
    return subprocess.Popen([program, *told, *words], env=environment, **pipes)  # type: ignore[call-overload,no-any-return]  # the pipes are Popen's own


def errors_of(output: str) -> Iterator[str]:
    """The errors that pg_dump or pg_restore printed, one line each, with what they were about."""
    about = ""
    for line in output.splitlines():
        text = re.sub(r"^pg_(dump|restore): (error: )?", "", line.strip())
        if text.startswith(("from TOC entry", "while PROCESSING TOC", "in TOC entry")):
            about = text.split(";", 1)[-1].strip()
        elif "ERROR:" in text:
            message = text.split("ERROR:", 1)[1].strip()
            yield f"{message} ({about})" if about else message
        elif line.startswith(("pg_dump: error", "pg_restore: error")):
            yield text
