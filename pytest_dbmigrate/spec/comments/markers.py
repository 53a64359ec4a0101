"""The words that mark a comment as an expectation, and what stands behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Counts = Literal["", "rows", "count"]

# A line longer than this is prose whatever it starts with; it also bounds the patterns' work.
LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Marker:
    """An expectation's words. `clause` is what is expected; `before` the title in front of it.

    `counts`: the marker itself says that rows ("Expected rows:") or a count is meant. `where` says
    if it starts the comment, stands in the title's parentheses, or behind the title.
    """

    clause: str
    before: str = ""
    counts: Counts = ""
    where: Literal["start", "parentheses", "behind"] = "start"
    noun: str = ""


_LEAD = re.compile(r"^(?:[✅✓✔☑🎯👉➡→⇒▶►•*#>=\-\ufe0f]+\s*|\[[ xX✓]?\]\s*|\d+\)\s*)+")
_CONNECT = r"(?:\s*(?:=>|->|→|⇒|[:=])\s*|\s+(?:is|are|to\s+be|to\s+return|to\s+show)\s+|\s+)"
_EXPECTED = re.compile(
    rf"""(?:expected|expect|expectation)
    (?:\s+(?P<what>results?(?:\s+set)?|outputs?|values?|counts?|rows?(?:\s+counts?)?
        |(?:number|count)\s+of\s+rows?|row\s+numbers?))?
    (?:{_CONNECT}(?P<clause>\S.*)|\s*[:=]?\s*)$""",
    re.IGNORECASE | re.VERBOSE,
)
_NOUN = re.compile(
    r"expected\s+(?P<noun>[a-z][a-z_-]*(?:\s+[a-z][a-z_-]*)?)\s*[:=]\s*(?P<clause>\S.*)$",
    re.IGNORECASE,
)
# Subjects that only mean "the result": a noun of the author's own would be a claim.
_SUBJECT = (
    r"(?:(?:this|it|the)\s+)?(?:(?:row|record)\s+(?=count|total))?"
    r"(?:(?:query|result|count|total|value|statement|select)\s+)?"
)
_SHOULD = re.compile(
    _SUBJECT + r"(?:should|must)\s+(?:return|be|show)\b\s*:?\s*(?P<clause>.*)$", re.IGNORECASE
)
_PROSE = re.compile(
    r"(?:expect(?:ed|s|ing|ation|ations)?|should|must)\b\s*:?\s*(?P<clause>.*)$", re.IGNORECASE
)
_SECOND_VERB = re.compile(
    r"(?:it\s+)?(?:(?:should|must|to)\s+(?:return|be|show)|returns?)\s*:?\s+(?=\S)", re.IGNORECASE
)
# `0 rows expected`
_EXPECTED_BEHIND = re.compile(
    r"(?P<clause>(?:[<>≥≤]=?\s*)?(?:\d|(?:no|zero|one|two|three|exactly|at\s+least)\b)[^.;:()]{0,60}?)"
    r"\s+(?:(?:is|are)\s+)?expected\.?$",
    re.IGNORECASE,
)
_IN_PARENTHESES = re.compile(
    r"\(\s*(?P<marker>(?:(?:expected|expect|should|must)\b|(?=[^()]{1,70}\sexpected\s*\)))[^()]*(?:\([^()]*\)[^()]*)?)\)[\s.:✓✅=-]*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:[:.,;]|\s[-\u2013—])\s+(?P<marker>(?:expected|expect|(?:should|must)\s+(?:return|be|show))\b.*)$",
    re.IGNORECASE,
)
_MENTIONS = re.compile(r"\b(?:expect(?:ed|s|ation|ations)?|should|must)\b", re.IGNORECASE)
# The same words in languages whose phrases are not read.
_FOREIGN = re.compile(
    r"""(?:resultado\s+)?(?:esperad[oa]s?)\b|(?:erwartet\w*|erwartung|soll)\b|(?:résultats?\s+)?attendue?s?\b
    |(?:risultato\s+)?attes[oa]\b|verwacht\w*\b|oczekiwan\w*|ожида\w+|должн\w+|期望|预期|預期|期待|应该|예상
    |beklenen|debe(?:ría)?\s+devolver|deve(?:ria)?\s+retornar""",
    re.IGNORECASE | re.VERBOSE,
)


def find_marker(text: str) -> Marker | None:
    """The expectation in one comment line, None when none is marked."""
    if len(text) > LONGEST:
        return None
    bare = _LEAD.sub("", text)
    marker = _at_start(bare)
    if marker is not None:
        return marker
    match = _IN_PARENTHESES.search(bare)
    if match:
        inner = _at_start(match["marker"].strip())
        if inner is not None:
            return _placed(inner, bare[: match.start()], "parentheses")
    match = _BEHIND.search(bare)
    if match:
        inner = _at_start(match["marker"].strip())
        if inner is not None:
            return _placed(inner, bare[: match.start()], "behind")
    return None


def _placed(inner: Marker, before: str, where: Literal["parentheses", "behind"]) -> Marker:
    return Marker(inner.clause, before.strip(), inner.counts, where, inner.noun)


def _at_start(text: str) -> Marker | None:
    if match := _EXPECTED.match(text):
        what = re.sub(r"\s+", " ", (match["what"] or "").lower())
        counts: Counts = "rows" if "row" in what else "count" if "count" in what else ""
        clause = (match["clause"] or "").strip()
        named = _NOUN.match(text) if not what else None
        if named and not _SHOULD.match(clause):
            return Marker(named["clause"].strip(), noun=named["noun"])
        return Marker(_SECOND_VERB.sub("", clause, count=1) if clause else "", counts=counts)
    if match := _SHOULD.match(text):
        return Marker(match["clause"].strip())
    if match := _EXPECTED_BEHIND.match(text):
        return Marker(match["clause"].strip())
    if match := _PROSE.match(text):
        return Marker(text)
    return None


def mentions_expectation(text: str) -> bool:
    """Whether a line speaks of an expectation in the midst of prose."""
    return len(text) <= LONGEST and bool(_MENTIONS.search(text))


def is_foreign(text: str) -> bool:
    """Whether a line starts with an expectation in a language that is not read."""
    return bool(_FOREIGN.match(_LEAD.sub("", text[:LONGEST])))
