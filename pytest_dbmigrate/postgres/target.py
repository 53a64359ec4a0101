"""URL → connection and identity: who answers, as which role, with which rights."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.url import (
    Target,
    TargetError,
    parse_url,
    redacted_url,
    scrub,
)

if TYPE_CHECKING:
    from typing import LiteralString

    import psycopg

__all__ = ["Identity", "Target", "TargetError", "connect", "identify", "parse_url", "scrub"]

# What libpq or the server says (in English; other languages get the last line) → what to do.
ADVICE = (
    (
        r"password authentication failed|no password supplied",
        (
            "check role and password. A URL without a password takes it from PGPASSWORD, .pgpass or"
            " a service file; in a URL its special characters are percent-encoded"
        ),
    ),
    (r'database ".*" does not exist', "check the database's name, or create it first"),
    (r'role ".*" does not exist', "check the role's name, or create it first"),
    (r"pg_hba\.conf", "the server's pg_hba.conf must allow this role from this address"),
    (
        r"SSL|TLS|certificate",
        "server and sslmode must agree on TLS; it is never lowered without being asked",
    ),
    (r"resolve host|translate host name", "check the host's name and this machine's DNS"),
    (
        r"timeout|timed out",
        "check host, port and firewall; connect_timeout=SECONDS in the URL waits longer",
    ),
    (
        r"Connection refused|No such file or directory|unreachable",
        "check host and port, and that the server runs and listens there",
    ),
    (r"too many clients|connection slots", "wait until connections are free, or end some"),
    (r"starting up|shutting down|not accepting", "wait until the server accepts connections"),
    (r"definition of service", "check the service's name in pg_service.conf (PGSERVICEFILE)"),
    (r"", "check that psql connects with the same URL from this machine"),
)
# A connection that a firewall dropped is noticed after a minute; what the URL says wins.
KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Which server and database answered, and what the role may do there.

    `system_identifier` and `timeline` are None where the role may not see them. `pooled`: a
    pooler stands between. `read_only`: transactions are read-only unless they say otherwise.
    """

    server_version: str
    server_version_num: int
    system_identifier: str | None
    timeline: int | None
    database: str
    role: str
    session_user: str
    superuser: bool
    bypassrls: bool
    in_recovery: bool
    read_only: bool
    encoding: str
    collation: str
    pooled: bool
    url_redacted: str


