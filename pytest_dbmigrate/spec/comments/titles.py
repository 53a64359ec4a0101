"""Names for people and for pytest: a check's title, its slug, and the query set it is part of."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.keys import slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.spec.comments.attachment import Run
    from pytest_dbmigrate.spec.comments.lines import Classified
    from pytest_dbmigrate.spec.comments.placement import Attached

_DECORATION = " \t=-*#~_+─━═:.✅✓✔☑\ufe0f"


def title_of(attached: Attached) -> str:
    """The title above a statement: a title line, else a heading, else its first prose."""
    lines = [c for found in attached.before for c in found]
    for kinds in ({"title"}, {"heading"}):
        chosen = [c for c in lines if c.kind in kinds]
        if chosen:
            return _text(chosen[-1])
    last = attached.before[-1] if attached.before else ()
    for item in last:
        if item.kind == "text" or (item.kind == "marker" and item.marker and item.marker.before):
            return _text(item)
    return ""


def _text(item: Classified) -> str:
    marked = item.marker.before if item.marker else ""
    return (marked or item.line.text).strip(_DECORATION)


def query_sets(runs: Sequence[Run], statements: int) -> list[str]:
    """The query set each statement stands in: the last heading of a set above it.

    A set is a `QUERY SET 1: …` line, or a banner that stands above other titles or apart from the
    next statement.
    """
    sets, current, run_at = [""] * statements, "", 0
    for n in range(statements):
        while (
            run_at < len(runs) and runs[run_at].block.next is not None and _next(runs[run_at]) <= n
        ):
            current = _set_in(runs[run_at]) or current
            run_at += 1
        sets[n] = current
    return sets


def _next(run: Run) -> int:
    return run.block.next if run.block.next is not None else 0


def _set_in(run: Run) -> str:
    named = [c for c in run.found if c.kind == "set"]
    if named:
        return named[-1].line.text.strip(_DECORATION)
    found = run.found
    for n, item in enumerate(found):
        banner = 0 < n < len(found) - 1 and found[n - 1].kind == found[n + 1].kind == "rule"
        more = n + 2 < len(found) or not run.block.touches_next
        if item.kind == "heading" and item.line.echo:
            continue
        if (banner and item.kind == "text" and more) or (item.kind == "heading" and more):
            return _heading(item)
    return ""


def _heading(item: Classified) -> str:
    return item.line.text.strip(_DECORATION)


def slug_of(title: str) -> str:
    """The slug of a title; accents are dropped, `.` is kept for parameter cases."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"_+", "_", slug(plain.replace(".", "_"))).strip("_-")


def unique_names(titles: Sequence[str], explicit: Sequence[str], sql: Sequence[str]) -> list[str]:
    """A name per statement: its explicit one, or its title's slug, with a suffix where needed.

    The suffix is a digest of the statement, so that a check keeps its name when others come or go.
    """
    slugs = [slug_of(t) for t in titles]
    counted = Counter(n or s for n, s in zip(explicit, slugs, strict=True))
    taken = {n for n in explicit if n}
    twins: Counter[str] = Counter()
    names: list[str] = []
    for title_slug, given, text in zip(slugs, explicit, sql, strict=True):
        name = given or title_slug
        if not name or (not given and (counted[name] > 1 or name in taken)):
            name = f"{title_slug or 'query'}-{_digest(text)}"
            twins[name] += 1
            name += f"-{twins[name]}" if twins[name] > 1 else ""
        names.append(name)
    return names


def _digest(text: str) -> str:
    """Six hexadecimal digits of a statement, whatever its white space."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:6]
