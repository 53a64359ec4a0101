"""Pieces of GitHub-flavoured Markdown in which a user's text can only ever be text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What Markdown and the HTML inside it give a meaning: tags, entities, cells, marks, links. An
# underscore inside a word is no emphasis in GitHub's dialect.
_MEANT = re.compile(
    r"[&<>|\\`*~\[\]$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
    r"|(?<=[A-Za-z]):(?=//)|(?<=\b[Ww][Ww][Ww])\."
)
# GitHub looks for mentions and references in the finished text, where no escape is left to see.
_REFERS = re.compile(r"(?<![A-Za-z0-9&])(?:@(?=[A-Za-z0-9])|#(?=[0-9]))")
_BY_BACKSLASH = "\\`*~[]$_"
_LEADING = re.compile(r"^(?=[#+=-])")
_ORDERED = re.compile(r"^(\d+)(?=[.)](?:\s|$))")


def escape(value: str) -> str:
    """A text that Markdown and the HTML inside it show as it is, on one line."""
    shown = _MEANT.sub(_escaped, text.line(value, 20_000).strip())
    shown = _REFERS.sub(lambda found: f"{found[0]}&#8203;", shown)
    return _ORDERED.sub(r"\1\\", _LEADING.sub(r"\\", shown))


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in _BY_BACKSLASH:
        return f"\\{char}"
    return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(char, f"&#{ord(char)};")


def code(value: str) -> str:
    """A code span, with a fence longer than any run of backticks inside.

    With a `|` it is a tag instead: in a table no code span can hold one after a backslash.
    """
    shown = text.line(value, 20_000)
    if not shown.strip():
        return ""
    if "|" in shown:
        return f"<code>{escape(shown)}</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(value: str, language: str = "") -> list[str]:
    """A code block, with a fence longer than any run of backticks inside."""
    shown = text.block(value, 20_000)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *shown.split("\n"), fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; cells are Markdown already."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cells)} |" for cells in rows), ""]
