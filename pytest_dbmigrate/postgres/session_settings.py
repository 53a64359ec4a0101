"""Settings and role: what a migration changed for the session is set back before the next one.

A plain SET outlives the COMMIT: through a transaction pooler it would reach the application, whose
session the server gives the connection to next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from pytest_dbmigrate.postgres.query import run, value
from pytest_dbmigrate.spec.expectations import Result

if TYPE_CHECKING:
    from psycopg import Connection

# What is not at its default because somebody said SET, with or without LOCAL. How the transaction
# reads and writes is no setting of the session's.
_CHANGED = """
SELECT name, setting FROM pg_settings
 WHERE source = 'session'
   AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
UNION ALL SELECT 'session_authorization', session_user::text
UNION ALL SELECT 'role', current_setting('role')
"""
# The limits, and what decides whether triggers and foreign keys strike.
_THE_GATES = frozenset(
    {
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "transaction_timeout",
        "client_connection_check_interval",
        "session_replication_role",
    }
)


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting (or the role) that a migration left changed, and what it was set back to."""

    name: str
    left: str
    restored: str

    @property
    def forbidden(self) -> bool:
        """Whether the migration ran under other rules than the gate's: the limits, or triggers."""
        return self.name in _THE_GATES

    def __str__(self) -> str:
        """Render as a sentence."""
        back = f"set back to {self.restored!r}" if self.restored else "reset"
        return f"{self.name} was left at {self.left!r}; {back}"


def changed_settings(conn: Connection[object]) -> dict[str, str]:
    """The settings that are not at their defaults, and session user and role, by name."""
    outcome = run(conn, _CHANGED).outcome
    rows = outcome.rows if isinstance(outcome, Result) else ()
    return {name or "": setting or "" for name, setting in rows}


def reset_unseen(conn: Connection[object], wanted: dict[str, str]) -> None:
    """Reset the settings that no catalog shows (the application's own, such as `app.tenant`).

    `wanted` are the others, which are set again for the transaction.
    """
    run(conn, "RESET ALL")
    for name, setting in wanted.items():
        if name not in {"role", "session_authorization"}:
            quoted = sql.quote(name), sql.quote(setting)
            run(conn, f"SELECT pg_catalog.set_config({quoted[0]}, {quoted[1]}, true)")


_TEMPORARY = """
SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_catalog.pg_class
 WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND relkind IN ('r', 'v', 'S', 'p', 'f')
"""


def drop_temporary(conn: Connection[object]) -> str:
    """Drop this session's temporary relations; returns their names, empty when there were none.

    No other session ever sees them: a check that did would say nothing of the database.
    """
    names = value(conn, _TEMPORARY) or ""
    if names:
        run(conn, "DISCARD TEMP")
    return names


def restore_settings(
    conn: Connection[object], wanted: dict[str, str]
) -> tuple[ChangedSetting, ...]:
    """Set back what differs from `wanted`, for the session, and return it."""
    now = changed_settings(conn)
    changed = [
        ChangedSetting(name, now.get(name, "its default"), wanted.get(name, ""))
        for name in dict.fromkeys((*wanted, *now))
        if now.get(name) != wanted.get(name)
    ]
    # The session's user comes first: it takes the role with it.
    for change in sorted(changed, key=lambda c: (c.name != "session_authorization", c.name)):
        if change.name == "session_authorization":
            run(conn, "RESET SESSION AUTHORIZATION")
        elif change.name in wanted:
            name, setting = sql.quote(change.name), sql.quote(change.restored)
            run(conn, f"SELECT pg_catalog.set_config({name}, {setting}, false)")
        else:
            run(conn, sql.SQL("RESET {}").format(sql.Identifier(change.name)).as_string())
    return tuple(changed)
