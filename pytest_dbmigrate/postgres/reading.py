"""Our own queries: printed alike whatever a migration has set, and nothing of them stays behind."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

# What changes how PostgreSQL prints a value or an expression, as pg_dump sets it. With pg_catalog
# alone in the path no table of the user's stands in front of a catalog, and every name of the
# user's comes out qualified. Without row_security a filtered result is an error (42501).
_SETTINGS = {
    "search_path": "pg_catalog",
    "row_security": "off",
    "quote_all_identifiers": "off",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "jit": "off",
}
_SAVEPOINT = "dbmigrate_reading"
_AT_ONCE = 100  # a table that is read stays locked (ACCESS SHARE) until the round trip ends
_AFTER = [f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}", f"RELEASE SAVEPOINT {_SAVEPOINT}"]


@cache
def query(name: str, major: int) -> str:
    """The text of queries/<name>.sql for servers of one major version.

    Of lines that end in `-- since N` or `-- before N` only those meant for that version are kept.
    """
    kept = []
    text = (files(__package__) / "queries" / f"{name}.sql").read_text("utf-8")
    for line in text.splitlines():
        bounds = dict(re.findall(r"-- (since|before) (\d+)", line))
        if int(bounds.get("since", major)) <= major < int(bounds.get("before", major + 1)):
            kept.append(line)
    return "\n".join(kept) + "\n"


def major_version(conn: psycopg.Connection[Any]) -> int:
    """The major version of the server."""
    return conn.info.server_version // 10000


def rows(
    conn: psycopg.Connection[Any],
    *queries: str,
    values: Mapping[str, object] | None = None,
    session_path: bool = False,
) -> list[tuple[Any, ...]]:
    """The rows of all queries, one after the other, in one round trip.

    They run inside a savepoint that is rolled back and released: no lock, setting or transaction id
    stays behind. `values` fill placeholders such as `%(pid)s`. With `session_path` names are looked
    up as the session would. A connection in autocommit mode that is in no transaction gets one for
    this call. Raises psycopg.Error and leaves the transaction usable.
    """
    from psycopg import ClientCursor  # noqa: PLC0415  # psycopg is imported where it is needed
    from psycopg.errors import InvalidSavepointSpecification  # noqa: PLC0415
    from psycopg.rows import tuple_row  # noqa: PLC0415

    if conn.autocommit and conn.info.transaction_status.name == "IDLE":
        with conn.transaction(force_rollback=True):
            return rows(conn, *queries, values=values, session_path=session_path)
    settings = [
        f"SET LOCAL {name} = '{value}'"
        for name, value in _SETTINGS.items()
        if not (session_path and name == "search_path")
    ]
    script = ";\n".join([f"SAVEPOINT {_SAVEPOINT}", *settings, *queries, *_AFTER])
    usable = conn.info.transaction_status.name != "INERROR"
    found: list[tuple[Any, ...]] = []
    with ClientCursor(conn, row_factory=tuple_row) as cur:
        try:
            cur.execute(script.encode(), values)
            more: bool | None = True
            while more:
                found += cur.fetchall() if cur.description else []
                more = cur.nextset()
        except Exception:
            if usable and conn.info.transaction_status.name == "INERROR":
                # A script that cannot be parsed has not come to its savepoint.
                with suppress(InvalidSavepointSpecification):
                    cur.execute(";".join(_AFTER).encode())
            raise
    return found


def single_rows(
    conn: psycopg.Connection[Any], queries: Sequence[str]
) -> list[tuple[Any, ...] | str]:
    """For each query its only row, or why this role may not have it (42501).

    A hundred go in one round trip; where one is refused, they are sent one by one.
    """
    from psycopg.errors import InsufficientPrivilege  # noqa: PLC0415

    if len(queries) > _AT_ONCE:
        starts = range(0, len(queries), _AT_ONCE)
        return [row for n in starts for row in single_rows(conn, queries[n : n + _AT_ONCE])]
    try:
        return [*rows(conn, *queries)]
    except InsufficientPrivilege as error:
        if len(queries) == 1:
            return [error.diag.message_primary or str(error)]
        return [row for text in queries for row in single_rows(conn, [text])]
