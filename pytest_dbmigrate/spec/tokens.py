"""SQL text → tokens, by PostgreSQL's own lexical rules (src/backend/parser/scan.l).

The pattern fragments here are what `statements.py` scans whole files with, so both read one SQL.
Every quantifier that could be retried is possessive: no text takes more than linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from pytest_dbmigrate.spec import psql_commands
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TokenKind = Literal["word", "quoted", "string", "number", "operator", "punctuation", "parameter"]


@dataclass(frozen=True, slots=True)
class Token:
    """One lexical element of a statement, comments and white space left out.

    `word` is an unquoted identifier or keyword (`text` as written), `quoted` a "quoted" identifier,
    `string` any string constant (also E'', U&'', B'', X'' and dollar-quoted), `parameter` is $1.
    `start` is the character offset in the text that was scanned.
    """

    kind: TokenKind
    text: str
    start: int


# Fragments for re.VERBOSE patterns. scan.l works on bytes and takes every byte from 0x80 on as a
# letter; the classes are therefore written as "not one of these ASCII characters".
WHITE = r"[ \t\n\r\f]"
WORD_START = r"[^\x00-@\[-^`{-\x7f]"
WORD_MORE = r"[^\x00-\#%-/:-@\[-^`{-\x7f]"
WORD = rf"(?![eE]'){WORD_START}{WORD_MORE}*+"
DIGITS = r"[0-9]++(?:_[0-9]++)*+"
NUMBER = rf"""(?:0[xX](?:_?[0-9A-Fa-f]++)++|0[oO](?:_?[0-7]++)++|0[bB](?:_?[01]++)++
    |(?:{DIGITS}(?:\.(?!\.)(?:{DIGITS})?+)?+|\.{DIGITS})(?:[eE][+-]?{DIGITS})?+)"""
TEXT = r"'[^']*+(?:''[^']*+)*+'"
BITS = "'[^']*+'"
ESCAPED = r"'[^'\\]*+(?:(?:''|\\[\s\S])[^'\\]*+)*+'"
QUOTED = r'"[^"]*+(?:""[^"]*+)*+"'
TAG_AFTER_DOLLAR = rf"(?:{WORD_START}[^\x00-/:-@\[-^`{{-\x7f]*+)?+\$"
DOLLAR_TAG = rf"\${TAG_AFTER_DOLLAR}"
LINE_COMMENT = r"--[^\n\r]*+"
OPERATOR_CHARACTER = r"(?:[~!@\#^&|`?+*%<>=]|-(?!-)|/(?!\*))"
# A string goes on after white space that holds a newline; -- comments may stand there too.
CONTINUED = rf"[ \t\f]*+(?:{LINE_COMMENT})?+[\n\r]{WHITE}*+(?:{LINE_COMMENT}[\n\r]{WHITE}*+)*+(?=')"

_TOKEN = compiled(
    rf"""{WHITE}*+(?:
        (?P<string>(?:[uU]&|[nN])?+{TEXT}(?:{CONTINUED}{TEXT})*+)
        |(?P<bits>[bBxX]{BITS}(?:{CONTINUED}{BITS})*+)
        |(?P<escaped>[eE]{ESCAPED})
        |(?P<quoted>(?:[uU]&)?+{QUOTED})
        |(?P<word>{WORD})
        |(?P<number>{NUMBER})
        |(?P<parameter>\$[0-9]++)
        |(?P<dollar>{DOLLAR_TAG})
        |(?P<line>{LINE_COMMENT})
        |(?P<block>/\*)
        |(?P<colons>::|:=|\.\.)
        |(?P<operator>{OPERATOR_CHARACTER}++)
        |(?P<punctuation>[^'"\\\vA-Za-z])
        |)""",
    re.VERBOSE,
)
_CONTINUED = compiled(CONTINUED)
_ESCAPED = compiled(ESCAPED)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_LONG_TAG = 40
_ANY_TEXT = "<sql>"  # where no file is known
_MAKES_SIGN_PART = re.compile(r"[~!@#^&|`?%]")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of one statement's text, in order. Raises SpecError like `scan`."""
    refuse_nul(text, _ANY_TEXT)
    pos = 0
    while True:
        match = cast("re.Match[str]", _TOKEN.match(text, pos))
        kind, pos = match.lastgroup, match.end()
        if kind is None:
            if pos < len(text):
                raise unreadable(text, pos, _ANY_TEXT)
            return
        start = match.start(kind)
        if kind == "line":
            continue
        if kind == "block":
            pos = comment_end(text, start, _ANY_TEXT)
        elif kind == "dollar":
            pos = dollar_end(text, start, pos, _ANY_TEXT)
            yield Token("string", text[start:pos], start)
        elif kind == "bits":
            yield Token("string", match[kind], start)
        elif kind == "escaped":
            while part := continued_part(text, pos, _ANY_TEXT):
                pos = part.end()
            yield Token("string", text[start:pos], start)
        elif kind == "operator":
            yield from _operators(match[kind], start)
        elif kind == "colons":
            yield Token("operator", match[kind], start)
        else:
            yield Token(cast("TokenKind", kind), match[kind], start)


def _operators(run: str, start: int) -> Iterator[Token]:
    """Split a run of operator characters: `=-` is two, `@-` is one (scan.l's rule for + and -)."""
    size = len(run)
    if run[-1] in "+-" and not _MAKES_SIGN_PART.search(run):
        size = max(1, len(run.rstrip("+-")))
    yield Token("operator", run[:size], start)
    for offset in range(size, len(run)):
        yield Token("operator", run[offset], start + offset)


def outside_parentheses(stream: Iterable[Token]) -> Iterator[Token]:
    """The tokens that stand in no parentheses, with the parentheses themselves."""
    depth = 0
    for token in stream:
        depth -= token.text == ")"
        if depth == 0:
            yield token
        depth += token.text == "("


def comment_end(text: str, start: int, path: str) -> int:
    """The offset after the block comment that starts at `start`; comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise spec_error(
        text,
        start,
        path,
        "this comment is never closed",
        "Close it with */. Comments nest: each /* inside needs a */ of its own.",
    )


def continued_part(text: str, end: int, path: str) -> re.Match[str] | None:
    r"""Match the next part of an E'' string, of which one ends at `end`: it knows `\'` as well."""
    gap = _CONTINUED.match(text, end)
    if gap is None:
        return None
    part = _ESCAPED.match(text, gap.end())
    if part is None:
        raise unreadable(text, gap.end(), path)
    return part


def dollar_end(text: str, start: int, body: int, path: str) -> int:
    """The offset after the dollar-quoted string whose tag stands at `start` to `body`."""
    tag = text[start:body]
    end = text.find(tag, body)
    if end < 0:
        shown = tag if len(tag) <= _LONG_TAG else f"{tag[:_LONG_TAG]}…"
        raise spec_error(
            text,
            start,
            path,
            f"this dollar-quoted string is never closed by {shown}",
            f"Close it with {shown}, in the same upper and lower case.",
        )
    return end + len(tag)


def refuse_nul(text: str, path: str) -> None:
    """Raise SpecError when there is a NUL character in `text`, also in quotes and comments."""
    offset = text.find("\0")
    if offset >= 0:
        raise spec_error(
            text,
            offset,
            path,
            "a NUL character; PostgreSQL would cut the statement off here",
            "Remove it. If there are many, the file may be UTF-16: save it as UTF-8.",
        )


def unreadable(text: str, offset: int, path: str) -> SpecError:
    """The error for what stands at `offset` and is the start of no token."""
    character = text[offset]
    if character == '"':
        return spec_error(
            text,
            offset,
            path,
            'this quoted identifier is never closed by "',
            'Close it with ". The fault may stand earlier: a missing " pairs with the next one.',
        )
    if character == "\\":
        name = psql_commands.command_name(text, offset)
        return spec_error(
            text,
            offset,
            path,
            f"{name} is a command of psql, not SQL",
            psql_commands.remedy(text, offset),
        )
    if character == "\v":
        return spec_error(
            text,
            offset,
            path,
            "a vertical tab outside quotes; before PostgreSQL 16 it is no white space",
            "Write a space or a newline instead.",
        )
    return spec_error(
        text,
        offset,
        path,
        "this string is never closed by '",
        "Close it with '. The fault may stand earlier: an apostrophe in a string is written ''.",
    )


def spec_error(text: str, offset: int, path: str, problem: str, remedy: str) -> SpecError:
    """A SpecError that points at a character offset of `text`."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return SpecError(
        problem,
        path=path,
        line=text.count("\n", 0, offset) + 1,
        column=offset - start + 1,
        source=text[start : end if end >= 0 else len(text)].rstrip("\r"),
        remedy=remedy,
    )
