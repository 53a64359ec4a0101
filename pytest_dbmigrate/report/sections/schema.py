"""Section 8: the schema's objects that were added, removed or changed, by identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.evidence.record import Change, Evidence

SHOWN = 150
"""Changes of one kind that are listed by name."""

_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One object; `by` names the migration, `undeclared` marks a loss nobody announced."""

    sign: str
    word: str
    identity: str
    before: str
    after: str
    by: str
    declared: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """All changes of one kind of object."""

    title: str
    tally: str
    rows: tuple[ChangeRow, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class Schema:
    """The diff; `compared` is False where no catalog was read."""

    kinds: tuple[Kind, ...]
    summary: str
    digest_before: str
    digest_after: str
    compared: bool


def schema(evidence: Evidence) -> Schema:
    """The schema before against after, from PostgreSQL's catalogs."""
    target = evidence.target
    before, after = (target.schema_before, target.schema_after) if target else ("", "")
    makers = {
        (c.kind, c.identity, c.change): text.line(m.version, 40)
        for m in evidence.migrations
        for c in m.changes
    }
    kinds: dict[str, list[Change]] = {}
    for change in evidence.changes:
        kinds.setdefault(change.kind, []).append(change)
    return Schema(
        kinds=tuple(_kind(name, found, makers) for name, found in kinds.items()),
        summary=tally(evidence.changes),
        digest_before=text.line(before, 80),
        digest_after=text.line(after, 80),
        compared=bool(evidence.changes or (before and after)),
    )


def tally(changes: Iterable[Change]) -> str:
    """`18 added, 9 removed, 1 changed`; empty for no change."""
    words = [c.change for c in changes]
    counts = ((w, words.count(w)) for w in _SIGNS)
    return ", ".join(f"{n:,} {w}" for w, n in counts if n)


def _kind(name: str, found: list[Change], makers: dict[tuple[str, str, str], str]) -> Kind:
    left = len(found) - SHOWN
    return Kind(
        title=text.line(name, 60),
        tally=tally(found),
        rows=tuple(
            ChangeRow(
                sign=_SIGNS[c.change],
                word=c.change,
                identity=text.line(c.identity),
                before=text.line(c.before),
                after=text.line(c.after),
                by=makers.get((c.kind, c.identity, c.change), ""),
                declared=c.declared,
            )
            for c in found[:SHOWN]
        ),
        left_out=f"and {left:,} more, in evidence.json" if left > 0 else "",
    )
