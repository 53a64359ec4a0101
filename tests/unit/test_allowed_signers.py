"""allowed_signers and revoked_keys: what is read, and what is refused that ssh-keygen takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from signing import line, public

from pytest_dbmigrate.evidence import ssh_keygen
from pytest_dbmigrate.evidence.allowed_signers import find_signers, read_signers
from pytest_dbmigrate.spec.errors import SpecError

pytest_plugins = ("desk",)
DBA = 'namespaces="dbmigrate-signoff/database-admin"'


def refused(path: Path, text: str | bytes) -> SpecError:
    """What reading such a file says."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        read_signers(path)
    return caught.value


def test_when_a_line_is_whole_then_people_roles_and_fingerprint_are_read(
    tmp_path: Path, keys: Path
) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text("# who\n\n" + line(keys / "alice", "database-admin", "devops"))
    (signer,) = read_signers(path).lines
    assert signer.people == ("alice@example.com",)
    assert signer.may("devops")
    assert not signer.may("backend-lead")
    assert signer.line == 3
    assert signer.fingerprint == ssh_keygen.fingerprint(keys / "alice")


@pytest.mark.parametrize(
    "before",
    [
        f'a@x.org {DBA},valid-after="20240101",valid-before="20991231Z" ',
        f"a@x.org,b@x.org {DBA} ",
        f"*@x.org cert-authority,{DBA} ",
        f"\ta@x.org\t{DBA.replace('namespaces', 'NameSpaces')}\t",
        'a@x.org namespaces="git,file" ',
    ],
)
def test_when_options_are_ones_that_ssh_keygen_knows_then_they_are_read(
    tmp_path: Path, keys: Path, before: str
) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text(f"{before}{public(keys / 'alice')} a comment\r\n")
    assert len(read_signers(path).lines) == 1


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("a@x.org ", "this line names no role: its key could sign as every role"),
        ('a@x.org valid-before="20991231" ', "names no role"),
        ('a@x.org namespaces="" ', "names no role"),
        ('a@x.org namespaces="dbmigrate-signoff/*" ', "is a pattern"),
        ('a@x.org namespaces="*" ', "is a pattern"),
        ('a@x.org namespaces="!git,dbmigrate-signoff/devops" ', "is a pattern"),
        (f"*@x.org {DBA} ", "with it one key could sign as several people"),
        (f"a@x.org,!b@x.org {DBA} ", "is a pattern"),
        (f"a@x.org {DBA}\x00 ", "invisible character, U+0000"),
        (f"a@x.org\xa0{DBA} ", "invisible character, U+00A0"),
        (f"a@x.org\x0b{DBA} ", "invisible character, U+000B"),
        (f'"a b@x.org" {DBA} ', "not understood"),
        (f'"a@x.org" {DBA} ', "does not name people"),
        (f"a@x.org {DBA},{DBA} ", "not understood"),
        (f"a@x.org {DBA},no-touch-required ", "not understood"),
        (f"a@x.org {DBA}, ", "not understood"),
        ("a@x.org namespaces=dbmigrate-signoff/devops ", "not understood"),
        ('a@x.org namespaces="dbmigrate-signoff/devops ', "not understood"),
    ],
)
def test_when_a_line_gives_too_much_or_is_not_understood_then_it_is_refused_with_its_line(
    tmp_path: Path, keys: Path, before: str, words: str
) -> None:
    key = public(keys / "alice")
    error = refused(tmp_path / "allowed_signers", f"# who\n{before}{key}\n")
    assert words in error.problem
    assert error.line == 2
    assert error.remedy


@pytest.mark.parametrize(
    "key", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!", "ssh-rsa {other}", "{cut}"]
)
def test_when_a_key_is_not_whole_then_the_line_is_refused(
    tmp_path: Path, keys: Path, key: str
) -> None:
    whole = public(keys / "alice")
    text = key.format(other=whole.split()[1], cut=whole[:40])
    error = refused(tmp_path / "allowed_signers", f"a@x.org {DBA} {text}\n")
    assert error.line == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xef\xbb\xbf# x\n", "byte order mark"), (b"\xff\xfe", "not UTF-8")],
)
def test_when_the_encoding_would_hide_a_line_then_the_file_is_refused(
    tmp_path: Path, data: bytes, words: str
) -> None:
    assert words in refused(tmp_path / "allowed_signers", data).problem


def test_when_revoked_keys_holds_a_line_of_allowed_signers_then_it_is_refused(
    tmp_path: Path, keys: Path
) -> None:
    """The obvious mistake: such a line revokes nothing."""
    (tmp_path / "revoked_keys").write_text("# gone\n" + line(keys / "bob", "devops"))
    error = refused(tmp_path / "allowed_signers", line(keys / "alice", "devops"))
    assert "revokes nothing" in error.problem
    assert error.where.endswith("revoked_keys:2")


def test_when_revoked_keys_is_named_and_missing_then_it_is_refused(
    tmp_path: Path, keys: Path
) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text(line(keys / "alice", "devops"))
    with pytest.raises(SpecError, match="cannot be read"):
        read_signers(path, revoked=tmp_path / "nothing")


def test_when_revoked_keys_is_a_krl_then_it_is_left_to_ssh_keygen(
    tmp_path: Path, keys: Path
) -> None:
    krl = tmp_path / "revoked_keys"
    ssh_keygen.find()
    krl.write_bytes(b"SSHKRL\n\x00" + bytes(36))
    path = tmp_path / "allowed_signers"
    path.write_text(line(keys / "alice", "devops"))
    assert read_signers(path).revoked == krl


def test_when_there_is_none_then_the_place_where_it_belongs_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert find_signers(tmp_path) == Path("sql/allowed_signers")


def test_when_the_project_ends_then_the_search_ends(tmp_path: Path) -> None:
    """A file above the project's own top is another project's."""
    (tmp_path / "allowed_signers").touch()
    (tmp_path / "project" / ".git").mkdir(parents=True)
    assert find_signers(tmp_path / "project") == Path("sql/allowed_signers")
    assert find_signers(tmp_path) == Path("allowed_signers")
