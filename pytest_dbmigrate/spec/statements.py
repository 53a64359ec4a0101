"""Text → SQL statements and comments, with their positions.

Follows PostgreSQL's own scanner (src/backend/parser/scan.l) and psql's (psqlscan.l).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass(frozen=True, slots=True)
class Comment:
    """One `--` line or one `/* */` block.

    `text` is what stands between the markers, with the newlines of a block. Offsets are characters
    in the source; lines and columns count from 1. `own_line`: only white space stands before it on
    its line.
    """

    text: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    block: bool
    own_line: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it is sent: from its first token to before its `;`, comments inside kept.

    `start` and `end` are character offsets in the source; `end_line` is the line of its `;` (or of
    its last character when the file ends without one); `number` counts statements from 1.
    """

    text: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    number: int
    terminated: bool


@dataclass(frozen=True, slots=True)
class Script:
    """One scanned .sql file."""

    path: str
    text: str
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    line_starts: tuple[int, ...] = field(repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def source_line(self, line: int) -> str:
        """The text of one line, from 1, without its line end."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def decode(data: bytes, path: str) -> str:
    """The text of a file's bytes: UTF-8, a BOM allowed. Raises SpecError with the bad byte's line."""
    raise NotImplementedError


def scan(text: str, path: str) -> Script:
    """Split `text` into statements and comments. Raises SpecError where it cannot be sure."""
    raise NotImplementedError


def tokens(text: str) -> Iterator[Token]:
    """The tokens of one statement's text, in order. Raises SpecError like `scan`."""
    raise NotImplementedError
