"""The target's roles on the clone's server: attributes, memberships, settings; never a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from typing import Any

    from pytest_dbmigrate.postgres.server import Server

_ROLES = """
SELECT rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
       rolbypassrls
  FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname
"""
_MEMBERS = """
SELECT g.rolname::text, m.rolname::text, a.admin_option
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
 ORDER BY 1, 2
"""
_SETTINGS = """
SELECT r.rolname::text, unnest(s.setconfig)
  FROM pg_catalog.pg_db_role_setting s
  JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE s.setdatabase = 0
    OR s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
_ATTRIBUTES = (
    "SUPERUSER",
    "INHERIT",
    "CREATEROLE",
    "CREATEDB",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
)


def copy_roles(source: psycopg.Connection[Any], server: Server, ours: str) -> list[str]:
    """Create the target's roles on the clone's server; `ours` can log in there.

    Returns what could not be copied, in words.
    """
    missing = []
    with (
        psycopg.connect(server.dsn(), autocommit=True) as admin,
        source.cursor(row_factory=tuple_row) as read,
    ):
        for name, *attributes in read.execute(_ROLES).fetchall():
            words = [
                word if has or (word == "LOGIN" and name == ours) else f"NO{word}"
                for word, has in zip(_ATTRIBUTES, attributes, strict=True)
            ]
            admin.execute(sql.SQL("CREATE ROLE {} " + " ".join(words)).format(sql.Identifier(name)))
        for group, member, admin_option in read.execute(_MEMBERS).fetchall():
            suffix = " WITH ADMIN OPTION" if admin_option else ""
            grant = sql.SQL("GRANT {} TO {}" + suffix).format(
                sql.Identifier(group), sql.Identifier(member)
            )
            missing += _attempt(admin, grant, f"membership of {member} in {group}")
        for name, setting in read.execute(_SETTINGS).fetchall():
            key, _, value = setting.partition("=")
            change = sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(name), sql.Identifier(*key.split(".")), sql.Literal(value)
            )
            missing += _attempt(admin, change, f"setting {key} of {name}")
    return missing


def _attempt(
    admin: psycopg.Connection[tuple[Any, ...]], statement: sql.Composed, what: str
) -> list[str]:
    """Do it where the clone's server can; a setting of an extension it lacks, for one, cannot."""
    try:
        admin.execute(statement)
    except psycopg.Error as error:
        return [f"{what}: {error.diag.message_primary or error}"]
    return []
