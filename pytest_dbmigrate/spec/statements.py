"""Text → SQL statements and comments, with their positions.

Follows PostgreSQL's own scanner (src/backend/parser/scan.l) and psql's (psqlscan.l). What cannot be
read with certainty is refused.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import cast

from pytest_dbmigrate.spec import psql_commands
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.patterns import compiled
from pytest_dbmigrate.spec.routine_body import RoutineBody
from pytest_dbmigrate.spec.tokens import (
    DOLLAR_TAG,
    ESCAPED,
    LINE_COMMENT,
    NUMBER,
    QUOTED,
    TAG_AFTER_DOLLAR,
    TEXT,
    WHITE,
    WORD,
    Token,
    TokenKind,
    comment_end,
    continued_part,
    dollar_end,
    refuse_nul,
    spec_error,
    tokens,
    unreadable,
)
from pytest_dbmigrate.spec.unsplittable import changes_strings, copies_data

# `Token`, `TokenKind` and `tokens` are part of this module's face.
__all__ = ["Comment", "Script", "Statement", "Token", "TokenKind", "decode", "scan", "tokens"]


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


# One step of the scan: what can neither end a statement nor hide its end is taken in one run, with
# the parentheses that hold nothing else.
_PLAIN = rf"""(?:{WORD}|[^\vA-Za-z_0-9'"$;()\\/\-\x80-\U0010ffff]++|{TEXT}|{QUOTED}|{NUMBER}
    |\$[0-9]++|\$(?!{TAG_AFTER_DOLLAR})|-(?!-)|/(?!\*))"""
_STEP = compiled(
    rf"""{WHITE}*+(?:
        (?P<plain>(?:{_PLAIN}|\({_PLAIN}*+\))++)
        |(?P<open>\()
        |(?P<close>\))
        |(?P<end>;)
        |(?P<line>{LINE_COMMENT})
        |(?P<block>/\*)
        |(?P<dollar>{DOLLAR_TAG})
        |(?P<escaped>[eE]{ESCAPED})
        |)""",
    re.VERBOSE,
)
_LINE_COMMENT = compiled(LINE_COMMENT)
_INDENT = compiled(r"[ \t\f]*+")
_LONE_RETURN = compiled(r"\r++(?!\n|\Z)")
_ATOMIC = re.compile("atomic", re.IGNORECASE)
_HEAD = re.compile(r"(?:create|copy|set|reset)\b", re.IGNORECASE)
_CHECKS = {"copy": copies_data, "set": changes_strings, "reset": changes_strings}


def decode(data: bytes, path: str) -> str:
    """The text of a file's bytes: UTF-8, a BOM allowed. Raises SpecError at the first bad byte."""
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = error.start
    start = body.rfind(b"\n", 0, bad) + 1
    end = body.find(b"\n", bad)
    raise SpecError(
        f"the byte 0x{body[bad]:02X} is not UTF-8",
        path=path,
        line=body.count(b"\n", 0, bad) + 1,
        column=len(body[start:bad].decode("utf-8")) + 1,
        source=body[start : end if end >= 0 else len(body)].decode("utf-8", "replace").rstrip("\r"),
        remedy="The file looks like UTF-16. Save it as UTF-8."
        if b"\0" in body
        else "Save the file as UTF-8; it may be Windows-1252 or Latin-1 now.",
    )


def scan(text: str, path: str) -> Script:
    """Split `text` into statements and comments. Raises SpecError where it cannot be sure."""
    refuse_nul(text, path)
    return _Scan(text, path).run()


class _Scan:
    """One pass over one text. `pos` is where it stands."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.line_starts = (0, *(newline.end() for newline in re.finditer("\n", text)))
        self.statements: list[Statement] = []
        self.comments: list[Comment] = []
        self.pos = 0
        self.start = -1  # of the open statement; -1 between statements
        self.depth = 0  # of parentheses
        self.segment = 0  # of an open statement: where what follows its last inner ; starts
        self.body = RoutineBody()
        self.last = (0, 0)  # the last run of the open statement that is no comment

    def run(self) -> Script:
        """Step through the whole text."""
        text, step = self.text, _STEP.match
        while True:
            match = cast("re.Match[str]", step(text, self.pos))
            kind, self.pos = match.lastgroup, match.end()
            if kind is None:
                if self.pos == len(text):
                    break
                self.skip()
                continue
            start = match.start(kind)
            if kind == "end":
                self.semicolon(start)
                continue
            if kind == "line":
                self.comment(start, block=False)
                continue
            if kind == "block":
                self.pos = comment_end(text, start, self.path)
                self.comment(start, block=True)
                continue
            if self.start < 0:
                self.start = self.segment = start
            if kind == "open":
                self.depth += 1
            elif kind == "close":
                self.depth -= 1
                if self.depth < 0:
                    raise self.error(start, "this ) closes nothing", "Remove it, or write its (.")
            elif kind == "dollar":
                self.pos = dollar_end(text, start, self.pos, self.path)
            elif kind == "escaped":
                self.continued()
            self.last = (start, self.pos)
        if self.start >= 0:
            self.finish()
        return Script(
            self.path, text, tuple(self.statements), tuple(self.comments), self.line_starts
        )

    def skip(self) -> None:
        """Skip a psql command that may be left out; refuse anything else that is no SQL."""
        end = None
        if self.start < 0 and self.text[self.pos] == "\\":
            end = psql_commands.skipped_end(self.text, self.pos)
        if end is None:
            raise unreadable(self.text, self.pos, self.path)
        self.pos = end

    def comment(self, start: int, *, block: bool) -> None:
        """Record the comment from `start` to where the scan stands."""
        line = self.line(start)
        line_start = self.line_starts[line - 1]
        first = not self.comments or self.comments[-1].end <= line_start
        indent = cast("re.Match[str]", _INDENT.match(self.text, line_start)) if first else None
        if not block and _LONE_RETURN.match(self.text, self.pos):
            raise self.error(
                self.pos,
                "a carriage return alone ends this comment here; most editors show it going on",
                "Save the file with LF or CRLF line ends, or remove the character.",
            )
        self.comments.append(
            Comment(
                text=self.text[start + 2 : self.pos - 2 if block else self.pos],
                start=start,
                end=self.pos,
                line=line,
                column=start - line_start + 1,
                end_line=self.line(self.pos),
                block=block,
                own_line=indent is not None and indent.end() == start,
            )
        )

    def continued(self) -> None:
        """Go on to the end of an E'' string, with the comments between its parts."""
        while part := continued_part(self.text, self.pos, self.path):
            for comment in _LINE_COMMENT.finditer(self.text, self.pos, part.start()):
                self.pos = comment.end()
                self.comment(comment.start(), block=False)
            self.pos = part.end()

    def semicolon(self, offset: int) -> None:
        """End the statement, unless the `;` stands in parentheses or in BEGIN ATOMIC … END."""
        if self.start < 0 or self.depth or self.in_body(offset):
            return
        self.emit(offset, terminated=True)

    def in_body(self, end: int) -> bool:
        """Whether BEGIN ATOMIC … END is open at `end`, a `;` or the end of the text."""
        if not self.body.depth and not (
            self.head() == "create" and _ATOMIC.search(self.text, self.segment, end)
        ):
            return False
        self.body.read(self.text[self.segment : end], self.segment)
        self.segment = end + 1
        return self.body.depth > 0

    def head(self) -> str:
        """The first word of the open statement, when it is one that needs a closer look."""
        match = _HEAD.match(self.text, self.start)
        return match[0].lower() if match else ""

    def finish(self) -> None:
        """End the last statement, which has no `;`."""
        start, end = self.last
        end = start + len(self.text[start:end].rstrip(" \t\n\r\f"))
        if self.depth:
            raise self.error(
                self.unclosed(end),
                "this ( is never closed",
                "Write its ). In parentheses ; ends no statement, so all that follows was in it.",
            )
        if self.in_body(end):
            raise self.error(
                self.body.begin,
                "this BEGIN ATOMIC has no END",
                "Write END; after the last statement of the body.",
            )
        self.emit(end, terminated=False)

    def emit(self, end: int, *, terminated: bool) -> None:
        """Record the open statement up to `end`, which is its `;` if it is terminated."""
        start = self.start
        text = self.text[start:end]
        check = _CHECKS.get(self.head())
        refusal = check(text) if check else None
        if refusal:
            raise self.error(start + refusal.start, refusal.problem, refusal.remedy)
        line = self.line(start)
        self.statements.append(
            Statement(
                text=text,
                start=start,
                end=end,
                line=line,
                column=start - self.line_starts[line - 1] + 1,
                end_line=self.line(end),
                number=len(self.statements) + 1,
                terminated=terminated,
            )
        )
        self.start = -1

    def unclosed(self, end: int) -> int:
        """The offset of the outermost ( of the open statement that is never closed."""
        stack: list[int] = []
        for token in tokens(self.text[self.start : end]):
            if token.text == "(":
                stack.append(self.start + token.start)
            elif token.text == ")":
                stack.pop()
        return stack[0]

    def line(self, offset: int) -> int:
        """The line, from 1, of a character offset."""
        return bisect_right(self.line_starts, offset)

    def error(self, offset: int, problem: str, remedy: str) -> SpecError:
        """A SpecError at a character offset."""
        return spec_error(self.text, offset, self.path, problem, remedy)
