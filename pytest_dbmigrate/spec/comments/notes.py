"""What stands beside an expectation's value: whether it may be ignored, or says more.

A note is ignored only when it neither weakens the value nor claims anything beyond it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.quantities import numbers_in

if TYPE_CHECKING:
    from decimal import Decimal

_HEDGES = re.compile(
    r"""\b(?:or|if|unless|may|might|maybe|could|depend(?:s|ing)?|except(?:ing)?|excluding|but|about
    |approx\w*|around|roughly|nearly|almost|when(?:ever)?|before|after|until|while|otherwise
    |assuming|provided|typically|usually|normally|likely|possibly|probably|var(?:y|ies))\b|[~≈±?]""",
    re.IGNORECASE | re.VERBOSE,
)
_BOUNDS = re.compile(
    r"\b(?:at\s+least|at\s+most|up\s+to|more|fewer|less|min(?:imum)?|max(?:imum)?|plus)\b",
    re.IGNORECASE,
)
_CLAIMS = re.compile(
    r"""\b(?:all|each|every|both|with|where|only|not|per|no|none|including|named|called
    |contain(?:s|ing)?|includ(?:es?|ing)|must|should|expect(?:ed)?|same|distinct|unique)\b|[=<>≥≤≠]""",
    re.IGNORECASE | re.VERBOSE,
)
_ROWS_AGAIN = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\s+"
    r"(?:rows?|results?|records?)\b|\b(?:expect(?:ed)?|should|must|returns?|sees?|gets?|shows?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[`'\"][^`'\"]+[`'\"]|\b[A-Za-z]\w*_\w+\b|\b\w+\.[A-Za-z_]\w*\b")
_LIST = re.compile(
    r"(?<![\w,])[`'\"]?[\w.]+[`'\"]?(?:\s*[,/+&]\s*(?:and\s+)?[`'\"]?[\w.]+[`'\"]?)+\s*(?:\Z|[);.])"
    r"|\A[`'\"]?[\w.]+[`'\"]?\s+and\s+[`'\"]?[\w.]+[`'\"]?\Z"
)
_LIST_MANY = re.compile(r"(?:[^,;]{1,40}[,/+]\s*){2,}[^,;]{1,40}")


def beyond_zero(note: str) -> str:
    """What in a note beside "nothing" weakens it or says more; empty when it may be ignored."""
    return _first(_HEDGES, note) or _first(_ROWS_AGAIN, note)


def beyond_count(note: str, value: Decimal | None) -> str:
    """The same beside a number of rows or another value: hedges, claims, numbers, names."""
    return (
        _first(_HEDGES, note)
        or _first(_BOUNDS, note)
        or _first(_CLAIMS, note)
        or _other_number(note, value)
        or _first(_NAME, note)
        or _first(_LIST, note)
        or _first(_LIST_MANY, note)
    )


def beyond_single(note: str, value: Decimal | None) -> str:
    """The same in parentheses beside a single value, whose number is the whole claim."""
    return (
        _first(_HEDGES, note)
        or _first(_BOUNDS, note)
        or _other_number(note, value)
        or _first(_LIST, note)
        or _first(_LIST_MANY, note)
    )


def _other_number(note: str, value: Decimal | None) -> str:
    others = [n for n in numbers_in(note) if n != value]
    return format(others[0], "f") if others else ""


def _first(pattern: re.Pattern[str], note: str) -> str:
    match = pattern.search(note)
    return match[0].strip() if match else ""
