"""Statements after which the rest of a file can no longer be split with certainty."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_dbmigrate.spec.tokens import outside_parentheses, tokens

_ON = {"on", "true", "yes", "1"}
_READS_BACKSLASHES = "standard_conforming_strings"


@dataclass(frozen=True, slots=True)
class Unsplittable:
    """Why a statement is refused: `start` is the offset in the statement."""

    start: int
    problem: str
    remedy: str


def copies_data(statement: str) -> Unsplittable | None:
    """Refuse COPY … FROM STDIN: the lines after it are data, which only psql sends."""
    previous = ""
    for token in outside_parentheses(tokens(statement)):
        word = token.text.lower()
        # STDOUT as well: gram.y (copy_file_name) takes either word for "the client".
        if previous == "from" and word in {"stdin", "stdout"}:
            return Unsplittable(
                token.start,
                f"COPY … FROM {token.text.upper()} reads data lines, which only psql sends",
                "Write INSERT statements, or load the data in a fixture in Python.",
            )
        previous = word
    return None


def changes_strings(statement: str) -> Unsplittable | None:
    r"""Refuse SET standard_conforming_strings = off: '\' would then be an open string."""
    found = [token for token in tokens(statement) if token.text.lower() not in {"session", "local"}]
    words = [token.text.strip("\"'").lower() for token in found]
    if words[1:2] != [_READS_BACKSLASHES] or (len(words) == 4 and words[3] in _ON):
        return None
    return Unsplittable(
        found[1].start,
        f"with {_READS_BACKSLASHES} off, the strings that follow would end elsewhere",
        "Remove the statement, and write strings with escapes as E'…'.",
    )
