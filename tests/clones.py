"""A database made by a test, and a clone of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_dbmigrate.postgres.binaries import find_binaries
from pytest_dbmigrate.postgres.cloning import clone
from pytest_dbmigrate.postgres.target import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.cloning import Clone, Data
    from pytest_dbmigrate.postgres.server import Server


@contextmanager
def made(server: Server, script: str, options: str = "") -> Iterator[str]:
    """The connection string of a new database after a script; dropped afterwards."""
    name = f"target_{uuid4().hex}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        create = "CREATE DATABASE {} TEMPLATE template0 " + options
        admin.execute(sql.SQL(create).format(sql.Identifier(name)))
        try:
            with psycopg.connect(server.dsn(name), autocommit=True, client_encoding="UTF8") as conn:
                conn.execute(script.encode())
            yield server.dsn(name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def cloned(
    dsn: str, data: Data = "all", bindir: str = "", role: str = "", **more: Any
) -> Iterator[tuple[Clone, psycopg.Connection[Any]]]:
    """A clone, and a connection to it as the target's role."""
    conninfo = make_conninfo(dsn, user=role) if role else dsn
    with (
        clone(parse_url(conninfo), data=data, bindir=bindir, **more) as made_clone,
        made_clone.rehearsal.connect() as conn,
    ):
        yield made_clone, conn


def bindir_of(major: int) -> str:
    """The programs of a version on this machine."""
    return str(find_binaries(major=major).bindir)


def value(conn: psycopg.Connection[Any], query: str) -> Any:
    """One value."""
    row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None
