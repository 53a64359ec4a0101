"""The target's own schema (and data) on the throw-away server, and everything in which they differ.

Nothing is written to the target: its roles are read from the catalog, its database is dumped in the
snapshot of one read-only transaction.
"""

from __future__ import annotations

import functools
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql

from pytest_dbmigrate.postgres.binaries import Binaries, ServerError, find_binaries
from pytest_dbmigrate.postgres.catalog import diff, snapshot
from pytest_dbmigrate.postgres.dumping import (
    connection_to,
    errors_of,
    find_dump_tools,
    start,
)
from pytest_dbmigrate.postgres.rehearsal import Rehearsal
from pytest_dbmigrate.postgres.role_copy import copy_roles
from pytest_dbmigrate.postgres.server import running_server
from pytest_dbmigrate.postgres.target import connect, identify, parse_url
from pytest_dbmigrate.postgres.url import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from pytest_dbmigrate.postgres.catalog import Catalog
    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.postgres.target import Identity, Target

Data = Literal["none", "all"]
# Not a name that a target's role is likely to have: "postgres" may be no superuser there (Supabase).
SUPERUSER = "dbmigrate_clone_superuser"
_SHOWN = 10
_TELL_SECONDS = 10


@dataclass(slots=True)
class Differences:
    """In what the clone is not the target: each line is for the reader; empty where it is equal."""

    version: str = ""
    locale: str = ""
    errors: list[str] = field(default_factory=list)
    schema: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone that is ready: the rehearsal on it, whose it is, and in what it differs."""

    rehearsal: Rehearsal
    source: Identity
    data: Data
    differences: Differences
    schema: Catalog


@contextmanager
def clone(
    target: Target,
    *,
    data: Data,
    bindir: str = "",
    timeout: int = 10,
    say: Callable[[str], None] = lambda _line: None,
) -> Iterator[Clone]:
    """Clone the target into a server of our own for the time of the block.

    `say` is told what is going on. Raises TargetError for a target that cannot be reached, and
    ServerError when there is no PostgreSQL, no pg_dump for it, or the dump fails.
    """
    with connect(target, timeout=timeout, autocommit=True) as source:
        identity = identify(source)
        major = identity.server_version_num // 10000
        tls = bool(source.pgconn.ssl_in_use)
        tools = find_dump_tools(major, tls=tls, bindir=bindir)
        binaries = _server_for(major, bindir)
        source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        exported = source.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        catalog = snapshot(source)
        with running_server(binaries, superuser=SUPERUSER) as server:
            differences = _environment(identity, server)
            differences.removed += copy_roles(source, server, identity.role)
            create_database(source, server, identity)
            say(f"cloning {identity.database} ({target.redacted}) with {tools.version}'s pg_dump")
            words = ["--format=custom", "--compress=0", "--no-subscriptions", "--no-tablespaces"]
            words += ["--lock-wait-timeout=5000", f"--snapshot={exported[0] if exported else ''}"]
            words += ["--schema-only"] if data == "none" else []
            dumping = start(
                tools.pg_dump,
                words,
                connection_to(target, tls=tls),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            clone_target = parse_url(server.dsn(identity.database))
            errors = _restore(dumping, binaries, clone_target, target, say)
            differences.errors += errors
            with connect(clone_target, autocommit=True) as admin:
                differences.removed += _cut_off(admin)
                differences.schema += _compare(catalog, admin)
            source.execute("ROLLBACK")
            role = psycopg.conninfo.make_conninfo(server.dsn(identity.database), user=identity.role)
            yield Clone(
                Rehearsal(server, functools.partial(connect, parse_url(role), autocommit=True)),
                identity,
                data,
                differences,
                catalog,
            )


def _server_for(major: int, bindir: str) -> Binaries:
    """A server of the target's own major version where there is one, else the best there is."""
    try:
        return find_binaries(bindir=bindir, major=major)
    except ServerError:
        return find_binaries(bindir=bindir)


