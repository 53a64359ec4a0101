"""The target's schema at rehearsal and at production: kept with the one, compared by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pytest_dbmigrate.postgres.catalog import Catalog, Key, diff, digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.evidence.folder import RunFolder

SCHEMA = "schema.json"
_SHOWN = 10


def keep_schema(folder: RunFolder, catalog: Catalog) -> None:
    """Keep the target's schema beside the evidence, which holds its digest."""
    rows = [[key.kind, key.name, key.parent, text] for key, text in catalog.objects.items()]
    folder.write(SCHEMA, msgspec.json.encode({"major": catalog.major, "objects": rows}) + b"\n")


def drift(path: Path, sha256: str, now: Catalog) -> list[str]:
    """What changed in the target's schema since a rehearsal; empty when nothing did.

    Without the kept schema, or with another one than the evidence vouches for, the digests alone
    are compared.
    """
    if now.digest == sha256:
        return []
    then = _load(path / SCHEMA)
    if then is None or then.digest != sha256 or then.major != now.major:
        return ["the schema is not the one that was rehearsed (its digest differs)"]
    # What stands by itself first: a table's columns go with it.
    found = sorted(diff(then, now), key=lambda change: bool(change.parent))
    lines = [f"{c.kind} {c.identity} {c.change}" for c in found[:_SHOWN]]
    return lines + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])


def _load(path: Path) -> Catalog | None:
    try:
        kept = msgspec.json.decode(path.read_bytes())
        objects = {Key(kind, name, parent): text for kind, name, parent, text in kept["objects"]}
        return Catalog(kept["major"], objects, digest_of(kept["major"], objects))
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