def connect(
    target: Target,
    *,
    application_name: str = "pytest-dbmigrate",
    timeout: int = 10,
    autocommit: bool = False,
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection to the target, in UTF-8 and without server-side prepared statements.

    `timeout` counts seconds over all addresses of all hosts (at least 2 for each address); a
    connect_timeout in the URL wins. Raises TargetError, without a trace of psycopg's frames, whose
    local variables hold the password.
    """
    import psycopg  # noqa: PLC0415  (import time)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    given = set(conninfo_to_dict(target.conninfo.reveal()))
    settings: dict[str, Any] = {
        name: value for name, value in KEEPALIVES.items() if name not in given
    }
    if "connect_timeout" not in given:
        settings["connect_timeout"] = max(2, timeout // _addresses(target))
    try:
        return psycopg.connect(
            target.conninfo.reveal(),
            autocommit=autocommit,
            prepare_threshold=None,
            application_name=application_name,
            client_encoding="UTF8",
            **settings,
        )
    except (psycopg.Error, OSError, ValueError) as error:
        message = _explain(error, target)
    except BaseException as error:  # noqa: BLE001  (raised again: Ctrl-C, a timeout plugin's)
        error.__cause__ = error.__context__ = None
        raise error.with_traceback(None)  # noqa: B904
    raise TargetError(message)


def _addresses(target: Target) -> int:
    """How many addresses psycopg will try one after the other, at least one."""
    count = 0
    for host in (target.host or os.environ.get("PGHOST", "")).split(","):
        try:
            count += len(socket.getaddrinfo(host, 5432, type=socket.SOCK_STREAM)) if host else 1
        except (OSError, UnicodeError):
            count += 1  # a socket's directory, or a name that will fail by itself
    return count


def _explain(error: Exception, target: Target) -> str:
    """One paragraph: what was tried, what libpq said, what to do."""
    from psycopg import pq  # noqa: PLC0415  (import time)

    said = re.sub(
        r"^(connection failed|connection is bad): | ?Is the server running [^?]*\?",
        "",
        " ".join(str(error).split()),
    )
    advice = next(words for pattern, words in ADVICE if re.search(pattern, said))
    defaults = {o.keyword: o.val or o.compiled for o in pq.Conninfo.get_defaults()}
    attempt = getattr(error, "pgconn", None)

    def tried(name: str, attribute: str) -> str:
        default = defaults.get(name.encode()) or b""
        found = getattr(attempt, attribute, b"") or b""
        return found.decode(errors="replace") or getattr(target, name) or default.decode()

    host, port = tried("host", "host") or "the local socket", tried("port", "port")
    role, database = tried("user", "user"), tried("dbname", "db")
    said = said.removeprefix(f'connection to server at "{host}", port {port} failed: ')
    text = (
        f'Cannot connect to database "{database or role}" at {host}, port {port}, as role "{role}":'
        f" {scrub(said, target)}. The URL was {target.redacted}. What to do: {advice}."
    )
    return "".join(c if c.isprintable() else "?" for c in text)


_FACTS = """
SELECT pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num')::int,
       d.datname::text, r.rolname::text, session_user::text, r.rolsuper, r.rolbypassrls,
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('default_transaction_read_only')::bool,
       pg_catalog.pg_encoding_to_char(d.encoding)::text,
       coalesce(j.facts->>'datlocale', j.facts->>'daticulocale',
                concat_ws(', ctype ', d.datcollate, nullif(d.datctype, d.datcollate)))
         || CASE j.facts->>'datlocprovider'
              WHEN 'b' THEN ' (builtin)' WHEN 'i' THEN ' (icu)' ELSE ' (libc)' END,
       pg_catalog.pg_backend_pid()
  FROM pg_catalog.pg_database d
  JOIN pg_catalog.pg_roles r ON r.rolname = current_user
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS facts) j
 WHERE d.datname = pg_catalog.current_database()
"""
_SYSTEM_IDENTIFIER = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
# The timeline of what is written now; the control file's is that of the last checkpoint.
_TIMELINE = """
SELECT ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(
          pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
"""
_TIMELINE_OF_STANDBY = "SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()"


def identify(conn: psycopg.Connection[Any]) -> Identity:
    """Who answers on `conn`. Leaves its transaction state as it was and writes nothing."""
    with conn.transaction():
        facts = _row(conn, _FACTS)
        in_recovery = facts[7]
        system = _if_allowed(conn, _SYSTEM_IDENTIFIER)
        timeline = _if_allowed(conn, _TIMELINE_OF_STANDBY if in_recovery else _TIMELINE)
    info = conn.info
    reached = {"host": info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
    return Identity(
        server_version=facts[0],
        server_version_num=facts[1],
        system_identifier=system,
        timeline=timeline,
        database=facts[2],
        role=facts[3],
        session_user=facts[4],
        superuser=facts[5],
        bypassrls=facts[6],
        in_recovery=in_recovery,
        read_only=facts[8],
        encoding=facts[9],
        collation=facts[10],
        pooled=info.backend_pid != facts[11],
        url_redacted=redacted_url(reached),
    )


def _row(conn: psycopg.Connection[Any], query: LiteralString) -> tuple[Any, ...]:
    from psycopg.rows import tuple_row  # noqa: PLC0415  (import time)

    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query).fetchone()
    if row is None:
        # A role that was dropped or renamed while it is in use has no row in pg_roles.
        raise TargetError("The server does not know the role of this connection any more.")
    return row


def _if_allowed(conn: psycopg.Connection[Any], query: LiteralString) -> Any:
    """The query's one value, None where the role, the service or the server's state denies it."""
    from psycopg import errors  # noqa: PLC0415  (import time)

    try:
        with conn.transaction():
            return _row(conn, query)[0]
    except (
        errors.InsufficientPrivilege,
        errors.FeatureNotSupported,
        errors.ObjectNotInPrerequisiteState,
        errors.UndefinedFunction,
    ):
        return None
