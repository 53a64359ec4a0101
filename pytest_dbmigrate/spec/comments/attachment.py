"""Which statement a comment belongs to.

In order: on the line of `;`; directly after, the previous; directly before, the next; apart from
both, by the titles around it or by the file's own habit. What is not certain belongs to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments.layout import Block, Layout, Line, lay_out
from pytest_dbmigrate.spec.comments.lines import Classified, classify, commented_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.spec.statements import Script

Direction = Literal["previous", "next", "nothing", "file", "ambiguous"]
# Not decided by where it stands: what decides, and what it leans to.
Open = Literal["dense", "dense-previous", "dense-next", "apart", "apart-previous", "head", "tail"]


@dataclass(slots=True)
class Run:
    """Lines of one block that belong together; `to` is decided, or still open."""

    found: Sequence[Classified]
    block: Block
    to: Direction | Open

    @property
    def marked(self) -> bool:
        """Whether any line is an expectation or a key."""
        return any(c.marker is not None or c.key is not None for c in self.found)


@dataclass(slots=True)
class Attached:
    """What belongs to one statement: runs of lines before, behind and after it.

    `unplaced` are expectations near it of which it is not certain that they are its own, each with
    the reason.
    """

    before: list[Sequence[Classified]] = field(default_factory=list)
    after: list[Sequence[Classified]] = field(default_factory=list)
    unplaced: list[tuple[str, Classified]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Placement:
    """The comments of a file, each with what it belongs to.

    `file` are the lines at the head of the file; `orphans` keys that belong to nothing;
    `commented_out` the lines at which commented-out statements start, with their block's lines.
    """

    statements: tuple[Attached, ...]
    file: tuple[Sequence[Classified], ...]
    headings: tuple[Run, ...]
    orphans: tuple[tuple[str, Classified], ...]
    commented_out: tuple[tuple[Line, tuple[Line, ...]], ...]


def place(script: Script) -> Placement:
    """Give each comment of a file to the statement it belongs to."""
    layout = lay_out(script)
    runs: list[Run] = []
    hidden: list[tuple[Line, tuple[Line, ...]]] = []
    classified = [classify(block.lines) for block in layout.blocks]
    ahead = _titles_ahead(layout.blocks, classified)
    for n, block in enumerate(layout.blocks):
        heads = list(commented_out(block.lines))
        if heads:
            hidden += [(head, block.lines) for head in heads]
            runs.append(Run(classified[n], block, "nothing"))
        else:
            runs += _runs(n, layout.blocks, classified[n], titled=ahead[n])
    habit = _habit(runs)
    for run in runs:
        run.to = _decide(run, habit, len(script.statements))
    return _collect(script, layout, runs, hidden)


def _title_at(found: Sequence[Classified], *, names: bool) -> int | None:
    """Where the next check's title starts: a title, a heading, a `name:` key, with its rule above."""
    for n, item in enumerate(found):
        is_name = names and item.key is not None and item.key.name == "name"
        if item.kind in {"title", "set", "heading"} or is_name:
            return n - 1 if n and found[n - 1].kind == "rule" else n
        if item.kind == "rule" and n and _is_banner(found, n):
            return n
    return None


def _is_banner(found: Sequence[Classified], n: int) -> bool:
    """A line of text between two rules."""
    return n + 2 < len(found) and found[n + 1].kind == "text" and found[n + 2].kind == "rule"


def _runs(
    n: int, blocks: Sequence[Block], found: list[Classified], *, titled: bool
) -> Iterator[Run]:
    """Split one block where a title starts, and say what each part belongs to."""
    block = blocks[n]
    apart_at_head = block.previous is None and not block.touches_next
    if apart_at_head and any(c.key is not None for c in found):
        yield Run(found, block, "file")
        return
    title = _title_at(found, names=not block.touches_next or block.touches_previous)
    if title is None:
        yield Run(found, block, _untitled(n, blocks, found, titled=titled))
        return
    above, rest = found[:title], found[title:]
    if above:
        yield Run(above, block, _above_title(block))
    is_next = block.next is not None and (block.touches_next or not titled)
    yield Run(rest, block, "next" if is_next else "nothing")


def _above_title(block: Block) -> Direction:
    """Lines above a title in its own block are the previous statement's, if they may be."""
    if block.previous is None:
        return "next" if block.touches_next else "file"
    if block.touches_previous or not block.touches_next:
        return "previous"
    return "ambiguous"


