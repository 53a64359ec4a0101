"""A password is found nowhere, however it was given and whatever goes wrong.

Looked through are the output and every file that a run writes: evidence, pages, JUnit, pytest-html,
pytest's cache. No part of the password may stand there, in any spelling.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
from guarded import IN_A_URL, PASSWORD, Guarded, guarded_server
from in_process import QUIET, load_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server

    Form = Callable[[Guarded, Path, pytest.MonkeyPatch], list[str]]

# Each part of it is the same in every spelling: quoted, percent-encoded, escaped.
PARTS = PASSWORD.split("@")
LOUD = (
    *("-vv", "--showlocals", "--tb=long", "-rA", "--setup-show", "--durations=0"),
    *("--log-level=DEBUG", "--log-cli-level=DEBUG", "--junitxml=out/junit.xml"),
    *("--html=out/pytest.html", "--self-contained-html"),
)
PROJECT = {
    "baseline/01_orders.sql": "CREATE TABLE orders (id int PRIMARY KEY);\n",
    "migrations/001_add_status.sql": "ALTER TABLE orders ADD COLUMN status text;\n",
    "orders_verification.sql": (
        "-- Check 1: fails\n-- expect-value: 1\nSELECT count(*) FROM orders;\n\n"
        "-- Check 2: errs\n-- expect-value: 1\nSELECT 1 / count(*) FROM orders;\n"
    ),
    "test_orders.py": """\
import pytest


def test_reads(dbmigrate_connection):
    conn, info = dbmigrate_connection, dbmigrate_connection.info
    rows = conn.execute("SELECT * FROM nowhere").fetchall()


def test_writes(dbmigrate_connection):
    dbmigrate_connection.execute("DELETE FROM orders")


def test_fails(dbmigrate_run, dbmigrate_target, dbmigrate_migrations, request):
    run, gate, settings = dbmigrate_run, dbmigrate_run.gate, dbmigrate_run.settings
    target, option = settings.target, request.config.option
    evidence = run.evidence()
    assert not (run, gate, settings, target, option, evidence)


def test_leaves(dbmigrate_connection):
    dbmigrate_connection.execute("COMMIT")


def test_copies(dbmigrate_postgresql):
    assert not dbmigrate_postgresql
""",
}


def url(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """As one URL, the form that everybody types."""
    del path, patch
    return [f"--db-url={door.url('app')}"]


def apart(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """As an argument of its own, behind the longer name."""
    del path, patch
    return ["--dbmigrate-db-url", door.url("app")]


def keywords(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """As libpq's keywords."""
    del path, patch
    place = f"host=127.0.0.1 port={door.port} dbname=app user=deploy"
    return [f"--db-url={place} password='{PASSWORD}'"]


