"""The clone's database, empty, but made as the target's is: locale, owner, rights, settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pytest_dbmigrate.postgres.role_copy import attempt, copy_roles, copy_settings, setting_value

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.postgres.target import Identity

_LOCALE = """
SELECT pg_catalog.pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text,
       coalesce(j.facts->>'datlocprovider', 'c'),
       coalesce(j.facts->>'datlocale', j.facts->>'daticulocale'), j.facts->>'daticurules',
       j.facts->>'datcollversion'
  FROM pg_catalog.pg_database d
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS facts) j
 WHERE d.datname = pg_catalog.current_database()
"""
_OWNER = """
SELECT r.rolname::text, d.datacl IS NULL, pg_catalog.shobj_description(d.oid, 'pg_database')
  FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
 WHERE d.datname = pg_catalog.current_database()
"""
_RIGHTS = """
SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END,
       x.privilege_type, x.is_grantable
  FROM pg_catalog.pg_database d
 CROSS JOIN LATERAL pg_catalog.aclexplode(d.datacl) x
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
 WHERE d.datname = pg_catalog.current_database() AND (x.grantee = 0 OR r.rolname IS NOT NULL)
"""
_TABLESPACES = "SELECT spcname::text FROM pg_catalog.pg_tablespace WHERE spcname !~ '^pg_'"
# Settings of a server that decide what SQL means; its memory and its disks are not ours to copy.
_MEANING = (
    *("TimeZone", "DateStyle", "IntervalStyle", "search_path", "default_text_search_config"),
    *("bytea_output", "xmlbinary", "xmloption", "array_nulls", "transform_null_equals"),
    *("backslash_quote", "standard_conforming_strings", "extra_float_digits", "row_security"),
    *("check_function_bodies", "default_table_access_method", "default_toast_compression"),
    *("default_transaction_isolation", "default_transaction_deferrable"),
    *("default_transaction_read_only", "password_encryption", "createrole_self_grant"),
)
# What it has from its configuration, not from a role, a database or this session.
_SERVER_WIDE = """
SELECT name, reset_val FROM pg_catalog.pg_settings
 WHERE name = ANY (%s)
   AND source IN ('default', 'configuration file', 'command line', 'environment variable')
"""
_EXTENSION_OWNERS = """
SELECT e.extname::text, r.rolname::text
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_roles r ON r.oid = e.extowner
"""
_OWN_EXTENSION = """
UPDATE pg_catalog.pg_extension
   SET extowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s)
 WHERE extname = %s
"""


@dataclass(slots=True)
class Made:
    """What could not be made as the target's is: the locale in words, and everything else."""

    locale: str = ""
    missing: list[str] = field(default_factory=list)


def make_database(source: psycopg.Connection[Any], server: Server, identity: Identity) -> Made:
    """Make the target's roles and its database, empty, on a server of our own."""
    made = Made()
    name = sql.Identifier(identity.database)
    # The database itself may be called postgres: what it is dropped and made from is template1.
    with psycopg.connect(server.dsn("template1"), autocommit=True) as admin:
        made.missing += copy_roles(source, admin, identity.session_user)
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        made.locale = _create(source, admin, name)
        made.missing += _rights(source, admin, name)
        made.missing += _server_wide(source, admin, name)
        made.missing += copy_settings(source, admin)
        for (space,) in source.execute(_TABLESPACES).fetchall():
            # For the names alone: nothing of the clone needs to stand on another disk.
            admin.execute("SET allow_in_place_tablespaces = on")
            make = sql.SQL("CREATE TABLESPACE {} LOCATION ''").format(sql.Identifier(space))
            made.missing += attempt(admin, make, f"tablespace {space}")
    return made


def give_extensions(source: psycopg.Connection[Any], admin: psycopg.Connection[Any]) -> None:
    """Give the extensions their owners: pg_restore leaves them to whoever restores."""
    admin.execute("SET allow_system_table_mods = on")
    for extension, owner in source.execute(_EXTENSION_OWNERS).fetchall():
        admin.execute(_OWN_EXTENSION, [owner, extension])
    admin.execute("RESET allow_system_table_mods")


def _create(
    source: psycopg.Connection[Any], admin: psycopg.Connection[Any], name: sql.Identifier
) -> str:
    """Create the database in the target's locale, or in our own; returns the difference."""
    found = source.execute(_LOCALE).fetchone()
    if found is None:
        raise psycopg.DataError("the target does not know its own database")
    encoding, collate, ctype, provider, locale, rules, version = found
    start = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {}").format(name, encoding)
    words = [start, sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(collate, ctype)]
    if admin.info.server_version >= 150000:
        kind = {"i": "icu", "b": "builtin"}.get(provider, "libc")
        words.append(sql.SQL("LOCALE_PROVIDER {}").format(kind))
        if locale is not None and provider in {"i", "b"}:
            word = "ICU_LOCALE" if provider == "i" else "BUILTIN_LOCALE"
            words.append(sql.SQL(f"{word} {{}}").format(locale))
        words += [sql.SQL("ICU_RULES {}").format(rules)] if rules else []
    elif provider != "c":
        words = []
    told = f"the target is {encoding} and sorts by {locale or collate}"
    try:
        admin.execute(sql.SQL(" ").join(words))
    except psycopg.Error as error:
        why = error.diag.message_primary or "its server has no such locale"
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        return f"{told}, the clone is UTF8 and sorts by code point: {why}"
    ours = admin.execute(
        "SELECT pg_catalog.to_jsonb(d)->>'datcollversion' FROM pg_catalog.pg_database d"
        " WHERE datname = %s",
        [source.info.dbname],
    ).fetchone()
    if ours is not None and ours[0] != version and version is not None:
        return f"{told} (version {version}), the clone by its version {ours[0] or 'unknown'}"
    return ""


def _rights(
    source: psycopg.Connection[Any], admin: psycopg.Connection[Any], name: sql.Identifier
) -> list[str]:
    """Owner and comment of the database, and who may connect to it and create schemas in it."""
    missing: list[str] = []
    owner, usual, comment = source.execute(_OWNER).fetchone() or ("", True, None)
    admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, comment))
    change = sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(owner))
    missing += attempt(admin, change, "the database's owner")
    if usual:
        return missing
    admin.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(name, sql.Identifier(owner))
    )
    for grantee, privilege, grantable in source.execute(_RIGHTS).fetchall():
        # Quoted by the server, and one of its own words.
        grant = sql.SQL(f"GRANT {privilege} ON DATABASE {{}} TO {grantee}").format(name)
        grant += sql.SQL(" WITH GRANT OPTION" if grantable else "")
        missing += attempt(admin, grant, f"{privilege} on the database for {grantee}")
    return missing


def _server_wide(
    source: psycopg.Connection[Any], admin: psycopg.Connection[Any], name: sql.Identifier
) -> list[str]:
    """Set for the database what the target's server has set for all, where the clone's differs."""
    ours = dict(admin.execute(_SERVER_WIDE, [list(_MEANING)]).fetchall())
    missing: list[str] = []
    for key, value in source.execute(_SERVER_WIDE, [list(_MEANING)]).fetchall():
        if key in ours and ours[key] != value:
            change = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                name, sql.Identifier(key), setting_value(key, value)
            )
            missing += attempt(admin, change, f"setting {key} of the server")
    return missing
