"""`param:` values in a statement, as psql fills them in: `:'x'` a literal, `:"x"` an identifier."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"""['"](\w+)['"]""")


def cases(parameters: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    """Every combination of the parameters' values, the last one varying fastest."""
    for values in product(*parameters.values()):
        yield dict(zip(parameters, values, strict=True))


def used(sql: str) -> dict[str, str]:
    """The parameters a statement uses, each with its form: `'`, `"`, or empty for a bare `:x`."""
    return {name: quote for name, quote, _, _ in _places(sql)}


def fill_in(sql: str, values: Mapping[str, str]) -> str:
    """The statement with its parameters' values, quoted as psql quotes them."""
    parts, done = [], 0
    for name, quote, start, end in _places(sql):
        if name not in values or not quote:
            continue
        parts += [
            sql[done:start],
            _literal(values[name]) if quote == "'" else _identifier(values[name]),
        ]
        done = end
    return "".join([*parts, sql[done:]])


def _places(sql: str) -> Iterator[tuple[str, str, int, int]]:
    """Each use: name, form, and where it starts and ends."""
    if ":" not in sql:
        return
    colon = -2
    for token in tokens(sql):
        if token.text == ":":
            colon = token.start
            continue
        if token.start == colon + 1:
            end = token.start + len(token.text)
            match = _NAME.fullmatch(token.text)
            if match and token.kind in {"string", "quoted"}:
                yield match[1], token.text[0], colon, end
            elif token.kind == "word":
                yield token.text, "", colon, end
        colon = -2


def _literal(value: str) -> str:
    """As psql's `:'x'`: with E'' when a backslash is in it (libpq, PQescapeLiteral)."""
    doubled = value.replace("'", "''")
    return " E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in value else f"'{doubled}'"


def _identifier(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
