"""The run folder: it starts as incomplete, is never half written, and forgets no COMMIT."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from runs import run

from pytest_dbmigrate.evidence.decision import decide
from pytest_dbmigrate.evidence.durable import write_atomically
from pytest_dbmigrate.evidence.folder import (
    FolderError,
    Resolution,
    RunFolder,
    find_unresolved,
    load_run,
    resolve,
)
from pytest_dbmigrate.evidence.record import Evidence, Stage, Transaction, encode

if TYPE_CHECKING:
    from pathlib import Path

STARTED = datetime(2026, 1, 29, 8, 0, 3, tzinfo=UTC)
UNKNOWN = Transaction(state="unknown", xid="755", began="2026-01-29T08:00:04.000Z")
READ_ONLY = pytest.mark.skipif(
    sys.platform == "win32", reason="folders have no write permission to take away there"
)


def create(root: Path, stage: Stage = "production") -> RunFolder:
    return RunFolder.create(root, stage, started=STARTED, operator="me")


def record(folder: RunFolder, **fields: Any) -> Evidence:
    evidence = run("production", **fields)
    return replace(evidence, run=replace(evidence.run, id=folder.run_id))


def test_a_run_s_id_is_readable_and_is_the_folder_s_name(tmp_path: Path) -> None:
    folder = create(tmp_path / "dbmigrate-report", "rehearsal")

    assert re.fullmatch(r"20260129T080003Z-rehearsal-[0-9a-f]{4}", folder.run_id)
    assert folder.path == tmp_path / "dbmigrate-report" / folder.run_id


def test_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    assert len({create(tmp_path).run_id for _ in range(20)}) == 20


def test_a_run_that_died_leaves_an_incomplete_record_that_is_no_go(tmp_path: Path) -> None:
    folder = create(tmp_path)
    found = load_run(folder.path)

    assert not found.evidence.run.complete
    assert not decide(found.evidence).go


def test_the_record_of_a_killed_process_is_the_last_one_it_wrote(tmp_path: Path) -> None:
    """Killed between writes over and over, the file is always a whole record."""
    code = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from msgspec.structs import replace\n"
        "from pytest_dbmigrate.evidence.folder import RunFolder, load_run\n"
        "folder = RunFolder.create(Path(sys.argv[1]), 'rehearsal', started=datetime.now(UTC))\n"
        "evidence = load_run(folder.path).evidence\n"
        "for number in range(10**9):\n"
        "    folder.write_evidence(replace(evidence, notes=('x' * 50_000, str(number))))\n"
        "    print(number, flush=True)\n"
    )
    process = subprocess.Popen(  # noqa: S603  # this interpreter, our own text
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    )
    if process.stdout is None:
        pytest.fail("no pipe")
    with process, process.stdout:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    found = load_run("latest", tmp_path)

    assert int(found.evidence.notes[1]) >= 2
    assert not found.evidence.run.complete


def test_latest_is_the_newest_run(tmp_path: Path) -> None:
    create(tmp_path)
    second = create(tmp_path)

    assert load_run("latest", tmp_path).path == second.path
    assert (tmp_path / "latest").is_symlink()


def test_where_links_are_not_possible_latest_is_a_text_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows without the privilege: the call itself is refused."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(1314, "A required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", refuse)
    create(tmp_path)
    second = create(tmp_path)

    assert (tmp_path / "latest").read_text() == f"{second.run_id}\n"
    assert load_run("latest", tmp_path).path == second.path
    assert load_run(tmp_path / "latest").path == second.path


def test_a_latest_file_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    create(tmp_path / "a")
    (tmp_path / "a" / "latest").unlink()
    (tmp_path / "a" / "latest").write_text("../../etc")

    with pytest.raises(FolderError, match="cannot be read as evidence"):
        load_run("latest", tmp_path / "a")


def test_a_run_is_found_by_folder_file_id_and_latest(tmp_path: Path) -> None:
    folder = create(tmp_path)

    for name in (folder.path, folder.path / "evidence.json", folder.run_id, "latest"):
        found = load_run(name, tmp_path)
        assert found.path == folder.path
        assert found.evidence.run.id == folder.run_id


def test_a_run_that_is_not_there_is_looked_for_in_places_that_are_named(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"no run nonsense: looked for nonsense and .*/nonsense"):
        load_run("nonsense", tmp_path)


def test_evidence_that_is_none_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    folder = create(tmp_path)
    (folder.path / "evidence.json").write_bytes(b'{"schema": "other"}')

    with pytest.raises(FolderError, match=r"evidence\.json cannot be read as evidence"):
        load_run(folder.path)


def test_a_file_where_the_folder_should_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("")

    with pytest.raises(FolderError, match=r"report cannot be written: .*--dbmigrate-report"):
        create(tmp_path / "report")


@READ_ONLY
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX users")
def test_a_folder_without_permission_is_a_clear_error(tmp_path: Path) -> None:
    """As root nothing is forbidden, so the child gives its rights away first."""
    root = tmp_path / "report"
    root.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    code = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from pytest_dbmigrate.evidence.folder import FolderError, RunFolder\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0:\n"
        "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    RunFolder.create(Path('report'), 'rehearsal', started=datetime.now(UTC))\n"
        "except FolderError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(  # noqa: S603  # this interpreter, our own text
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert "report cannot be written: Permission denied" in done.stdout


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    """A folder in the file's place cannot be replaced by a file."""
    (tmp_path / "page.html").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "page.html", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_pages_are_written_beside_the_evidence_and_never_over_it(tmp_path: Path) -> None:
    folder = create(tmp_path)

    assert folder.write("report.md", b"# GO\n").read_bytes() == b"# GO\n"
    with pytest.raises(ValueError, match="write_evidence"):
        folder.write("evidence.json", b"{}")


