"""Phrases people already write (`Expected: 0 rows`) and a statement's shape → an expectation.

The grammar is small on purpose. A phrase is read only when all of it is understood; what is only
partly understood may fail but never pass, and all else is not checked, with the line to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments import notes
from pytest_dbmigrate.spec.comments.quantities import Quantity, read_quantity
from pytest_dbmigrate.spec.comments.suggestions import reason_for, suggest
from pytest_dbmigrate.spec.expect.comparison import (
    BadValueError,
    Condition,
    equals,
    number,
    parse_literal,
)
from pytest_dbmigrate.spec.expect.row_count import NO_ROWS
from pytest_dbmigrate.spec.expect.single_value import SingleRow, SingleValue, parse_columns

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.comments.markers import Marker
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.query.shape import Shape

ON_A_COUNT = (
    "a count always returns one row, so this can only mean the number it returns: read as {text}"
)


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

    `more` goes on with the marker's own sentence; `text` is running text; `listed` a bullet, a row of a table or a second marker; `short` a line of
    a few words, which may be a name in a list.
    """

    more: str = ""
    text: str = ""
    listed: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the start of a clause means: the expectation, or the reason why none can be had."""

    end: int
    expectation: Expectation | None = None
    reason: str = ""
    value: Decimal | None = None
    single: bool = False
    note: str = ""


def read_phrase(marker: Marker, below: Below, shape: Shape) -> Phrase:
    """Read what a marker says about a statement of this shape."""
    clause = _trim(f"{marker.clause} {below.more}")
    if marker.where == "behind" and notes.beyond_zero(_without_title_words(marker.before)):
        return _refused("conditional", f"{marker.before} {clause}", clause, shape, below)
    if not clause or clause.endswith(":") or clause == "-":
        reason = "list" if below.listed or below.text else "prose"
        return _refused(reason, below.listed or below.text or clause, clause, shape, below)
    best: tuple[_Reading, str] | None = None
    for reading in _readings(clause, marker, shape):
        rest = clause[reading.end :]
        kind = _rest(rest)
        if kind == "other":
            continue
        if reading.expectation is None:
            if kind != "more":
                return _refused(reading.reason, clause, clause, shape, below)
            continue
        if kind != "more":
            return _with_note(reading, rest, below, clause, shape)
        best = best or (reading, rest)
    if best is not None and not _several_numbers(clause):
        reading, rest = best
        return _partial(reading, rest.strip(" ,"), clause, shape, below)
    return _refused(reason_for(clause), clause, clause, shape, below)


_ENDS = " \t.!✓✅✔☑\ufe0f-=*#"


def _trim(clause: str) -> str:
    """The clause without decoration at its ends, in single spaces outside quotes."""
    text = clause.strip().strip("✓✅✔☑\ufe0f ").rstrip(_ENDS)
    text = re.sub(r"\s+", " ", text) if "'" not in text else text
    for mark in ("`", "**"):
        inner = text.removeprefix(mark).removesuffix(mark)
        if len(text) - len(inner) == 2 * len(mark) and mark not in inner:
            return inner.strip()
    return text


def _without_title_words(title: str) -> str:
    """A title without its own number and mark, which hold no hedge."""
    return title.rstrip("?")


_NOTE = re.compile(r"\s*(?:\(|;|\.\s|\s-{1,2}\s|\s?[\u2013—]\s?)")


def _rest(rest: str) -> Literal["none", "note", "more", "other"]:
    """What follows a value: nothing, a note, more that is not understood, or what changes it."""
    if not rest.strip(_ENDS):
        return "none"
    if _NOTE.match(rest):
        return "note"
    return "more" if re.match(r"\s*,\s|\s+and\b|\s+plus\b|\s+including\b", rest) else "other"


def _with_note(reading: _Reading, rest: str, below: Below, clause: str, shape: Shape) -> Phrase:
    """A value with its note and the lines below it: read, unless they say more."""
    note = rest.strip(_ENDS)
    # A note in parentheses closes at the end; what follows it is a second note.
    in_parentheses = note.startswith("(") and note.endswith(")") and note.count(")") == 1
    beyond = below.listed
    if not beyond and note:
        beyond = _beyond(reading, note.strip("() "), in_parentheses=in_parentheses)
        beyond = beyond and note
    if not beyond and below.text:
        listed = reading.value != 0 and below.short
        beyond = listed or (_beyond(reading, below.text, in_parentheses=False) and below.text)
    if beyond:
        return _partial(reading, beyond, clause, shape, below)
    return Phrase("checked", reading.expectation, note=reading.note)


def _beyond(reading: _Reading, note: str, *, in_parentheses: bool) -> str:
    if reading.value == 0:
        return notes.beyond_zero(note)
    if reading.single and in_parentheses:
        return notes.beyond_single(note, reading.value)
    return notes.beyond_count(note, reading.value)


def _partial(reading: _Reading, rest: str, clause: str, shape: Shape, below: Below) -> Phrase:
    return Phrase(
        "partial",
        reading.expectation,
        "partial",
        rest,
        suggest("partial", f"{clause} {below.text}", shape, below.listed),
        reading.note,
    )


def _refused(reason: str, words: str, clause: str, shape: Shape, below: Below) -> Phrase:
    text = f"{clause} {below.text}".strip()
    return Phrase("not-checked", None, reason, words, suggest(reason, text, shape, below.listed))


def _several_numbers(clause: str) -> bool:
    """`5, 6`: a second number behind a comma is a second value, not a note."""
    return bool(re.match(r"\S+\s*(?:,|and|/)\s*\d", clause))


def _readings(clause: str, marker: Marker, shape: Shape) -> list[_Reading]:
    """What the start of the clause can mean, the likeliest first."""
    quantity = read_quantity(clause)
    found: list[_Reading] = []
    if quantity is not None:
        found += _quantity_readings(clause, quantity, marker, shape)
    if empty := _EMPTY.match(clause):
        found.append(_no_rows(empty.end(), shape))
    elif (nothing := _NOTHING.match(clause)) and (shape.listing or shape.groups):
        found.append(_Reading(nothing.end(), NO_ROWS, value=Decimal(0)))
    if literal := _LITERAL.match(clause):
        found.append(_literal(literal[0], literal.end(), shape))
    if shape.columns is not None and (row := _COLUMNS.match(clause)):
        found.append(_columns(row[0], row.end(), shape))
    return found


_EMPTY = re.compile(r"(?:an\s+)?empty(?:\s+(?:results?(?:\s+set)?|set))?\b", re.IGNORECASE)
_NOTHING = re.compile(r"(?:nothing|none)\b", re.IGNORECASE)
_ROWS = re.compile(
    r"\s+(?:rows?|results?|records?)(?:\(s\))?(?!\w)(?:\s+(?:(?:are|is)\s+)?(?:returned|found))?"
    r"(?:\s+to\s+pass\b)?",
    re.IGNORECASE,
)
_NOUN = re.compile(r"\s+([A-Za-z][A-Za-z_'-]*)(?:\s+([A-Za-z][A-Za-z_'-]*))?")
# Words that are no part of a noun: they restrict, relate or join.
_NO_NOUN = frozenset(
    """a an the per each every all both any of in on for to from with without where which that who
    as at by is are was were be been has have having and or nor not no but if when unless before
    after than more less fewer other others another additional extra new old same different
    existing remaining left missing only exactly via plus including named showing containing
    matching row rows result results record records value values total times columns' """.split()
)
_UNITS = frozenset(
    """ms msec millisecond milliseconds s sec secs second seconds min mins minute minutes h hour
    hours day days week weeks month months year years kb mb gb tb byte bytes kib mib gib percent
    pct percentage usd eur gbp dollar dollars euro euros cents""".split()
)


