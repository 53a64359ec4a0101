"""Why a phrase is not read, as a stable code, and the layer-A line to write instead of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.quantities import numbers_in
from pytest_dbmigrate.spec.expect.comparison import quoted, shown
from pytest_dbmigrate.spec.expect.verdicts import column_name, offered_set, whole

if TYPE_CHECKING:
    from decimal import Decimal

    from pytest_dbmigrate.spec.expectations import Result
    from pytest_dbmigrate.spec.query.shape import Shape

_SCANS = r"\b(?:index|seq(?:uential)?)\s+scan\b|\bexecution\s+time\b|\bfast(?:er)?\b|\binstant"
_ALIKE = r"\b(?:same|unchanged|identical|equals?|match(?:es|ing)?|previous(?:ly)?|than)\b"
# In order: the first that is found names the reason.
_REASONS = (
    ("placeholder", r"<[A-Za-z_ -]+>|\bTBD\b|\bTODO\b|\?\?\?|\bN\s+rows?\b|\b[XY]\b"),
    ("timing", rf"\d\s*(?:ms|msec|s|secs?|seconds?|mins?|minutes?|hours?)\b|{_SCANS}"),
    ("percent", r"\d\s*%|\bper\s?cent\b"),
    ("money", r"[$€£]\s*\d|\d\s*[$€£]|\b(?:USD|EUR|GBP)\b"),
    ("approximate", r"[~≈±]|\b(?:about|approx\w*|around|roughly|nearly|almost|circa)\b"),
    (
        "comparison",
        rf"{_ALIKE}|\b(?:query|step|check|test)\s+\d|\b[a-z]\w*\s*=\s*(?!(?:true|false|null)\b)[a-z]",
    ),
    ("every", r"\b(?:all|each|both|every)\b"),
    ("conditional", r"\b(?:if|unless|depends?|depending|when|whenever|before|after|until|once)\b"),
    ("alternatives", r"\b(?:or|either|may|might|could|maybe)\b"),
    ("several-numbers", r"\d+\s*[,/;]\s*\d+"),
)
_COMPILED = tuple((code, re.compile(pattern, re.IGNORECASE)) for code, pattern in _REASONS)
_STATUS = frozenset(
    {"status", "result", "verdict", "outcome", "check_status", "test_result", "pass"}
)
_GOOD = re.compile(r"\b(?:pass(?:ed)?|ok|true)\b|✅", re.IGNORECASE)
_VALUE = re.compile(r"\b(?:true|false|null)\b|'[^']*'", re.IGNORECASE)
_PAIR = re.compile(r"\b([A-Za-z_]\w*)\s*[=:]\s*('[^']*'|-?[0-9][0-9.]*|[A-Za-z_]\w*)")
_EVERY = re.compile(r"\b(?:all|each|both|every)\b", re.IGNORECASE)
_LONGEST = 1_000
_NOT_EXACT = frozenset({"approximate", "alternatives"})
_NONE = re.compile(r"\b(?:no|none|nothing|empty|zero|false|not)\b", re.IGNORECASE)
_NAME = re.compile(r"[`'\"]?([A-Za-z_][\w.]*)[`'\"]?")
_NAMES = re.compile(
    r"(?:\A|[(:{])\s*[`'\"]?[A-Za-z_][\w.]*[`'\"]?(?:\s*,\s*(?:and\s+)?[`'\"]?[A-Za-z_][\w.]*[`'\"]?)+"
)


def reason_for(clause: str) -> str:
    """The stable code for a clause that no phrase matches."""
    for code, pattern in _COMPILED:
        if pattern.search(clause):
            return code
    return "prose"


def suggest(reason: str, text: str, shape: Shape, listed: str = "") -> str:
    """The line to write instead, built from the statement's shape and the author's own words."""
    columns = [c for c in shape.columns or () if c]
    numbers = numbers_in(text)
    status = next((c for c in columns if c.lower() in _STATUS), "")
    if pairs := _pairs(text, columns):
        several = reason == "every" or _EVERY.search(text)
        return (
            f"expect-column: {_every(pairs[0])}" if several else f"expect-row: {', '.join(pairs)}"
        )
    if reason == "comparison" and not (shape.one_row and len(columns) > 1):
        return "expect-same-as-before"
    if status and _GOOD.search(text):
        return f"expect-status: {column_name(status)}"
    if shape.lone_count:
        return f"expect-value: {_figure(numbers, reason)}"
    if shape.boolean:
        return f"expect-value: {'false' if _NONE.search(text) else 'true'}"
    if reason == "every" and columns:
        value = _VALUE.search(text)
        every = value[0].lower() if value else _figure(numbers)
        return f"expect-column: {column_name(columns[-1])} every = {every}"
    if shape.one_row and len(columns) > 1:
        return f"expect-row: {_row(columns, shape, numbers)}"
    names = _names(text)
    if names and columns:
        return f"expect-column: {column_name(columns[0])} set {{{', '.join(names)}}}"
    if reason == "list" or listed:
        return "expect-result:"
    if shape.one_row or shape.call:
        return f"expect-value: {_figure(numbers, reason)}"
    if reason in _NOT_EXACT and numbers:
        return f"expect-rows: {_figure(numbers, reason)}"
    return _rows(columns, shape, numbers, text)


def _rows(columns: list[str], shape: Shape, numbers: list[Decimal], text: str) -> str:
    if numbers and numbers[0] == numbers[0].to_integral_value():
        return f"expect-rows: {_figure(numbers)}" if numbers[0] else "expect-no-rows"
    if _NONE.search(text):
        return "expect-no-rows"
    if shape.unique and columns:
        return f"expect-row: {', '.join(f'{column_name(c)} = …' for c in columns)}"
    return f"expect-column: {column_name(columns[0])} set {{…}}" if columns else "expect-rows: …"


def _row(columns: list[str], shape: Shape, numbers: list[Decimal]) -> str:
    """The row's conditions: the author's numbers, where they are as many as its figures."""
    figures = [c for c in shape.figures if c]
    if figures and len(figures) == len(numbers):
        pairs = zip(figures, numbers, strict=True)
        return ", ".join(f"{column_name(c)} = {n:f}" for c, n in pairs)
    return ", ".join(f"{column_name(c)} = …" for c in figures or columns)


def _figure(numbers: list[Decimal], reason: str = "") -> str:
    """The author's number; a range of two, or one to fill in, where no one number was meant."""
    if reason in _NOT_EXACT and numbers:
        ends = sorted(numbers[:2]) if len(numbers) > 1 else []
        return f"between {ends[0]:f} and {ends[1]:f}" if ends else "between … and …"
    return format(numbers[0], "f") if numbers else "…"


