"""A file's comments as people see them: lines in blocks, between, behind and inside statements.

A block is a run of comment lines without an empty source line between them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.spec.statements import Comment, Script

# Statements that return nothing and are only the frame of others: no comment is about them.
_FRAME = re.compile(
    r"(?:begin|start\s+transaction|commit|rollback|end|abort|savepoint|release|set|reset)\b",
    re.IGNORECASE,
)
_ECHO = re.compile(r"^[ \t]*\\echo\b[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    r"""One line of a comment. `text` is trimmed; `column` is that of its first character, from 1.

    `echo`: not a comment but the text of an `\echo` line, which only ever is a heading. `block`:
    it stands in a `/* */` comment.
    """

    text: str
    line: int
    column: int
    echo: bool = False
    block: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Comment lines in a row. `previous` and `next` are the places of the statements around it.

    Either is None at the file's edge. `touches_previous` and `touches_next`: no empty line between.
    """

    lines: tuple[Line, ...]
    previous: int | None
    next: int | None
    touches_previous: bool
    touches_next: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment's lines that belong to one statement by where they stand: on its `;` or inside."""

    lines: tuple[Line, ...]
    statement: int
    shared: bool = False  # several statements end on this line
    within: bool = False  # inside the statement


@dataclass(frozen=True, slots=True)
class Layout:
    """All comments of a file, by where they stand."""

    blocks: tuple[Block, ...]
    behind: tuple[Placed, ...]
    inside: tuple[Placed, ...]


def lay_out(script: Script) -> Layout:
    """Sort a script's comments by where they stand."""
    starts = [s.start for s in script.statements]
    behind: list[Placed] = []
    inside: list[Placed] = []
    runs: list[list[tuple[int, Comment | Line]]] = []
    last_line = 0
    for comment in _with_echoes(script):
        start = comment.start if not isinstance(comment, Line) else -1
        place = _statement_before(script, starts, comment)
        if not isinstance(comment, Line) and place >= 0:
            statement = script.statements[place]
            if start < statement.end:
                inside.append(Placed(tuple(_lines(script, comment)), place, within=True))
                continue
            if not comment.own_line and comment.line == statement.end_line:
                shared = place > 0 and script.statements[place - 1].end_line == statement.end_line
                behind.append(Placed(tuple(_lines(script, comment)), place, shared))
                continue
        if not runs or runs[-1][-1][0] != place or comment.line > last_line + 1:
            runs.append([])
        runs[-1].append((place, comment))
        last_line = comment.line if isinstance(comment, Line) else comment.end_line
    blocks = tuple(_block(script, run) for run in runs)
    return Layout(blocks, tuple(behind), tuple(inside))


def _statement_before(script: Script, starts: list[int], comment: Comment | Line) -> int:
    """The place of the statement that starts before the comment, -1 when none does."""
    offset = script.line_starts[comment.line - 1] if isinstance(comment, Line) else comment.start
    return bisect_right(starts, offset) - 1


def _with_echoes(script: Script) -> Iterator[Comment | Line]:
    r"""The comments, and the `\echo` lines between statements, in order."""
    echoes = iter(_echoes(script) if "\\echo" in script.text else [])
    echo = next(echoes, None)
    for comment in script.comments:
        while echo is not None and echo.line < comment.line:
            yield echo
            echo = next(echoes, None)
        yield comment
    while echo is not None:
        yield echo
        echo = next(echoes, None)


def _echoes(script: Script) -> Iterator[Line]:
    statement_starts = [s.start for s in script.statements]
    comment_starts = [c.start for c in script.comments]
    for match in _ECHO.finditer(script.text):
        place = bisect_right(statement_starts, match.start()) - 1
        comment = bisect_right(comment_starts, match.start()) - 1
        inside_statement = place >= 0 and match.start() < script.statements[place].end
        inside_comment = comment >= 0 and match.start() < script.comments[comment].end
        if not inside_statement and not inside_comment:
            line, column = script.position(match.start())
            yield Line(match[1].strip("'\" "), line, column, echo=True)


def _lines(script: Script, comment: Comment) -> Iterator[Line]:
    """A comment's lines; in a block each line's leading `*` is decoration."""
    if not comment.block:
        text = comment.text.lstrip("-").strip()
        column = comment.column + 2 + comment.text.find(text) if text else comment.column
        yield Line(text, comment.line, column)
        return
    for number, raw in enumerate(comment.text.split("\n")):
        text = raw.strip().strip("*").strip() if raw.strip().startswith("*") else raw.strip()
        line = comment.line + number
        source = script.source_line(line)
        yield Line(text, line, source.find(text) + 1 if text else 1, block=True)


def _block(script: Script, run: list[tuple[int, Comment | Line]]) -> Block:
    place = run[0][0]
    lines = tuple(
        line
        for _, comment in run
        for line in ([comment] if isinstance(comment, Line) else _lines(script, comment))
    )
    first, last = run[0][1], run[-1][1]
    end_line = last.line if isinstance(last, Line) else last.end_line
    following = place + 1 if place + 1 < len(script.statements) else None
    return Block(
        lines=lines,
        previous=place if place >= 0 else None,
        next=following,
        touches_previous=(
            place >= 0
            and first.line - script.statements[place].end_line <= 1
            and not _FRAME.match(script.statements[place].text)
        ),
        touches_next=following is not None and script.statements[following].line - end_line <= 1,
    )
