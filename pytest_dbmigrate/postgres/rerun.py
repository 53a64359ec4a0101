"""Each migration once more, in the same session and in a new one: nothing may change or be raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.postgres.apply import Fault, apply
from pytest_dbmigrate.postgres.catalog import diff, snapshot
from pytest_dbmigrate.postgres.query import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg import Connection

    from pytest_dbmigrate.spec.migrations import Migration

Session = Literal["same", "new"]
SESSIONS: tuple[Session, ...] = ("same", "new")


@dataclass(frozen=True, slots=True)
class Rerun:
    """One migration applied again: what it changed, or the error it raised."""

    version: str
    session: Session
    changed: tuple[str, ...]
    fault: Fault | None
    duration_ns: int


def rerun_all(
    same: Connection[object], connect: Callable[[], Connection[object]], migrations: Sequence[Migration]
) -> Iterator[Rerun]:
    """Apply the migrations again in order, first on the connection they ran on, then on a new one."""
    for session in SESSIONS:
        conn = same if session == "same" else connect()
        try:
            for migration in migrations:
                yield _rerun(conn, migration, session)
        finally:
            if session == "new":
                conn.close()
