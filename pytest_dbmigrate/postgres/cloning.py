"""The target's own schema (and data) on the throw-away server, and everything in which they differ.

Nothing is written to the target: its roles are read from the catalog, its database is dumped in the
snapshot of one read-only transaction.
"""

from __future__ import annotations

import functools
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from pytest_dbmigrate.postgres import clone_differences as differing
from pytest_dbmigrate.postgres import cut_off
from pytest_dbmigrate.postgres.binaries import Binaries, ServerError, find_binaries
from pytest_dbmigrate.postgres.catalog import Catalog, snapshot
from pytest_dbmigrate.postgres.clone_database import give_extensions, make_database
from pytest_dbmigrate.postgres.clone_differences import Differences
from pytest_dbmigrate.postgres.directories import free_bytes
from pytest_dbmigrate.postgres.dumping import connection_like, connection_to, find_dump_tools
from pytest_dbmigrate.postgres.rehearsal import Rehearsal
from pytest_dbmigrate.postgres.server import GIB, running_server
from pytest_dbmigrate.postgres.target import connect, identify, parse_url
from pytest_dbmigrate.postgres.transfer import TELL_SECONDS, Pipe
from pytest_dbmigrate.postgres.unreadable import left_out, refuse_filtered
from pytest_dbmigrate.postgres.url import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.dumping import DumpTools
    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.postgres.target import Identity, Target

Data = Literal["none", "all"]
# The limits of the target's role are meant for its application; reading all of it takes longer.
_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone that is ready: the rehearsal on it, whose it is, and in what it differs."""

    rehearsal: Rehearsal
    source: Identity
    data: Data
    differences: Differences
    schema: Catalog


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The target in one read-only transaction, which lasts as long as `conn` does.

    `exported` is its name for pg_dump, `size` the database's in bytes.
    """

    conn: psycopg.Connection[Any]
    target: Target
    identity: Identity
    tools: DumpTools
    exported: str
    size: int

    @property
    def major(self) -> int:
        """The target's major version."""
        return self.identity.server_version_num // 10000


@contextmanager
def clone(
    target: Target,
    *,
    data: Data,
    bindir: str = "",
    timeout: int = 10,
    lock_timeout: int = 2000,
    say: Callable[[str], None] = lambda _line: None,
    tell_seconds: float = TELL_SECONDS,
) -> Iterator[Clone]:
    """Clone the target into a server of our own for the time of the block.

    `timeout` are seconds to connect in, `lock_timeout` milliseconds that pg_dump may wait for a
    table (0: as long as it takes). `say` is told what is going on. Raises TargetError for a target
    that cannot be reached, and ServerError when there is no PostgreSQL, no pg_dump for it, or the
    dump fails.
    """
    with ExitStack() as stack:
        try:
            with read_snapshot(target, bindir, timeout, lock_timeout) as source:
                role = source.identity.role
                leave_out = left_out(source.conn, role)
                if data == "all":
                    refuse_filtered(source.conn, role)
                catalog = snapshot(source.conn)
                server = stack.enter_context(server_like(source, data, bindir))
                say(
                    f"cloning {source.identity.database} ({target.redacted}) with pg_dump "
                    f"{source.tools.version} into PostgreSQL {server.version}"
                )
                found = Differences(version=differing.version_of(source.identity, server))
                found.add_errors(leave_out.lines)
                filling = _Filling(source, server, found, data, say, tell_seconds)
                filling.fill((*leave_out.words, *waiting(lock_timeout)))
                filling.compare(catalog)
        except psycopg.Error as error:
            said = scrub(" ".join(str(error).split()), target)
            raise ServerError(f"the clone could not be made: {said}") from None
        yield Clone(_rehearsal(server, source.identity), source.identity, data, found, catalog)


@contextmanager
def read_snapshot(
    target: Target, bindir: str, timeout: int, lock_timeout: int
) -> Iterator[Snapshot]:
    """The target, read in one snapshot that pg_dump shares. Raises TargetError and ServerError."""
    with connect(target, timeout=timeout, autocommit=True) as conn:
        identity = identify(conn)
        major = identity.server_version_num // 10000
        tools = find_dump_tools(major, tls=bool(conn.pgconn.ssl_in_use), bindir=bindir)
        limits = [f"SET LOCAL {name} = 0" for name in _LIMITS[: 3 if major >= 17 else 2]]
        limits.append(f"SET LOCAL lock_timeout = {lock_timeout}")
        # In one round trip: between two, the role's own limit could end the session.
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        conn.execute("; ".join([begin, *limits]).encode())
        row = conn.execute(
            "SELECT pg_catalog.pg_export_snapshot(),"
            " pg_catalog.pg_database_size(pg_catalog.current_database())"
        ).fetchone()
        exported, size = row or ("", 0)
        yield Snapshot(conn, target, identity, tools, exported, size)
        conn.execute("ROLLBACK")


