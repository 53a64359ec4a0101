"""What stands beside an expectation's value: whether it may be ignored, or says more.

A note is ignored only when it neither weakens the value nor claims anything beyond it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.quantities import numbers_in
from pytest_dbmigrate.spec.patterns import compiled

if TYPE_CHECKING:
    from decimal import Decimal

# Words that weaken a value wherever they stand.
_WEAK = re.compile(
    r"""\b(?:or|unless|may|might|maybe|could|depend(?:s|ing)?|except(?:ing|ion|ions)?|excluding|but
    |apart\s+from|approx\w*|around|roughly|nearly|almost|until|while|otherwise|assuming|provided
    |typically|usually|normally|likely|possibly|probably|sometimes|var(?:y|ies))\b|[~≈±?]
    |\babout\s+\d""",
    re.IGNORECASE | re.VERBOSE,
)
# Words that make a value hold only at times: in a note always, in a sentence of its own below only
# beside a number.
_CONDITIONS = re.compile(r"\b(?:if|when(?:ever)?|before|after|about|once)\b", re.IGNORECASE)
_IF = re.compile(r"\bif\b", re.IGNORECASE)
# "If any rows come back, the import is broken" tells what a violation means, and weakens nothing.
_CONSEQUENCE = re.compile(
    r"if\s+(?:not|any|this|these|there\s+(?:are|is)\s+any|you\s+(?:see|get)|(?:the\s+)?(?:query|count"
    r"|result)\s+(?:returns?|is)|(?:rows?|results?|records?)\s+(?:are|is|appear|come)|>|greater|more)\b"
    r".*\b(?:investigate|check|fix|fail\w*|missing|broken|error|wrong|bug|issues?|problems?|stop"
    r"|roll\s?back|re-?run|run|contact|means?|indicates?|needs?|clean|repair|review|abort|do\s+not)\b",
    re.IGNORECASE,
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
_MORE_RESULTS = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\s+"
    r"(?:rows?|results?|records?)\b|\b(?:expect(?:ed)?|should|must|returns?|sees?|gets?|shows?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[`'\"][^`'\"]+[`'\"]|\b[A-Za-z]\w*_\w+\b|\b\w+\.[A-Za-z_]\w*\b")
_ITEM = r"[`'\"]?[\w.]+[`'\"]?"
_LIST = compiled(
    rf"(?<![\w,]){_ITEM}(?:\s*[,/+&]\s*(?:and\s+)?{_ITEM})++\s*(?:\Z|[);.])"
    rf"|\A{_ITEM}\s+and\s+{_ITEM}\Z|(?:[^,;/+]{{1,40}}[,/+]){{2}}[^,;/+]"
)


def weakens(note: str) -> str:
    """What in a note weakens a value, empty when nothing does."""
    return _first(_WEAK, note) or _first(_CONDITIONS, note)


def beyond_zero(note: str) -> str:
    """What in a note beside "nothing" weakens it or says more; empty when it may be ignored."""
    return weakens(note) or _first(_MORE_RESULTS, note)


def beyond_count(note: str, value: Decimal | None) -> str:
    """The same beside a number of rows or another value: hedges, claims, numbers, names."""
    return weakens(note) or _claims(note, value)


def beyond_single(note: str, value: Decimal | None) -> str:
    """The same in parentheses beside a single value, whose number is the whole claim."""
    return (
        weakens(note) or _first(_BOUNDS, note) or _other_number(note, value) or _first(_LIST, note)
    )


def beyond_below(sentences: str, value: Decimal | None) -> str:
    """The same in sentences on the lines below, which need not be about the value at all."""
    for sentence in re.split(r"\.\s+", sentences):
        if _CONSEQUENCE.match(sentence.strip()) and not _MORE_RESULTS.search(sentence):
            continue
        weak = _first(_WEAK, sentence) or _first(_IF, sentence)
        if not weak and numbers_in(sentence):
            weak = _first(_CONDITIONS, sentence)
        if weak or (beyond := _first(_MORE_RESULTS, sentence)):
            return weak or beyond
        if value != 0 and (beyond := _claims(sentence, value)):
            return beyond
    return ""


def _claims(note: str, value: Decimal | None) -> str:
    return (
        _first(_BOUNDS, note)
        or _first(_CLAIMS, note)
        or _other_number(note, value)
        or _first(_NAME, note)
        or _first(_LIST, note)
    )


def _other_number(note: str, value: Decimal | None) -> str:
    others = [n for n in numbers_in(note) if n != value]
    return format(others[0], "f") if others else ""


def _first(pattern: re.Pattern[str], note: str) -> str:
    match = pattern.search(note)
    return match[0].strip() if match else ""
