"""What a statement's tokens tell of its result: its columns, and how many rows it can have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.spec.tokens import Token

# Aggregates of PostgreSQL itself (documentation, "Aggregate Functions").
_AGGREGATES = frozenset({
    "count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every", "array_agg", "string_agg",
    "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "bit_and", "bit_or", "xmlagg",
    "any_value", "stddev", "variance", "mode", "percentile_cont", "percentile_disc",
})  # fmt: skip
_CLAUSES = frozenset({
    "from", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "for",
    "union", "intersect", "except",
})  # fmt: skip
_SETS = frozenset({"union", "intersect", "except"})
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
# Columns of catalogs in which a row is one column of a table: there "5 columns" counts rows.
_COLUMN_CATALOGS = frozenset({"columns", "pg_attribute", "column_privileges"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What can be told of one statement.

    `columns` are the headings, empty where one is not known; None when not even their number is.
    `lone_count`: one row with nothing but a count. `one_row`: always exactly one row. `listing`: a
    plain SELECT … FROM that lists rows. `groups`: groups with HAVING, as of duplicates. `boolean`:
    the one column is a boolean. `unique`: at most one row by LIMIT 1 or `id = …`. `text`: the one
    value is always a text (SHOW). `figures` are the headings of the columns that are aggregates.
    `call`: no FROM, so one row unless a function returns a set. `counts_columns`: a row is a column
    of a table. `placeholders`: what someone still has to fill in.
    """

    columns: tuple[str, ...] | None = None
    lone_count: bool = False
    one_row: bool = False
    listing: bool = False
    groups: bool = False
    boolean: bool = False
    unique: bool = False
    text: bool = False
    figures: tuple[str, ...] = ()
    call: bool = False
    counts_columns: bool = False
    placeholders: tuple[str, ...] = ()


def shape_of(found: Sequence[Token]) -> Shape:
    """Read the shape of one query's result from its tokens."""
    shape = _query_shape(_main_query(_unwrapped(found)))
    return replace(shape, placeholders=tuple(_placeholders(found)))


def _word(token: Token) -> str:
    return token.text.lower() if token.kind == "word" else ""


def _unwrapped(found: Sequence[Token]) -> Sequence[Token]:
    """The tokens without parentheses around all of them; eight pairs at most, as each is a pass."""
    for _ in range(8):
        if len(found) < 2 or found[0].text != "(" or _closing(found, 0) != len(found) - 1:
            break
        found = found[1:-1]
    return found


def _closing(found: Sequence[Token], start: int) -> int:
    """The place of the parenthesis that closes the one at `start`."""
    depth = 0
    for n in range(start, len(found)):
        if found[n].text in "([" and found[n].kind == "punctuation":
            depth += 1
        elif found[n].text in ")]" and found[n].kind == "punctuation":
            depth -= 1
            if depth == 0:
                return n
    return len(found) - 1


def _main_query(found: Sequence[Token]) -> Sequence[Token]:
    """What follows the common table expressions of WITH."""
    if not found or _word(found[0]) != "with":
        return found
    n = 1
    while n < len(found):
        if found[n].text == "(":
            n = _closing(found, n)
        elif _word(found[n]) in {"select", "values", "table"}:
            return found[n:]
        n += 1
    return ()


def _top_level(found: Sequence[Token]) -> list[int]:
    """The places of the tokens outside all parentheses."""
    places, n = [], 0
    while n < len(found):
        places.append(n)
        if found[n].kind == "punctuation" and found[n].text in "([":
            n = _closing(found, n)
        n += 1
    return places