@contextmanager
def server_like(source: Snapshot, data: Data, bindir: str) -> Iterator[Server]:
    """A server of our own for the target's database, cut off from the network where it can be.

    Raises ServerError.
    """
    (locks,) = source.conn.execute("SHOW max_locks_per_transaction").fetchone() or ("64",)
    needed = 2 * source.size if data == "all" else 0
    with running_server(
        _server_for(source.major, bindir, differing.extensions_of(source.conn)),
        settings={"max_locks_per_transaction": locks},
        space=max(GIB, needed),
        superuser=superuser_beside(source.conn),
        offline=True,
    ) as server:
        free = free_bytes(Path(server.host).parent)
        if free < needed:
            raise ServerError(
                f"the clone needs about {_size(needed)}, and {Path(server.host).parent.parent} has "
                f"{_size(free)}\n  point TMPDIR at a folder with more, or rehearse with "
                "--dbmigrate-rehearse-data=none"
            )
        yield server


@dataclass(slots=True)
class _Filling:
    """The clone's server being filled; `found` collects in what it will differ."""

    source: Snapshot
    server: Server
    found: Differences
    data: Data
    say: Callable[[str], None]
    tell_seconds: float
    began: float = field(default_factory=time.monotonic)

    def fill(self, words: tuple[str, ...]) -> None:
        """Dump and restore; between tables and rows, take away what leads out of the clone."""
        source, found = self.source, self.found
        made = make_database(source.conn, self.server, source.identity)
        found.locale = made.locale
        found.add_errors(made.missing)
        found.removed += cut_off.subscriptions(source.conn)
        pipe = self._pipe()
        words = (
            *("--format=custom", "--compress=0", "--no-subscriptions", "--no-tablespaces"),
            *(f"--snapshot={source.exported}", *words),
            *(() if self.data == "all" else ("--schema-only",)),
        )
        found.add_errors(pipe.transfer([*words, "--section=pre-data"]))
        with self._connect() as admin:
            found.removed += cut_off.drop_user_mappings(admin)
        rows = ["--section=data"] if self.data == "all" else []
        found.add_errors(pipe.transfer([*words, *rows, "--section=post-data"]))
        with self._connect() as admin:
            found.removed += cut_off.delete_jobs(admin)
            found.removed += [cut_off.NETWORK] if cut_off.is_cut_off(admin) else []
            if self.data == "all":
                admin.execute("ANALYZE")  # without it its plans are not those of the target

    def compare(self, catalog: Catalog) -> None:
        """See in what the clone is not the target."""
        with self._connect() as admin:
            give_extensions(self.source.conn, admin)
            self.found.extensions = differing.compare_extensions(
                differing.extensions_of(self.source.conn), differing.extensions_of(admin)
            )
            self.found.schema = differing.compare(catalog, admin)

    def _pipe(self) -> Pipe:
        source, binaries = self.source, self.server.binaries
        newer = source.tools.major >= binaries.major
        restore = None if newer else binaries.tool("pg_restore")
        return Pipe(
            source.tools.pg_dump,
            connection_like(source.conn, source.target),
            # An archive is read by its own version or a newer one.
            restore or source.tools.pg_restore,
            connection_to(parse_url(self.server.dsn(source.identity.database))),
            self._tell,
            lambda text: scrub(text, source.target),
            self.tell_seconds,
        )

    def _tell(self) -> None:
        with self._connect() as admin:
            row = admin.execute("SELECT pg_catalog.pg_database_size(current_database())").fetchone()
        seconds = time.monotonic() - self.began
        size, total = _size(row[0] if row else 0), _size(self.source.size)
        self.say(f"cloned {size} of about {total} in {seconds:.0f} s")

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.server.dsn(self.source.identity.database), autocommit=True)


def _rehearsal(server: Server, identity: Identity) -> Rehearsal:
    """The clone as the target's role sees it: logged in as it logs in there, then as who it is."""
    parameters = {"user": identity.session_user}
    if identity.role != identity.session_user:
        escaped = identity.role.replace("\\", "\\\\").replace(" ", "\\ ")
        parameters["options"] = f"-c role={escaped}"
    conninfo = psycopg.conninfo.make_conninfo(server.dsn(identity.database), **parameters)
    connecting = functools.partial(connect, parse_url(conninfo), autocommit=True)
    return Rehearsal(server, connecting, identity.database)


def _server_for(major: int, bindir: str, extensions: dict[str, str]) -> Binaries:
    """A server of the target's major version with its extensions, or the best there is."""
    wanted = [name for name in extensions if name != "plpgsql"]
    for need in (
        {"major": major, "extensions": wanted},
        {"major": major},
        {"extensions": wanted},
    ):
        try:
            return find_binaries(bindir=bindir, **need)
        except ServerError:
            continue
    return find_binaries(bindir=bindir)


def superuser_beside(conn: psycopg.Connection[Any]) -> str:
    """A name that no role of the target has: its `postgres` may be no superuser (Supabase)."""
    taken = {name for (name,) in conn.execute("SELECT rolname::text FROM pg_roles").fetchall()}
    name = "dbmigrate_clone_superuser"
    while name in taken:
        name += "_"
    return name


def waiting(lock_timeout: int) -> tuple[str, ...]:
    """Words for pg_dump: how many milliseconds it may wait for a table that somebody holds."""
    return (f"--lock-wait-timeout={lock_timeout}",) if lock_timeout else ()


def _size(size: int) -> str:
    return f"{size / _MEGABYTE:,.0f} MB"
