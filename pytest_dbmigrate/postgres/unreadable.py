"""What the target's role may not read, and which a dump as this role must therefore leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.binaries import ServerError

if TYPE_CHECKING:
    import psycopg

# pg_dump locks every table that it dumps, which needs SELECT on it and USAGE on its schema; of
# extensions also their tables (https://www.postgresql.org/docs/current/app-pgdump.html).
_UNREADABLE = """
SELECT format('%I.%I', n.nspname, c.relname), e.extname::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass
        AND d.objid = c.oid AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
 WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            AND CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                               ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END)
 ORDER BY 1
"""
_FILTERED = """
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
   AND pg_catalog.row_security_active(c.oid)
 ORDER BY 1
"""
_OTHER_EXTENSIONS = """
SELECT extname::text FROM pg_catalog.pg_extension WHERE extname <> ALL (%s) ORDER BY 1
"""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not dumped: words for pg_dump that leave it out, and lines for the reader."""

    words: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def left_out(source: psycopg.Connection[Any], role: str) -> LeftOut:
    """The tables, sequences and extensions that this role may not read."""
    found = source.execute(_UNREADABLE).fetchall()
    words = [f"--exclude-table={table}" for table, extension in found if extension is None]
    lines = [f"{table} was not cloned: {role} may not read it" for table, e in found if e is None]
    closed = {extension: table for table, extension in reversed(found) if extension is not None}
    if closed:
        others = source.execute(_OTHER_EXTENSIONS, [list(closed)]).fetchall()
        words += [f"--extension={_pattern(name)}" for (name,) in others]
        lines += [
            f"extension {name} was not cloned: {role} may not read its table {table}"
            for name, table in sorted(closed.items())
        ]
    return LeftOut(tuple(words), tuple(lines))


def refuse_filtered(source: psycopg.Connection[Any], role: str) -> None:
    """Raise ServerError when row security would hide rows of the target from its own role."""
    found = [table for (table,) in source.execute(_FILTERED).fetchall()]
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ServerError(
            f"the rows of {', '.join(found[:_SHOWN])}{more} cannot be read whole: {role} is under "
            "row security there, and would see only some of them\n"
            "  use a role with BYPASSRLS or the tables' owner, or rehearse with "
            "--dbmigrate-rehearse-data=none"
        )


def _pattern(name: str) -> str:
    """A name as a pattern of pg_dump's that matches nothing else."""
    return '"' + name.replace('"', '""') + '"'
