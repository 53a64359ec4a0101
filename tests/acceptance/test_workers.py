"""pytest-xdist: each worker rehearses for itself, and the controller decides once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop import CHECK_FILE

if TYPE_CHECKING:
    from shop import Shop

KILL = """\
import os, signal
def pytest_runtest_call(item):
    if item.name == "two_shipped":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_when_all_workers_pass_then_it_is_go_in_one_folder(shop: Shop) -> None:
    ran = shop.run_apart("-n2", "--junitxml=junit.xml")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert len(shop.folders) == 1
    assert set(shop.outcomes().values()) == {"PASS"}
    assert 'name="decision" value="GO"' in (shop.root / "junit.xml").read_text()


def test_when_a_check_fails_in_a_worker_then_it_is_no_go(shop: Shop) -> None:
    shop.break_a_check()
    ran = shop.run_apart("-n2", "--html=report.html")
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert shop.outcomes()["two_shipped"] == "FAIL"
    assert "NO-GO · rehearsal" in (shop.root / "report.html").read_text()


def test_when_a_worker_crashes_then_it_is_no_go(shop: Shop) -> None:
    shop.write("conftest.py", KILL)
    ran = shop.run_apart("-n2", "--max-worker-restart=0")
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert shop.outcomes()["two_shipped"] == "NOT CHECKED"


def test_when_a_python_test_fails_in_a_worker_then_it_is_no_go(shop: Shop) -> None:
    shop.write("test_more.py", "def test_more(dbmigrate_connection):\n    assert False\n")
    ran = shop.run_apart("-n2")
    assert (ran.status, ran.word) == (1, "NO-GO"), ran.out
    assert shop.outcomes()["test_more"] == "FAIL"


def test_when_a_file_is_wrong_then_the_controller_says_no_go(shop: Shop) -> None:
    shop.write(CHECK_FILE, "-- expect-valeu: 3\nSELECT 1;\n")
    ran = shop.run_apart("-n2")
    assert ran.status != 0
    assert ran.word == "NO-GO"
    assert f"{CHECK_FILE}:1" in ran.last


def test_when_nothing_of_ours_is_selected_then_the_controller_says_nothing(shop: Shop) -> None:
    shop.write("test_theirs.py", "def test_theirs():\n    pass\n")
    ran = shop.run_apart("-n2", "-k", "theirs")
    assert ran.status == 0
    assert "dbmigrate:" not in ran.out
    assert shop.folders == []
