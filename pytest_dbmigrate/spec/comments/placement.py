"""A file's comments → what belongs to each statement, to the whole file, and to nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.attachment import Run, attach
from pytest_dbmigrate.spec.comments.layout import lay_out
from pytest_dbmigrate.spec.comments.lines import classify, commented_out
from pytest_dbmigrate.spec.comments.markers import LONGEST, find_marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.spec.comments.layout import Layout
    from pytest_dbmigrate.spec.comments.lines import Classified
    from pytest_dbmigrate.spec.statements import Script

AMBIGUOUS = "ambiguous-attachment"
SHARED_LINE = "several-statements-on-line"
INSIDE = "inside-statement"
NOWHERE = "no-statement"


@dataclass(slots=True)
class Attached:
    """What belongs to one statement: runs of lines before and after it.

    `unplaced` are expectations near it of which it is not certain that they are its own, each with
    the reason.
    """

    before: list[Sequence[Classified]] = field(default_factory=list)
    after: list[Sequence[Classified]] = field(default_factory=list)
    unplaced: list[tuple[str, Classified]] = field(default_factory=list)

    @property
    def marked(self) -> bool:
        """Whether it has an expectation or a key of its own."""
        return any(
            c.marker is not None or c.key is not None
            for found in (*self.before, *self.after)
            for c in found
        )


@dataclass(frozen=True, slots=True)
class CommentedOut:
    """A commented-out statement; `comment_line` is that of the expectation beside it, 0 if none."""

    text: str
    line: int
    end_line: int
    comment_line: int


@dataclass(frozen=True, slots=True)
class Placement:
    """The comments of a file, each with what it belongs to.

    `file` are the lines at the head of the file; `orphans` the keys that belong to nothing, each
    with the reason; `commented_out` the commented-out statements. `uses_keys`: some
    `expect-…` key stands anywhere in the file.
    """

    statements: tuple[Attached, ...]
    file: tuple[Sequence[Classified], ...]
    runs: tuple[Run, ...]
    orphans: tuple[tuple[str, Classified], ...]
    commented_out: tuple[CommentedOut, ...]
    uses_keys: bool


def place(script: Script) -> Placement:
    """Give each comment of a file to the statement it belongs to."""
    layout = lay_out(script)
    statements = tuple(Attached() for _ in script.statements)
    orphans: list[tuple[str, Classified]] = []
    _place_behind(layout, statements, orphans)
    behind = {n for n, attached in enumerate(statements) if attached.marked}
    runs = attach(layout.blocks, len(script.statements), behind)
    for run in runs:
        block = run.block
        if run.to == "next" and block.next is not None:
            statements[block.next].before.append(run.found)
        elif run.to == "previous" and block.previous is not None:
            statements[block.previous].after.append(run.found)
        elif run.to in {"nothing", "next", "previous"}:
            orphans += [(NOWHERE, c) for c in run.found if c.key is not None]
    for run in runs:
        if run.to == "ambiguous":
            _place_ambiguous(run, statements)
            orphans += [(AMBIGUOUS, c) for c in run.found if c.key is not None]
    hidden = [one for run in runs if run.to == "hidden" for one in _commented_out(run)]
    file = tuple(run.found for run in runs if run.to == "file")
    return Placement(
        statements, file, tuple(runs), tuple(orphans), tuple(hidden), _uses_keys(script)
    )


def _commented_out(run: Run) -> Iterator[CommentedOut]:
    """The commented-out statements of a block; what is said of one stands before the next."""
    starts = {head.line for head in commented_out(run.found)}
    text, start, end, marked = "", 0, 0, 0
    for item in run.found:
        line = item.line.line
        if line in starts and line != start:
            if start:
                yield CommentedOut(text, start, end or start, marked)
            text, start, end, marked = item.line.text, line, 0, 0
        if start and not end and ";" in item.line.text:
            end = line
        if start and not marked and (item.marker is not None or _says_behind(item)):
            marked = line
    if start:
        yield CommentedOut(text, start, end or start, marked)


def _says_behind(item: Classified) -> bool:
    """`SELECT …; -- Expected: 0` within a comment."""
    _, dashes, behind = item.line.text[:LONGEST].partition("--")
    return bool(dashes) and find_marker(behind.strip()) is not None


def _place_behind(
    layout: Layout, statements: Sequence[Attached], orphans: list[tuple[str, Classified]]
) -> None:
    """Comments on the line of a `;` are its statement's; those inside a statement are not."""
    for placed in (*layout.behind, *layout.inside):
        found = classify(placed.lines)
        if placed.within or placed.shared:
            reason = INSIDE if placed.within else SHARED_LINE
            statements[placed.statement].unplaced += [
                (reason, c) for c in found if c.marker is not None
            ]
            orphans += [(reason, c) for c in found if c.key is not None]
        else:
            statements[placed.statement].after.append(found)


def _place_ambiguous(run: Run, statements: Sequence[Attached]) -> None:
    """Say so at the neighbour that lacks an expectation, or at both."""
    near = [statements[n] for n in (run.block.previous, run.block.next) if n is not None]
    lacking = [attached for attached in near if not attached.marked]
    for attached in lacking if len(lacking) == 1 else near:
        attached.unplaced += [(AMBIGUOUS, c) for c in run.found if c.marker is not None]


def _uses_keys(script: Script) -> bool:
    return any("xpect" in c.text.lower() and _has_key(c.text) for c in script.comments)


def _has_key(text: str) -> bool:
    lines = (ln.lstrip("-*/ \t@").lower().replace("_", "-") for ln in text.split("\n"))
    return any(line.startswith("expect-") for line in lines)
