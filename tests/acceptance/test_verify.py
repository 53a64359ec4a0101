"""`pytest-dbmigrate verify` fails closed, whatever was done to a run's folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from signed_project import PLAN, git, record
from signing import AS, line, public

if TYPE_CHECKING:
    from desk import Desk

pytest_plugins = ("desk",)


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_when_a_page_is_edited_by_one_byte_then_it_is_no_go(signed: Desk, suffix: str) -> None:
    page = signed.project.page.with_suffix(suffix)
    data = page.read_bytes()
    page.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    signed.no_go(f"{page.name} is not what evidence and signatures give")


def test_when_a_page_is_missing_then_it_is_no_go(signed: Desk) -> None:
    signed.project.page.unlink()
    signed.no_go("cannot be read")


def test_when_evidence_is_edited_then_it_is_no_go(signed: Desk) -> None:
    path = signed.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"operator": "dan"', b'"operator": "eve"'))
    signed.no_go("evidence.json was changed after it was signed")


def test_when_evidence_is_edited_and_drawn_again_then_it_is_still_no_go(signed: Desk) -> None:
    path = signed.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"operator": "dan"', b'"operator": "eve"'))
    assert signed.type("render", "latest").status == 0
    signed.no_go("evidence.json was changed after it was signed")


def test_when_line_ends_of_evidence_are_converted_then_it_is_no_go(signed: Desk) -> None:
    path = signed.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    signed.no_go("line ends of evidence.json were converted (CRLF)")


def test_when_evidence_is_no_record_then_it_is_no_go(signed: Desk) -> None:
    (signed.folder / "evidence.json").write_text("{}")
    done = signed.verify()
    assert (done.status, done.last[:17]) == (1, "dbmigrate: NO-GO ")


def test_when_a_required_role_is_taken_out_of_the_record_then_it_is_no_go(desk: Desk) -> None:
    """An operator who edits the record before anybody signs cannot do without the others."""
    plan = desk.project.root / "sql" / "plan.toml"
    plan.write_text(PLAN.replace('[[role]]\nname = "backend-lead"\n\n', ""))
    record(desk.project)
    path = desk.folder / "evidence.json"
    digest = desk.project.project.files[-1].sha256
    plan.write_text(PLAN)
    desk.project.commit()
    honest = desk.project.project.files[-1].sha256
    path.write_bytes(path.read_bytes().replace(digest.encode(), honest.encode()))
    desk.type("render", "latest")
    done = desk.type("sign", "latest", *AS["alice"], "--key", desk.key("alice"))
    assert done.status == 4
    assert "the record has other roles than sql/plan.toml" in done.out
    desk.no_go("the record has other roles than sql/plan.toml")


def test_when_a_criterion_is_edited_to_pass_then_it_is_no_go(desk: Desk) -> None:
    """A criterion is what its observations give: it is judged again, whatever the record says."""
    path = desk.folder / "evidence.json"
    text = path.read_text().replace('"required": true', '"required": false')
    assert text != path.read_text()
    path.write_text(text)
    desk.type("render", "latest")
    desk.no_go("the record's criteria are not what its observations and the plan give")


def test_when_the_record_lets_one_person_sign_for_all_then_it_is_no_go(desk: Desk) -> None:
    path = desk.folder / "evidence.json"
    text = path.read_text().replace('"distinct_people": true', '"distinct_people": false')
    assert text != path.read_text()
    path.write_text(text)
    desk.type("render", "latest")
    desk.no_go("the record has another sign-off policy than sql/plan.toml")


def test_when_the_plan_changed_since_the_run_then_it_is_no_go(signed: Desk) -> None:
    plan = signed.project.root / "sql" / "plan.toml"
    plan.write_text(plan.read_text() + "\n# one more line\n")
    signed.project.commit()
    signed.no_go("sql/plan.toml is not the plan of this run")


def test_when_there_is_no_plan_then_it_is_no_go(signed: Desk) -> None:
    (signed.project.root / "sql" / "plan.toml").unlink()
    signed.project.commit()
    signed.no_go("no plan.toml")


def test_when_allowed_signers_is_not_committed_as_it_stands_then_it_is_no_go(signed: Desk) -> None:
    path = signed.project.root / "sql" / "allowed_signers"
    path.write_text(path.read_text() + line(signed.project.keys / "mallory", "devops"))
    signed.no_go("sql/allowed_signers differs from the committed version")


def test_when_git_was_told_to_overlook_the_change_then_it_is_still_seen(signed: Desk) -> None:
    git(signed.project.root, "update-index", "--assume-unchanged", "sql/allowed_signers")
    path = signed.project.root / "sql" / "allowed_signers"
    path.write_text(path.read_text() + line(signed.project.keys / "mallory", "devops"))
    signed.no_go("sql/allowed_signers differs from the committed version")


def test_when_the_list_of_revoked_keys_was_deleted_then_it_is_no_go(signed: Desk) -> None:
    path = signed.project.root / "sql" / "revoked_keys"
    path.write_text(public(signed.project.keys / "carol") + "\n")
    signed.project.commit()
    signed.no_go("the key is revoked")
    path.unlink()
    signed.no_go("sql/revoked_keys differs from the committed version")


def test_when_allowed_signers_lies_in_the_bundle_then_it_is_not_read(signed: Desk) -> None:
    bundled = signed.folder / "allowed_signers"
    shutil.copy(signed.project.root / "sql" / "allowed_signers", bundled)
    done = signed.verify("--allowed-signers", str(bundled))
    assert done.status == 1
    assert "lies in the run's own folder" in done.err


def test_when_allowed_signers_points_into_the_bundle_then_it_is_not_read(signed: Desk) -> None:
    committed = signed.project.root / "sql" / "allowed_signers"
    shutil.move(committed, signed.folder / "mine")
    committed.symlink_to(signed.folder / "mine")
    done = signed.verify()
    assert done.status == 1
    assert "lies in the run's own folder" in done.err


def test_when_there_is_no_allowed_signers_then_it_is_no_go_and_what_to_write_is_said(
    signed: Desk,
) -> None:
    (signed.project.root / "sql" / "allowed_signers").unlink()
    done = signed.verify()
    assert done.status == 1
    assert "sql/allowed_signers: cannot be read" in done.err
    assert 'namespaces="dbmigrate-signoff/database-admin"' in done.err


def test_when_one_person_signs_for_two_roles_then_it_is_no_go(desk: Desk) -> None:
    keys = desk.project.keys
    lines = [line(keys / "alice", "database-admin", "devops"), line(keys / "bob", "backend-lead")]
    (desk.project.root / "sql" / "allowed_signers").write_text("".join(lines))
    desk.project.commit()
    desk.sign("alice", "--waive", "recovery")
    desk.sign("bob")
    devops = ["--role", "devops", "--decision", "GO", "--key", desk.key("alice")]
    assert desk.type("sign", "latest", *devops).status == 0
    desk.no_go("2 people signed for 3 roles")


def test_when_one_key_signs_under_two_names_then_it_is_no_go(desk: Desk) -> None:
    keys = desk.project.keys
    lines = [
        line(keys / "alice", "database-admin"),
        line(keys / "alice", "devops", person="al@example.com"),
        line(keys / "bob", "backend-lead"),
    ]
    (desk.project.root / "sql" / "allowed_signers").write_text("".join(lines))
    desk.project.commit()
    desk.sign("alice", "--waive", "recovery", "--person", "alice@example.com")
    desk.sign("bob")
    devops = ["--role", "devops", "--decision", "GO", "--key", desk.key("alice")]
    assert desk.type("sign", "latest", *devops, "--person", "al@example.com").status == 0
    desk.no_go("2 people signed for 3 roles")


def test_when_only_the_operator_signed_then_it_is_no_go(desk: Desk) -> None:
    plan = desk.project.root / "sql" / "plan.toml"
    text = plan.read_text().replace('signed_by = "devops"', 'signed_by = "database-admin"')
    for role in ("backend-lead", "devops"):
        text = text.replace(f'[[role]]\nname = "{role}"\n\n', "")
    plan.write_text(text)
    desk.project.commit()
    record(desk.project, operator="alice")
    desk.sign("alice", "--waive", "recovery")
    desk.no_go("only the operator (alice) signed what the operator ran")


def test_when_a_strange_file_lies_among_the_signatures_then_it_is_no_go(signed: Desk) -> None:
    (signed.folder / "signatures" / "cto--boss@example.com.json").write_text("GO")
    signed.no_go("a statement without its signature file")


def test_when_a_signature_is_removed_then_it_is_no_go(signed: Desk) -> None:
    for path in (signed.folder / "signatures").glob("devops--*"):
        path.unlink()
    signed.no_go("not signed  devops")


def test_when_text_in_the_record_imitates_our_last_line_then_it_stays_inside_its_line(
    desk: Desk,
) -> None:
    record(desk.project, title="x\ndbmigrate: GO · all fine\x1b[8m", operator="\rdbmigrate: GO")
    done = desk.verify()
    assert done.status == 1
    starts = [text for text in done.out.splitlines() if text.startswith("dbmigrate:")]
    assert len(starts) == 1
    assert "\x1b" not in done.out
    assert "\r" not in done.out
