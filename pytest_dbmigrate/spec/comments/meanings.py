"""What the start of a clause can mean on a statement of a given shape.

`5 rows`, `0`, `3 policies`, `true`, `total = 5`: the same words mean the value of a lone count, the
rows of a listing, or nothing certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.quantities import Quantity, read_quantity
from pytest_dbmigrate.spec.expect.comparison import (
    BadValueError,
    Condition,
    equals,
    number,
    parse_literal,
)
from pytest_dbmigrate.spec.expect.row_count import NO_ROWS
from pytest_dbmigrate.spec.expect.single_value import SingleRow, SingleValue, parse_columns
from pytest_dbmigrate.spec.patterns import compiled

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.comments.markers import Marker
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.query.shape import Shape

ON_A_COUNT = (
    "a count always returns one row, so this can only mean the number it returns: read as {text}"
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the start of a clause, up to `end`, means: the expectation, or why there is none.

    `value` is the number it names; `single`: one value, whose number is the whole claim. `note` is
    what a reader should know of the reading.
    """

    end: int
    expectation: Expectation | None = None
    reason: str = ""
    value: Decimal | None = None
    single: bool = False
    note: str = ""


def meanings(clause: str, marker: Marker, shape: Shape) -> list[Meaning]:
    """What the start of the clause can mean, the likeliest first."""
    quantity = read_quantity(clause)
    found: list[Meaning] = []
    if quantity is not None:
        found += _quantity_meanings(clause, quantity, marker, shape)
    if empty := _EMPTY.match(clause):
        found.append(_no_rows(empty.end(), shape))
    elif (nothing := _NOTHING.match(clause)) and (shape.listing or shape.groups):
        found.append(Meaning(nothing.end(), NO_ROWS, value=Decimal(0)))
    if shape.boolean and (letter := _LETTER.match(clause)):
        word = "true" if letter[0].lower() == "t" else "false"
        found.append(_literal(word, letter.end(), shape))
    if literal := _LITERAL.match(clause):
        found.append(_literal(literal[0], literal.end(), shape))
    if shape.lone_count:
        clause = _COUNT_CALL.sub("count   ", clause)
    if shape.columns is not None and (row := _COLUMNS.match(clause)):
        found.append(_columns(row[0], row.end(), shape))
    return found


_EMPTY = re.compile(r"(?:an\s+)?empty(?:\s+(?:results?(?:\s+set)?|set))?\b", re.IGNORECASE)
_NOTHING = re.compile(r"(?:nothing|none)\b", re.IGNORECASE)
# What may follow rows or a noun and changes nothing.
_IDLE = (
    r"(?:\s+(?:(?:are|is|was|were|be)\s+)?(?:returned|found|left|remain(?:s|ing)?|exists?|present))?"
    r"(?:\s+(?:in\s+)?total|\s+overall|\s+to\s+pass)?(?!\w)"
)
_ROWS = re.compile(rf"\s+(?:rows?|results?|records?)(?:\(s\))?(?!\w){_IDLE}", re.IGNORECASE)
_IDLE_WORDS = re.compile(_IDLE, re.IGNORECASE)
_NOUN = re.compile(r"\s+([A-Za-z][A-Za-z_'-]*)(?:\s+([A-Za-z][A-Za-z_'-]*))?")
# Words that are no part of a noun: they restrict, relate or join.
_NO_NOUN = frozenset(
    """a about added additional affected after all an and another any approx approximately are as at
    average be been before both but by changed columns' contained containing deleted
    different distinct dropped each else every except exactly existing extra fewer for from has have
    having if in including inserted is less limit lost matching max maximum min minimum missing more
    moved named new no nor not of old on only or other others overall per plus record records
    remaining removed result results roughly row rows same showing than that the through times to
    total unless up updated value values version via was were when where which who with without
    """.split()  # noqa: SIM905  (a list of eighty words is read best as words)
)
# "0 missing", "0 left": nothing, on a count.
_NONE_LEFT = re.compile(
    r"\s+(?:missing|remaining|left|lost|orphaned)(?!\w)(?!\s+\w)", re.IGNORECASE
)
_ROW_WORDS = frozenset({"row", "rows", "record", "records", "result", "results"})
_IDLE_SECOND = frozenset({"returned", "found", "left", "remain", "remains", "exist", "exists"})
_UNITS = frozenset(
    """ms msec millisecond milliseconds s sec secs second seconds min mins minute minutes h hour
    hours day days week weeks month months year years kb mb gb tb byte bytes kib mib gib percent
    pct percentage usd eur gbp dollar dollars euro euros cents""".split()  # noqa: SIM905  (as above)
)


