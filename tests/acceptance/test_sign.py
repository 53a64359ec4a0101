"""`pytest-dbmigrate sign` refuses what would not verify, and says what to do about keys."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from signed_project import record
from signing import AS, line, make_key, public

from pytest_dbmigrate.evidence.record import Failed, Observation

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Desk

pytest_plugins = ("desk",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "king"], 'no role "king": it has database-admin, backend-lead, devops'),
        (["--role", "devops"], "alice@example.com may sign as database-admin, not as devops"),
        (["--waive", "tables"], '"tables" is nothing that is required and reads NOT CHECKED'),
        (["--waive", "team-notified"], "those are recovery"),
        (["--person", "bob@example.com"], "is the key of alice@example.com: it is not bob"),
        (["--comment", "\x1b[2J"], "invisible character, U+001B"),
        (["--decision", "NO-GO", "--waive", "recovery"], "a waiver belongs to GO"),
    ],
)
def test_when_a_signature_would_not_verify_then_it_is_not_made(
    desk: Desk, arguments: list[str], words: str
) -> None:
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"), *arguments)
    assert done.status == 4
    assert words in done.err
    assert not (desk.folder / "signatures").exists()


def test_when_a_key_is_unknown_then_the_line_to_commit_is_printed(desk: Desk) -> None:
    done = desk.type("sign", "latest", *AS["carol"], "--key", desk.key("mallory"))
    assert done.status == 4
    wanted = f'namespaces="dbmigrate-signoff/devops" {public(desk.project.keys / "mallory")}'
    assert wanted in done.err


def test_when_the_key_has_expired_then_nothing_is_kept(desk: Desk) -> None:
    expired = line(
        desk.project.keys / "alice", "database-admin", options='valid-before="20200101Z"'
    )
    (desk.project.root / "sql" / "allowed_signers").write_text(expired)
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"))
    assert done.status == 4
    assert "would not verify: the key has expired" in done.err
    assert not (desk.folder / "signatures").exists()


def test_when_the_page_was_edited_then_nobody_signs_what_they_read_there(desk: Desk) -> None:
    page = desk.project.page
    page.write_text(page.read_text().replace("NO-GO", "GO"))
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"))
    assert done.status == 4
    assert "is not what evidence and signatures give" in done.err


def test_when_a_check_failed_then_go_cannot_be_signed_and_no_go_can(desk: Desk) -> None:
    seen = Observation(text="44", at="2024-01-29T09:00:00.000Z", by="public_tables", value=44)
    record(desk.project, Failed(seen))
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"))
    assert done.status == 4
    assert "cannot become GO" in done.err
    no_go = ["--role", "database-admin", "--decision", "NO-GO"]
    assert desk.type("sign", "latest", *no_go, "--key", desk.key("alice")).status == 0


def test_when_the_operator_is_called_like_a_role_then_go_can_still_be_signed(desk: Desk) -> None:
    record(desk.project, operator="devops")
    desk.sign("alice")


def test_when_a_run_is_incomplete_then_only_no_go_can_be_signed(desk: Desk) -> None:
    record(desk.project, complete=False)
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"))
    assert done.status == 4
    no_go = ["--role", "database-admin", "--decision", "NO-GO"]
    assert desk.type("sign", "latest", *no_go, "--key", desk.key("alice")).status == 0


def test_when_ssh_keygen_is_missing_then_the_words_say_what_to_install(
    signed: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = signed.verify()
    assert done.status == 1
    assert "apt-get install openssh-client" in done.err
    assert done.last.startswith("dbmigrate: NO-GO · ssh-keygen is not on PATH")


def test_when_ssh_keygen_is_too_old_then_the_words_say_so(
    signed: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "bin" / "ssh-keygen"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'unknown option -- Y' >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=os.pathsep)
    done = signed.verify()
    assert done.status == 1
    assert "too old" in done.err


def test_when_a_key_needs_a_passphrase_and_there_is_no_terminal_then_ssh_add_is_named(
    desk: Desk, tmp_path: Path
) -> None:
    key = make_key(tmp_path, "alice", passphrase="correct horse")  # noqa: S106  (a test key)
    (desk.project.root / "sql" / "allowed_signers").write_text(line(key, "database-admin"))
    done = desk.project.tool("sign", "latest", *AS["alice"], "--key", str(key))
    assert done.returncode == 4
    assert "has a passphrase" in done.stderr
    assert f"ssh-add {key}" in done.stderr


def test_when_the_agent_holds_the_key_then_its_public_half_signs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    public_half = tmp_path / "alice.pub"
    shutil.copy(f"{desk.key('alice')}.pub", public_half)
    without = desk.type("sign", "latest", *AS["alice"], "--key", str(public_half))
    assert without.status == 4
    assert "ssh-agent does not have the private key" in without.err
    agent = subprocess.run([program("ssh-agent"), "-s"], capture_output=True, text=True, check=True)  # noqa: S603  (our agent)
    variables = dict(
        part.split("=", 1) for part in agent.stdout.replace("\n", " ").split("; ") if "=" in part
    )
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", variables["SSH_AUTH_SOCK"])
        subprocess.run([program("ssh-add"), "-q", desk.key("alice")], check=True)  # noqa: S603  (a test key)
        done = desk.type("sign", "latest", *AS["alice"], "--key", str(public_half))
    finally:
        os.kill(int(variables["SSH_AGENT_PID"]), 15)
    assert done.status == 0, done.err


def test_when_others_can_read_the_key_then_chmod_is_named(desk: Desk, tmp_path: Path) -> None:
    key = tmp_path / "alice"
    shutil.copy(desk.key("alice"), key)
    shutil.copy(f"{desk.key('alice')}.pub", f"{key}.pub")
    key.chmod(stat.S_IRUSR | stat.S_IROTH)
    done = desk.type("sign", "latest", *AS["alice"], "--key", str(key))
    assert done.status == 4
    assert f"chmod 600 {key}" in done.err


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "no such key"), ("text", "not an SSH key")]
)
def test_when_a_key_is_missing_or_none_then_the_words_say_so(
    desk: Desk, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "text").write_text("not a key\n")
    done = desk.type("sign", "latest", *AS["alice"], "--key", str(tmp_path / name))
    assert done.status == 4
    assert words in done.err


def program(name: str) -> str:
    """The path of a program."""
    return shutil.which(name) or name
