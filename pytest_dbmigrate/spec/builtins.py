"""The built-in checks by name: what can be wrong with any schema, and what a migration may not do.

Each is an item of its own, and each can be switched off by its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A built-in check; `information`: what it finds is worth knowing, and no failure."""

    name: str
    title: str
    information: bool = False


SEQUENCES_BEHIND = "sequences-behind"
STATISTICS_MISSING = "statistics-missing"
BLOCKERS = "blockers"
ROWS_LOST = "rows-lost"
OBJECTS_LOST = "objects-lost"
RERUN = "rerun"
DOWNTIME = "downtime"
# The way back, where one was asked for.
BACKUP = "backup"
BACKUP_RESTORES = "backup-restores"
BACKUP_FILE = "backup-file"
DOWN = "down-up"

# Looked at before BEGIN, and only where others work on the database.
BEFORE = (BuiltIn(BLOCKERS, "Nobody stands in the way of the migrations' locks"),)
INTEGRITY = (
    BuiltIn("invalid-indexes", "No index is invalid"),
    BuiltIn("constraints-not-validated", "All constraints are validated"),
    BuiltIn("disabled-triggers", "No trigger is disabled"),
    BuiltIn("policies-without-row-security", "Policies stand on tables with row security on"),
    BuiltIn(SEQUENCES_BEHIND, "No sequence is behind its column"),
    BuiltIn(STATISTICS_MISSING, "No table has lost its statistics"),
    BuiltIn("foreign-keys-without-index", "Foreign keys have an index", information=True),
)
LOSSES = (
    BuiltIn(ROWS_LOST, "No row is lost that the migrations do not say they lose"),
    BuiltIn(OBJECTS_LOST, "No object is lost that the migrations do not name"),
)
# What can be switched off: these, the repetition of each migration in a rehearsal, and the tries
# beside the migrations that measure the downtime.
NAMES = (*(check.name for check in (*BEFORE, *INTEGRITY, *LOSSES)), RERUN, DOWNTIME)
