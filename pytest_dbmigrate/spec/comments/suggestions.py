"""Why a phrase is not read, as a stable code, and the layer-A line to write instead of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.quantities import numbers_in
from pytest_dbmigrate.spec.expect.comparison import shown
from pytest_dbmigrate.spec.expect.verdicts import column_name, offered_set, whole

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.expectations import Result
    from pytest_dbmigrate.spec.query.shape import Shape

# In order: the first that is found names the reason.
_REASONS = (
    ("placeholder", r"<[A-Za-z_ -]+>|\bTBD\b|\bTODO\b|\?\?\?|\bN\s+rows?\b|\b[XY]\b"),
    ("timing", r"\d\s*(?:ms|msec|s|secs?|seconds?|mins?|minutes?|hours?)\b"
               r"|\b(?:index|seq(?:uential)?)\s+scan\b|\bexecution\s+time\b|\bfast\b|\binstant"),
    ("percent", r"\d\s*%|\bper\s?cent\b"),
    ("money", r"[$€£]\s*\d|\d\s*[$€£]|\b(?:USD|EUR|GBP)\b"),
    ("approximate", r"[~≈±]|\b(?:about|approx\w*|around|roughly|nearly|almost|circa)\b"),
    ("comparison", r"\b(?:same|unchanged|identical|equals?\s+to|match(?:es|ing)?|previous(?:ly)?"
                   r"|as\s+(?:before|query|above)|(?:query|step|check|test)\s+\d|than)\b"
                   r"|[a-z]\s*=\s*[a-z]"),
    ("every", r"\b(?:all|each|both|every)\b"),
    ("conditional", r"\b(?:if|unless|depends?|depending|when|whenever|before|after|until|once)\b"),
    ("alternatives", r"\b(?:or|either|may|might|could|maybe)\b"),
    ("several-numbers", r"\d+\s*[,/;]\s*\d+"),
)  # fmt: skip
_COMPILED = tuple((code, re.compile(pattern, re.IGNORECASE)) for code, pattern in _REASONS)
_STATUS = ("status", "result", "verdict", "outcome", "check_status", "test_result", "pass")
_NAMES = re.compile(r"[`'\"]?([A-Za-z_][\w.]*)[`'\"]?")
_LISTED = re.compile(
    r"[`'\"]?[A-Za-z_][\w.]*[`'\"]?(?:\s*,\s*(?:and\s+)?[`'\"]?[A-Za-z_][\w.]*[`'\"]?)+"
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
    status = next((c for c in columns if c.lower() in _STATUS), "")
    number = next(iter(numbers_in(text)), None)
    figure = format(number, "f") if number is not None else "…"
    if reason == "comparison":
        return "expect-same-as-before"
    if status and re.search(r"\b(?:pass|ok|true|✅)\b", text, re.IGNORECASE):
        return f"expect-status: {column_name(status)}"
    if shape.lone_count:
        return f"expect-value: {figure}"
    if shape.boolean:
        return (
            "expect-value: false"
            if re.search(r"\b(?:false|not?)\b", text, re.IGNORECASE)
            else "expect-value: true"
        )
    if reason == "every" and columns:
        return f"expect-column: {column_name(columns[-1])} every = …"
    if shape.one_row and len(columns) > 1:
        return "expect-row: " + ", ".join(f"{column_name(c)} = …" for c in columns)
    names = _listed_names(text)
    if names and columns:
        return f"expect-column: {column_name(columns[0])} set {{{', '.join(names)}}}"
    if reason == "list" or listed:
        return "expect-result:"
    if shape.one_row or shape.call:
        return f"expect-value: {figure}"
    if number is not None and number == number.to_integral_value():
        return f"expect-rows: {figure}" if number else "expect-no-rows"
    if re.search(r"\b(?:no|none|nothing|empty|zero)\b", text, re.IGNORECASE):
        return "expect-no-rows"
    if shape.unique:
        return "expect-row: " + ", ".join(f"{column_name(c)} = …" for c in columns or ["…"])
    return f"expect-column: {column_name(columns[0])} set {{…}}" if columns else "expect-rows: …"


def _listed_names(text: str) -> list[str]:
    match = _LISTED.search(text)
    if match is None:
        return []
    return [n for n in _NAMES.findall(match[0]) if n.lower() != "and"]


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
