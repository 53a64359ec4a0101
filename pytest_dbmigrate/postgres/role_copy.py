"""The target's roles on the clone's server: attributes, memberships, settings; never a password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES = """
SELECT rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
       rolbypassrls
  FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname
"""
# Since 16 a membership has options of its own (in 15 the member's INHERIT decides), and one member
# may have it from several grantors.
_MEMBERS = """
SELECT g.rolname::text, m.rolname::text, bool_or(a.admin_option),
       bool_or((j.facts->>'inherit_option')::bool), bool_or((j.facts->>'set_option')::bool)
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(a) AS facts) j
 GROUP BY 1, 2 ORDER BY 1, 2
"""
_SETTINGS = """
SELECT r.rolname::text, s.setdatabase <> 0, unnest(s.setconfig)
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE (s.setrole = 0 OR r.oid IS NOT NULL)
   AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                              WHERE datname = pg_catalog.current_database()))
 ORDER BY 2, 1
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
# Values that are lists of names, each quoted by itself: pg_dump's variable_is_guc_list_quote().
_LISTS = frozenset(
    {
        *("local_preload_libraries", "search_path", "session_preload_libraries"),
        *("shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"),
    }
)


def copy_roles(
    source: psycopg.Connection[Any], admin: psycopg.Connection[Any], ours: str
) -> list[str]:
    """Create the target's roles on the clone's server; `ours` can log in there.

    Returns what could not be copied, in words.
    """
    missing: list[str] = []
    for name, *attributes in source.execute(_ROLES).fetchall():
        words = [
            word if has or (word == "LOGIN" and name == ours) else f"NO{word}"
            for word, has in zip(_ATTRIBUTES, attributes, strict=True)
        ]
        admin.execute(sql.SQL("CREATE ROLE {} " + " ".join(words)).format(sql.Identifier(name)))
    per_grant = admin.info.server_version >= 160000
    for group, member, has_admin, inherits, may_set in source.execute(_MEMBERS).fetchall():
        options = {"ADMIN": has_admin or None}
        options |= {"INHERIT": inherits, "SET": may_set} if per_grant else {}
        said = ", ".join(f"{k} {v}".upper() for k, v in options.items() if v is not None)
        if said and not per_grant:
            said = "ADMIN OPTION"
        grant = sql.SQL("GRANT {} TO {}" + (f" WITH {said}" if said else "")).format(
            sql.Identifier(group), sql.Identifier(member)
        )
        missing += attempt(admin, grant, f"membership of {member} in {group}")
    return missing


def copy_settings(source: psycopg.Connection[Any], admin: psycopg.Connection[Any]) -> list[str]:
    """Copy what ALTER ROLE … SET and ALTER DATABASE … SET have set; returns what could not be.

    The clone's database has the target's name.
    """
    database = sql.Identifier(source.info.dbname)
    missing: list[str] = []
    for role, here, setting in source.execute(_SETTINGS).fetchall():
        key, _, value = setting.partition("=")
        whose = sql.SQL("DATABASE {}").format(database)
        if role is not None:
            whose = sql.SQL("ROLE {}").format(sql.Identifier(role))
            whose += sql.SQL(" IN DATABASE {}").format(database) if here else sql.SQL("")
        change = sql.SQL("ALTER {} SET {} = {}").format(
            whose, sql.Identifier(*key.split(".")), setting_value(key, value)
        )
        missing += attempt(admin, change, f"setting {key} of {role or 'the database'}")
    return missing


def setting_value(key: str, value: str) -> sql.Composable:
    """A setting's value as SET takes it; a list such as search_path name by name."""
    if key.lower() not in _LISTS:
        return sql.Literal(value)
    return sql.SQL(", ").join(map(sql.Literal, _names(value))) if value else sql.Literal("")


def _names(value: str) -> Iterator[str]:
    """The names of a list as the server keeps it: `"$user", public`."""
    for quoted, plain in re.findall(r'\s*(?:"((?:[^"]|"")*)"|([^,"]+))\s*(?:,|$)', value):
        yield quoted.replace('""', '"') if quoted else plain.strip()


def attempt(
    admin: psycopg.Connection[Any], statement: sql.Composed | sql.SQL, what: str
) -> list[str]:
    """Do it where the clone's server can; a setting of an extension it lacks, for one, cannot."""
    try:
        admin.execute(statement)
    except psycopg.Error as error:
        return [f"{what}: {error.diag.message_primary or error}"]
    return []
