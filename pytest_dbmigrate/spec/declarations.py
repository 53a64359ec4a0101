"""`-- drops-data: quests, moves.legacy_note`: what a migration says it may lose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.clauses import Clauses
from pytest_dbmigrate.spec.errors import SpecError

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.statements import Comment, Script

_KEY = re.compile(r"^\s*@?drops[-_ ]data\s*:(?P<names>.*)$", re.IGNORECASE)
_REMEDY = (
    "name tables and columns with commas between: `-- drops-data: quests, moves.legacy_note`"
    " (a schema may stand before the table)"
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One table or column whose data a migration may lose: its name's parts, folded as SQL does.

    `("quests",)`, `("public", "quests")` and `("moves", "legacy_note")`: whether two parts are
    schema and table, or table and column, shows where it is compared with what was lost.
    """

    parts: tuple[str, ...]
    line: int

    def covers(self, schema: str, table: str, column: str = "", *, on_path: bool = True) -> bool:
        """Whether it names this table or column; a declared table covers its columns.

        `on_path`: the schema is one that unqualified names are looked for in.
        """
        accepted: set[tuple[str, ...]] = {(schema, table)} | ({(table,)} if on_path else set())
        if column:
            accepted |= {(schema, table, column)} | ({(table, column)} if on_path else set())
        return self.parts in accepted


def drops_data(script: Script) -> tuple[Declaration, ...]:
    """The declarations of a migration, wherever they stand in it. Raises SpecError."""
    return tuple(
        declaration
        for comment in script.comments
        for match in [_KEY.match(comment.text)]
        if match is not None
        for declaration in _declared(script, comment, match["names"])
    )


def _declared(script: Script, comment: Comment, names: str) -> list[Declaration]:
    try:
        clauses = Clauses(names)
    except SpecError:
        clauses = Clauses("")
    found = [Declaration(_parts(name), comment.line) for name in clauses.names()]
    if not clauses.done or not found or any(not 1 <= len(d.parts) <= 3 for d in found):
        raise SpecError(
            f"`drops-data:{names}` is not a list of tables and columns",
            path=script.path,
            line=comment.line,
            column=comment.column,
            source=script.source_line(comment.line),
            remedy=_REMEDY,
        )
    return found


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a dotted name as PostgreSQL folds them."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return tuple(quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in found)