def _quantity_meanings(
    clause: str, quantity: Quantity, marker: Marker, shape: Shape
) -> list[Meaning]:
    rest = clause[quantity.end :]
    if rows := _ROWS.match(rest):
        return [_rows(quantity, quantity.end + rows.end(), shape)]
    if quantity.is_zero and shape.lone_count and (idle := _NONE_LEFT.match(rest)):
        return [_bare(clause, replace(quantity, end=quantity.end + idle.end()), marker, shape)]
    if noun := _NOUN.match(rest):
        words = [w for w in noun.groups() if w]
        if quantity.negation or words[0].lower() in _NO_NOUN | _UNITS:
            return []
        second = len(words) == 2 and (
            words[1].lower() not in _NO_NOUN | _IDLE_SECOND or words[1].lower() in _ROW_WORDS
        )
        end = quantity.end + (noun.end() if second else noun.end(1))
        if idle := _IDLE_WORDS.match(clause, end):
            end = idle.end()
        return [_counted(quantity, " ".join(words[: 1 + second]), end, shape)]
    if (quantity.word or quantity.is_range) and not (quantity.is_zero and shape.lone_count):
        return []
    if marker.counts == "rows" and quantity.is_count:
        return [_rows(quantity, quantity.end, shape)]
    if marker.noun:
        return [_counted(quantity, marker.noun, quantity.end, shape, inverted=True)]
    return [_bare(clause, quantity, marker, shape)]


def _rows(quantity: Quantity, end: int, shape: Shape) -> Meaning:
    """A number with the word rows."""
    if not quantity.is_count:
        return Meaning(end, reason="prose")
    if quantity.is_zero:
        return _no_rows(end, shape)
    if shape.lone_count:
        if quantity.holds(1):
            return Meaning(end, reason="rows-of-a-count")
        return _value_of_count(quantity, end)
    if shape.one_row and not quantity.holds(1):
        return Meaning(end, reason="always-one-row")
    return Meaning(end, quantity.rows(), value=quantity.low)


def _no_rows(end: int, shape: Shape) -> Meaning:
    """No rows; where exactly one row always comes back, that can only mean a count of zero."""
    if shape.lone_count:
        reading = SingleValue(equals(number("0")), phrase=True)
        note = ON_A_COUNT.format(text=reading.text)
        return Meaning(end, reading, value=Decimal(0), single=True, note=note)
    if shape.one_row:
        return Meaning(end, reason="always-one-row")
    return Meaning(end, NO_ROWS, value=Decimal(0))


def _value_of_count(quantity: Quantity, end: int) -> Meaning:
    expectation = SingleValue(quantity.condition(), phrase=True)
    return Meaning(
        end,
        expectation,
        value=quantity.low,
        single=True,
        note=ON_A_COUNT.format(text=expectation.text),
    )


def _counted(
    quantity: Quantity, noun: str, end: int, shape: Shape, *, inverted: bool = False
) -> Meaning:
    """A number with a noun: the number of a lone count, or of a plain listing's rows."""
    words = {w.lower() for w in noun.split()}
    words -= _ROW_WORDS if len(words) > 1 else set()
    if not quantity.is_count or words & _NO_NOUN or words & _UNITS:
        return Meaning(end, reason="prose")
    if shape.lone_count:
        expectation = SingleValue(quantity.condition(), phrase=True)
        return Meaning(end, expectation, value=quantity.low, single=True)
    if inverted:
        return Meaning(end, reason="number-on-listing")
    headings = words & {"column", "columns", "field", "fields"}
    if (shape.listing and (shape.counts_columns or not headings)) or (
        shape.groups and quantity.is_zero
    ):
        return Meaning(end, quantity.rows(), value=quantity.low)
    return Meaning(end, reason="noun-on-other-shape")


