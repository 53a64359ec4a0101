"""Rights that migrations need and the role lacks, found before anything is sent.

Only what is certain is told (spec/rights.py): that nothing is missing here does not prove that
nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_dbmigrate.postgres.reading import major_version, query, rows
from pytest_dbmigrate.spec.rights import needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.spec.rights import Need
    from pytest_dbmigrate.spec.statements import Statement


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A right that `role` lacks for the statement at `line`, and the SQL that gives it.

    `right` is a privilege (`CREATE`, `REFERENCES`, …) or `ownership`; `on` is the object with its
    kind (`TABLE public.moves`).
    """

    right: str
    on: str
    role: str
    line: int
    repair: str

    def __str__(self) -> str:
        """The whole in one line."""
        return f"role {self.role} lacks {self.right} of {self.on}: {self.repair}"


def missing_rights(
    conn: psycopg.Connection[Any], statements: Iterable[Statement]
) -> tuple[MissingRight, ...]:
    """The rights these statements need on what there is now and this role lacks, each once.

    Pass the statements of all migrations in order, once, before the first. Raises psycopg.Error.
    """
    found: dict[Need, MissingRight | None] = {}
    for statement, need in needs(statements):
        if need not in found:
            found[need] = _missing(conn, need, statement.line)
    return tuple(missing for missing in found.values() if missing is not None)


def _missing(conn: psycopg.Connection[Any], need: Need, line: int) -> MissingRight | None:
    values = {"right": need.right, "target": need.target, "name": need.name}
    text = query("rights", major_version(conn))
    try:
        known = rows(conn, text, values=values, session_path=True)
    except psycopg.errors.InsufficientPrivilege:
        # Not even the name may be looked up.
        schema = need.name.rpartition(".")[0]
        ((role,),) = rows(conn, "SELECT quote_ident(current_user)")
        grant = f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        return MissingRight("USAGE", f"SCHEMA {schema}", role, line, grant)
    except psycopg.ProgrammingError:
        return None
    if not known or known[0][2]:
        return None
    ((thing, granted, _has, role),) = known
    if need.right in {"owner", "drop"}:
        return MissingRight("ownership", thing, role, line, f"ALTER {thing} OWNER TO {role};")
    return MissingRight(
        need.right, thing, role, line, f"GRANT {need.right} ON {granted} TO {role};"
    )
