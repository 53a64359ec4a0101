"""A throw-away database in the state before the migrations, built from the baseline."""

from __future__ import annotations

import functools
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pytest_dbmigrate.postgres.apply import locate
from pytest_dbmigrate.postgres.binaries import ServerError, find_binaries
from pytest_dbmigrate.postgres.query import Question, ask_all
from pytest_dbmigrate.postgres.server import running_server
from pytest_dbmigrate.postgres.target import connect as connect_to
from pytest_dbmigrate.postgres.target import parse_url
from pytest_dbmigrate.spec.errors import excerpt
from pytest_dbmigrate.spec.expectations import Failure
from pytest_dbmigrate.spec.statements import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from psycopg import Connection
    from pytest_postgresql.executors import NoopExecutor

    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.statements import Script, Statement

DATABASE = "rehearsal"
COPY = "copy"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A throw-away database on a server of its own; `connect` opens an autocommit connection."""

    server: Server
    connect: Callable[[], Connection[object]]
    database: str = DATABASE


@contextmanager
def start(
    baseline: Sequence[Script], migrations: Sequence[Migration], bindir: str
) -> Iterator[Rehearsal]:
    """Start a server, load the baseline, and yield the rehearsal.

    Raises ServerError when there is no PostgreSQL, or with file and line where the baseline does
    not load.
    """
    statements = [s for b in baseline for s in b.statements]
    wanted = extensions([*statements, *(s for m in migrations for s in m.statements)])
    with running_server(find_binaries(bindir=bindir, extensions=wanted)) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {DATABASE}")
        target = parse_url(server.dsn(DATABASE))
        connect = functools.partial(connect_to, target, autocommit=True)
        with connect() as conn:
            for script in baseline:
                load(conn, script)
        yield Rehearsal(server, connect)


def copy_of(rehearsal: Rehearsal) -> NoopExecutor:
    """The server as pytest-postgresql sees one, with a template made of the database as it is.

    Nobody may be connected to the database.
    """
    from pytest_postgresql.executors import NoopExecutor  # noqa: PLC0415  (import time)

    server = rehearsal.server
    executor = NoopExecutor(
        host=server.host, port=server.port, user=server.user, options="", dbname=COPY
    )
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(executor.template_dbname), sql.Identifier(rehearsal.database)
            )
        )
    return executor


def load(conn: Connection[object], script: Script) -> None:
    """Run one baseline script. Raises ServerError with the place of the statement that failed."""
    for first in range(0, len(script.statements), _BATCH):
        batch = script.statements[first : first + _BATCH]
        answers = ask_all(conn, [Question(s.text) for s in batch])
        if answers and isinstance(answers[-1].outcome, Failure):
            fault = locate(script, batch[len(answers) - 1], answers[-1])
            shown, caret = excerpt(fault.source_line, fault.column or 1)
            raise ServerError(
                f"the baseline does not load: {fault.place} (SQLSTATE {fault.sqlstate})\n"
                f"  {shown}\n  {caret}\n"
                "What to do: repair it. baseline/ builds the database as it is before the "
                "migrations, in file order, as a superuser."
            )


def extensions(statements: Iterable[Statement]) -> tuple[str, ...]:
    """The extensions that the statements create, by name."""
    found = []
    for statement in statements:
        if not re.match(r"create\s+extension", statement.text, re.IGNORECASE):
            continue
        names = [t.text for t in tokens(statement.text)][2:]
        if [n.upper() for n in names[:3]] == ["IF", "NOT", "EXISTS"]:
            names = names[3:]
        found += [n.strip('"') for n in names[:1]]
    return tuple(found)
