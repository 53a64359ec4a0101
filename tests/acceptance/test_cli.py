"""`pytest-dbmigrate sign | verify | render` as people and pipelines type them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from signing import AS, ROLE_OF

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Desk

pytest_plugins = ("desk",)


def test_when_every_role_has_signed_then_verify_says_go(signed: Desk) -> None:
    done = signed.verify()
    assert done.status == 0, done.out
    assert done.last.startswith("dbmigrate: GO ")
    assert "3 of 3 roles signed GO" in done.last


def test_when_a_role_has_not_signed_then_verify_says_no_go_and_who_is_missing(desk: Desk) -> None:
    desk.sign("alice", "--waive", "recovery")
    done = desk.verify()
    assert done.status == 1
    assert done.last.startswith("dbmigrate: NO-GO ")
    assert "not signed  devops" in done.out


def test_when_nobody_waived_what_was_not_checked_then_it_is_no_go(desk: Desk) -> None:
    for name in ROLE_OF:
        desk.sign(name)
    done = desk.verify()
    assert done.status == 1
    assert "Recovery under 15 min" in done.last


def test_when_a_role_signs_no_go_then_its_comment_is_the_reason(desk: Desk) -> None:
    desk.sign("alice", "--waive", "recovery")
    desk.sign("carol")
    no_go = ["--role", "backend-lead", "--decision", "NO-GO", "--comment", "not on a Friday"]
    assert desk.type("sign", "latest", *no_go, "--key", desk.key("bob")).status == 0
    done = desk.verify()
    assert done.status == 1
    assert 'signed NO-GO: "not on a Friday"' in done.last


def test_when_somebody_signs_again_then_the_last_word_counts(desk: Desk) -> None:
    desk.sign("alice", "--waive", "recovery")
    desk.sign("carol")
    no_go = ["--role", "backend-lead", "--decision", "NO-GO"]
    assert desk.type("sign", "latest", *no_go, "--key", desk.key("bob")).status == 0
    desk.sign("bob")
    assert desk.verify().status == 0


def test_when_signing_then_what_the_role_states_by_it_is_said_first(desk: Desk) -> None:
    done = desk.sign("carol")
    assert done.out.splitlines()[0] == "you state   Team notified one hour before"
    assert "Nobody was affected" not in done.out  # that can be stated only after production


def test_when_signing_then_the_pages_show_the_signature(desk: Desk) -> None:
    desk.sign("alice", "--comment", "I read <b>all</b> of it")
    page = desk.project.page.read_text()
    assert "alice@example.com" in page
    assert "I read &lt;b&gt;all&lt;/b&gt; of it" in page
    assert "alice" in desk.project.page.with_suffix(".md").read_text()


def test_when_no_key_is_named_then_the_users_own_that_may_sign_is_found(desk: Desk) -> None:
    ssh = desk.project.root / "home" / ".ssh"
    for name, file in (("mallory", "id_ecdsa"), ("alice", "id_ed25519")):
        shutil.copy(desk.key(name), ssh / file)
    done = desk.type("sign", "latest", *AS["alice"])
    assert done.status == 0, done.err
    assert "alice@example.com" in done.out


def test_when_signatures_were_collected_elsewhere_then_render_draws_them(
    desk: Desk, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    shutil.copytree(desk.folder, sent)
    desk.sign("alice", "--waive", "recovery")
    for name in ("bob", "carol"):
        done = desk.type("sign", str(sent), *AS[name], "--key", desk.key(name))
        assert done.status == 0, done.err
    for path in (sent / "signatures").iterdir():
        shutil.copy(path, desk.folder / "signatures")
    desk.no_go("is not what evidence and signatures give")
    assert desk.type("render", "latest").status == 0
    assert desk.verify().status == 0


def test_when_nobody_signed_then_render_needs_no_allowed_signers(desk: Desk) -> None:
    (desk.project.root / "sql" / "allowed_signers").unlink()
    page, drawn = desk.project.page, desk.project.page.read_bytes()
    page.unlink()
    assert desk.type("render", "latest").status == 0
    assert page.read_bytes() == drawn


def test_when_a_report_name_would_leave_the_folder_then_nothing_is_drawn(desk: Desk) -> None:
    path = desk.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"WEEK_1_WEDNESDAY_REPORT"', b'"../../x"'))
    done = desk.type("render", "latest")
    assert done.status == 4
    assert "not a plain file name" in done.err


def test_when_the_run_does_not_exist_then_where_it_was_looked_for_is_said(desk: Desk) -> None:
    done = desk.type("verify", "20200101T000000Z-rehearsal-0000")
    assert done.status == 1
    assert "dbmigrate-report/20200101T000000Z-rehearsal-0000" in done.err
    assert done.last.startswith("dbmigrate: NO-GO ")


@pytest.mark.parametrize(
    "arguments",
    [[], ["frobnicate"], ["sign", "latest"], ["verify"], ["verify", "latest", "--allowed", "x"]],
)
def test_when_the_command_line_is_wrong_then_the_status_is_4(
    desk: Desk, arguments: list[str]
) -> None:
    done = desk.type(*arguments)
    assert done.status == 4
    assert "usage: pytest-dbmigrate" in done.err


def test_when_run_as_a_program_then_status_and_last_line_are_the_same(signed: Desk) -> None:
    done = signed.project.tool("verify", "latest", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("dbmigrate: GO ")


def test_when_standing_in_a_folder_below_then_the_projects_signers_are_found(
    signed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(signed.project.root / "sql" / "migrations")
    assert signed.type("verify", str(signed.folder)).status == 0
