"""Locks: which we hold, who is in our way, and whether the server's lock table will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_dbmigrate.postgres.reading import major_version, query, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

# https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
_BLOCKS_WRITERS = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"}


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock on a relation: its qualified name, and the mode as pg_locks has it.

    `created`: the relation was made since the watch began, so that nobody else can wait for it.
    """

    relation: str
    mode: str
    created: bool = False

    @property
    def blocks(self) -> Literal["", "writers", "readers and writers"]:
        """Whom it keeps waiting while it is held."""
        if self.created:
            return ""
        if self.mode == "AccessExclusiveLock":
            return "readers and writers"
        return "writers" if self.mode in _BLOCKS_WRITERS else ""


@dataclass(slots=True)
class LockWatch:
    """The locks of one connection's transaction, each told once; begin it with `watch_locks`.

    `names` are relations by oid: the name (None for TOAST), and the table where it is an index.
    """

    conn: psycopg.Connection[Any]
    names: dict[int, tuple[str | None, int | None]]
    known: frozenset[int]
    seen: set[tuple[int, str]] = field(default_factory=set)

    def new(self) -> tuple[HeldLock, ...]:
        """The locks that are held now and were not at the call before, by relation and mode.

        Of a relation that was dropped meanwhile the name is the one it had. An index is told only
        where its lock is in somebody's way and its table's is not already.
        """
        held = rows(self.conn, query("locks/held", major_version(self.conn)))
        new = [(oid, mode) for oid, mode, _, _ in held if (oid, mode) not in self.seen]
        self.seen.update(new)
        for oid, _, name, table in held:
            if name:
                self.names.setdefault(oid, (name, table))
        locks = (self._lock(oid, mode) for oid, mode in new)
        return tuple(sorted(filter(None, locks), key=lambda lock: (lock.relation, lock.mode)))

    def _lock(self, oid: int, mode: str) -> HeldLock | None:
        name, table = self.names.get(oid, (f"(made and dropped, oid {oid})", None))
        if name is None:
            return None
        lock = HeldLock(name, mode, created=oid not in self.known)
        if table and (not lock.blocks or (table, "AccessExclusiveLock") in self.seen):
            return None
        return lock


def watch_locks(conn: psycopg.Connection[Any]) -> LockWatch:
    """Begin to watch, at the beginning of a transaction: what there is by name, what is held."""
    found = rows(conn, query("locks/names", major_version(conn)))
    names = {oid: (name, table) for oid, name, table in found}
    watch = LockWatch(conn, names, frozenset(names))
    watch.new()
    return watch


@dataclass(frozen=True, slots=True)
class Session:
    """Another session, or a prepared transaction (pid 0, `prepared` its identifier), and its locks.

    `visible` is False when this role may not see more than user and application: state is then ""
    and the ages, in seconds, are None. The text of its query is never read.
    """

    pid: int
    user: str
    application: str
    backend: str
    state: str
    transaction_seconds: float | None
    query_seconds: float | None
    prepared: str
    visible: bool
    locks: tuple[HeldLock, ...]


def sees_activity(conn: psycopg.Connection[Any]) -> bool:
    """Whether this role sees what other roles' sessions do (pg_read_all_stats)."""
    return rows(conn, "SELECT pg_has_role('pg_read_all_stats', 'USAGE')") == [(True,)]


def blockers(conn: psycopg.Connection[Any], pid: int) -> tuple[Session, ...]:
    """Who keeps the backend `pid` waiting right now; ask on another connection than its own."""
    return _sessions(conn, blocked=pid)


def lock_holders(
    conn: psycopg.Connection[Any],
    relations: Sequence[str] | None = None,
    *,
    ours: Sequence[int] = (),
) -> tuple[Session, ...]:
    """Other sessions that hold a lock on these relations (qualified, quoted), or on any.

    `ours` are the pids of our other connections.
    """
    return _sessions(
        conn, relations=None if relations is None else list(relations), ours=list(ours)
    )


def _sessions(
    conn: psycopg.Connection[Any],
    *,
    blocked: int | None = None,
    relations: list[str] | None = None,
    ours: list[int] | None = None,
) -> tuple[Session, ...]:
    values = {"blocked": blocked, "relations": relations, "ours": ours or []}
    found = rows(conn, query("locks/sessions", major_version(conn)), values=values)
    return tuple(
        Session(
            pid=pid,
            user=user,
            application=application,
            backend=backend,
            state=state,
            transaction_seconds=transaction,
            query_seconds=running,
            prepared=prepared,
            visible=visible,
            locks=tuple(HeldLock(relation, mode) for relation, mode in locks),
        )
        for (
            pid,
            user,
            application,
            backend,
            state,
            transaction,
            running,
            prepared,
            visible,
            locks,
        ) in found
    )
