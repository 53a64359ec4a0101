"""What a schema prints as once it has been dumped and restored, where that is not as it was.

`s IN ('a', 'b')` on a varchar column is kept as an array that is cast as a whole; read again from a
dump, each of its elements is cast. Both mean the same (varchar and text are stored alike), and a
second round trip changes nothing more. SQLAlchemy writes such a constraint for every
`Enum(native_enum=False)`. Nothing else is taken for equal.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from pytest_dbmigrate.postgres.catalog import Catalog, digest_of

_ITEM = r"E?'(?:[^']|'')*'::character varying"
_CAST_AS_A_WHOLE = re.compile(rf"\(ARRAY\[({_ITEM}(?:, {_ITEM})*)\]\)::text\[\]")


def as_restored(catalog: Catalog) -> Catalog:
    """The catalog of the same schema after pg_dump and pg_restore."""
    objects = {key: as_reread(text) for key, text in catalog.objects.items()}
    return Catalog(catalog.major, MappingProxyType(objects), digest_of(catalog.major, objects))


def as_reread(definition: str) -> str:
    """A definition as the server prints it once it has read its own print of it."""
    return _CAST_AS_A_WHOLE.sub(lambda found: f"ARRAY[{_each_cast(found[1])}]", definition)


def _each_cast(items: str) -> str:
    return ", ".join(f"({item})::text" for item in re.findall(_ITEM, items))
