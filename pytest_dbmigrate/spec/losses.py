"""Statements that take rows or values away as their text shows: DROP, TRUNCATE, DROP COLUMN.

What a DO block or a function does inside cannot be recognised; it is found afterwards, by comparing
what there was with what is left (postgres/rows.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.clauses import Clauses

if TYPE_CHECKING:
    from collections.abc import Iterator

LossKind = Literal["table", "schema", "type", "extension", "truncate", "column"]

_DROPPED: dict[str, LossKind] = {
    "TABLE": "table",
    "SCHEMA": "schema",
    "TYPE": "type",
    "DOMAIN": "type",
    "EXTENSION": "extension",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that a statement takes away: `name` as it is written, `column` for DROP COLUMN.

    `only` is ONLY before the name: children and partitions keep theirs.
    """

    kind: LossKind
    name: str
    cascade: bool = False
    only: bool = False
    column: str = ""


def losses(statement: str) -> tuple[Loss, ...]:
    """What one statement takes away, in its order; empty for every other statement.

    `statement` begins with its first word, as `Statement.text` does. Raises SpecError as `tokens`.
    """
    # Most statements are neither, and a file has twenty thousand of them: no tokens for those.
    match statement[:4].upper():
        case "DROP":
            return tuple(_drop(Clauses(statement)))
        case "TRUN":
            return tuple(_truncate(Clauses(statement)))
        case "ALTE":
            return tuple(_alter(Clauses(statement)))
        case _:
            return ()


def _drop(clauses: Clauses) -> Iterator[Loss]:
    """DROP TABLE [IF EXISTS] a, b [CASCADE | RESTRICT]."""
    clauses.accept("DROP")
    kind = _DROPPED.get(clauses.peek())
    if kind is None:
        return
    clauses.skip()
    clauses.accept("IF", "EXISTS")
    names = clauses.names()
    cascade = clauses.accept("CASCADE")
    yield from (Loss(kind, name, cascade) for name in names)


def _truncate(clauses: Clauses) -> Iterator[Loss]:
    """TRUNCATE [TABLE] [ONLY] a [*], b [RESTART IDENTITY] [CASCADE]."""
    if not clauses.accept("TRUNCATE"):
        return
    clauses.accept("TABLE")
    named: list[tuple[str, bool]] = []
    while not named or clauses.accept(","):
        only = clauses.accept("ONLY")
        named.append((clauses.name(), only))
        clauses.accept("*")
    if not clauses.accept("RESTART", "IDENTITY"):
        clauses.accept("CONTINUE", "IDENTITY")
    cascade = clauses.accept("CASCADE")
    yield from (Loss("truncate", name, cascade, only) for name, only in named if name)


def _alter(clauses: Clauses) -> Iterator[Loss]:
    """ALTER TABLE [IF EXISTS] [ONLY] t [*] …, DROP [COLUMN] [IF EXISTS] c [CASCADE], …."""
    if not clauses.accept("ALTER", "TABLE"):
        return
    clauses.accept("IF", "EXISTS")
    only = clauses.accept("ONLY")
    table = clauses.name()
    clauses.accept("*")
    for _ in clauses.parts():
        # CONSTRAINT is a reserved word: a column of that name is quoted.
        if clauses.accept("DROP") and clauses.peek() != "CONSTRAINT":
            clauses.accept("COLUMN")
            clauses.accept("IF", "EXISTS")
            column = clauses.name()
            yield Loss("column", table, clauses.accept("CASCADE"), only, column)
