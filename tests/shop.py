"""A small project that a test changes and runs as its user would: `shop.run("-k", "status")`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

# In-process runs forget what they imported; what they all need is imported once, here.
import pytest_dbmigrate.closing
import pytest_dbmigrate.collect
import pytest_dbmigrate.postgres.rehearsal
import pytest_dbmigrate.report.terminal
import pytest_dbmigrate.run  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server

BASELINE = """\
CREATE TABLE orders (id integer PRIMARY KEY, shipped_at timestamptz);
CREATE TABLE lines (id integer PRIMARY KEY, order_id integer NOT NULL REFERENCES orders (id));
INSERT INTO orders VALUES (1, '2024-01-03'), (2, NULL), (3, '2024-01-08');
INSERT INTO lines VALUES (10, 1), (11, 1), (12, 3);
"""
MIGRATION = """\
ALTER TABLE orders ADD COLUMN IF NOT EXISTS status text;
UPDATE orders SET status = CASE WHEN shipped_at IS NULL THEN 'open' ELSE 'shipped' END
WHERE status IS NULL;
"""
CHECKS = """\
-- QUERY SET 1: Orders before

-- name: three_before
-- phase: before
-- expect-value: 3
SELECT count(*) FROM orders;

-- QUERY SET 2: Orders with a status

-- name: filled
-- phase: after 001
-- expect-value: 0
SELECT count(*) FROM orders WHERE status IS NULL;

-- name: none_lost
-- expect-same-as-before
SELECT count(*) FROM orders;

-- name: two_shipped
-- tags: shipping
-- expect-value: 2
SELECT count(*) FROM orders WHERE status = 'shipped';

-- name: not_empty
-- param: table = orders | lines
-- expect-value: >= 3
SELECT count(*) FROM :"table";

-- QUERY SET 3: Health

-- name: readable
-- phase: health
-- expect-value: true
SELECT count(*) > 0 FROM orders;
"""
INI = "[pytest]\nmarkers = shipping: what leaves the house\n"
MIGRATION_FILE = "migrations/001_add_status.sql"
CHECK_FILE = "checks_verification.sql"


@dataclass(frozen=True)
class Ran:
    """What one command line gave."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of its output."""
        return self.out.splitlines()[-1] if self.out else ""

    @property
    def word(self) -> str:
        """GO or NO-GO, as the last line says; empty where it is another line."""
        words = self.last.split()
        return words[1] if words[:1] == ["dbmigrate:"] else ""


class Shop:
    """A project in a folder of the test's own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        """Write the project: a baseline, a migration, and seven checks of four phases."""
        self.pytester = pytester
        self.root = pytester.path
        self.write("pytest.ini", INI)
        self.write("baseline/01_orders.sql", BASELINE)
        self.write(MIGRATION_FILE, MIGRATION)
        self.write(CHECK_FILE, CHECKS)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there once."""
        text = (self.root / name).read_text("utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is {text.count(old)} times in {name}")
        self.write(name, text.replace(old, new))

    def break_a_check(self) -> None:
        """Let the check `two_shipped` fail."""
        self.change(CHECK_FILE, "-- expect-value: 2\n", "-- expect-value: 4\n")

    def repair_the_check(self) -> None:
        """Undo `break_a_check`."""
        self.change(CHECK_FILE, "-- expect-value: 4\n", "-- expect-value: 2\n")

    def mark(self, name: str, mark: str) -> None:
        """Give an item a mark, as a conftest would: `mark("commit", "skip")`."""
        self.write(
            "conftest.py",
            "import pytest\n"
            "def pytest_itemcollected(item):\n"
            f"    if item.name == {name!r}:\n"
            f"        item.add_marker(pytest.mark.{mark})\n",
        )

    def run(self, *arguments: str) -> Ran:
        """Type `pytest` with these arguments, in this process."""
        result = self.pytester.runpytest_inprocess(*arguments)
        return Ran(int(result.ret), "\n".join(result.outlines), "\n".join(result.errlines))

    def run_apart(self, *arguments: str) -> Ran:
        """Type `pytest` with these arguments, in a process of its own."""
        result = self.pytester.runpytest_subprocess(*arguments)
        return Ran(int(result.ret), "\n".join(result.outlines), "\n".join(result.errlines))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `pytest` with these arguments, and do not wait for it."""
        return subprocess.Popen(  # noqa: S603  (a test's own command line)
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    @property
    def folders(self) -> list[Path]:
        """The folders of the runs so far, oldest first."""
        reports = self.root / "dbmigrate-report"
        found = [p for p in reports.glob("*Z-*") if p.is_dir()]
        return sorted(found, key=lambda p: p.stat().st_ctime_ns)

    def evidence(self) -> dict[str, Any]:
        """The newest run's record."""
        latest = self.root / "dbmigrate-report" / "latest" / "evidence.json"
        found: dict[str, Any] = json.loads(latest.read_bytes())
        return found

    def outcomes(self) -> dict[str, str]:
        """The outcome of each verification and Python test of the newest run, by name."""
        asked = [c for c in self.evidence()["checks"] if c["kind"] in {"verification", "python"}]
        return {c["name"]: c["result"]["outcome"] for c in asked}


@dataclass(frozen=True)
class Live:
    """A database in the state before the migration, on a server that is not ours."""

    dsn: str

    @property
    def url(self) -> str:
        """What stands behind --db-url on the command line."""
        return f"--db-url={self.dsn}"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, asked on a connection of its own."""
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            return conn.execute(query).fetchall()

    @property
    def is_migrated(self) -> bool:
        """Whether the migration has been committed."""
        return bool(
            self.ask("SELECT 1 FROM pg_attribute WHERE attrelid = 'orders'::regclass"
                     " AND attname = 'status'")
        )  # fmt: skip


@pytest.fixture
def migrated(live: Live) -> Live:
    """The live database after the migration: what `--db-url` alone finds in order."""
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(MIGRATION)
    return live


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Shop:
    """The project, ready to run."""
    return Shop(pytester)


@pytest.fixture
def live(pg15: Server) -> Iterator[Live]:
    """A live database on PostgreSQL 15, dropped afterwards."""
    name = f"live_{uuid4().hex}"
    with psycopg.connect(pg15.dsn(), autocommit=True) as admin:
        made = sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name))
        admin.execute(made)
        with psycopg.connect(pg15.dsn(name), autocommit=True) as conn:
            conn.execute(BASELINE)
        yield Live(pg15.dsn(name))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
