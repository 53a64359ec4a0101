"""Objects of the schema that are gone although no statement's text says so: what CASCADE took."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.postgres.catalog import ObjectChange

_LAST_NAME = re.compile(r'(?:"((?:[^"]|"")*)"|([^."]+))$')


def undeclared(changes: Sequence[ObjectChange], named: Iterable[str]) -> tuple[ObjectChange, ...]:
    """The removals that are neither named by a statement nor part of something that is gone too.

    `named` are the names of `spec.dropped.dropped_names` and of `-- drops-data`. An index or a
    constraint of a column that was dropped by name goes with the column, as PostgreSQL documents.
    """
    known = frozenset(named)
    removed = [c for c in changes if c.change == "removed"]
    gone = {c.identity for c in removed}
    columns = {(c.parent, own_name(c)) for c in removed if c.kind == "column"}
    return tuple(
        c
        for c in removed
        if own_name(c) not in known
        and c.parent not in gone
        and not any(
            c.parent == table and column in known and column in _words(c.before)
            for table, column in columns
        )
    )


def own_name(change: ObjectChange) -> str:
    """The unqualified, unquoted name of the object itself."""
    identity = change.identity
    if change.parent and identity.endswith(f" on {change.parent}"):
        identity = identity.removesuffix(f" on {change.parent}")
    identity = identity.split("(")[0]
    match = _LAST_NAME.search(identity)
    if match is None:
        return identity
    return match[1].replace('""', '"') if match[1] is not None else match[2]


def _words(definition: str) -> set[str]:
    return set(re.findall(r"\w+", definition))