def _environment(identity: Identity, server: Server) -> Differences:
    """What the clone's server cannot be: of another version, or with other collations."""
    major = identity.server_version_num // 10000
    version = ""
    if server.binaries.major != major:
        version = f"the target is PostgreSQL {identity.server_version}, the clone {server.version}"
    locale = "C.UTF-8 (builtin)" if server.binaries.major >= 17 else "C, ctype C.UTF-8 (libc)"
    same = identity.collation == locale or identity.collation.startswith(("C.UTF-8", "C (", "C,"))
    sorts = f"the target sorts by {identity.collation}, the clone by code point ({locale})"
    return Differences(version=version, locale="" if same else sorts)


_OWNER = """
SELECT r.rolname::text FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
 WHERE d.datname = pg_catalog.current_database()
"""


def create_database(
    source: Connection[tuple[Any, ...]], server: Server, identity: Identity
) -> None:
    """Make the target's database on our server, empty, with the target's owner."""
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        if identity.database != "postgres":
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                    sql.Identifier(identity.database)
                )
            )
        owner = source.execute(_OWNER).fetchone()
        if owner is not None:
            admin.execute(
                sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                    sql.Identifier(identity.database), sql.Identifier(owner[0])
                )
            )


def _restore(
    dumping: subprocess.Popen[bytes],
    binaries: Binaries,
    clone_target: Target,
    target: Target,
    say: Callable[[str], None],
) -> list[str]:
    """Pipe the dump into pg_restore; returns what could not be restored. Raises ServerError."""
    program = binaries.tool("pg_restore")
    if program is None:
        dumping.kill()
        raise ServerError(f"{binaries.bindir} has no pg_restore")
    restoring = start(
        program,
        ["--no-tablespaces"],
        connection_to(clone_target),
        stdin=dumping.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if dumping.stdout is not None:
        dumping.stdout.close()
    began = time.monotonic()
    try:
        output = b""
        while restoring.poll() is None:
            try:
                _, output = restoring.communicate(timeout=_TELL_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"cloning for {time.monotonic() - began:.0f} s")
        _, dump_output = dumping.communicate()
    finally:
        for process in (dumping, restoring):
            if process.poll() is None:
                process.kill()
                process.wait()
    if dumping.returncode != 0:
        said = scrub(dump_output.decode("utf-8", "replace").strip(), target)
        raise ServerError(
            f"pg_dump could not read the whole target:\n  {said}\n"
            "  The role must be able to read all of it; --dbmigrate-rehearse-data=none needs less"
        )
    return list(errors_of(output.decode("utf-8", "replace")))


_CUT_OFF = (
    (
        "user mapping",
        "SELECT format('%s on server %I', coalesce(usename, 'PUBLIC'), srvname),"
        " format('DROP USER MAPPING FOR %s SERVER %I',"
        " CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname)"
        " FROM pg_catalog.pg_user_mappings",
    ),
    (
        "subscription",
        "SELECT subname, format('DROP SUBSCRIPTION %I', subname) FROM pg_catalog.pg_subscription",
    ),
    (
        "scheduled jobs",
        "SELECT 'cron.job', 'DELETE FROM cron.job' WHERE to_regclass('cron.job') IS NOT NULL",
    ),
)


def _cut_off(admin: Connection[tuple[object, ...]]) -> list[str]:
    """Take away what leads out of the clone: a rehearsal once wrote to production through one."""
    removed = []
    for kind, query in _CUT_OFF:
        for name, statement in admin.execute(query.encode()).fetchall():
            admin.execute(str(statement).encode())
            removed.append(f"{kind} {name}")
    return removed


def _compare(source: Catalog, admin: Connection[tuple[object, ...]]) -> list[str]:
    """In what the clone's schema is not the target's; one major version is not like another."""
    copy = snapshot(admin)
    if source.major != copy.major:
        return []
    found = diff(source, copy)
    lines = [f"{c.kind} {c.identity} is {_WORDS[c.change]}" for c in found[:_SHOWN]]
    return lines + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])


_WORDS = {"added": "only in the clone", "removed": "missing in the clone", "changed": "different"}
