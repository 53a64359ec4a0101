"""Phrases people already write (`Expected: 0 rows`) and a statement's shape → an expectation.

The grammar is small on purpose. A phrase is read only when all of it is understood; what is only
partly understood may fail but never pass, and all else is not checked, with the line to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments import notes
from pytest_dbmigrate.spec.comments.meanings import Meaning, meanings
from pytest_dbmigrate.spec.comments.suggestions import reason_for, suggest

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.comments.markers import Marker
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.query.shape import Shape


@dataclass(frozen=True, slots=True)
class Phrase:
    """How one phrase was read. `words` is what it stumbled on, `note` what a reader should know."""

    status: Literal["checked", "partial", "not-checked"]
    expectation: Expectation | None = None
    reason: str = ""
    words: str = ""
    suggestion: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Below:
    """The lines below a marker in its paragraph.

    `more` goes on with the marker's own sentence; `text` is other sentences; `listed` a bullet, a
    row of a table or a second marker; `short` a line of a few words, which may be a name in a list.
    """

    more: str = ""
    text: str = ""
    listed: str = ""
    short: str = ""


def read_phrase(marker: Marker, below: Below, shape: Shape) -> Phrase:
    """Read what a marker says about a statement of this shape."""
    clause = _trim(f"{marker.clause} {below.more}")
    if marker.where == "behind" and notes.weakens(marker.before):
        return _refused("conditional", f"{marker.before}: {clause}", clause, shape, below)
    if not clause or clause.endswith(":"):
        reason = "list" if below.listed or below.text else "prose"
        return _refused(reason, below.listed or below.text or clause, clause, shape, below)
    first: tuple[Meaning, str] | None = None
    for meaning in meanings(clause, marker, shape):
        rest = clause[meaning.end :]
        kind = _rest(rest)
        if kind in {"none", "note"}:
            if meaning.expectation is None:
                return _refused(meaning.reason, clause, clause, shape, below)
            return _with_note(meaning, rest, clause, shape, below)
        if kind == "more" and meaning.expectation is not None and first is None:
            first = meaning, rest
    if first is None or _SEVERAL_NUMBERS.match(clause):
        return _refused(reason_for(clause), clause, clause, shape, below)
    meaning, rest = first
    return _partial(meaning, rest.strip(" ,"), clause, shape, below)


_TICKS = "✓✅✔☑\ufe0f"
_ENDS = f" \t.!-=*#{_TICKS}"


def _trim(clause: str) -> str:
    """The clause without decoration at its ends, in single spaces outside quotes."""
    text = clause.strip().strip(f"{_TICKS} ")
    text = re.sub(r"\s+", " ", text) if "'" not in text else text
    for start, end in (("`", "`"), ("**", "**"), ("(", ")")):
        inner = text.removeprefix(start).removesuffix(end)
        whole = len(text) - len(inner) == len(start) + len(end)
        if whole and start not in inner and end not in inner:
            return inner.strip(_ENDS)
    return text.rstrip(_ENDS)


_NOTE = re.compile(r"\s*(?:\(|;|\.\s|\s-{1,2}\s|\s?[\u2013—]\s?)")
_MORE = re.compile(r"\s*,\s|\s+(?:and|plus|including)\b")
# `5, 6`: a second number behind a comma is a second value, not a note.
_SEVERAL_NUMBERS = re.compile(r"\S+\s*(?:,|and|/)\s*\d")


def _rest(rest: str) -> Literal["none", "note", "more", "other"]:
    """What follows a value: nothing, a note, more that is not understood, or what changes it."""
    if not rest.strip(_ENDS):
        return "none"
    if _NOTE.match(rest):
        return "note"
    return "more" if _MORE.match(rest) else "other"


def _with_note(meaning: Meaning, rest: str, clause: str, shape: Shape, below: Below) -> Phrase:
    """A value with its note and the lines below it: read, unless they say more."""
    note = rest.strip(_ENDS)
    beyond = below.listed or (note if note and _beyond(meaning, note) else "")
    if not beyond and meaning.value != 0:
        beyond = below.short
    if not beyond and below.text and notes.beyond_below(below.text, meaning.value):
        beyond = below.text
    if beyond:
        return _partial(meaning, beyond, clause, shape, below)
    return Phrase("checked", meaning.expectation, note=meaning.note)


def _beyond(meaning: Meaning, note: str) -> str:
    """What the note says beyond the value. In parentheses it closes at the end: else it is two."""
    inner = note.strip(" ();.-\u2013—")
    if meaning.value == 0:
        return notes.beyond_zero(inner)
    if meaning.single and note.startswith("(") and note.endswith(")") and note.count(")") == 1:
        return notes.beyond_single(inner, meaning.value)
    return notes.beyond_count(inner, meaning.value)


def _partial(meaning: Meaning, rest: str, clause: str, shape: Shape, below: Below) -> Phrase:
    return Phrase(
        "partial",
        meaning.expectation,
        "partial",
        rest,
        suggest("partial", f"{clause} {below.text}", shape, below.listed),
        meaning.note,
    )


def _refused(reason: str, words: str, clause: str, shape: Shape, below: Below) -> Phrase:
    text = f"{clause} {below.text}".strip()
    return Phrase("not-checked", None, reason, words, suggest(reason, text, shape, below.listed))
