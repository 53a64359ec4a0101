"""Values as PostgreSQL sends them (text and type OID) against values as people write them.

Numbers compare as numbers, texts as texts, times as the server's types; NULL equals only null, and
a boolean is not a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Literal as OneOf

# pg_type.oid of the types that are not compared as text (src/include/catalog/pg_type.dat).
BOOLEAN = 16
_NUMBERS = frozenset({20, 21, 23, 26, 700, 701, 1700})  # int8 int2 int4 oid float4 float8 numeric
_PADDED = 1042  # character(n): trailing spaces do not count (documentation, "Character Types")
_DATE, _TIME, _TIMESTAMP, _TIMESTAMPTZ = 1082, 1083, 1114, 1184

Kind = OneOf["number", "text", "boolean", "null"]
Operator = OneOf["=", "<>", "<", "<=", ">", ">=", "between", "is not null"]
Key = tuple[str, object]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_WORDS: dict[str, tuple[Kind, str]] = {
    "true": ("boolean", "true"),
    "false": ("boolean", "false"),
    "null": ("null", "null"),
}
_SHOWN = 200  # characters of one value in a message


class BadValueError(ValueError):
    """A value that cannot be read: what is wrong, where (offset from 0), what to write instead."""

    def __init__(self, problem: str, remedy: str, offset: int = 0) -> None:
        """Keep the parts; the caller knows file and line."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Literal:
    """One value as people write it: `43`, `'x'`, `true`, `null`. `text` is without its quotes."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        """Render the value as it is written in a key."""
        return quoted(self.text) if self.kind == "text" else self.text


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison with one value, or with two for `between`."""

    operator: Operator
    value: Literal
    upper: Literal | None = None

    def __str__(self) -> str:
        """Render the comparison as a key's value: `43`, `>= 30`, `between 1 and 9`."""
        if self.operator == "between":
            return f"between {self.value} and {self.upper}"
        if self.operator == "is not null":
            return "not null"
        return str(self.value) if self.operator == "=" else f"{self.operator} {self.value}"

    def holds(self, value: str | None, oid: int) -> bool | None:
        """Whether a value of the server meets the condition; None when the two have no order."""
        if self.operator == "is not null":
            return value is not None
        if self.operator == "=":
            return key(value, oid) == literal_key(self.value, oid)
        if value is None:
            return False  # as in SQL: NULL is neither less, nor more, nor unequal
        if self.operator == "<>":
            return key(value, oid) != literal_key(self.value, oid)
        if self.operator == "between":
            low, high = _order(value, oid, self.value), _order(value, oid, self.upper)
            return None if low is None or high is None else low >= 0 >= high
        order = _order(value, oid, self.value)
        if order is None:
            return None
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[self.operator]


def equals(literal: Literal) -> Condition:
    """The condition that a value equals `literal`."""
    return Condition("=", literal)


def number(text: str) -> Literal:
    """The literal of a number in digits, its thousands separators and leading + left out."""
    return Literal("number", text.replace(",", "").removeprefix("+"))


def parse_literal(text: str, *, grouped: bool = True) -> Literal:
    """Read `43`, `'x'`, `true`, `false` or `null`; `grouped` allows 1,234. Raises BadValueError."""
    word = _WORDS.get(text.lower())
    if word:
        return Literal(*word)
    if _NUMBER.fullmatch(text) or (grouped and _GROUPED.fullmatch(text)):
        return number(text)
    if match := _TEXT.fullmatch(text):
        return Literal("text", match[1].replace("''", "'"))
    if not text:
        raise BadValueError("a value is missing", "write a number, 'text', true, false or null")
    if text.startswith("'"):
        raise BadValueError(
            f"the text {text} is not closed by a quote",
            "write 'text'; a quote inside is doubled: ''",
        )
    remedy = f"text is quoted: {quoted(text.strip(chr(34)))}"
    raise BadValueError(f"{text} is not a number, 'text', true, false or null", remedy)


_COMPARED = re.compile(r"(>=|<=|<>|!=|>|<|=|≥|≤)\s*(.*)", re.DOTALL)
_BETWEEN = re.compile(r"between\s+(\S.*?)\s+and\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_SIGNS: dict[str, Operator] = {
    "≥": ">=", "≤": "<=", "!=": "<>", ">=": ">=", "<=": "<=",
    "<>": "<>", ">": ">", "<": "<", "=": "=",
}  # fmt: skip


