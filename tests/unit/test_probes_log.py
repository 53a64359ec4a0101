"""Log probes: files that grow, are rotated, emptied, missing, hostile."""

from __future__ import annotations

import logging
import logging.handlers
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.probes import log
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.probes import LogProbe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ERRORS = (r"\bERROR\b", "^Traceback ")


class Log:
    """A log in a folder of the test's own, and the probe that watches it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "app.log"
        self.watches: list[log.LogWatch] = []

    def write(self, *lines: str, end: str = "\n") -> None:
        """Append lines, as an application does that opened the file to append."""
        with self.path.open("ab") as file:
            file.write("\n".join(lines).encode() + end.encode())

    def watch(self, **more: tuple[str, ...]) -> log.LogWatch:
        fields = {"files": ("app.log",), "errors": ERRORS} | more
        self.watches.append(log.watch(LogProbe("log", "No errors", line=1, **fields), self.root))
        return self.watches[-1]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Log]:
    app = Log(tmp_path)
    yield app
    for watch in app.watches:
        watch.close()


def test_when_errors_stand_before_the_mark_only_then_the_probe_passes(app: Log) -> None:
    """Only lines written after the first statement of the migration count."""
    app.write("ERROR old", "INFO x")
    watch = app.watch()
    app.write("INFO y", "INFO no TERROR")
    seen = watch.look()
    assert seen.outcome is Outcome.PASS
    assert seen.text == "no error in 2 new lines"


def test_when_errors_come_then_each_look_counts_them_once_and_the_first_are_shown(
    app: Log,
) -> None:
    """During and after: what an earlier look has found is not found again, and not forgotten."""
    watch = app.watch()
    assert watch.look().outcome is Outcome.NOT_CHECKED
    app.write("ERROR during <b>", "INFO fine")
    during = watch.look()
    assert (watch.fresh, during.text) == (1, "1 error in 2 new lines")
    assert watch.look().value == 1
    assert watch.fresh == 0
    app.write("Traceback (most recent call last):", "  ERROR after")
    after = watch.look()
    assert (watch.fresh, after.value) == (2, 3)
    assert after.outcome is Outcome.FAIL
    assert after.details[:2] == (
        "app.log: ERROR during <b>",
        "app.log: Traceback (most recent call last):",
    )


def test_when_a_line_is_to_be_ignored_then_it_is_no_error(app: Log) -> None:
    """The plan says which errors are known."""
    watch = app.watch(ignore=("retrying",))
    app.write("ERROR retrying in 1 s", "ERROR other")
    assert watch.look().value == 1


def test_when_there_are_many_errors_then_the_first_are_shown_and_the_rest_is_counted(
    app: Log,
) -> None:
    """A log that floods does not flood the report; a line that floods is cut."""
    watch = app.watch()
    app.write(*["ERROR " + "x" * 5000] * 25)
    seen = watch.look()
    assert seen.value == 25
    assert len(seen.details) == log.SHOWN_LINES + 1
    assert seen.details[-1] == "… and 5 more"
    assert all(len(line) < 500 for line in seen.details)


def test_when_a_line_is_not_complete_then_it_waits_for_its_end_or_for_the_last_look(
    app: Log,
) -> None:
    """A line in two parts is one line, and the last one counts even without a line feed."""
    watch = app.watch()
    app.write("INFO half, ", end="")
    assert watch.look().text == "no error in 0 new lines"
    app.write("ERROR the other half")
    assert watch.look().text == "1 error in 1 new line"
    app.write("ERROR begun", end="")
    assert watch.look().value == 1
    assert watch.look(last=True).value == 2


def test_when_the_log_is_renamed_then_the_old_one_is_read_to_its_end_and_the_new_one_from_its_start(
    app: Log,
) -> None:
    """As logrotate does, also when the old file goes on for a while or is removed."""
    app.write("INFO old")
    watch = app.watch()
    with app.path.open("ab") as still_open:
        app.path.rename(app.root / "app.log.1")
        app.write("ERROR in the new one")
        still_open.write(b"ERROR in the old one\n")
    assert watch.look().value == 2
    app.write("ERROR before it is removed")
    app.path.unlink()
    app.write("INFO again")
    seen = watch.look()
    assert (seen.value, seen.text) == (3, "3 errors in 4 new lines")


def test_when_the_log_is_rotated_twice_between_looks_then_the_one_in_between_is_read_too(
    app: Log,
) -> None:
    """A storm of errors fills several files in no time; rotated ones from before are not new."""
    (app.root / "app.log.3").write_text("ERROR long ago\n")
    app.write("ERROR before")
    watch = app.watch()
    app.path.rename(app.root / "app.log.2")
    app.write("ERROR in between")
    app.path.rename(app.root / "app.log.1")
    app.write("ERROR now")
    assert watch.look().value == 2
    assert watch.look().value == 2


def test_when_pythons_own_handler_rotates_then_every_error_is_counted_once(app: Log) -> None:
    """The handler that most Python applications use."""
    handler = logging.handlers.RotatingFileHandler(app.path, maxBytes=200, backupCount=50)
    logger = logging.getLogger("test_probes_log")
    logger.propagate = False
    logger.addHandler(handler)
    watch = app.watch()
    for number in range(40):
        logger.error("ERROR %d", number)
        if number % 7 == 0:
            watch.look()
    handler.close()
    logger.removeHandler(handler)
    assert watch.look().value == 40


def test_when_the_log_is_copied_and_emptied_then_the_copy_is_read_where_the_mark_was(
    app: Log,
) -> None:
    """Copytruncate, as logrotate calls it: the copy also holds what is old."""
    app.write("ERROR old")
    watch = app.watch()
    app.write("ERROR before the copy")
    shutil.copy(app.path, app.root / "app.log.1")
    os.truncate(app.path, 0)
    app.write("ERROR after it")
    seen = watch.look()
    assert (seen.value, seen.outcome) == (2, Outcome.FAIL)


@pytest.mark.parametrize("grown", ["", "INFO the file is as long as it was before, and longer\n"])
def test_when_the_log_is_emptied_without_a_copy_then_it_cannot_pass(app: Log, grown: str) -> None:
    """Lines may be lost, and a file that has grown again looks as if nothing had happened."""
    app.write("INFO old")
    watch = app.watch()
    app.write("INFO new")
    os.truncate(app.path, 0)
    app.write(grown, end="")
    seen = watch.look()
    assert seen.outcome is Outcome.NOT_CHECKED
    assert seen.text == "app.log: it was emptied, and lines written shortly before may be lost"
    app.write("ERROR later")
    assert watch.look().outcome is Outcome.FAIL


def test_when_a_file_is_not_there_then_it_is_not_checked_until_it_comes(app: Log) -> None:
    """A path that is wrong must not read as a log without errors."""
    app.write("INFO x")
    watch = app.watch(files=("app.log", "other.log"))
    assert "other.log: no such file" in watch.obstacle()
    seen = watch.look()
    assert seen.outcome is Outcome.NOT_CHECKED
    assert seen.text == "other.log: no such file or directory"
    assert "files" in seen.todo
    (app.root / "other.log").write_text("ERROR from its first line on\n")
    assert watch.look().value == 1


def test_when_a_file_is_a_folder_then_it_is_not_checked(app: Log) -> None:
    """What cannot be read was not read."""
    app.path.mkdir()
    assert app.watch().look().outcome is Outcome.NOT_CHECKED


def test_when_lines_are_not_text_then_they_are_read_all_the_same(app: Log) -> None:
    """NUL, invalid UTF-8, CR LF and a line of several megabytes."""
    watch = app.watch()
    with app.path.open("ab") as file:
        file.write(b"\xff\xfe\x00 ERROR one\r\n" + b"x" * (3 << 20) + b" ERROR two\n")
    seen = watch.look()
    assert seen.value == 2
    assert seen.details[0].endswith("ERROR one")


def test_when_a_probe_is_shown_then_it_says_what_it_looks_for() -> None:
    """As the report's column "Required" has it."""
    probe = LogProbe("l", "t", ("a.log",), ("ERROR", "FATAL"), 1, ("retrying",))
    assert log.expected(probe) == "no new line with ERROR or FATAL, ignoring retrying"
