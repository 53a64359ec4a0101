"""A run that is interrupted or killed leaves the database as it was."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from shop import CHECK_FILE, MIGRATION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Live, Shop

PATIENCE_SECONDS = 60
SLEEPING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'PgSleep'
"""
GATES = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'pytest-dbmigrate'
"""


def wait_until(holds: Callable[[], object]) -> None:
    """Wait for a condition, and fail when it does not come true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not come true in {PATIENCE_SECONDS} s")


@pytest.mark.parametrize("file", [MIGRATION_FILE, CHECK_FILE], ids=["migrating", "verifying"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_a_run_that_holds_the_transaction_is_ended_then_nothing_remains(
    shop: Shop, live: Live, number: signal.Signals, file: str
) -> None:
    last = (shop.root / file).read_text()
    if file == MIGRATION_FILE:
        shop.write(file, f"{last}SELECT pg_sleep(60);\n")
    else:
        shop.write(file, f"{last}\n-- name: slow\n-- expect-rows: 1\nSELECT pg_sleep(60);\n")
    process = shop.start(live.url, "--apply-migrations")
    wait_until(lambda: live.ask(SLEEPING))
    process.send_signal(number)
    out = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    wait_until(lambda: not live.ask(GATES))
    assert not live.is_migrated
    record = shop.evidence()["run"]
    assert not record["complete"]
    if number is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        assert record["incomplete"] == ["it did not end: killed, crashed or interrupted"]
    else:
        assert process.returncode == 1
        assert "dbmigrate: NO-GO" in out.splitlines()[-1]
        assert "the run was interrupted" in out.splitlines()[-1]
        assert out.splitlines()[-1].endswith("· database rolled back, unchanged")


def test_when_a_shell_made_the_run_ignore_ctrl_c_then_it_is_interrupted_all_the_same(
    shop: Shop, live: Live
) -> None:
    """A command that a shell starts in the background ignores SIGINT unless it asks for it."""
    shop.write(MIGRATION_FILE, "CREATE TABLE more (id integer);\nSELECT pg_sleep(60);\n")
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = shop.start(live.url, "--apply-migrations")
    finally:
        signal.signal(signal.SIGINT, ignored)
    wait_until(lambda: live.ask(SLEEPING))
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    assert out.splitlines()[-1].endswith("· database rolled back, unchanged")
    assert live.ask("SELECT to_regclass('more')") == [(None,)]


def test_when_a_rehearsal_is_interrupted_at_its_last_item_then_it_is_no_go(
    shop: Shop,
) -> None:
    shop.write(
        "conftest.py",
        "import os, signal, threading\n"
        "def pytest_runtest_call(item):\n"
        "    if item.name == 'decision':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n",
    )
    ran = shop.run_apart()
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert "the run was interrupted" in ran.last