def parse_condition(text: str, *, grouped: bool = True) -> Condition:
    """Read `43`, `>= 30`, `between 1 and 9`, `not null`. Raises BadValueError."""
    if text.lower() in {"not null", "is not null"}:
        return Condition("is not null", Literal("null", "null"))
    if text.lower() == "is null":
        return equals(Literal("null", "null"))
    if match := _BETWEEN.fullmatch(text):
        low, high = (parse_literal(g, grouped=grouped) for g in match.groups())
        _refuse_order(low, text)
        _refuse_order(high, text)
        if low.kind != high.kind:
            raise BadValueError(
                f"{low} and {high} are not of one kind", "compare with two like values"
            )
        if low.kind == "number" and Decimal(low.text) > Decimal(high.text):
            raise BadValueError(
                f"nothing is between {low} and {high}", f"write between {high} and {low}"
            )
        return Condition("between", low, high)
    match = _COMPARED.fullmatch(text)
    if match is None:
        return equals(parse_literal(text, grouped=grouped))
    operator = _SIGNS[match[1]]
    literal = parse_literal(match[2].strip(), grouped=grouped)
    if operator not in {"=", "<>"}:
        _refuse_order(literal, text)
    elif literal.kind == "null" and operator == "<>":
        return Condition("is not null", literal)
    return Condition(operator, literal)


def _refuse_order(literal: Literal, text: str) -> None:
    if literal.kind in {"boolean", "null"}:
        raise BadValueError(f"{literal} has no order, as in {text}", f"write {literal} alone")


def quoted(text: str) -> str:
    """The text as a literal in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def key(value: str | None, oid: int) -> Key:
    """A value of the server as something that can be compared and hashed: (kind, value)."""
    if value is None:
        return ("null", "")
    if oid == BOOLEAN and value in {"t", "f", "true", "false"}:
        return ("boolean", value.startswith("t"))
    if oid in _NUMBERS:
        return _number_key(value)
    if oid in {_DATE, _TIME, _TIMESTAMP, _TIMESTAMPTZ}:
        return _time_key(value, oid)
    return ("text", value.rstrip(" ") if oid == _PADDED else value)


def literal_key(literal: Literal, oid: int) -> Key:
    """What `key` gives for the value of type `oid` that `literal` means."""
    if literal.kind == "number":
        return _number_key(literal.text)
    if literal.kind == "boolean":
        return ("boolean", literal.text == "true")
    if literal.kind == "null":
        return ("null", "")
    if oid in {_DATE, _TIME, _TIMESTAMP, _TIMESTAMPTZ}:
        return _time_key(literal.text, oid)
    return ("text", literal.text.rstrip(" ") if oid == _PADDED else literal.text)


def _number_key(text: str) -> Key:
    try:
        decimal = Decimal(text)
    except InvalidOperation:
        return ("text", text)
    # PostgreSQL holds NaN equal to NaN and above every number; Decimal's NaN equals nothing.
    return ("nan", "") if decimal.is_nan() else ("number", decimal)


def _time_key(text: str, oid: int) -> Key:
    """A time as Python's type; what that cannot hold (infinity, BC, year 10000) stays text."""
    try:
        if oid == _DATE:
            return ("date", date.fromisoformat(text))
        if oid == _TIME:
            return ("time", time.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        # Without a zone the server would take its own session's, which is not known here.
        if (moment.tzinfo is None) != (oid == _TIMESTAMP):
            return ("text", text)
        if oid == _TIMESTAMP:
            return ("timestamp", moment)
        return ("timestamptz", moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return ("text", text)


def _order(value: str, oid: int, literal: Literal | None) -> int | None:
    """-1, 0 or 1 as the value is below, equal to or above the literal; None without an order.

    Texts have none: their order is the database's collation, which is not known here.
    """
    if literal is None:
        return None
    (left_kind, left), (right_kind, right) = key(value, oid), literal_key(literal, oid)
    if left_kind == "nan" and right_kind == "number":
        return 1
    if left_kind != right_kind or left_kind in {"text", "boolean", "null"}:
        return None
    return int(left > right) - int(left < right)  # type: ignore[operator]  # of one kind


def shown(value: str | None, oid: int) -> str:
    """A value of the server as a literal, for messages and for lines to write."""
    kind, content = key(value, oid)
    if value is None:
        return "null"
    if kind == "boolean":
        return "true" if content else "false"
    if kind == "number":
        return value
    return quoted(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")


def other_kind(literal: Literal, value: str | None, oid: int) -> bool:
    """Whether a value of the server is of another kind than the literal; NULL is of every kind."""
    if value is None or literal.kind == "null":
        return False
    return key(value, oid)[0] != literal_key(literal, oid)[0]


def type_clash(literal: Literal, value: str | None, oid: int) -> str:
    """Why two values that look alike differ in kind, and what to write; empty when they do not."""
    if value is None:
        return ""
    kind = key(value, oid)[0]
    if literal.kind == "number" and kind == "text" and _number_key(value)[0] == "number":
        return f"the value is text, not a number: write {quoted(value)}"
    if literal.kind == "number" and kind == "boolean":
        return f"the value is a boolean, not a number: write {shown(value, oid)}"
    if literal.kind == "boolean" and kind == "text" and value.lower() in _WORDS:
        return f"the value is text, not a boolean: write {quoted(value)}"
    if literal.kind == "text" and kind in {"number", "boolean"} and literal.text == value:
        return f"the value is a {kind}, not text: write {shown(value, oid)}"
    return ""
