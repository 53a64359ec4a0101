"""The schema as an immutable mapping from identity to definition, and the difference of two.

What is read stands in queries/catalog/: one file per area, each returning kind, name, parent and
definition. `pg_dump -s` is the oracle in the tests: two catalogs are equal exactly when its outputs
are. Beyond pg_dump the catalog also has foreign keys whose triggers are off. Roles, tablespaces and
other objects of the whole server are not in it, nor are sequence positions (sequences.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_dbmigrate.postgres.reading import major_version, query, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

_AREAS = (
    "columns",
    "comments",
    "constraints",
    "database",
    "foreign",
    "indexes",
    "operators",
    "ownership",
    "policies",
    "relations",
    "routines",
    "triggers",
    "types",
)


class Key(NamedTuple):
    """Which object: its kind in PostgreSQL's words, its quoted name, and what it hangs on.

    `parent` is the qualified table of a column, constraint or policy, the object of an owner, grant
    or comment, and "" for what stands by itself.
    """

    kind: str
    name: str
    parent: str = ""

    @property
    def identity(self) -> str:
        """The object in words: `public.t.c` for a column, `fk on public.t`, `public.t`."""
        if not (self.name and self.parent):
            return self.name or self.parent
        if self.kind == "column":
            return f"{self.parent}.{self.name}"
        return f"{self.name} on {self.parent}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """The user's objects of one database at one moment, with `digest` (sha256) over all of them.

    `major` is the server's version: other versions print the same object otherwise.
    """

    major: int
    objects: Mapping[Key, str]
    digest: str


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that was added, removed or changed; `before` and `after` are definitions.

    `parent` names what it hangs on (see `Key`), so that what went together with its table is told
    apart from what a surviving table lost.
    """

    kind: str
    identity: str
    change: Literal["added", "removed", "changed"]
    before: str = ""
    after: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many base tables, foreign keys and policies a schema has."""

    tables: int
    foreign_keys: int
    policies: int


def snapshot(conn: psycopg.Connection[Any]) -> Catalog:
    """Read the schema as the connection's transaction sees it, in one round trip.

    Any role may call it, on any connection (see `reading.rows`, also for what is raised).
    """
    major = major_version(conn)
    scope = query("scope", major)
    found = rows(conn, *(scope + query(f"catalog/{area}", major) for area in _AREAS))
    objects = {Key(*names): definition for *names, definition in sorted(found)}
    return Catalog(major, MappingProxyType(objects), digest_of(major, objects))


def diff(before: Catalog, after: Catalog) -> tuple[ObjectChange, ...]:
    """What differs, by identity, ordered by kind and name; empty exactly when the digests agree.

    Raises ValueError for catalogs of two major versions, which print the same object otherwise.
    """
    if before.major != after.major:
        raise ValueError(
            f"catalogs of PostgreSQL {before.major} and {after.major} cannot be compared:"
            " each major version prints definitions in its own way"
        )
    changes = []
    for key in sorted(before.objects.keys() | after.objects.keys()):
        old, new = before.objects.get(key), after.objects.get(key)
        if old == new or (key.kind == "column order" and _same_order(old, new)):
            continue
        change: Literal["added", "removed", "changed"]
        change = "added" if old is None else "removed" if new is None else "changed"
        changes.append(
            ObjectChange(key.kind, key.identity, change, old or "", new or "", key.parent)
        )
    return tuple(changes)


def without_database(catalog: Catalog) -> Catalog:
    """The catalog without what belongs to the database itself, which a dump does not restore.

    That is its owner, grants, comment, settings and limits: two databases of other names are
    compared this way.
    """
    objects = {
        key: text
        for key, text in catalog.objects.items()
        if not (key.kind == "database setting" or "database" in {key.name, key.parent})
    }
    return Catalog(catalog.major, MappingProxyType(objects), digest_of(catalog.major, objects))


def figures(catalog: Catalog, schema: str = "public") -> Figures:
    """Count base tables (partitioned tables and partitions too), foreign keys and policies.

    `schema` is quoted as an SQL identifier where it needs to be.
    """
    prefix = f"{schema}."
    tables = sum(k.kind == "table" and k.name.startswith(prefix) for k in catalog.objects)
    of_schema = [k.kind for k in catalog.objects if k.parent.startswith(prefix)]
    return Figures(tables, of_schema.count("foreign key"), of_schema.count("policy"))


def _same_order(before: str | None, after: str | None) -> bool:
    """Whether the columns that both tables have stand in the same order."""
    if before is None or after is None:
        return True
    old, new = json.loads(before), json.loads(after)
    return [c for c in old if c in new] == [c for c in new if c in old]


def digest_of(major: int, objects: Mapping[Key, str]) -> str:
    """The sha256 over all objects, which must be in the order of their keys."""
    content = [major, *([*key, text] for key, text in objects.items())]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
