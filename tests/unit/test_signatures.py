"""Signatures with real keys: what a good one gives, and every attack on one fails closed."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from signing import ROLE_OF, Bundle, line, mail, make_key, public, rehearsal

from pytest_dbmigrate.evidence import signatures, ssh_keygen

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("desk",)


@pytest.fixture
def bundle(tmp_path: Path, keys: Path) -> Bundle:
    made = Bundle(tmp_path / "run", keys, tmp_path / "allowed_signers")
    made.record(rehearsal())
    made.allowed.write_text("".join(line(keys / name, role) for name, role in ROLE_OF.items()))
    return made


def test_when_a_role_signs_then_the_signature_names_person_role_decision_and_key(
    bundle: Bundle,
) -> None:
    bundle.forge(bundle.statement("alice", comment="read it", waived=("recovery",)), key="alice")
    (found,) = bundle.read()
    assert found.valid, found.why
    assert (found.role, found.person, found.decision) == (
        "database-admin",
        "alice@example.com",
        "GO",
    )
    assert found.fingerprint.startswith("SHA256:")
    assert found.waived == ("recovery",)
    assert found.comment == "read it"


def test_when_nobody_signed_then_there_are_no_signatures(bundle: Bundle) -> None:
    assert bundle.read() == ()


def test_when_evidence_changes_by_one_byte_then_signatures_of_it_are_refused(
    bundle: Bundle,
) -> None:
    bundle.forge(bundle.statement("alice"), key="alice")
    path = bundle.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b"43 tables", b"42 tables"))
    assert "evidence.json was changed after it was signed" in bundle.why()


def test_when_line_ends_of_evidence_are_converted_then_signatures_are_refused(
    bundle: Bundle,
) -> None:
    bundle.forge(bundle.statement("alice"), key="alice")
    path = bundle.folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "evidence.json was changed" in bundle.why()


def test_when_line_ends_of_a_statement_are_converted_then_it_is_refused(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "CRLF" in bundle.why()


def test_when_signatures_come_from_another_run_then_they_are_refused(
    bundle: Bundle, tmp_path: Path
) -> None:
    run = msgspec.structs.replace(rehearsal().run, id="20240128T083000Z-rehearsal")
    other = Bundle(tmp_path / "other", bundle.keys, bundle.allowed)
    other.record(rehearsal(run=run))
    other.forge(other.statement("alice"), key="alice")
    shutil.copytree(other.folder / "signatures", bundle.folder / "signatures")
    assert bundle.why() == "it signs another run, 20240128T083000Z-rehearsal"


def test_when_a_person_signs_as_a_role_that_is_not_theirs_then_it_is_refused(
    bundle: Bundle,
) -> None:
    bundle.forge(bundle.statement("alice", role="devops"), key="alice")
    assert "may not sign as this role" in bundle.why()


def test_when_the_signature_was_made_for_another_role_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(
        bundle.statement("alice", role="devops"),
        key="alice",
        namespace="dbmigrate-signoff/database-admin",
    )
    assert "another role" in bundle.why()


def test_when_a_signature_made_for_git_is_used_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(bundle.statement("alice"), key="alice", namespace="git")
    assert not bundle.read()[0].valid


def test_when_a_key_is_not_in_allowed_signers_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(bundle.statement("alice"), key="mallory")
    assert "no line of allowed_signers accepts this key" in bundle.why()


def test_when_someone_signs_in_the_name_of_another_then_it_is_refused(bundle: Bundle) -> None:
    bundle.allowed.write_text(
        "".join(line(bundle.keys / n, *ROLE_OF.values()) for n in ("alice", "bob"))
    )
    bundle.forge(bundle.statement("bob"), key="alice")
    assert "for this person" in bundle.why()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ('valid-before="20200101"', "expired"),
        ('valid-after="20990101"', "not valid yet"),
    ],
)
def test_when_a_key_is_not_valid_today_then_it_is_refused(
    bundle: Bundle, options: str, why: str
) -> None:
    bundle.allowed.write_text(line(bundle.keys / "alice", "database-admin", options=options))
    bundle.forge(bundle.statement("alice"), key="alice")
    assert why in bundle.why()


def test_when_a_date_has_no_zone_then_every_machine_reads_it_as_utc(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a zone 14 hours ahead, ssh-keygen alone would take this date for the past."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    until = f"{datetime.now(UTC) + timedelta(hours=7):%Y%m%d%H%M}"
    options = f'valid-before="{until}"'
    bundle.allowed.write_text(line(bundle.keys / "alice", "database-admin", options=options))
    bundle.forge(bundle.statement("alice"), key="alice")
    assert bundle.why() == ""


def test_when_a_key_is_revoked_beside_allowed_signers_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(bundle.statement("alice"), key="alice")
    bundle.forge(bundle.statement("bob"), key="bob")
    (bundle.allowed.parent / "revoked_keys").write_text(public(bundle.keys / "alice") + "\n")
    bob, alice = bundle.read()
    assert "revoked" in alice.why
    assert not alice.valid
    assert bob.valid


def test_when_a_signature_is_copied_to_another_role_then_it_is_refused(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    for suffix in ("", ".sig"):
        shutil.copy(f"{path}{suffix}", f"{path.parent}/devops--carol@example.com.json{suffix}")
    alice, carol = bundle.read()
    assert alice.valid
    assert not carol.valid
    assert "a copy under another name" in carol.why


def test_when_a_copied_statement_is_edited_to_the_other_role_then_it_is_refused(
    bundle: Bundle,
) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    moved = bundle.statement("carol")
    target = path.with_name(moved.file_name)
    target.write_bytes(signatures.encode(moved))
    shutil.move(f"{path}.sig", f"{target}.sig")
    path.unlink()
    assert bundle.why() == "the signature was made for another role"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"decision": "NO-GO"', b'"decision": "GO"'),
        (b'"comment": "no"', b'"comment": "ok"'),
        (b"09:40", b"09:41"),
    ],
)
def test_when_a_statement_is_edited_then_its_signature_no_longer_holds(
    bundle: Bundle, old: bytes, new: bytes
) -> None:
    path = bundle.forge(bundle.statement("alice", decision="NO-GO", comment="no"), key="alice")
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    assert bundle.why() == "the statement was changed after it was signed"


def test_when_a_statement_names_a_key_twice_then_it_is_refused(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.write_bytes(path.read_bytes().replace(b"{\n", b'{\n "decision": "NO-GO",\n', 1))
    assert "damaged or was edited" in bundle.why()


def test_when_a_signature_file_lacks_its_statement_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(bundle.statement("alice"), key="alice").unlink()
    assert bundle.why() == "a signature file without its statement"


def test_when_a_statement_lacks_its_signature_file_then_it_is_refused(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.with_name(path.name + ".sig").unlink()
    assert bundle.why() == "a statement without its signature file"


@pytest.mark.parametrize("content", [b"", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n", b"\x00" * 50])
def test_when_a_signature_file_is_damaged_then_it_is_refused(
    bundle: Bundle, content: bytes
) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.with_name(path.name + ".sig").write_bytes(content)
    assert bundle.why()


def test_when_a_strange_file_lies_among_signatures_then_it_is_refused(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    (path.parent / "README").write_text("all fine, trust me")
    assert [s.valid for s in bundle.read()] == [False, True]


def test_when_a_file_is_a_pipe_then_nothing_waits_for_it(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.unlink()
    os.mkfifo(path)
    assert bundle.why() == "not a file"


def test_when_a_statement_is_huge_then_it_is_refused_unread(bundle: Bundle) -> None:
    path = bundle.forge(bundle.statement("alice"), key="alice")
    path.write_bytes(b" " * 200_000)
    assert "far larger" in bundle.why()


def test_when_the_plan_has_no_such_role_then_the_roles_it_has_are_named(bundle: Bundle) -> None:
    bundle.allowed.write_text(line(bundle.keys / "alice", "king"))
    bundle.forge(bundle.statement("alice", role="king"), key="alice")
    assert 'no role "king": it has database-admin, backend-lead, devops' in bundle.why()


@pytest.mark.parametrize(
    ("waived", "why"),
    [
        (
            ("tables",),
            '"tables" is nothing that is required and reads NOT CHECKED: those are recovery',
        ),
        (("recovery", "nothing"), '"nothing" is nothing that'),
    ],
)
def test_when_a_waiver_names_what_was_measured_or_nothing_then_it_is_refused(
    bundle: Bundle, waived: tuple[str, ...], why: str
) -> None:
    bundle.forge(bundle.statement("alice", waived=waived), key="alice")
    assert why in bundle.why()


def test_when_a_run_is_incomplete_then_only_no_go_counts(bundle: Bundle) -> None:
    run = msgspec.structs.replace(rehearsal().run, complete=False, finished=None)
    bundle.record(rehearsal(run=run))
    bundle.forge(bundle.statement("alice"), key="alice")
    bundle.forge(bundle.statement("bob", decision="NO-GO"), key="bob")
    bob, alice = bundle.read()
    assert alice.why == "GO over an INCOMPLETE run: only NO-GO can be signed"
    assert bob.valid


@pytest.mark.parametrize(
    ("signed_at", "why"),
    [
        ("2024-01-29T10:06:00.000Z", "in the future"),
        ("2024-01-29T09:20:00.000Z", "before the end of the run"),
        ("2024-02-30T09:20:00.000Z", "no time"),
    ],
)
def test_when_the_time_of_signing_cannot_be_then_it_is_refused(
    bundle: Bundle, signed_at: str, why: str
) -> None:
    bundle.forge(bundle.statement("alice", signed_at=signed_at), key="alice")
    assert why in bundle.why()


def test_when_a_comment_would_turn_the_text_around_then_it_is_refused(bundle: Bundle) -> None:
    bundle.forge(bundle.statement("alice", comment="NO-GO \u202e OG"), key="alice")
    assert bundle.why() == "the comment holds an invisible character, U+202E"


def test_when_signatures_is_a_file_then_it_is_refused(bundle: Bundle) -> None:
    (bundle.folder / "signatures").write_text("GO")
    assert not bundle.read()[0].valid


def test_when_a_certificate_authority_may_certify_then_its_certificates_sign(
    bundle: Bundle, tmp_path: Path
) -> None:
    ca, key = make_key(tmp_path, "ca"), make_key(tmp_path, "erin")
    certify = ["-q", "-s", str(ca), "-I", "erin", "-n", mail("erin"), f"{key}.pub"]
    subprocess.run([ssh_keygen.find(), *certify], check=True)  # noqa: S603  (the test's own keys)
    spaces = 'namespaces="dbmigrate-signoff/devops"'
    bundle.allowed.write_text(f"*@example.com cert-authority,{spaces} {public(ca)}\n")
    for name in ("erin-cert.pub", "erin"):
        shutil.copy(tmp_path / name, bundle.keys / name)
    bundle.forge(bundle.statement("erin"), key="erin-cert.pub")
    assert bundle.why() == ""
    bundle.forge(bundle.statement("frank"), key="erin-cert.pub")
    assert [s.valid for s in bundle.read()] == [True, False]