def _bare(clause: str, quantity: Quantity, marker: Marker, shape: Shape) -> Meaning:
    """A number alone: one value, where one value is what the statement returns."""
    end = quantity.end
    if _GROUPED_BY_DOTS.match(clause) and shape.lone_count:
        return Meaning(end, reason="ambiguous-number")
    value = Meaning(
        end, SingleValue(quantity.condition(), phrase=True), value=quantity.low, single=True
    )
    if shape.lone_count:
        return value
    if marker.counts == "count" and shape.listing and quantity.is_count:
        return Meaning(end, quantity.rows(), value=quantity.low)
    if shape.columns is None or len(shape.columns) != 1:
        return Meaning(end, reason="number-on-columns")
    if shape.boolean:
        return Meaning(end, reason="number-on-boolean")
    exact = quantity.operator == "="
    more_than_rows = exact and (quantity.low >= 2 or not quantity.is_count)
    if shape.call or (shape.one_row and not shape.text) or (shape.unique and more_than_rows):
        return value
    if shape.listing and exact and not quantity.is_count:
        return value
    return Meaning(end, reason="number-on-listing")


# 10.000 is ten in one country and ten thousand in another.
_GROUPED_BY_DOTS = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")
_LETTER = re.compile(r"[tf]\b", re.IGNORECASE)  # as psql shows a boolean
_LITERAL = re.compile(r"(?:true|false|null)\b|'(?:[^']|'')*'", re.IGNORECASE)


def _literal(text: str, end: int, shape: Shape) -> Meaning:
    """`true`, `false`, `NULL` or a text in quotes."""
    literal = parse_literal(text)
    if shape.columns is None or len(shape.columns) != 1:
        return Meaning(end, reason="value-on-columns")
    if shape.lone_count or (shape.boolean and literal.kind == "text"):
        return Meaning(end, reason="other-kind")
    return Meaning(end, SingleValue(equals(literal), phrase=True), single=True)


_COUNT_CALL = re.compile(r"^count\(\*\)", re.IGNORECASE)
_OPERAND = r"(?:-?\d[\d.]*(?![\w.])|'(?:[^']|'')*'|true\b|false\b|null\b)"
_COLUMN = rf"""(?:"[^"]+"|[^\W\d]\w*)\s*
    (?:(?:=|<>|!=|<=|>=|<|>)\s*{_OPERAND}|\s+is\s+(?:not\s+)?null\b|\s+is\s+(?:true|false)\b)"""
_COLUMNS = compiled(rf"{_COLUMN}(?:\s*(?:,|\band\b)\s*{_COLUMN})*+", re.IGNORECASE | re.VERBOSE)
_JOINED = re.compile(rf"({_COLUMN})\s*(?:,|\band\b)\s*(?=\S)", re.IGNORECASE | re.VERBOSE)
_IS = re.compile(r"\s+is\s+(true|false)$", re.IGNORECASE)


def _columns(text: str, end: int, shape: Shape) -> Meaning:
    """`col = v, col2 IS NULL`, when every column is one of the result's."""
    written = _JOINED.sub(r"\1, ", text)
    try:
        parts = parse_columns(_IS.sub(r" = \1", written))
    except BadValueError:
        return Meaning(end, reason="prose")
    if shape.lone_count and len(parts) == 1 and parts[0][0].lower() in {"count", "cnt"}:
        condition = parts[0][1]
        if condition.value.kind == "number":
            value = _zero_or(condition)
            return Meaning(end, SingleValue(condition, phrase=True), value=value, single=True)
    known = {c.lower() for c in shape.columns or () if c}
    if any(name.lower() not in known for name, _ in parts):
        return Meaning(end, reason="unknown-column")
    return Meaning(end, SingleRow(parts, phrase=True))


def _zero_or(condition: Condition) -> Decimal | None:
    return Decimal(condition.value.text) if condition.operator == "=" else None