def _quantity_readings(
    clause: str, quantity: Quantity, marker: Marker, shape: Shape
) -> list[_Reading]:
    rest = clause[quantity.end :]
    if rows := _ROWS.match(rest):
        return [_rows(quantity, quantity.end + rows.end(), shape)]
    if noun := _NOUN.match(rest):
        words = [w for w in noun.groups() if w]
        # "no duplicate names" says what may not be, not how many rows come back.
        if words[0].lower() in _NO_NOUN | _UNITS or clause[: quantity.end].lower() == "no":
            return []
        second = len(words) == 2 and words[1].lower() not in _NO_NOUN
        end = quantity.end + (noun.end() if second else noun.end(1))
        return [_counted(quantity, " ".join(words[: 1 + second]), end, shape)]
    if quantity.word or quantity.is_range:
        return []
    if marker.counts == "rows" and quantity.is_count:
        return [_rows(quantity, quantity.end, shape)]
    if marker.noun:
        return [_counted(quantity, marker.noun, quantity.end, shape, inverted=True)]
    return [_bare(quantity, marker, shape)]


def _rows(quantity: Quantity, end: int, shape: Shape) -> _Reading:
    """A number with the word rows."""
    if not quantity.is_count:
        return _Reading(end, reason="prose")
    if quantity.is_zero:
        return _no_rows(end, shape)
    if shape.lone_count:
        if quantity.holds(1):
            return _Reading(end, reason="rows-of-a-count")
        return _value_of_count(quantity, end)
    if shape.one_row and not quantity.holds(1):
        return _Reading(end, reason="always-one-row")
    return _Reading(end, quantity.rows(), value=quantity.low)


def _no_rows(end: int, shape: Shape) -> _Reading:
    """No rows; where exactly one row always comes back, that can only mean a count of zero."""
    if shape.lone_count:
        reading = SingleValue(equals(number("0")), phrase=True)
        note = ON_A_COUNT.format(text=reading.text)
        return _Reading(end, reading, value=Decimal(0), single=True, note=note)
    if shape.one_row:
        return _Reading(end, reason="always-one-row")
    return _Reading(end, NO_ROWS, value=Decimal(0))


