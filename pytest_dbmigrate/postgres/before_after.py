"""What there was before the first migration, and what the migrations made of it.

Schema, integrity, rows and locks: looked at once before, and once behind the last migration of each
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres import builtin
from pytest_dbmigrate.postgres.catalog import snapshot
from pytest_dbmigrate.postgres.migrating import Accounts, SeenLock
from pytest_dbmigrate.postgres.unheld import uncounted
from pytest_dbmigrate.spec.declarations import drops_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from pytest_dbmigrate.postgres.builtin import BuiltInFinding
    from pytest_dbmigrate.postgres.observations import Observations
    from pytest_dbmigrate.postgres.rows import RowChange
    from pytest_dbmigrate.spec.project import Project


@dataclass(slots=True)
class BeforeAfter:
    """Keeps in `seen` what a run's migrations did; `accounts` are those of the open transaction."""

    project: Project
    seen: Observations
    accounts: Accounts | None = None
    _integrity: list[BuiltInFinding] = field(default_factory=list)
    _rows: tuple[RowChange, ...] = ()
    _locks: list[SeenLock] = field(default_factory=list)

    def look_before(self, conn: Connection[object]) -> None:
        """See schema and integrity before the first migration."""
        self.seen.catalog_before = snapshot(conn)
        self._integrity = builtin.look(conn, self.project.without, before=())

    def open(self, conn: Connection[object]) -> Accounts:
        """The accounts of the transaction, begun before its first migration."""
        if self.accounts is None:
            self.accounts = Accounts.open(conn)
        return self.accounts

    def look_after(self, conn: Connection[object]) -> None:
        """See, before the COMMIT, what the transaction has done to schema and rows."""
        if self.accounts is not None:
            migrations = self.project.migrations
            declared = [d for m in migrations for d in drops_data(m.script)]
            self.seen.rows = _together(self._rows, self.accounts.rows.changes(declared))
        self.look_again(conn)

    def look_again(self, conn: Connection[object]) -> None:
        """See the schema as it is now, and judge what was lost so far."""
        without, migrations = self.project.without, self.project.migrations
        after = self.seen.catalog_after = snapshot(conn)
        known = self.seen.catalog_before.objects if self.seen.catalog_before else ()
        columns = {key.identity for key in known if key.kind == "column"}
        self.seen.builtins = builtin.look(conn, without, self._integrity, columns)
        if self.seen.catalog_before is not None:
            self.seen.builtins += builtin.losses(
                migrations,
                without,
                self.seen.rows,
                self.seen.catalog_before,
                after,
                uncounted=[m.path for m in migrations if not m.transactional and uncounted(m)],
            )

    def end(self, at_ns: int) -> None:
        """The transaction has ended: its locks are gone, and the next one counts for itself."""
        if self.accounts is not None:
            self._locks += [replace(lock, until_ns=at_ns) for lock in self.accounts.locks]
            self._rows = self.seen.rows
        self.seen.locks = self._locks
        self.accounts = None

    def forget(self) -> None:
        """The attempt is tried again from BEGIN: nothing of it has happened."""
        self.accounts = None


def _together(*accounts: Iterable[RowChange]) -> tuple[RowChange, ...]:
    """The accounts of several transactions as one, by table."""
    found: dict[str, RowChange] = {}
    for change in (c for account in accounts for c in account):
        there = found.get(change.table)
        if there is None:
            found[change.table] = change
            continue
        found[change.table] = replace(
            there,
            inserted=there.inserted + change.inserted,
            updated=there.updated + change.updated,
            deleted=there.deleted + change.deleted,
            lost=there.lost + change.lost,
            declared=there.declared and change.declared,
            counted=there.counted and change.counted,
            note=there.note or change.note,
        )
    return tuple(found.values())