def _query_shape(found: Sequence[Token], *, nested: bool = False) -> Shape:
    head = _word(found[0]) if found else ""
    if head == "show":
        one = len(found) == 2 and _word(found[1]) != "all"
        return Shape(columns=("",) if one else None, one_row=one, text=True)
    if head == "table":
        return Shape(listing=True)
    if head != "select":
        return Shape()
    top = _top_level(found)
    clauses = [n for n in top if _word(found[n]) in _CLAUSES and not _is_from_operator(found, n)]
    names = {_word(found[n]) for n in clauses}
    start = _list_start(found)
    end = clauses[0] if clauses else len(found)
    items = _split(found[start:end])
    columns = None if any(_is_star(i) for i in items) else tuple(_heading(i) for i in items)
    if names & _SETS:
        return Shape(columns=columns)
    aggregates = [_has_aggregate(i) for i in items]
    figures = (_heading(i) for i in items if _has_aggregate(i) or _is_count(i, nested=nested))
    bounded = names & {"limit", "offset", "fetch"}
    grouped = "group" in names
    one_row = not grouped and "having" not in names and not bounded and (
        any(aggregates) or ("from" not in names and "where" not in names
                            and all(_is_scalar(i) for i in items))
    )  # fmt: skip
    listing = "from" in names and not grouped and "having" not in names and not any(aggregates)
    return Shape(
        columns=columns,
        lone_count=one_row and len(items) == 1 and _is_count(items[0], nested=nested),
        one_row=one_row,
        listing=listing,
        groups=grouped and "having" in names,
        boolean=len(items) == 1 and _is_boolean(items[0]),
        figures=tuple(figures),
        unique=len(items) == 1 and listing and _is_unique(found, clauses),
        call=not one_row and not names & {"from", "where", "group", "having"} and not bounded,
        counts_columns=listing and _first_table(found, clauses) in _COLUMN_CATALOGS,
    )


def _is_from_operator(found: Sequence[Token], n: int) -> bool:
    """IS [NOT] DISTINCT FROM is no FROM clause."""
    return _word(found[n]) == "from" and n > 0 and _word(found[n - 1]) == "distinct" and (
        n > 1 and _word(found[n - 2]) in {"is", "not"}
    )  # fmt: skip


def _list_start(found: Sequence[Token]) -> int:
    """Where the select list starts: behind SELECT [ALL | DISTINCT [ON (…)]]."""
    n = 1
    if n < len(found) and _word(found[n]) in {"all", "distinct"}:
        n += 1
        if n + 1 < len(found) and _word(found[n]) == "on" and found[n + 1].text == "(":
            n = _closing(found, n + 1) + 1
    return n


def _split(found: Sequence[Token]) -> list[Sequence[Token]]:
    """The items of a select list."""
    items, start = [], 0
    for n in _top_level(found):
        if found[n].text == "," and found[n].kind == "punctuation":
            items.append(found[start:n])
            start = n + 1
    return [*items, found[start:]]


def _is_star(item: Sequence[Token]) -> bool:
    """`*` or `t.*`, or an empty item: the number of columns is not known."""
    return not item or (item[-1].text == "*" and (len(item) == 1 or item[-2].text == "."))


def _heading(item: Sequence[Token]) -> str:
    """The heading of an item, empty where PostgreSQL's choice is not certain here."""
    last = item[-1]
    if len(item) > 1 and _word(item[-2]) == "as":
        return _name(last)
    if all(t.kind in {"word", "quoted"} or t.text == "." for t in item):
        if len(item) == 1 or item[-2].text == ".":
            return _name(last)
        return _name(last)  # an alias without AS
    if len(item) > 1 and item[-2].text == ")" and last.kind in {"word", "quoted"}:
        return _name(last)  # f(…) alias
    if item[0].kind == "word" and len(item) > 1 and item[1].text == "(":
        return _name(item[0]) if _closing(item, 1) == len(item) - 1 else ""
    return ""


def _name(token: Token) -> str:
    if token.kind == "word":
        return token.text.lower()
    return token.text[1:-1].replace('""', '"') if token.kind == "quoted" else ""


def _has_aggregate(item: Sequence[Token]) -> bool:
    """Whether the item calls an aggregate itself: not in a subquery, not as a window function."""
    n = 0
    while n < len(item):
        if item[n].text == "(" and n + 1 < len(item) and _word(item[n + 1]) in {"select", "with"}:
            n = _closing(item, n)
        elif _word(item[n]) in _AGGREGATES and n + 1 < len(item) and item[n + 1].text == "(":
            behind = _behind_call(item, n)
            if behind >= len(item) or _word(item[behind]) != "over":
                return True
        n += 1
    return False


def _behind_call(item: Sequence[Token], n: int) -> int:
    """The place behind a call `f(…) [FILTER (…)]` that starts at `n`."""
    behind = _closing(item, n + 1) + 1
    while behind + 1 < len(item) and _word(item[behind]) in {"filter", "within"}:
        group = behind + (2 if _word(item[behind + 1]) == "group" else 1)
        behind = _closing(item, group) + 1
    return behind


