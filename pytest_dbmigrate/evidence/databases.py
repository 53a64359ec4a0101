"""The databases of a run: the one that was judged, what it is a clone of, and its backup."""

from __future__ import annotations

from typing import Literal

from pytest_dbmigrate.evidence.results import Record, Sha256, Time


class Source(Record, frozen=True):
    """The database that a rehearsal's own one is a clone of, and in what the two differ.

    `data` says whether its rows were cloned too. `version` and `locale` are empty where the clone's
    server is like the target's; `extensions` are missing there or of another version; `errors`
    could not be read or restored; `schema` lists objects that are not the same; `removed` was taken
    away because it leads out of the clone.
    """

    url: str
    server_version: str
    database: str
    system_identifier: str
    data: Literal["none", "all"]
    schema_sha256: str = ""
    version: str = ""
    locale: str = ""
    extensions: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Backup(Record, frozen=True):
    """The dump that was taken before the first statement: the way back of this run.

    `path` is that on the machine of the run. `schema_sha256` and `rows_sha256` are the digests of
    the schema and of the rows that it holds, which a restored database is held to.
    """

    path: str
    bytes: int
    sha256: Sha256
    taken: Time
    database: str
    server_version: str
    tool: str
    schema_sha256: Sha256
    rows_sha256: Sha256


class Target(Record, frozen=True):
    """The database that was judged, as it described itself; `source` if it is a clone."""

    url: str
    server_version: str
    database: str
    role: str
    embedded: bool = False
    system_identifier: str = ""
    superuser: bool = False
    bypassrls: bool = False
    in_recovery: bool = False
    pooled: bool = False
    encoding: str = ""
    collation: str = ""
    timeline: int | None = None
    schema_before: str = ""
    schema_after: str = ""
    source: Source | None = None
