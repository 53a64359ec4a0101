"""A clone and its source → the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence import record

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.cloning import Clone


def source_record(clone: Clone) -> record.Source:
    """The database that was cloned, and in what the clone differs from it."""
    source, differences = clone.source, clone.differences
    return record.Source(
        url=source.url_redacted,
        server_version=source.server_version,
        database=source.database,
        system_identifier=source.system_identifier or "",
        data=clone.data,
        schema_sha256=clone.schema.digest,
        version=differences.version,
        locale=differences.locale,
        extensions=differences.extensions,
        errors=tuple(differences.errors),
        schema=differences.schema,
        removed=tuple(differences.removed),
    )
