"""What a verification may not run: anything but a query, and functions with outside effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.tokens import tokens as read_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.spec.tokens import Token

_QUERIES = frozenset({"select", "values", "table", "show", "with"})
_WRITES = frozenset({"insert", "update", "delete", "merge"})

# The server's read-only mode stops writes to tables, not these (documentation, "SET TRANSACTION").
# Function names, without schema, in lower case. What is not here cannot be ruled out.
_FUNCTIONS = frozenset({
    # End or disturb other sessions.
    "pg_terminate_backend", "pg_cancel_backend", "pg_log_backend_memory_contexts",
    # Change what the run itself relies on: role, row_security, read-only mode, claims.
    "set_config",
    # Sequences and messages are not undone by ROLLBACK, or would reach listeners.
    "nextval", "setval", "pg_notify",
    # The server's configuration and log.
    "pg_reload_conf", "pg_rotate_logfile", "pg_rotate_logfile_old",
    # Files of the server: reading brings secrets into reports, writing is done outside SQL.
    "pg_read_file", "pg_read_binary_file", "pg_file_write", "pg_file_rename", "pg_file_unlink",
    "pg_file_sync", "lo_import", "lo_export",
    # Large objects: read-only mode lets these through before PostgreSQL 16.
    "lo_creat", "lo_create", "lo_from_bytea", "lo_put", "lo_unlink", "lo_truncate",
    "lo_truncate64", "lowrite",
    # Backups, WAL, recovery.
    "pg_switch_wal", "pg_switch_xlog", "pg_create_restore_point", "pg_backup_start",
    "pg_backup_stop", "pg_start_backup", "pg_stop_backup", "pg_promote", "pg_wal_replay_pause",
    "pg_wal_replay_resume", "pg_log_standby_snapshot", "pg_logical_emit_message",
    # Replication slots and origins; reading changes consumes them.
    "pg_create_physical_replication_slot", "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot", "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot", "pg_replication_slot_advance", "pg_sync_replication_slots",
    "pg_logical_slot_get_changes", "pg_logical_slot_get_binary_changes",
    # Statistics and index maintenance are not transactional.
    "pg_stat_statements_reset", "brin_summarize_new_values", "brin_summarize_range",
    "brin_desummarize_range", "gin_clean_pending_list", "pg_import_system_collations",
    # The http extension: requests leave the server at once.
    "http", "http_get", "http_head", "http_post", "http_put", "http_patch", "http_delete",
    # Deliberately not here: query_to_xml and its kind run the text they are given in the same
    # read-only mode and are how people count the rows of every table; pg_sleep is bounded by the
    # time limit; txid_current and pg_export_snapshot leave nothing behind.
})  # fmt: skip
_PREFIXES = (
    "dblink",  # other databases
    "pg_advisory_",  # session locks outlive the savepoint; unlocking frees the gate's own
    "pg_try_advisory_",
    "pg_stat_reset",
    "pg_replication_origin_",
)
_LOCKS = frozenset({"update", "no", "share", "key"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a statement may not run: a stable code, what it is, and what to do instead.

    `start` is the character offset of the culprit in the statement.
    """

    reason: str
    problem: str
    remedy: str
    start: int = 0


def look_at(text: str) -> tuple[tuple[Token, ...], Refusal | None]:
    """The tokens of one statement, and why it may not run, None when it may."""
    try:
        found = tuple(read_tokens(text))
    except SpecError as error:
        return (), Refusal("unreadable", error.problem, error.remedy)
    return found, refuse(found)


def refuse(tokens: Sequence[Token]) -> Refusal | None:
    """Why these tokens of one statement may not run as a verification, None when they may."""
    words = [t.text.lower() if t.kind == "word" else "" for t in tokens]
    head = next((n for n, t in enumerate(tokens) if t.text != "("), 0)
    first = words[head] if words else ""
    if first not in _QUERIES:
        return _not_a_query(tokens, first, words[head + 1] if len(words) > head + 1 else "")
    for n, token in enumerate(tokens):
        following = tokens[n + 1].text if n + 1 < len(tokens) else ""
        before = tokens[n - 1].text.lower() if n else ""
        if following == "(" and token.kind in {"word", "quoted"}:
            name = token.text.lower() if token.kind == "word" else token.text.strip('"')
            if name in _FUNCTIONS or name.startswith(_PREFIXES):
                return Refusal(
                    "outside-effects",
                    f"{name} has effects that ROLLBACK does not undo",
                    "take it out: a verification only looks",
                    token.start,
                )
        word = words[n]
        if word in _WRITES and (n == 0 or before in {"(", ")"}):
            return _no_query("writes", f"{word.upper()} writes", "a verification only looks", token)
        if word == "into" and before not in {".", "as"}:
            return _no_query(
                "writes", "SELECT INTO makes a table", "leave INTO and the name out", token
            )
        if word == "for" and following.lower() in _LOCKS:
            return _no_query("locks", f"FOR {following.upper()} locks rows", "leave it out", token)
    return None


def _no_query(reason: str, problem: str, remedy: str, token: Token) -> Refusal:
    return Refusal(reason, problem, remedy, token.start)


def _not_a_query(tokens: Sequence[Token], first: str, second: str) -> Refusal:
    start = tokens[0].start if tokens else 0
    if first == "explain":
        return Refusal(
            "explain",
            "EXPLAIN shows a plan, which differs from server to server",
            "check the result of the query itself",
            start,
        )
    if first == "do":
        return Refusal(
            "do-block",
            "a DO block returns nothing, and one that only raises notices cannot fail",
            "write the question as SELECT, with the expectation in a comment",
            start,
        )
    if first in {"begin", "start", "commit", "end", "rollback", "savepoint", "release", "abort"}:
        remedy = "take it out: every check runs in a transaction that is rolled back"
        return Refusal("transaction-control", f"{first.upper()} is not a query", remedy, start)
    if (first, second) in {("set", "role"), ("set", "local"), ("reset", "role")}:
        remedy = "take it out, and write `as: role` and `claims: {…}` above the query"
    elif first in {"set", "reset"}:
        remedy = "take it out, and name schemas in the query"
    elif first in _WRITES | {"create", "drop", "alter", "truncate", "grant", "revoke", "copy"}:
        remedy = "take it out, or make it part of a migration: a verification only looks"
    else:
        remedy = "only SELECT, VALUES, TABLE, SHOW and WITH run in a verification"
    named = first.upper() or "this"
    return Refusal("not-a-query", f"{named} is not a query", remedy, start)
