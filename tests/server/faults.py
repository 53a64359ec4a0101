"""Real pytest processes on a live database, each struck by a fault, and what is true afterwards."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from stepping import Crossing, Fate, stepping
from stopping import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server

_GATES = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pytest-dbmigrate'"
# Sequences keep their positions whatever is rolled back; pg_dump 18 writes a random word.
_ASIDE = re.compile(r"^(?:SELECT pg_catalog\.setval\(.*|\\(?:un)?restrict .*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Struck:
    """What one run came to: exit status, last line, its record, and the database behind it."""

    status: int
    out: str
    record: dict[str, Any]
    database: str

    @property
    def last(self) -> str:
        """The last line of its output."""
        return self.out.splitlines()[-1] if self.out.splitlines() else ""

    @property
    def state(self) -> str:
        """What the record says became of the transaction."""
        return str(self.record["transaction"]["state"])

    def lies(self) -> str:
        """What is not true of what the run said, empty when everything is."""
        says = f"status {self.status}, record {self.state}, database {self.database}: {self.last}"
        if self.database not in {"before", "verified"}:
            return f"half-done: {says}"
        complete = bool(self.record["run"]["complete"])
        allowed = {"unchanged": "before", "nothing written": "before", "committed": "verified"}
        if self.database != allowed.get(self.state, self.database):
            return f"the record is wrong: {says}"
        if self.status == 0 and (self.database != "verified" or " GO " not in self.last):
            return f"GO on a guess: {says}"
        if self.status == 0 and not complete:
            return f"GO on an incomplete record: {says}"
        if self.status == 1 and self.database != "before":
            return f"committed, and the status says it was not: {says}"
        if self.status == 10 and self.database != "verified":
            return f"not committed, and the status says it was: {says}"
        if self.status == 11 and self.state != "unknown":
            return f"known, and the status says it is not: {says}"
        if self.status not in {0, 1, 10, 11, -signal.SIGKILL}:
            return f"a status of its own: {says}"
        return ""


@dataclass
class Target:
    """A database in the state before the migrations, on a server that faults may stop."""

    server: Server
    name: str
    project: Path
    reports: Path
    before: str = ""
    verified: str = ""
    seen: str = ""
    runs: int = 0
    extra: tuple[str, ...] = ()
    start: Callable[[list[str], Path], Any] | None = None

    def __post_init__(self) -> None:
        """Keep the state as a template, and see what it looks like."""
        self.execute(f"CREATE DATABASE {self.name}_before TEMPLATE {self.name}")
        self.before = self.dump()

    @property
    def dsn(self) -> str:
        """The database, without a relay between."""
        return self.server.dsn(self.name)

    def execute(self, query: str) -> Any:
        """Ask the server's first database; the first value, if there is one."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as admin:
            cursor = admin.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def dump(self) -> str:
        """The digest of the whole database, catalog and rows, without sequence positions."""
        program = self.server.binaries.bindir / "pg_dump"
        done = subprocess.run(  # noqa: S603  (the server's own pg_dump)
            [program, self.dsn], capture_output=True, check=True, text=True
        )
        return hashlib.sha256(_ASIDE.sub("", done.stdout).encode()).hexdigest()

    def restore(self) -> None:
        """Back to the state before the migrations."""
        self.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.name}_before")

    def run(
        self, strike: Callable[[Crossing, Any], Fate], arguments: tuple[str, ...] = ()
    ) -> Struck:
        """Run `pytest --apply-migrations` through a relay that is asked at each statement."""
        self.runs += 1
        reports, out = self.reports / str(self.runs), self.reports / f"{self.runs}.out"
        process: Any = None
        with stepping(self.server, lambda crossing: strike(crossing, process)) as port:
            url = f"host=127.0.0.1 port={port} user={self.server.user} dbname={self.name}"
            process = (self.start or start_pytest)(
                [
                    str(self.project),
                    f"--db-url={url} sslmode=disable gssencmode=disable",
                    "--apply-migrations",
                    f"--dbmigrate-report={reports}",
                    *("-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
                    *self.extra,
                    *arguments,
                ],
                out,
            )
            status = process.wait()
        wait_until(lambda: not self.execute(_GATES))
        self.seen = self.dump()
        database = {self.before: "before", self.verified: "verified"}.get(self.seen, "half-done")
        record = json.loads((reports / "latest" / "evidence.json").read_bytes())
        if database != "before":
            self.restore()
        return Struck(status, out.read_text("utf-8", "replace"), record, database)

    def undisturbed(self) -> list[str]:
        """Run once without a fault: it is GO; the statements it sent, and the verified state."""
        sent: list[str] = []

        def count(crossing: Crossing, _process: object) -> Fate:
            sent.append(crossing.text)
            return "pass"

        struck = self.run(count)
        if struck.status != 0:
            pytest.fail(f"the undisturbed run is not GO: {struck.out}")
        self.verified = self.seen
        return sent


def start_pytest(arguments: list[str], out: Path) -> subprocess.Popen[bytes]:
    """A pytest of its own process, its output in a file."""
    with out.open("wb") as file:
        return subprocess.Popen(  # noqa: S603  (this interpreter, a test's own words)
            [sys.executable, "-m", "pytest", *arguments], stdout=file, stderr=subprocess.STDOUT
        )
