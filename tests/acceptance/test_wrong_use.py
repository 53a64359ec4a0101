"""Every wrong use gets words that say what is wrong, where, what was looked at, and what to do.

The words are reviewed in `wrong_uses.md`. `REWRITE=1 pytest tests/acceptance/test_wrong_use.py`
writes them anew, to be reviewed in the diff.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from guarded import Guarded, guarded_server
from in_process import QUIET, load_everything
from wrong_uses import PROJECT, WRONG_USES, WrongUse

from pytest_dbmigrate.postgres import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.postgres.server import Server

REVIEWED = Path(__file__).parent / "wrong_uses.md"
HEADING = """\
# What is said when it is used wrongly

Compared, word by word, with what `tests/acceptance/test_wrong_use.py` gets. The wrong uses
themselves are in `wrong_uses.py`. The run's summary is left out: it says the same once more.
"""


@pytest.fixture(scope="module")
def door(pg18: Server) -> Iterator[Guarded]:
    """A guarded server with the database `app`, as PROJECT's baseline leaves it."""
    load_everything()
    with guarded_server(pg18.binaries) as guarded:
        with psycopg.connect(guarded.server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE app OWNER deploy")
        with psycopg.connect(guarded.server.dsn("app"), autocommit=True) as owner:
            owner.execute("SET ROLE deploy")
            owner.execute(str(PROJECT["sql/baseline/01_orders.sql"]).encode())
        yield guarded


@pytest.fixture(scope="module")
def said() -> Iterator[dict[str, str]]:
    """What was said in this module's tests; kept, when that is asked for."""
    found: dict[str, str] = {}
    yield found
    if os.environ.get("REWRITE"):
        REVIEWED.write_text("\n".join([HEADING, *(found[w.title] for w in WRONG_USES)]), "utf-8")


@pytest.mark.parametrize("wrong", WRONG_USES, ids=[w.title for w in WRONG_USES])
def test_when_it_is_used_wrongly_then_the_words_are_those_that_were_reviewed(
    wrong: WrongUse,
    door: Guarded,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, str],
) -> None:
    """Exit status included; no word of it depends on this machine or this moment."""
    for path, text in {**PROJECT, **wrong.files}.items():
        if text is not None:
            file = pytester.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name in [n for n in os.environ if n.startswith("PG") or n == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    # Where CI is set, pytest writes its short summary in full.
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    if wrong.without_postgres:
        hide_postgres(monkeypatch)
    command = shlex.split(wrong.typed)[1:]
    urls = {
        "url": door.url("app"),
        "wrong_password": door.url("app", "deploy:wrong-horse"),
        "plain": door.url("app", "plain"),
    }
    ran = pytester.runpytest_inprocess("-q", *QUIET, *(a.format(**urls) for a in command))
    words = normal("\n".join([*ran.outlines, *ran.errlines]), pytester.path, door)
    block = indented(f"$ {wrong.typed}\n\n{words}\n\nexit status {int(ran.ret)}")
    said[wrong.title] = f"## {wrong.title}\n\n{block}"
    reviewed = REVIEWED.read_text("utf-8") if REVIEWED.exists() else ""
    if not os.environ.get("REWRITE"):
        assert said[wrong.title] in reviewed


def hide_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody has installed PostgreSQL in any form."""
    for package, _, _ in binaries.WHEELS:
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(binaries, "WELL_KNOWN", ("/usr/lib/no-postgresql/*/bin",))
    monkeypatch.setenv("PATH", "/nowhere/bin")


def normal(text: str, root: Path, door: Guarded) -> str:
    """The text without what differs from run to run and from machine to machine."""
    for shown, word in (
        (str(root), "/home/you/project"),
        (sys.prefix, "/home/you/venv"),
        (f"port {door.port}", "port 5432"),
        (f":{door.port}", ":5432"),
    ):
        text = text.replace(shown, word)
    for pattern, word in (
        (r"\d{8}T\d{6}Z-(\w+)-[0-9a-f]{4}", r"20240129T080000Z-\1-0a1b"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "2024-01-29T08:00:00.000Z"),
        (r"(?s)=+ dbmigrate =+\n.*?(?=^(?:=|\d|dbmigrate:))", ""),
        # How many items there are is not what these words are about.
        (r"^[.sFEx]+ +\[ *\d+%\]\n", ""),
        (r"^\d+ (?:failed|passed|skipped|deselected)\b.* in \d+\.\d\ds$", "(counts)"),
        (r"in \d+\.\d\ds", "in 0.10s"),
        (r"\d+\.\d+ ms", "0.10 ms"),
        (r"PostgreSQL \d+\.\d+", "PostgreSQL 18.6"),
    ):
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text


def indented(text: str) -> str:
    """The text as a block of Markdown."""
    return "".join(f"    {line}".rstrip() + "\n" for line in text.strip("\n").splitlines())