def _every(pair: str) -> str:
    name, _, value = pair.partition(" = ")
    return f"{name} every = {value}"


def _pairs(text: str, columns: list[str]) -> list[str]:
    """`col = value` for those of the result's columns of which the text says a value."""
    known = {c.lower(): c for c in columns}
    found = []
    for name, value in _PAIR.findall(text[:_LONGEST]):
        if name.lower() in known:
            plain = value.lower() in {"true", "false", "null"} or value[0] in "'-0123456789"
            found.append(
                f"{column_name(known[name.lower()])} = {value if plain else quoted(value)}"
            )
    return found


def _names(text: str) -> list[str]:
    match = _NAMES.search(text)
    names = _NAME.findall(match[0]) if match else []
    words = {"and", "true", "false", "null"}
    return [] if words & {n.lower() for n in names[:1]} else [n for n in names if n not in words]


def suggest_from(result: Result) -> str:
    """The layer-A line that an observed result would meet, for a person to judge: never adopted."""
    if not result.columns or not whole(result):
        return ""
    if not result.rows:
        return "expect-no-rows"
    if len(result.rows) == 1:
        cells = [shown(v, c.oid) for v, c in zip(result.rows[0], result.columns, strict=True)]
        if len(cells) == 1:
            return f"expect-value: {cells[0]}"
        pairs = zip(result.columns, cells, strict=True)
        return "expect-row: " + ", ".join(f"{column_name(c.name)} = {v}" for c, v in pairs)
    return offered_set(result) or f"expect-rows: {result.row_count}"