def _without_alias(item: Sequence[Token]) -> Sequence[Token]:
    """The item without its alias and casts."""
    if len(item) > 2 and _word(item[-2]) == "as":
        item = item[:-2]
    elif len(item) > 1 and item[-1].kind in {"word", "quoted"}:
        is_alias = item[-2].text == ")" or (len(item) > 2 and item[-3].text == "::")
        item = item[:-1] if is_alias else item
    while len(item) > 2 and item[-2].text == "::" and _word(item[-1]):
        item = item[:-2]
    return _unwrapped(item) if item and item[0].text == "(" else item


def _is_count(item: Sequence[Token], *, nested: bool) -> bool:
    """`count(…) [FILTER (…)] [::type] [AS x]`, or one subquery of nothing else."""
    bare = _without_alias(item)
    if not bare:
        return False
    if _word(bare[0]) == "select":
        return not nested and _query_shape(bare, nested=True).lone_count
    return (
        _word(bare[0]) == "count"
        and len(bare) > 1
        and bare[1].text == "("
        and _behind_call(bare, 0) == len(bare)
    )


def _is_scalar(item: Sequence[Token]) -> bool:
    """An item that cannot return several rows: a constant, a subquery, EXISTS, no function call."""
    n = 0
    while n < len(item):
        if item[n].text == "(" and item[n].kind == "punctuation":
            before = item[n - 1] if n else None
            if before is not None and before.kind in {"word", "quoted"}:
                known = {"exists", "and", "or", "not", "in", "as", "when", "then", "else", "case"}
                if _word(before) not in known:
                    return False
            if n + 1 < len(item) and _word(item[n + 1]) in {"select", "with"}:
                n = _closing(item, n)
        n += 1
    return bool(item) and not _is_star(item)


def _is_boolean(item: Sequence[Token]) -> bool:
    """`EXISTS (…)`, `NOT EXISTS (…)`, or a comparison, at the item's own level."""
    bare = _without_alias(item)
    words = [_word(bare[n]) for n in _top_level(bare)]
    if "case" in words:
        return False
    signs = {bare[n].text for n in _top_level(bare) if bare[n].kind == "operator"}
    return bool(words) and (
        words[0] in {"exists", "not"}
        or bool(signs & _COMPARISONS)
        or bool({"is", "in"} & set(words))
    )


def _clause(found: Sequence[Token], clauses: Sequence[int], name: str) -> Sequence[Token]:
    for place, n in enumerate(clauses):
        if _word(found[n]) == name:
            end = clauses[place + 1] if place + 1 < len(clauses) else len(found)
            return found[n + 1 : end]
    return ()


def _is_unique(found: Sequence[Token], clauses: Sequence[int]) -> bool:
    """LIMIT 1, or one table with `id = constant` among conditions that are all joined by AND."""
    limit = _clause(found, clauses, "limit")
    if [t.text for t in limit] == ["1"]:
        return True
    tables = _clause(found, clauses, "from")
    if any(t.text == "," or _word(t) == "join" for t in tables):
        return False
    where = _clause(found, clauses, "where")
    top = _top_level(where)
    if any(_word(where[n]) in {"or", "not"} for n in top):
        return False
    return any(
        _name(where[n]) == "id"
        and n + 2 < len(where)
        and where[n + 1].text == "="
        and where[n + 2].kind in {"string", "number"}
        and (n == 0 or _word(where[n - 1]) == "and" or where[n - 1].text == ".")
        for n in top
    )


def _first_table(found: Sequence[Token], clauses: Sequence[int]) -> str:
    """The name, without schema, of the first table in FROM."""
    tables = _clause(found, clauses, "from")
    n = 0
    while n + 2 < len(tables) and tables[n + 1].text == ".":
        n += 2
    return _name(tables[n]) if tables else ""


_TO_FILL_IN = ("your_", "your-", "replace_", "<", "xxx", "{{", "todo", "changeme", "change_me")


def _placeholders(found: Sequence[Token]) -> Iterator[str]:
    """What someone still has to fill in: `$1`, `:name`, `'<id>'`, `'YOUR_ID'`."""
    for n, token in enumerate(found):
        if token.kind == "parameter":
            yield token.text
        if token.kind == "string":
            inner = token.text.strip("'").lower()
            if inner.startswith(_TO_FILL_IN) and (not inner.startswith("<") or inner.endswith(">")):
                yield token.text
        if token.text == ":" and n + 1 < len(found):
            following = found[n + 1]
            attached = following.start == token.start + 1
            if attached and following.kind in {"word", "string", "quoted"}:
                yield ":" + following.text