def test_a_run_writes_its_own_evidence_only(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="this is the evidence of"):
        create(tmp_path).write_evidence(run("production"))


def test_what_was_signed_stays_as_it_is(tmp_path: Path) -> None:
    folder = create(tmp_path)
    (folder.path / "signatures").mkdir()
    (folder.path / "signatures" / "devops--dan.json").write_text("{}")

    with pytest.raises(FolderError, match="signed"):
        folder.write_evidence(record(folder))


class TestUnresolvedCommit:
    """A COMMIT whose answer was lost is remembered until somebody has found out."""

    def test_it_is_found_and_nothing_else_is(self, tmp_path: Path) -> None:
        create(tmp_path)
        done = create(tmp_path)
        done.write_evidence(record(done))
        lost = create(tmp_path)
        lost.write_evidence(record(lost, transaction=UNKNOWN))

        assert [each.path for each in find_unresolved(tmp_path)] == [lost.path]

    def test_the_same_transaction_s_answer_replaces_it(self, tmp_path: Path) -> None:
        folder = create(tmp_path)
        folder.write_evidence(record(folder, transaction=UNKNOWN))
        folder.write_evidence(record(folder))

        assert find_unresolved(tmp_path) == ()

    @pytest.mark.parametrize(
        "transaction",
        [
            Transaction(state="nothing written"),
            Transaction(state="nothing written", xid="755"),
            Transaction(state="committed", xid="756"),
        ],
    )
    def test_nothing_else_replaces_it(self, tmp_path: Path, transaction: Transaction) -> None:
        folder = create(tmp_path)
        folder.write_evidence(record(folder, transaction=UNKNOWN))

        with pytest.raises(FolderError, match="COMMIT"):
            folder.write_evidence(record(folder, transaction=transaction))
        assert len(find_unresolved(tmp_path)) == 1

    def test_its_resolution_stands_beside_the_evidence_which_stays(self, tmp_path: Path) -> None:
        folder = create(tmp_path)
        lost = record(folder, transaction=UNKNOWN)
        folder.write_evidence(lost)
        (found,) = find_unresolved(tmp_path)
        answer = Resolution("committed", "2026-01-29T09:00:00.000Z", "another run")
        resolve(found, answer)

        assert find_unresolved(tmp_path) == ()
        assert (folder.path / "evidence.json").read_bytes() == encode(lost)
        with pytest.raises(FolderError, match="resolved before"):
            resolve(found, answer)

    def test_a_record_that_cannot_be_read_may_be_one_and_stops(self, tmp_path: Path) -> None:
        folder = create(tmp_path)
        (folder.path / "evidence.json").write_bytes(b"")

        with pytest.raises(FolderError, match="cannot be read"):
            find_unresolved(tmp_path)
