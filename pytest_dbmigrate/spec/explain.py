"""How every statement of a file was read, one record each, so that an author gets all of them read.

Nothing is refused here: what would stop a run is a record that says so, and the rest is read on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.annotations import check_names
from pytest_dbmigrate.spec.comments.placement import place
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statement_reading import (
    StatementReading,
    read_head,
    read_statement,
    refusal_error,
    refuse_orphans,
)
from pytest_dbmigrate.spec.statements import scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.spec.comments.placement import CommentedOut, Placement
    from pytest_dbmigrate.spec.comments.readings import Reading, ReadingStatus
    from pytest_dbmigrate.spec.statements import Script


@dataclass(frozen=True, slots=True)
class Explanation:
    """One statement: where it is, how it was read, which comment was used, or why it was not read.

    `expectation` is the layer-A line in its normal form. For "partial" it is what was understood.
    """

    file: str
    line: int
    end_line: int
    status: ReadingStatus
    expectation: str = ""
    comment_line: int = 0
    reason: str = ""
    words: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        """Render as one line for a terminal."""
        parts = [f"{self.file}:{self.line}: {self.status}"]
        if self.expectation:
            parts.append(self.expectation)
        if self.comment_line:
            parts.append(f"(line {self.comment_line})")
        if self.reason not in {"", self.status}:
            parts.append(f"[{self.reason}]")
        if self.words:
            words = _one_line(self.words)
            unread = self.status in {"partial", "not-checked"}
            parts.append(f"not understood: {words!r}" if unread else words)
        if self.suggestion and self.status != "checked":
            parts.append(f"→ {_one_line(self.suggestion)}")
        return " ".join(parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# Lines of psql's own commands; \echo and pg_dump's two are skipped by the scanner itself.
_PSQL_COMMAND = re.compile(r"^[ \t]*\\(?!echo\b|restrict\b|unrestrict\b)[^\r\n]*", re.MULTILINE)


def explain_text(
    text: str, path: str, load: Callable[[str], str] | None = None
) -> tuple[Explanation, ...]:
    """Explain a file by its text, also when it cannot be scanned as it stands.

    psql's own commands would stop a run; here each is a record, and what stands around it is read.
    """
    try:
        return explain(scan(text, path), load)
    except SpecError as error:
        first = _refused(error, path)
    commands = list(_PSQL_COMMAND.finditer(text))
    if not commands:
        return (first,)
    records = []
    for command in commands:
        line = text.count("\n", 0, command.start()) + 1
        words = command[0].strip()
        records.append(
            Explanation(path, line, line, "refused", "", 0, "psql-command", words, first.suggestion)
        )
    blanked = _PSQL_COMMAND.sub(lambda m: " " * len(m[0]), text)
    try:
        records += explain(scan(blanked, path), load)
    except SpecError as error:
        records.append(_refused(error, path))
    return tuple(sorted(records, key=lambda r: r.line))


def explain(script: Script, load: Callable[[str], str] | None = None) -> tuple[Explanation, ...]:
    """One record for each statement of a script, commented-out ones included, in order."""
    placement = place(script)
    try:
        head = read_head(script, placement, load)
    except SpecError as error:
        return (_refused(error, script.path),)
    records = [_commented_out(script.path, found) for found in placement.commented_out]
    read_so_far: list[StatementReading] = []
    for statement, attached in zip(script.statements, placement.statements, strict=True):
        try:
            read = read_statement(
                script, statement, attached, head, load, uses_keys=placement.uses_keys
            )
        except SpecError as error:
            records.append(_refused(error, script.path, statement.line, statement.end_line))
            continue
        read_so_far.append(read)
        if read.refusal is not None:
            refused = refusal_error(script, statement, read.refusal)
            records.append(
                Explanation(
                    script.path,
                    statement.line,
                    statement.end_line,
                    "refused",
                    comment_line=read.reading.comment_line,
                    reason=read.refusal.reason,
                    words=read.refusal.problem,
                    suggestion=refused.remedy,
                )
            )
            continue
        text = read.expectation.text if read.expectation is not None else ""
        records.append(
            _explained(script.path, statement.line, statement.end_line, text, read.reading)
        )
    records += _whole_file(script, placement, read_so_far)
    return tuple(sorted(records, key=lambda r: r.line))


def _explained(path: str, line: int, end_line: int, text: str, reading: Reading) -> Explanation:
    return Explanation(
        path,
        line,
        end_line,
        reading.status,
        text,
        reading.comment_line,
        reading.reason,
        reading.words,
        reading.suggestion,
    )


def _refused(error: SpecError, path: str, line: int = 0, end_line: int = 0) -> Explanation:
    return Explanation(
        path,
        line or error.line or 1,
        end_line or error.line or 1,
        "refused",
        comment_line=error.line,
        reason="file-error",
        words=error.problem,
        suggestion=error.remedy,
    )


def _whole_file(
    script: Script, placement: Placement, read: list[StatementReading]
) -> list[Explanation]:
    """A record for what refuses the whole file: a key of no statement, two equal names."""
    try:
        refuse_orphans(script, placement)
        check_names(script, read)
    except SpecError as error:
        return [_refused(error, script.path)]
    return []


def _commented_out(path: str, found: CommentedOut) -> Explanation:
    return Explanation(
        path,
        found.line,
        found.end_line,
        "commented-out",
        comment_line=found.comment_line,
        reason="commented-out",
        words=found.text,
        suggestion="take the comment marks off the statement, or remove it",
    )
