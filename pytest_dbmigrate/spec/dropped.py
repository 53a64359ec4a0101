"""Which names a migration's text itself says it takes away, replaces or renames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_SAYS = frozenset({"DROP", "RENAME"})


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