def query(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """As a parameter of the URL."""
    del path, patch
    return [f"--db-url={door.url('app', 'deploy')}?password={IN_A_URL}&connect_timeout=5"]


def variable(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """In a variable that is named."""
    del path
    patch.setenv("DATABASE_URL", door.url("app"))
    return ["--db-url=env:DATABASE_URL"]


def pgpassword(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """In libpq's own variable."""
    del path
    patch.setenv("PGPASSWORD", PASSWORD)
    return [f"--db-url={door.url('app', 'deploy')}"]


def pgpass(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """In a password file."""
    file = path / "pgpass"
    file.write_text(f"*:*:*:deploy:{PASSWORD}\n")
    file.chmod(0o600)
    patch.setenv("PGPASSFILE", str(file))
    return [f"--db-url={door.url('app', 'deploy')}"]


def service(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """In a service file."""
    file = path / "services"
    place = f"host=127.0.0.1\nport={door.port}\ndbname=app\nuser=deploy\n"
    file.write_text(f"[staging]\n{place}password={PASSWORD}\n")
    patch.setenv("PGSERVICEFILE", str(file))
    return ["--db-url=service=staging"]


def addopts(door: Guarded, path: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """In a variable that pytest itself reads."""
    del path
    patch.setenv("PYTEST_ADDOPTS", f"--db-url={door.url('app')}")
    return []


FORMS: tuple[Form, ...] = (
    *(url, apart, keywords, query, variable, pgpassword, pgpass, service, addopts),
)


@pytest.fixture(scope="module")
def door(pg18: Server) -> Iterator[Guarded]:
    """A guarded server with the database `app` before the migration."""
    load_everything()
    with guarded_server(pg18.binaries) as guarded:
        with psycopg.connect(guarded.server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE app OWNER deploy")
        with psycopg.connect(guarded.server.dsn("app"), autocommit=True) as owner:
            owner.execute("SET ROLE deploy")
            owner.execute(PROJECT["baseline/01_orders.sql"].encode())
        yield guarded


class Leaks:
    """Runs pytest in a project that fails in every way, and looks through all that comes of it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        """Write the project; what is kept secret stands outside of it."""
        self.pytester = pytester
        for path, text in PROJECT.items():
            file = pytester.path / "project" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        pytester.chdir()

    def write(self, path: str, text: str) -> None:
        """Replace a file of the project."""
        (self.pytester.path / "project" / path).write_text(text)

    def run(self, *arguments: str) -> str:
        """Run loudly; nothing secret is found. Returns the output."""
        ran = self.pytester.runpytest_inprocess(
            *QUIET, "--rootdir=project", "-c", "none.toml", "project", *LOUD, *arguments
        )
        output = "\n".join([*ran.outlines, *ran.errlines])
        places = {"the output": output}
        for folder in ("project", "out", "dbmigrate-report", ".pytest_cache"):
            for file in (self.pytester.path / folder).rglob("*"):
                if file.is_file():
                    places[str(file)] = file.read_bytes().decode("utf-8", "replace")
        found = [
            f"{place}: {line}"
            for place, text in places.items()
            for line in text.splitlines()
            if any(part in line for part in PARTS)
        ]
        assert found == []
        assert any("dbmigrate-report" in place for place in places) or ran.ret in {2, 3, 4}
        return output


@pytest.fixture
def leaks(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Leaks:
    """A project that fails in every way; no variable of this machine leads to a database."""
    for name in ("PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE", "PYTEST_ADDOPTS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (pytester.path / "none.toml").write_text("[pytest]\n")
    (pytester.path / "secret").mkdir()
    return Leaks(pytester)


@pytest.mark.parametrize("form", FORMS)
def test_when_checks_and_python_tests_fail_then_the_password_is_not_shown(
    form: Form, door: Guarded, leaks: Leaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection works; every frame and every local variable is shown."""
    output = leaks.run(*form(door, leaks.pytester.path / "secret", monkeypatch))
    assert 'relation "nowhere" does not exist' in output
    assert "division by zero" in output
    assert "dbmigrate_run" in output


@pytest.mark.parametrize("form", FORMS)
def test_when_a_migration_fails_then_the_password_is_not_shown(
    form: Form, door: Guarded, leaks: Leaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line is part of the record."""
    leaks.write("migrations/001_add_status.sql", "ALTER TABLE orders ADD COLUMN status txt;\n")
    given = form(door, leaks.pytester.path / "secret", monkeypatch)
    output = leaks.run("--apply-migrations", *given)
    assert 'type "txt" does not exist' in output


@pytest.mark.parametrize("form", FORMS)
def test_when_the_server_refuses_or_is_not_there_then_the_password_is_not_shown(
    form: Form, door: Guarded, leaks: Leaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames of psycopg hold the whole connection string."""
    secret = leaks.pytester.path / "secret"
    with psycopg.connect(door.server.dsn(), autocommit=True) as admin:
        admin.execute("ALTER ROLE deploy NOLOGIN")
        try:
            assert "Cannot connect" in leaks.run(*form(door, secret, monkeypatch))
        finally:
            admin.execute("ALTER ROLE deploy LOGIN")
    nobody = Guarded(door.server, port=1)
    assert "Cannot connect" in leaks.run(*form(nobody, secret, monkeypatch))


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://deploy:{clear}@127.0.0.1/app",
        "postgresql://deploy:{url}@127.0.0.1:{url}/app",
        "postgresql:deploy:{url}@127.0.0.1/app",
        "mysql://deploy:{url}@127.0.0.1/app",
        "{url}://deploy@127.0.0.1/app",
        "postgresql://deploy:{url}%@127.0.0.1/app",
        "postgresql://deploy@127.0.0.1/app?passwort={url}",
        "host=127.0.0.1 passwort={clear}",
        "host=127.0.0.1 password='{clear}",
        "{clear}",
    ],
)
def test_when_the_url_cannot_be_read_then_it_is_not_repeated(
    wrong: str, leaks: Leaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows which part of it was meant to be the password."""
    text = wrong.format(clear=PASSWORD, url=IN_A_URL)
    assert "ERROR:" in leaks.run(f"--db-url={text}")
    monkeypatch.setenv("DATABASE_URL", text)
    assert "ERROR:" in leaks.run("--db-url=env:DATABASE_URL")


@pytest.mark.parametrize(
    "conftest",
    [
        "def pytest_runtest_call(item):\n    raise SystemError('hook')\n",
        "def pytest_runtest_logreport(report):\n    raise SystemError('hook')\n",
        "def pytest_collection_modifyitems(config, items):\n    raise SystemError('hook')\n",
        "def pytest_sessionfinish(session):\n    raise SystemError('hook')\n",
        "def pytest_configure(config):\n    raise SystemError('hook')\n",
        "raise SystemError('hook')\n",
        "def pytest_runtest_call(item):\n    raise KeyboardInterrupt\n",
    ],
)
def test_when_a_hook_of_somebody_else_fails_then_the_password_is_not_shown(
    conftest: str, door: Guarded, leaks: Leaks
) -> None:
    """An internal error is shown with every frame of ours in it."""
    leaks.write("conftest.py", conftest)
    leaks.run(f"--db-url={door.url('app')}", "--apply-migrations", "--full-trace", "-x")


def test_when_the_connection_is_lost_then_the_password_is_not_shown(
    door: Guarded, leaks: Leaks
) -> None:
    """The session is ended in the middle of a migration, and another one asks about it."""
    leaks.write("migrations/001_add_status.sql", "SELECT pg_terminate_backend(pg_backend_pid());\n")
    output = leaks.run(f"--db-url={door.url('app')}", "--apply-migrations")
    assert "terminating connection" in output


def test_when_a_clone_fails_then_the_password_is_not_shown(door: Guarded, leaks: Leaks) -> None:
    """pg_dump is told the password as well."""
    with psycopg.connect(door.server.dsn("app"), autocommit=True) as admin:
        admin.execute("CREATE TABLE hidden (id int); REVOKE ALL ON hidden FROM PUBLIC")
        try:
            output = leaks.run("--rehearse", f"--db-url={door.url('app')}")
        finally:
            admin.execute("DROP TABLE hidden")
    assert "hidden" in output


def test_when_workers_are_asked_for_then_the_password_is_not_shown(
    door: Guarded, leaks: Leaks
) -> None:
    """Refused before anything is passed on to another process."""
    assert "-n with --db-url" in leaks.run("-n2", f"--db-url={door.url('app')}")


def test_when_something_is_shown_then_these_tests_would_find_it(
    door: Guarded, leaks: Leaks
) -> None:
    """The control of every test above."""
    shutil.rmtree(leaks.pytester.path / "project")
    (leaks.pytester.path / "project").mkdir()
    halves = f"{PARTS[0][:3]!r} + {PARTS[0][3:]!r}"
    leaks.write("test_leak.py", f"def test_leak():\n    found = {halves}\n    assert not found\n")
    with pytest.raises(AssertionError, match="the output"):
        leaks.run(f"--db-url={door.url('app')}")
