"""A dump of the target before the first statement, and the proof that it can be restored.

The drill restores into a throw-away server of the target's own major version (archives of one do
not restore with another's tools) and compares schema and rows with the source, as they were in the
dump's own snapshot. What was written after the dump is not in it.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.binaries import ServerError, find_binaries
from pytest_dbmigrate.postgres.catalog import Catalog, diff, snapshot
from pytest_dbmigrate.postgres.cloning import SUPERUSER, create_database
from pytest_dbmigrate.postgres.data_digest import DataDigest, changed_tables, data_digest
from pytest_dbmigrate.postgres.dumping import (
    DumpTools,
    connection_to,
    errors_of,
    find_dump_tools,
    start,
)
from pytest_dbmigrate.postgres.role_copy import copy_roles
from pytest_dbmigrate.postgres.server import running_server
from pytest_dbmigrate.postgres.target import connect, identify, parse_url
from pytest_dbmigrate.postgres.url import scrub

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from pytest_dbmigrate.postgres.target import Identity, Target

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A dump in custom format, and what the database held when it was taken."""

    path: Path
    size: int
    sha256: str
    taken: datetime
    duration_ns: int
    tools: DumpTools
    schema: Catalog
    rows: DataDigest


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore that was tried: how long it took, what failed, and what is not as it was.

    `not_done` says why there was none; `uncompared` are tables whose rows were too many to compare.
    """

    at: datetime
    duration_ns: int = 0
    where: str = ""
    errors: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    tables: int = 0
    uncompared: tuple[str, ...] = ()
    not_done: str = ""


def take(target: Target, folder: Path, *, bindir: str = "", timeout: int = 10) -> Backup:
    """Dump the target into a new file below `folder`. Raises ServerError or TargetError."""
    with connect(target, timeout=timeout, autocommit=True) as source:
        identity = identify(source)
        tls = bool(source.pgconn.ssl_in_use)
        tools = find_dump_tools(identity.server_version_num // 10000, tls=tls, bindir=bindir)
        source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        exported = source.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        schema, rows = snapshot(source), data_digest(source)
        taken, began = datetime.now(UTC), time.monotonic_ns()
        path = folder / f"{identity.database.replace('/', '_')}-{taken:%Y%m%dT%H%M%SZ}.dump"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch(0o600, exist_ok=False)
        except OSError as error:
            raise ServerError(
                f"the backup cannot be written to {path}: {error.strerror}\n"
                "  choose another folder with --dbmigrate-backup=DIR"
            ) from None
        words = ["--format=custom", f"--file={path}", "--lock-wait-timeout=5000"]
        words.append(f"--snapshot={exported[0] if exported else ''}")
        process = start(
            tools.pg_dump,
            words,
            connection_to(target, tls=tls),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, output = process.communicate()
        if process.returncode != 0:
            path.unlink(missing_ok=True)
            said = scrub(output.decode("utf-8", "replace").strip(), target)
            raise ServerError(f"the backup failed: pg_dump says:\n  {said}")
        source.execute("ROLLBACK")
    duration = time.monotonic_ns() - began
    return Backup(path, path.stat().st_size, _digest(path), taken, duration, tools, schema, rows)


def drill(backup: Backup, target: Target, *, bindir: str = "", timeout: int = 10) -> Drill:
    """Restore a backup into a throw-away server of the same major version, and compare."""
    try:
        binaries = find_binaries(bindir=bindir, major=backup.schema.major)
    except ServerError as error:
        return Drill(datetime.now(UTC), not_done=str(error).splitlines()[0])
    with running_server(binaries, superuser=SUPERUSER) as server:
        with connect(target, timeout=timeout, autocommit=True) as source:
            identity = identify(source)
            copy_roles(source, server, identity.role)
            create_database(source, server, identity)
        return restore(backup, parse_url(server.dsn(identity.database)), "a throw-away server here")


def restore(backup: Backup, into: Target, where: str) -> Drill:
    """Restore a backup into an empty database, measure it, and compare with what was dumped.

    `where` names the database for the reader.
    """
    at, began = datetime.now(UTC), time.monotonic_ns()
    process = start(
        backup.tools.pg_restore,
        ["--no-tablespaces", str(backup.path)],
        connection_to(into),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, output = process.communicate()
    duration = time.monotonic_ns() - began
    said = scrub(output.decode("utf-8", "replace"), into)
    errors = tuple(errors_of(said)) or ((said.strip(),) if process.returncode else ())
    with connect(into, autocommit=True) as restored:
        return _compare(backup, restored, at, duration, where, errors)


def _compare(
    backup: Backup,
    restored: psycopg.Connection[tuple[Any, ...]],
    at: datetime,
    duration_ns: int,
    where: str,
    errors: tuple[str, ...],
) -> Drill:
    with restored.transaction():
        schema, rows = snapshot(restored), data_digest(restored)
    if schema.major != backup.schema.major:
        differs: tuple[str, ...] = (
            f"restored into PostgreSQL {schema.major}, dumped from {backup.schema.major}: "
            "the schemas cannot be compared",
        )
    else:
        differs = tuple(f"{c.kind} {c.identity} {c.change}" for c in diff(backup.schema, schema))
    return Drill(
        at=at,
        duration_ns=duration_ns,
        where=where,
        errors=errors,
        schema=differs,
        rows=changed_tables(backup.rows, rows),
        tables=len(backup.rows.tables),
        uncompared=tuple(backup.rows.not_read),
    )


def is_empty(conn: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Whether a database holds nothing of a user's: only such a one is restored into."""
    with conn.transaction():
        return not any(key.kind == "table" for key in snapshot(conn).objects)


def identity_of(target: Target, timeout: int = 10) -> Identity:
    """The identity of a database, for the record."""
    with connect(target, timeout=timeout, autocommit=True) as conn:
        return identify(conn)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_MEBIBYTE):
            digest.update(chunk)
    return digest.hexdigest()