def _value_of_count(quantity: Quantity, end: int) -> _Reading:
    expectation = SingleValue(quantity.condition(), phrase=True)
    return _Reading(
        end,
        expectation,
        value=quantity.low,
        single=True,
        note=ON_A_COUNT.format(text=expectation.text),
    )


def _counted(
    quantity: Quantity, noun: str, end: int, shape: Shape, *, inverted: bool = False
) -> _Reading:
    """A number with a noun: the number of a lone count, or of a plain listing's rows."""
    words = {w.lower() for w in noun.split()}
    if not quantity.is_count or words & _NO_NOUN or words & _UNITS:
        return _Reading(end, reason="prose")
    if shape.lone_count:
        expectation = SingleValue(quantity.condition(), phrase=True)
        return _Reading(end, expectation, value=quantity.low, single=True)
    if inverted:
        return _Reading(end, reason="number-on-listing")
    headings = words & {"column", "columns", "field", "fields"}
    if (shape.listing and (shape.counts_columns or not headings)) or (
        shape.groups and quantity.is_zero
    ):
        return _Reading(end, quantity.rows(), value=quantity.low)
    return _Reading(end, reason="noun-on-other-shape")


def _bare(quantity: Quantity, marker: Marker, shape: Shape) -> _Reading:
    """A number alone: one value, where one value is what the statement returns."""
    end = quantity.end
    value = _Reading(
        end, SingleValue(quantity.condition(), phrase=True), value=quantity.low, single=True
    )
    if shape.lone_count:
        return value
    if marker.counts == "count" and shape.listing and quantity.is_count:
        return _Reading(end, quantity.rows(), value=quantity.low)
    if shape.columns is None or len(shape.columns) != 1:
        return _Reading(end, reason="number-on-columns")
    if shape.boolean:
        return _Reading(end, reason="number-on-boolean")
    exact = quantity.operator == "="
    more_than_rows = exact and (quantity.low >= 2 or not quantity.is_count)
    if shape.call or (shape.one_row and not shape.text) or (shape.unique and more_than_rows):
        return value
    if shape.listing and exact and not quantity.is_count:
        return value
    return _Reading(end, reason="number-on-listing")


_LITERAL = re.compile(r"(?:true|false|null)\b|'(?:[^']|'')*'", re.IGNORECASE)


def _literal(text: str, end: int, shape: Shape) -> _Reading:
    """`true`, `false`, `NULL` or a text in quotes."""
    literal = parse_literal(text)
    if shape.columns is None or len(shape.columns) != 1:
        return _Reading(end, reason="value-on-columns")
    if shape.lone_count or (shape.boolean and literal.kind == "text"):
        return _Reading(end, reason="other-kind")
    return _Reading(end, SingleValue(equals(literal), phrase=True), single=True)


_OPERAND = r"(?:-?\d[\d.]*(?![\w.])|'(?:[^']|'')*'|true\b|false\b|null\b)"
_COLUMN = rf"""(?:"[^"]+"|[^\W\d]\w*)\s*
    (?:(?:=|<>|!=|<=|>=|<|>)\s*{_OPERAND}|\s+is\s+(?:not\s+)?null\b|\s+is\s+(?:true|false)\b)"""
_COLUMNS = re.compile(rf"{_COLUMN}(?:\s*(?:,|\band\b)\s*{_COLUMN})*+", re.IGNORECASE | re.VERBOSE)
_JOINED = re.compile(rf"({_COLUMN})\s*(?:,|\band\b)\s*(?=\S)", re.IGNORECASE | re.VERBOSE)
_IS = re.compile(r"\s+is\s+(true|false)$", re.IGNORECASE)


def _columns(text: str, end: int, shape: Shape) -> _Reading:
    """`col = v, col2 IS NULL`, when every column is one of the result's."""
    written = _JOINED.sub(r"\1, ", text)
    try:
        parts = parse_columns(_IS.sub(r" = \1", written))
    except BadValueError:
        return _Reading(end, reason="prose")
    if shape.lone_count and len(parts) == 1 and parts[0][0].lower() in {"count", "cnt"}:
        condition = parts[0][1]
        if condition.value.kind == "number":
            value = _zero_or(condition)
            return _Reading(end, SingleValue(condition, phrase=True), value=value, single=True)
    known = {c.lower() for c in shape.columns or () if c}
    if any(name.lower() not in known for name, _ in parts):
        return _Reading(end, reason="unknown-column")
    return _Reading(end, SingleRow(parts, phrase=True))


def _zero_or(condition: Condition) -> Decimal | None:
    return Decimal(condition.value.text) if condition.operator == "=" else None
