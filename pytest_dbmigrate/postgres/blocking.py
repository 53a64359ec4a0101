"""Who would keep the migrations waiting for their locks, seen before the first is asked for.

On a busy server there is always somebody; what matters is who will not be gone in time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.builtin import BuiltInFinding
from pytest_dbmigrate.postgres.locks import lock_holders
from pytest_dbmigrate.postgres.watching import describe
from pytest_dbmigrate.spec.builtins import BEFORE, BLOCKERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection

    from pytest_dbmigrate.postgres.locks import Session
    from pytest_dbmigrate.spec.migrations import Migration

# Row statements go well with others' row statements; everything else may need a strong lock.
_ROW_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "SELECT", "VALUES", "MERGE", "COMMENT")
_UNSEEN = (
    "this role may not see for how long: GRANT pg_read_all_stats TO it, or leave this check out: "
    f"--dbmigrate-off={BLOCKERS}"
)
# It gives way to a lock request by itself.
_GIVES_WAY = "autovacuum worker"


def find_blockers(
    conn: Connection[object], migrations: Iterable[Migration], patience_ms: int
) -> BuiltInFinding:
    """The sessions and prepared transactions that hold a table the migrations name, for too long.

    Too long is longer than we would wait for a lock ourselves: who has held it that long will
    hardly be gone when we come. Raises psycopg.Error.
    """
    names = _named(migrations)
    problems, unknown = [], []
    for session in lock_holders(conn):
        held = tuple(lock for lock in session.locks if _last(lock.relation) in names)
        if not held or session.backend == _GIVES_WAY:
            continue
        told = describe(replace(session, locks=held))
        if not session.visible:
            unknown.append(f"{told}: {_UNSEEN}")
        elif session.prepared or _age_ms(session) > patience_ms:
            problems.append(told)
    return BuiltInFinding(
        name=BLOCKERS,
        title=next(check.title for check in BEFORE if check.name == BLOCKERS),
        at=datetime.now(UTC),
        problems=tuple(problems),
        unknown=tuple(unknown),
    )


def _age_ms(session: Session) -> float:
    return (session.transaction_seconds or 0) * 1000


def _named(migrations: Iterable[Migration]) -> frozenset[str]:
    """Every word of the statements that may need a strong lock, tables among them."""
    return frozenset(
        word
        for migration in migrations
        for statement in migration.statements
        if not statement.text[:7].upper().startswith(_ROW_STATEMENTS)
        for word in _words(statement.text)
    )


def _words(text: str) -> Iterator[str]:
    for quoted in re.findall(r'"((?:[^"]|"")+)"', text):
        yield quoted.replace('""', '"')
    yield from re.findall(r"[\w$]+", text.lower())


def _last(identity: str) -> str:
    """The unquoted last part of a qualified name."""
    match = re.search(r'(?:"((?:[^"]|"")*)"|([^."]+))$', identity)
    if match is None:
        return identity
    return match[1].replace('""', '"') if match[1] is not None else match[2]
