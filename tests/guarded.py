"""A server as people have them: passwords, a role that may do nothing, one that is turned away."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from wire import listening, relay

from pytest_dbmigrate.postgres.server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.binaries import Binaries
    from pytest_dbmigrate.postgres.server import Server

PASSWORD = "Zq7vX@Wk3jY"  # noqa: S105  (of a throw-away server)
IN_A_URL = "Zq7vX%40Wk3jY"
# No part of the password may be shown either, and this part is the same in every spelling.
TELLTALE = "Zq7vX"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server whose role `deploy` needs PASSWORD, behind a port of 127.0.0.1.

    `plain` needs none and may do nothing, `stranger` is turned away.
    """

    server: Server
    port: int

    def url(self, dbname: str = "postgres", role: str = f"deploy:{IN_A_URL}") -> str:
        """The URL of one database for one role."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{dbname}"


@contextmanager
def guarded_server(binaries: Binaries) -> Iterator[Guarded]:
    """A guarded server for the time of the block."""
    with running_server(binaries) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            conn.execute(f"CREATE ROLE deploy LOGIN PASSWORD '{PASSWORD}'".encode())
            conn.execute("CREATE ROLE stranger LOGIN")
            conn.execute("CREATE ROLE plain LOGIN")
            conn.execute("REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC")
            # The server writes the file itself: pytest may run as another user.
            (hba,) = conn.execute("SHOW hba_file").fetchone() or ("",)
            conn.execute(
                "COPY (VALUES ('local all deploy scram-sha-256'), ('local all stranger reject'),"
                f" ('local all all trust')) TO '{hba}'".encode()
            )
            conn.execute("SELECT pg_reload_conf()")
        with listening(relay(server)) as port:
            yield Guarded(server, port)
