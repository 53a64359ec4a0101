"""What an enemy would try on a signed run: whatever it is, verify must not say GO."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from signed_project import record
from signing import AS, ROLE_OF

from pytest_dbmigrate import cli
from pytest_dbmigrate.evidence import ssh_keygen
from pytest_dbmigrate.evidence.authority import load_authority
from pytest_dbmigrate.evidence.examination import examine
from pytest_dbmigrate.evidence.folder import FolderError
from pytest_dbmigrate.report.pages import page_problems

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Desk

pytest_plugins = ("desk",)
FILES = (
    "evidence.json",
    "WEEK_1_WEDNESDAY_REPORT.html",
    "WEEK_1_WEDNESDAY_REPORT.md",
    "signatures/database-admin--alice@example.com.json",
    "signatures/devops--carol@example.com.json",
)


def goes(desk: Desk) -> bool:
    """Whether the run would be GO, as verify judges it."""
    try:
        run = desk.project.run
    except FolderError:
        return False
    signers = desk.project.root / "sql" / "allowed_signers"
    found = examine(run, load_authority(signers, run_folder=run.path))
    return found.decision.go and not page_problems(run.path, run.evidence, found.signatures)


@pytest.mark.parametrize("name", FILES)
def test_when_any_byte_of_any_file_is_changed_inserted_or_removed_then_it_is_no_go(
    signed: Desk, name: str
) -> None:
    path = signed.folder / name
    good = path.read_bytes()
    assert goes(signed)
    chance = random.Random(name)  # noqa: S311  (places to damage, the same each time)
    for _ in range(12):
        damaged = bytearray(good)
        at = chance.randrange(len(good))
        match chance.randrange(3):
            case 0:
                damaged[at] ^= 1 << chance.randrange(8)
            case 1:
                damaged.insert(at, chance.choice(b" \n\t0,}"))
            case _:
                del damaged[at]
        if damaged == good:
            continue
        path.write_bytes(damaged)
        assert not goes(signed), f"byte {at}: {damaged[at - 20 : at + 20]!r}"
    path.write_bytes(good)
    assert goes(signed)


@pytest.mark.parametrize("data", [b"[" * 50_000, b'{"statement":' * 5_000, b"", b"null", b"\xff{}"])
def test_when_a_statement_is_hostile_json_then_it_is_refused_without_a_crash(
    signed: Desk, data: bytes
) -> None:
    (signed.folder / FILES[3]).write_bytes(data)
    signed.no_go("the statement is damaged or was edited")


def test_when_the_signatures_folder_is_a_link_then_it_is_refused(
    signed: Desk, tmp_path: Path
) -> None:
    folder = signed.folder / "signatures"
    shutil.move(folder, tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    signed.no_go("it is not a folder of signatures")


def test_when_the_folder_was_renamed_then_it_is_the_same_run(signed: Desk, tmp_path: Path) -> None:
    """A run may be sent around: nothing of what is verified depends on where it lies."""
    shutil.copytree(signed.folder, tmp_path / "a copy")
    assert signed.type("verify", str(tmp_path / "a copy")).status == 0


def test_when_another_page_lies_in_the_folder_then_it_is_said_that_it_is_none_of_the_runs(
    signed: Desk,
) -> None:
    (signed.folder / "APPROVED.html").write_text("<h1>GO</h1>")
    assert "APPROVED.html is not a page of this run" in signed.verify().out


def test_when_allowed_signers_was_found_outside_git_then_it_must_be_named(signed: Desk) -> None:
    """Somebody may send a run inside a whole project of their own making."""
    shutil.rmtree(signed.project.root / ".git")
    signed.no_go("git does not show who wrote sql/allowed_signers")
    done = signed.verify("--allowed-signers", "sql/allowed_signers")
    assert done.status == 0, done.out
    assert "note        git does not show who wrote sql/allowed_signers" in done.out


def test_when_the_environment_points_git_elsewhere_then_it_is_not_followed(
    signed: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(signed.project.root / ".git", tmp_path / "git")
    signers = signed.project.root / "sql" / "allowed_signers"
    signers.write_text(signers.read_text() + "# more\n")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    signed.no_go("sql/allowed_signers differs from the committed version")


def test_when_a_krl_revokes_a_key_then_its_signatures_do_not_count(
    signed: Desk, tmp_path: Path
) -> None:
    krl = tmp_path / "krl"
    key = f"{signed.key('carol')}.pub"
    subprocess.run([ssh_keygen.find(), "-q", "-k", "-f", str(krl), key], check=True)  # noqa: S603  (a test key)
    done = signed.verify("--revoked-keys", str(krl))
    assert done.status == 1
    assert "the key is revoked" in done.out
    assert "GO          database-admin, alice@example.com" in done.out


def test_when_evidence_holds_terminal_codes_where_it_is_wrong_then_they_are_made_visible(
    desk: Desk,
) -> None:
    path = desk.folder / "evidence.json"
    hostile = b'"stage": "\\u001b[2Jx\\ndbmigrate: GO"'
    path.write_bytes(path.read_bytes().replace(b'"stage": "rehearsal"', hostile, 1))
    done = desk.verify()
    assert done.status == 1
    assert "\x1b" not in done.out + done.err
    assert [text for text in done.out.splitlines() if "GO" in text] == [done.last]
    assert done.last.startswith("dbmigrate: NO-GO ")


def test_when_names_of_folders_and_keys_hold_terminal_codes_then_they_are_made_visible(
    desk: Desk, tmp_path: Path
) -> None:
    hostile = tmp_path / "run\x1b[2J\ndbmigrate: GO"
    shutil.copytree(desk.folder, hostile)
    signed = desk.type("sign", str(hostile), *AS["alice"], "--key", desk.key("alice"))
    missing = desk.type("sign", "latest", *AS["alice"], "--key", str(tmp_path / "\x1b[2Jkey"))
    assert (signed.status, missing.status) == (0, 4)
    assert "\x1b" not in signed.out + signed.err + missing.out + missing.err
    assert "\ndbmigrate:" not in signed.out


def test_when_verify_breaks_then_the_last_line_is_no_go(
    signed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "examine", broken)
    with pytest.raises(KeyboardInterrupt):
        signed.verify()
    last = signed.capture.readouterr().out.splitlines()[-1]
    assert last.startswith("dbmigrate: NO-GO · verify did not come to its end")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns"])
def test_when_zone_locale_and_hash_seed_are_others_then_the_page_is_the_same(
    signed: Desk, zone: str
) -> None:
    done = signed.project.tool("verify", "latest", TZ=zone, LC_ALL="C", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stdout


def test_when_two_sign_at_once_then_the_page_shows_both(desk: Desk) -> None:
    command = [sys.executable, "-m", "pytest_dbmigrate.cli", "sign", "latest"]
    running = [
        subprocess.Popen([*command, *AS[name], "--key", desk.key(name)], stdout=subprocess.DEVNULL)  # noqa: S603  (our own tool)
        for name in ROLE_OF
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    page = desk.project.page.read_text()
    assert all(f"{name}@example.com" in page for name in ROLE_OF)
    desk.no_go("(1 NOT CHECKED)")


def test_when_a_longer_name_than_a_statement_takes_is_a_role_then_signing_says_so(
    desk: Desk,
) -> None:
    role = "r" * 120
    plan = desk.project.root / "sql" / "plan.toml"
    plan.write_text(plan.read_text().replace("database-admin", role))
    signers = desk.project.root / "sql" / "allowed_signers"
    signers.write_text(signers.read_text().replace("database-admin", role))
    record(desk.project)
    as_role = ["--role", role, "--decision", "GO", "--key", desk.key("alice")]
    done = desk.type("sign", "latest", *as_role)
    assert done.status == 4
    assert "the statement would not be read" in done.err
