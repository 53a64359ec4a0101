"""All expectations that belong to one statement → one reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments.lines import below
from pytest_dbmigrate.spec.comments.markers import is_foreign, mentions_expectation
from pytest_dbmigrate.spec.comments.phrases import Phrase, read_phrase
from pytest_dbmigrate.spec.comments.suggestions import suggest

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.comments.placement import Attached
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.query.shape import Shape

ReadingStatus = Literal[
    "checked", "partial", "not-checked", "no-expectation", "refused", "commented-out"
]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a statement's comments were read: status, the comment used, and why not when not.

    `reason` is a stable code, `words` what it stumbled on, `suggestion` the line to write instead,
    `note` what a reader should know of a reading that was accepted (shown, never hidden).
    """

    status: ReadingStatus
    comment_line: int = 0
    reason: str = ""
    words: str = ""
    suggestion: str = ""
    note: str = ""


def read_phrases(attached: Attached, shape: Shape) -> tuple[Expectation | None, Reading]:
    """Read a statement's phrases; with two that disagree, or one not read, it cannot pass."""
    phrases: list[tuple[int, Phrase]] = []
    for found in (*attached.before, *attached.after):
        for n, item in enumerate(found):
            if item.marker is not None:
                phrases.append((item.line.line, read_phrase(item.marker, below(found, n), shape)))
    read = [(line, p) for line, p in phrases if p.expectation is not None]
    if read:
        return _combined(phrases, read, attached)
    if phrases:
        line, phrase = phrases[0]
        return None, _unread(line, phrase)
    if attached.unplaced:
        reason, item = attached.unplaced[0]
        return None, Reading(
            "not-checked",
            item.line.line,
            reason,
            item.line.text,
            suggest(reason, item.line.text, shape),
        )
    return None, _prose(attached, shape)


def _combined(
    phrases: list[tuple[int, Phrase]], read: list[tuple[int, Phrase]], attached: Attached
) -> tuple[Expectation | None, Reading]:
    line, first = read[0]
    expectation = first.expectation
    texts = {p.expectation.text for _, p in read if p.expectation is not None}
    if len(texts) > 1:
        words = " / ".join(sorted(texts))
        return None, Reading("not-checked", line, "conflict", words, first.suggestion or words)
    open_ends = [(n, p) for n, p in phrases if p.status != "checked"]
    if open_ends:
        line, phrase = open_ends[0]
        return expectation, Reading(
            "partial", line, "partial", phrase.words, phrase.suggestion, phrase.note
        )
    if attached.unplaced:
        reason, item = attached.unplaced[0]
        words = item.line.text
        text = expectation.text if expectation else ""
        return expectation, Reading("partial", line, reason, words, text, first.note)
    return expectation, Reading("checked", line, note=first.note)


def _unread(line: int, phrase: Phrase) -> Reading:
    return Reading("not-checked", line, phrase.reason, phrase.words, phrase.suggestion, phrase.note)


def _prose(attached: Attached, shape: Shape) -> Reading:
    """No marked expectation: prose that speaks of one, one in another language, or nothing."""
    for found in (*attached.before, *attached.after):
        for item in found:
            text = item.line.text
            if item.key is not None or item.line.echo:
                continue
            if is_foreign(text):
                return Reading(
                    "not-checked", item.line.line, "language", text, suggest("prose", text, shape)
                )
            if mentions_expectation(text):
                return Reading(
                    "not-checked", item.line.line, "prose", text, suggest("prose", text, shape)
                )
    return Reading("no-expectation", suggestion=suggest("prose", "", shape))
