"""Which names a migration's text itself says it takes away, replaces or renames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.declarations import drops_data
from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.spec.migrations import Migration

_SAYS = frozenset({"DROP", "RENAME"})


def said_to_go(migrations: Iterable[Migration]) -> frozenset[str]:
    """Every name that the migrations say they take away: in a statement, or in `-- drops-data`."""
    names: set[str] = set()
    for migration in migrations:
        names |= dropped_names(s.text for s in migration.statements)
        names |= {part for d in drops_data(migration.script) for part in d.parts}
    return frozenset(names)


def dropped_names(statements: Iterable[str]) -> frozenset[str]:
    """Every identifier of a DROP statement, or of an ALTER that drops or renames, folded.

    Wide on purpose: a name is taken for named wherever it stands in such a statement. What CASCADE
    takes along is not in the text at all.
    """
    names: set[str] = set()
    for text in statements:
        if text[:4].upper() == "DROP":
            names |= _identifiers(text)
        elif text[:5].upper() == "ALTER":
            found = list(tokens(text))
            if any(t.kind == "word" and t.text.upper() in _SAYS for t in found):
                names |= _identifiers(text)
    return frozenset(names)


def _identifiers(text: str) -> set[str]:
    return {
        t.text[1:-1].replace('""', '"') if t.kind == "quoted" else t.text.lower()
        for t in tokens(text)
        if t.kind in {"word", "quoted"}
    }