def _titles_ahead(blocks: Sequence[Block], classified: Sequence[list[Classified]]) -> list[bool]:
    """For each block, whether a title stands in a later block before the next statement."""
    ahead = [False] * len(blocks)
    for n in range(len(blocks) - 2, -1, -1):
        if blocks[n + 1].next == blocks[n].next:
            ahead[n] = ahead[n + 1] or _title_at(classified[n + 1], names=False) is not None
    return ahead


def _untitled(
    n: int, blocks: Sequence[Block], found: Sequence[Classified], *, titled: bool
) -> Direction | Open:
    """What a block without a title belongs to, or what is still open."""
    block = blocks[n]
    if block.touches_previous and block.touches_next:
        return _dense(found)
    if block.touches_previous:
        return "previous"
    if block.touches_next:
        return "next"
    if block.previous is None:
        return "file" if titled else "head"
    if block.next is None:
        return "tail"
    if titled:
        return "previous"
    leads = _first_content(found)
    followed = n + 1 < len(blocks) and blocks[n + 1].next == block.next
    return "apart-previous" if followed and leads == "marker" else "apart"


def _first_content(found: Sequence[Classified]) -> str:
    return next((c.kind for c in found if c.kind not in {"blank", "rule"}), "")


def _dense(found: Sequence[Classified]) -> Open:
    """A block that touches both statements: prose above the marker describes the next one."""
    content = [c for c in found if c.kind not in {"blank", "rule"}]
    marked = [n for n, c in enumerate(content) if c.marker is not None or c.key is not None]
    if not marked:
        return "dense"
    if any(c.marker is not None and c.marker.where != "start" for c in content):
        return "dense-next"
    if marked[0] > 0:
        return "dense-next"
    if marked[-1] < len(content) - 1 and len(marked) == 1 and content[0].kind == "marker":
        return "dense-previous"
    return "dense"


def _habit(runs: Sequence[Run]) -> Direction | None:
    """Where the file's decided expectations stand, when all of them agree."""
    seen = {r.to for r in runs if r.marked and r.to in {"previous", "next"}}
    if seen == {"previous"}:
        return "previous"
    return "next" if seen == {"next"} else None


def _decide(run: Run, habit: Direction | None, statements: int) -> Direction:
    """Close what is still open, by the file's habit."""
    to = run.to
    if to == "head":
        return "next" if statements == 1 or habit == "next" else "ambiguous"
    if to == "tail":
        return "previous" if statements == 1 or habit == "previous" else "ambiguous"
    if to == "apart":
        return habit or "ambiguous"
    if to == "apart-previous":
        return "previous" if habit != "next" else "ambiguous"
    if to in {"dense-previous", "dense-next"}:
        leaning: Direction = "previous" if to == "dense-previous" else "next"
        return leaning if habit in {None, leaning} else "ambiguous"
    if to == "dense":
        if habit is None and any(c.key is not None for c in run.found):
            return "ambiguous"
        return habit or "previous"
    return to  # type: ignore[return-value]  # all that is open was closed above


_AMBIGUOUS = "ambiguous-attachment"


def _collect(
    script: Script, layout: Layout, runs: Sequence[Run], hidden: list[tuple[Line, tuple[Line, ...]]]
) -> Placement:
    statements = tuple(Attached() for _ in script.statements)
    file: list[Sequence[Classified]] = []
    orphans: list[tuple[str, Classified]] = []
    for run in runs:
        block = run.block
        if run.to == "next" and block.next is not None:
            statements[block.next].before.append(run.found)
        elif run.to == "previous" and block.previous is not None:
            statements[block.previous].after.append(run.found)
        elif run.to == "file":
            file.append(run.found)
        elif run.to == "ambiguous":
            for item in run.found:
                if item.key is not None:
                    orphans.append((_AMBIGUOUS, item))
                elif item.marker is not None:
                    for near in (block.previous, block.next):
                        if near is not None:
                            statements[near].unplaced.append((_AMBIGUOUS, item))
    for placed in layout.behind:
        found = classify(placed.lines)
        if placed.shared:
            statements[placed.statement].unplaced += [
                ("several-statements-on-line", c) for c in found if c.marker is not None
            ]
            orphans += [("several-statements-on-line", c) for c in found if c.key is not None]
        else:
            statements[placed.statement].after.insert(0, found)
    for placed in layout.inside:
        found = classify(placed.lines)
        statements[placed.statement].unplaced += [
            ("inside-statement", c) for c in found if c.marker is not None
        ]
        orphans += [("inside-statement", c) for c in found if c.key is not None]
    return Placement(statements, tuple(file), tuple(runs), tuple(orphans), tuple(hidden))
