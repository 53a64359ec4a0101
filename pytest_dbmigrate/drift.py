"""A database's schema and rows as a run found them: kept beside its evidence, compared by another.

The evidence holds the digests of both, so that what was kept is believed only as far as they go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pytest_dbmigrate.postgres.catalog import Catalog, Key, diff, digest_of
from pytest_dbmigrate.postgres.data_digest import DataDigest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.evidence.folder import RunFolder

SCHEMA = "schema.json"
ROWS = "rows.json"
_SHOWN = 10


def keep_schema(folder: RunFolder, catalog: Catalog) -> None:
    """Keep the target's schema beside the evidence."""
    rows = [[key.kind, key.name, key.parent, text] for key, text in catalog.objects.items()]
    folder.write(SCHEMA, msgspec.json.encode({"major": catalog.major, "objects": rows}) + b"\n")


def keep_rows(folder: RunFolder, rows: DataDigest) -> None:
    """Keep the digest of each table's rows beside the evidence."""
    kept = {"tables": dict(rows.tables), "not_read": dict(rows.not_read)}
    folder.write(ROWS, msgspec.json.encode(kept, order="sorted") + b"\n")


def drift(path: Path, sha256: str, now: Catalog) -> list[str]:
    """What changed in the target's schema since a rehearsal; empty when nothing did.

    Without the kept schema, or with another one than the evidence vouches for, the digests alone
    are compared.
    """
    if now.digest == sha256:
        return []
    then = load_schema(path / SCHEMA, sha256)
    if then is None or then.major != now.major:
        return ["the schema is not the one that was rehearsed (its digest differs)"]
    # What stands by itself first: a table's columns go with it.
    found = sorted(diff(then, now), key=lambda change: bool(change.parent))
    lines = [f"{c.kind} {c.identity} {c.change}" for c in found[:_SHOWN]]
    return lines + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])


def load_schema(path: Path, sha256: str) -> Catalog | None:
    """The schema that was kept, None where it is not the one with this digest."""
    try:
        kept = msgspec.json.decode(path.read_bytes())
        objects = {Key(kind, name, parent): text for kind, name, parent, text in kept["objects"]}
        found = Catalog(kept["major"], objects, digest_of(kept["major"], objects))
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    return found if found.digest == sha256 else None


def load_rows(path: Path, sha256: str) -> DataDigest | None:
    """The digests that were kept, None where they are not those with this digest."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])
        found = DataDigest(kept["tables"], kept["not_read"])
    except (OSError, msgspec.DecodeError, KeyError):
        return None
    return found if found.digest == sha256 else None
