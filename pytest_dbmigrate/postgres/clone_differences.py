"""In what a clone is not its target, in lines for the reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.catalog import Catalog, diff, snapshot
from pytest_dbmigrate.postgres.round_trip import as_restored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.postgres.target import Identity

_SHOWN = 10
_ERRORS = 100
_WORDS = {"added": "only in the clone", "removed": "missing in the clone", "changed": "different"}
# Told elsewhere: extensions by themselves, the others because they were taken away on purpose.
_ELSEWHERE = frozenset({"extension", "subscription", "user mapping"})
# Since 18 NOT NULL is a constraint with a name; before it is only a column's property.
_OF_ONE_VERSION = frozenset({"not null constraint", "constraint"})


@dataclass(slots=True)
class Differences:
    """Each line is for the reader; empty where the clone is as its target.

    `version` and `locale` are those of the server, `errors` could not be read or restored,
    `schema` are objects that differ, `removed` was taken away because it leads out of the clone.
    """

    version: str = ""
    locale: str = ""
    extensions: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)
    schema: tuple[str, ...] = ()
    removed: list[str] = field(default_factory=list)

    def add_errors(self, lines: tuple[str, ...] | list[str]) -> None:
        """Add errors, up to a number: one missing extension can be the cause of thousands."""
        room = _ERRORS - len(self.errors)
        self.errors += lines[: max(0, room)]
        left = len(lines) - max(0, room)
        if left > 0:
            self.errors[-1] = f"{self.errors[-1]}; and {left:,} errors more"


def version_of(identity: Identity, server: Server) -> str:
    """The difference of the major versions in words, empty where there is none."""
    if server.binaries.major == identity.server_version_num // 10000:
        return ""
    return (
        f"the target is PostgreSQL {identity.server_version}, the clone {server.version} "
        "(their schemas are compared by name only)"
    )


def extensions_of(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """The extensions of a database and their versions."""
    return dict(
        conn.execute("SELECT extname::text, extversion FROM pg_catalog.pg_extension").fetchall()
    )


def compare_extensions(target: Mapping[str, str], clone: Mapping[str, str]) -> tuple[str, ...]:
    """Extensions that the clone lacks or has in another version, a line each."""
    return tuple(
        f"{name} {version} is missing in the clone"
        if name not in clone
        else f"{name} is {version} in the target and {clone[name]} in the clone"
        for name, version in sorted(target.items())
        if clone.get(name) != version
    )


def compare(source: Catalog, admin: psycopg.Connection[Any]) -> tuple[str, ...]:
    """In what the clone's schema is not the target's; between two major versions, by name."""
    copy = snapshot(admin)
    found = list(
        _by_definition(source, copy) if source.major == copy.major else _by_name(source, copy)
    )
    more = (f"and {len(found) - _SHOWN:,} more",) if len(found) > _SHOWN else ()
    return (*found[:_SHOWN], *more)


def _by_definition(source: Catalog, copy: Catalog) -> Iterator[str]:
    for change in diff(as_restored(source), copy):
        # What the target's server has from its configuration, the clone has as its database's own.
        ours = change.kind == "database setting" and change.change == "added"
        elsewhere = change.kind in _ELSEWHERE or change.parent.startswith("subscription ")
        if not ours and not elsewhere:
            yield f"{change.kind} {change.identity} is {_WORDS[change.change]}"


def _by_name(source: Catalog, copy: Catalog) -> Iterator[str]:
    """What one has and the other has not; the same object is printed in another way by each."""
    for key in sorted(source.objects.keys() ^ copy.objects.keys()):
        there = key in source.objects
        if key.kind in _ELSEWHERE or key.kind in _OF_ONE_VERSION:
            continue
        yield f"{key.kind} {key.identity} is {_WORDS['removed' if there else 'added']}"
