"""The proof that a backup can be restored: it is, elsewhere, and compared with what was dumped.

Archives of one major version do not restore with another's tools, so the throw-away server is of
the target's own. How long a drill takes here says little of how long it takes there: only
restoring into a database of theirs (`restore`) measures that.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from pytest_dbmigrate.postgres.binaries import Binaries, ServerError, find_binaries
from pytest_dbmigrate.postgres.clone_database import make_database
from pytest_dbmigrate.postgres.cloning import superuser_beside
from pytest_dbmigrate.postgres.content import differences, read_content
from pytest_dbmigrate.postgres.dumping import (
    Connection,
    connection_like,
    connection_to,
    errors_of,
    started,
)
from pytest_dbmigrate.postgres.reading import rows
from pytest_dbmigrate.postgres.server import running_server
from pytest_dbmigrate.postgres.target import connect, identify, parse_url
from pytest_dbmigrate.postgres.url import scrub

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.postgres.backup import Backup
    from pytest_dbmigrate.postgres.target import Target

_USED = """
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  AND NOT EXISTS (SELECT FROM pg_depend d
                                   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                     AND d.deptype = 'e'))
"""


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore that was tried: where, how long it took, and in what the result differs.

    `tables` were compared by their rows' digest, `counted` only by the number of their rows.
    """

    at: datetime
    where: str
    restored_ns: int
    compared_ns: int
    problems: tuple[str, ...]
    tables: int
    counted: tuple[str, ...]

    @property
    def duration_ns(self) -> int:
        """Restoring and finding it equal."""
        return self.restored_ns + self.compared_ns


def server_for_drill(major: int, bindir: str = "") -> Binaries:
    """A server of the backup's own major version. Raises ServerError when none is here."""
    return find_binaries(bindir=bindir, major=major)


def drill(
    backup: Backup,
    target: Target,
    binaries: Binaries,
    *,
    timeout: int = 10,
    say: Callable[[str], None] = lambda _line: None,
) -> Drill:
    """Restore a backup into a throw-away server and compare. Raises ServerError or TargetError."""
    database = backup.source.database
    try:
        with connect(target, timeout=timeout, autocommit=True) as source:
            user = superuser_beside(source)
            with running_server(
                binaries, space=4 * backup.size, superuser=user, offline=True
            ) as server:
                say(f"restoring the backup into PostgreSQL {server.version}, a throw-away server")
                make_database(source, server, backup.source)
                into = parse_url(server.dsn(database))
                where = f"a throw-away PostgreSQL {server.version} on this machine"
                return _restore(backup, into, connection_to(into), where, database=True)
    except psycopg.Error as error:
        raise ServerError(f"the drill failed: {' '.join(str(error).split())}") from None


def restore(
    backup: Backup,
    into: Target,
    *,
    timeout: int = 10,
    say: Callable[[str], None] = lambda _line: None,
) -> Drill:
    """Restore a backup into an empty database of the user's, measure it, and compare.

    Raises ServerError for one that is not empty, or is the very database that was dumped.
    """
    with connect(into, timeout=timeout, autocommit=True) as conn:
        there = identify(conn)
        if (there.system_identifier, there.database) == (
            backup.source.system_identifier,
            backup.source.database,
        ):
            raise ServerError(f"--dbmigrate-restore-url={into.redacted} is the target itself")
        if rows(conn, _USED)[0][0]:
            raise ServerError(
                f"--dbmigrate-restore-url={into.redacted} is not empty: a backup is restored only "
                "into a database without tables\n  make a new one: createdb NAME"
            )
        connection = connection_like(conn, into)
    say(f"restoring the backup into {into.redacted}")
    return _restore(backup, into, connection, into.redacted, database=False)


def _restore(
    backup: Backup, into: Target, connection: Connection, where: str, *, database: bool
) -> Drill:
    at, began = datetime.now(UTC), time.monotonic_ns()
    words = ["--no-tablespaces", str(backup.path)]
    with (
        tempfile.TemporaryFile() as log,
        started(backup.tools.pg_restore, words, connection, errors=log) as restoring,
    ):
        restoring.wait()
        log.seek(0)
        said = scrub(log.read().decode("utf-8", "replace").strip(), into)
    restored = time.monotonic_ns()
    errors = list(errors_of(said))
    if restoring.returncode and not errors:
        errors = [said or f"pg_restore ended with status {restoring.returncode}"]
    with connect(into, autocommit=True) as conn, conn.transaction():
        content = read_content(conn)
    compared = differences(backup.content, backup.later, content, database=database)
    found = [*errors, *compared]
    return Drill(
        at=at,
        where=where,
        restored_ns=restored - began,
        compared_ns=time.monotonic_ns() - restored,
        problems=tuple(found),
        tables=len(backup.content.rows.tables),
        counted=tuple(backup.content.counts),
    )
