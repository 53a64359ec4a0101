"""Which statement a comment belongs to.

In order: on the line of `;`; directly after, the previous; directly before, the next; apart from
both, by the titles around it or by the file's own habit. What is not certain belongs to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments.lines import Classified, classify, commented_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_dbmigrate.spec.comments.layout import Block

Direction = Literal["previous", "next", "nothing", "file", "ambiguous", "hidden"]
# Not decided by where it stands: what decides, and what it leans to.
Open = Literal["dense", "dense-previous", "dense-next", "apart", "apart-previous", "head", "tail"]

_LONGEST_BANNER = 6  # lines between two rules


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

    @property
    def tells(self) -> bool:
        """Whether it tells of the habit: an expectation in a title stands nowhere else."""
        return any(
            c.key is not None or (c.marker is not None and c.marker.where == "start")
            for c in self.found
        )


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a block.

    `titled`: a title follows before the next statement; `followed`: any block does. `alone`: the
    next statement is the only one before the next comment. `answered`: the previous statement has
    an expectation on the line of its `;`.
    """

    titled: bool
    followed: bool
    alone: bool
    answered: bool


def attach(blocks: Sequence[Block], statements: int, behind: Collection[int]) -> list[Run]:
    """The blocks' runs of lines, each with what it belongs to; `hidden` is commented-out SQL.

    `behind` are the places of the statements that have an expectation on the line of their `;`.
    """
    classified = [classify(block.lines) for block in blocks]
    ahead = _titles_ahead(blocks, classified)
    described = _described(blocks, statements)
    runs: list[Run] = []
    for n, block in enumerate(blocks):
        if next(commented_out(classified[n]), None) is not None:
            runs.append(Run(classified[n], block, "hidden"))
            continue
        around = Around(
            titled=ahead[n],
            followed=n + 1 < len(blocks) and blocks[n + 1].next == block.next,
            alone=block.next is not None and described[block.next + 1],
            answered=block.previous in behind,
        )
        runs += _runs(block, classified[n], around)
    habit = _habit(runs, statements)
    for run in runs:
        run.to = _decide(run, habit, statements)
    return runs


def _titles_ahead(blocks: Sequence[Block], classified: Sequence[list[Classified]]) -> list[bool]:
    """For each block, whether a title stands in a later block before the next statement."""
    ahead = [False] * len(blocks)
    for n in range(len(blocks) - 2, -1, -1):
        if blocks[n + 1].next == blocks[n].next:
            ahead[n] = ahead[n + 1] or _title_at(classified[n + 1], names=False) is not None
    return ahead


def _described(blocks: Sequence[Block], statements: int) -> list[bool]:
    """For each statement, and the end, whether a comment stands between it and the one before."""
    described = [False] * statements + [True]
    for block in blocks:
        described[statements if block.next is None else block.next] = True
    return described


def _title_at(found: Sequence[Classified], *, names: bool, described: bool = True) -> int | None:
    """Where the next check's title starts: a title, a heading, a `name:` key, a rule above it.

    With `described`, a line that describes a check with its expectation behind is a title as well.
    """
    for n, item in enumerate(found):
        is_name = names and item.key is not None and item.key.name == "name"
        is_description = described and item.marker is not None and item.marker.where != "start"
        if item.kind in {"title", "set", "heading"} or is_name or is_description:
            return n - 1 if n and found[n - 1].kind == "rule" else n
        if item.kind == "rule" and _is_banner(found, n):
            return n
    return None


def _is_banner(found: Sequence[Classified], start: int) -> bool:
    """A title between two rules: its first line is no expectation."""
    inner = [c for c in found[start + 1 : start + 2 + _LONGEST_BANNER] if c.kind != "blank"]
    end = next((n for n, c in enumerate(inner) if c.kind == "rule"), 0)
    if not end:
        return False
    first = inner[0]
    return first.kind in {"text", "title"} or (
        first.marker is not None and first.marker.where != "start"
    )


def _runs(block: Block, found: list[Classified], around: Around) -> Iterator[Run]:
    """Split one block where a title starts, and say what each part belongs to."""
    apart_at_head = block.previous is None and not block.touches_next
    if apart_at_head and any(c.key is not None for c in found):
        yield Run(found, block, "file")
        return
    title = _title_at(
        found,
        names=not block.touches_next or block.touches_previous,
        described=not block.touches_previous or block.touches_next,
    )
    if title is None:
        yield Run(found, block, _untitled(block, found, around))
        return
    above, rest = found[:title], found[title:]
    if above:
        yield Run(above, block, _above_title(block, above))
    if block.next is None or around.titled:
        yield Run(rest, block, "nothing")
    elif block.touches_next:
        yield Run(rest, block, "next")
    else:
        # The heading of a section, unless it stands over one statement alone.
        section = rest[0].kind == "rule" and (around.followed or not around.alone)
        yield Run(rest, block, "nothing" if section else "next")


def _above_title(block: Block, above: Sequence[Classified]) -> Direction:
    """Lines above a title in its own block are the previous statement's, if they may be."""
    if block.previous is None:
        return "next" if block.touches_next else "file"
    if block.touches_previous or not block.touches_next:
        return "previous"
    marked = any(c.marker is not None or c.key is not None for c in above)
    return "ambiguous" if marked else "next"


def _untitled(block: Block, found: Sequence[Classified], around: Around) -> Direction | Open:
    """What a block without a title belongs to, or what is still open."""
    if any(c.kind == "footer" for c in found) and not block.touches_next:
        return "nothing"
    if block.touches_previous and block.touches_next:
        return "dense-next" if around.answered else _dense(found)
    if block.touches_previous:
        return "previous"
    if block.touches_next:
        return "next"
    if block.previous is None:
        return "file" if around.titled else "head"
    if block.next is None:
        return "tail"
    if around.titled:
        return "previous"
    leads = next((c.kind for c in found if c.kind not in {"blank", "rule"}), "")
    return "apart-previous" if around.followed and leads == "marker" else "apart"


def _dense(found: Sequence[Classified]) -> Open:
    """A block that touches both statements: prose above the marker describes the next one."""
    content = [c for c in found if c.kind not in {"blank", "rule"}]
    marked = [n for n, c in enumerate(content) if c.marker is not None or c.key is not None]
    if not marked:
        return "dense"
    if marked[0] > 0:
        return "dense-next"
    if marked[-1] < len(content) - 1 and len(marked) == 1 and content[0].kind == "marker":
        return "dense-previous"
    return "dense"


def _habit(runs: Sequence[Run], statements: int) -> Direction | None:
    """Where the file's decided expectations stand, when all agree; None when there are none.

    Without any, a file whose every statement has one block after it, or before it, shows it too.
    """
    seen = {r.to for r in runs if r.tells and r.to in {"previous", "next"}}
    if len(seen) == 2:
        return "ambiguous"
    if seen:
        return "previous" if seen == {"previous"} else "next"
    marked = [r.block for r in runs if r.marked]
    if statements > 1 and len(marked) == statements:
        if [b.previous for b in marked] == list(range(statements)):
            return "previous"
        if [b.next for b in marked] == list(range(statements)):
            return "next"
    return None


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
        has_key = any(c.key is not None for c in run.found)
        return habit or ("ambiguous" if has_key else "previous")
    return to  # type: ignore[return-value]  # all that is open was closed above
