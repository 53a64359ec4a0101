"""Section 8: the schema's objects that were added, removed or changed, by identity."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from pytest_dbmigrate.evidence.record import Change, Evidence

SHOWN = 150
"""Changes of one kind that are listed by name."""

_SIGNS = {"removed": "-", "changed": "~", "added": "+"}
_ORDER = tuple(_SIGNS)
# What columns, keys, policies and the like come and go with.
_OWNERS = {
    "table",
    "partitioned table",
    "foreign table",
    "view",
    "materialized view",
    "sequence",
    "type",
    "domain",
    "function",
    "procedure",
    "aggregate",
    "trigger function",
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One object; `by` names the migration, `parts` what came or went with it."""

    sign: str
    word: str
    identity: str
    before: str
    after: str
    by: str
    parts: str
    loss: bool


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
    """The schema before against after, from PostgreSQL's catalogs.

    What hangs on an object that itself was added or removed stands in that object's row.
    """
    target = evidence.target
    before, after = (target.schema_before, target.schema_after) if target else ("", "")
    makers: dict[tuple[str, str, str], str] = {
        (c.kind, c.identity, c.change): text.line(m.version, 40)
        for m in evidence.migrations
        for c in m.changes
    }
    owners: set[tuple[str, str]] = {
        (c.change, c.identity) for c in evidence.changes if c.kind in _OWNERS
    }
    parts: dict[tuple[str, str], Counter[str]] = {}
    kinds: dict[str, list[Change]] = {}
    for change in evidence.changes:
        owner = _owner(change, owners)
        if owner:
            parts.setdefault((change.change, owner), Counter())[change.kind] += 1
        else:
            kinds.setdefault(change.kind, []).append(change)
    shown = [c for found in kinds.values() for c in found]
    return Schema(
        kinds=tuple(_kind(name, found, makers, parts) for name, found in kinds.items()),
        summary=tally(shown),
        digest_before=text.line(before, 80),
        digest_after=text.line(after, 80),
        compared="schema" in evidence.measured or bool(evidence.changes),
    )


def tally(changes: Iterable[Change]) -> str:
    """`9 removed, 1 changed, 18 added`; empty for no change."""
    words: Counter[str] = Counter(c.change for c in changes)
    return ", ".join(f"{words[w]:,} {w}" for w in _ORDER if words[w])


def _owner(change: Change, owners: Container[tuple[str, str]]) -> str:
    """The added or removed object that this one hangs on: `t` of `t.c` and of `k on t`."""
    if change.kind in _OWNERS or change.change == "changed":
        return ""
    on = change.identity.rpartition(" on ")[2]
    for candidate in (on, on.rpartition(".")[0]):
        if (change.change, candidate) in owners:
            return candidate
    return ""


def _kind(
    name: str,
    found: list[Change],
    makers: Mapping[tuple[str, str, str], str],
    parts: Mapping[tuple[str, str], Counter[str]],
) -> Kind:
    ordered = sorted(found, key=lambda c: (_ORDER.index(c.change), c.declared, c.identity))
    left = len(found) - SHOWN
    return Kind(
        title=_heading(_plural(text.line(name, 60), len(found))),
        tally=tally(found),
        rows=tuple(
            ChangeRow(
                sign=_SIGNS[c.change],
                word=c.change,
                identity=text.line(c.identity),
                before=text.line(c.before),
                after=text.line(c.after),
                by=makers.get((c.kind, c.identity, c.change), ""),
                parts=_with(parts.get((c.change, c.identity), Counter()))
                if c.kind in _OWNERS
                else "",
                loss=c.change == "removed" and not c.declared,
            )
            for c in ordered[:SHOWN]
        ),
        left_out=f"and {left:,} more, in evidence.json" if left > 0 else "",
    )


def _with(parts: Counter[str]) -> str:
    told = ((kind, n) for kind, n in parts.most_common() if kind != "owner")
    named = [f"{n:,} {_plural(text.line(kind, 40), n)}" for kind, n in told]
    return f"with {', '.join(named)}" if named else ""


def _heading(words: str) -> str:
    return words[:1].upper() + words[1:]


def _plural(kind: str, n: int) -> str:
    if n == 1 or kind in {"row security", "statistics"}:
        return kind
    if kind.endswith("y") and not kind.endswith("ey"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith(("s", "x")) else f"{kind}s"
