"""Signing a run: the statement is signed, checked as verify will check it, and only then kept."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_dbmigrate.evidence import ssh_keygen
from pytest_dbmigrate.evidence.allowed_signers import NAMESPACE
from pytest_dbmigrate.evidence.authority import record_problems
from pytest_dbmigrate.evidence.decision import Decision, Reason, Signature, decide
from pytest_dbmigrate.evidence.folder import SIGNATURES, FolderError, RunFolder
from pytest_dbmigrate.evidence.signatures import decode, encode, objection, waivable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pytest_dbmigrate.evidence.allowed_signers import Signers
    from pytest_dbmigrate.evidence.authority import Authority
    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.signatures import Statement

# The names ssh-keygen gives keys, in the order ssh tries them.
_KEYS = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk")


class CannotSignError(Exception):
    """This signature would not verify; `str()` says why and what to do."""


def choose_key(signers: Signers, role: str, ssh_folder: Path) -> Path:
    """The first of the user's own keys that may sign as this role. Raises CannotSignError."""
    there = [path for path in (ssh_folder / name for name in _KEYS) if path.exists()]
    for path in there:
        try:
            fingerprint = ssh_keygen.fingerprint(path)
        except ssh_keygen.SshKeygenError:
            continue  # a broken key is no reason not to find the good one
        if any(fingerprint == s.fingerprint and s.may(role) for s in signers.lines):
            return path
    looked = f"looked at {', '.join(p.name for p in there)}" if there else "it holds no keys"
    raise CannotSignError(
        f"no key in {ssh_folder} may sign as {role} ({looked}).\n"
        f"  Name another with --key, or have yours added to {signers.path} and committed."
    )


def choose_person(signers: Signers, role: str, key: Path, person: str | None) -> str:
    """Who signs with this key: whom allowed_signers names for it. Raises CannotSignError."""
    fingerprint = ssh_keygen.fingerprint(key)
    lines = [s for s in signers.lines if s.fingerprint == fingerprint and not s.authority]
    if not lines and person and any(s.authority for s in signers.lines):
        return person  # a certificate: only ssh-keygen can tell, when the signature is checked
    if not lines:
        raise CannotSignError(
            f"{signers.path} does not know this key: {key} ({fingerprint}).\n"
            "  Have this line added and committed, so that others see who may sign:\n"
            f'  {person or "you@example.com"} namespaces="{NAMESPACE}{role}" {_public(key)}'
        )
    people = list(dict.fromkeys(p for s in lines for p in s.people))
    if person is None and len(people) == 1:
        person = people[0]
    if person not in people:
        wrong = "say who signs" if person is None else f"it is not {person}'s"
        raise CannotSignError(
            f"{key} is the key of {', '.join(people)}: {wrong}; write --person {people[0]}"
        )
    granted = [n for s in lines if person in s.people for n in s.namespaces]
    if NAMESPACE + role not in granted:
        roles = ", ".join(n.removeprefix(NAMESPACE) for n in granted if n.startswith(NAMESPACE))
        raise CannotSignError(
            f"{signers.path}:{lines[0].line}: {person} may sign as {roles or 'no role'}, "
            f"not as {role}"
        )
    return person


def sign(
    run: LoadedRun,
    statement: Statement,
    *,
    key: Path,
    signers: Signers,
    now: datetime,
    say: Callable[[str], None],
) -> bytes:
    """Sign a statement and check the signature as verify will; returns the signature.

    Raises CannotSignError when it would not verify, SshKeygenError when the key cannot be used.
    """
    why = objection(statement, run, now)
    if why:
        raise CannotSignError(why)
    data = encode(statement)
    try:
        decode(data)
    except msgspec.ValidationError as error:
        raise CannotSignError(f"the statement would not be read: {error}") from None
    signature = ssh_keygen.sign(data, key=key, namespace=statement.namespace, say=say)
    with tempfile.TemporaryDirectory(prefix="dbmigrate-sign-") as scratch:
        trial = Path(scratch) / "signature"
        trial.write_bytes(signature)
        checked = ssh_keygen.check(
            data,
            trial,
            person=statement.person,
            namespace=statement.namespace,
            allowed_signers=signers.path,
            revoked=signers.revoked,
        )
    if not checked.valid:
        raise CannotSignError(f"the signature would not verify: {checked.why}")
    return signature


def keep(run: LoadedRun, statement: Statement, signature: bytes) -> Path:
    """Put a statement and its signature into the run's folder; returns the statement's path.

    Both are renamed into place; a crash between them leaves a pair that does not verify. Raises
    FolderError.
    """
    folder = RunFolder(run.path)
    try:
        (run.path / SIGNATURES).mkdir(exist_ok=True)
    except OSError as error:
        raise FolderError(f"{run.path} cannot be written: {error.strerror}") from None
    name = f"{SIGNATURES}/{statement.file_name}"
    path = folder.write(name, encode(statement))
    folder.write(f"{name}.sig", signature)
    return path


def _public(key: Path) -> str:
    """The public key for a line of allowed_signers, or a place for it."""
    public = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
    try:
        return " ".join(public.read_text(encoding="ascii").split()[:2])
    except (OSError, UnicodeDecodeError):
        return "ssh-ed25519 AAAA…"


def reasons_against_go(run: LoadedRun, authority: Authority) -> Decision | None:
    """The decision if every role signed GO and waived all that can be waived; None when it is GO.

    What stands even then, no signature can take away.
    """
    hopeful = tuple(
        Signature(
            role=role.name,
            person=f"somebody for {role.name}",
            decision="GO",
            signed_at="",
            valid=True,
            waived=tuple(waivable(run.evidence)),
        )
        for role in run.evidence.roles
    )
    problems = [Reason("REFUSED", p, "") for p in record_problems(run.evidence, authority)]
    decision = decide(run.evidence, sign_off=True, signatures=hopeful, problems=problems)
    return None if decision.go else decision


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a run's folder: of two people who sign at once, the second draws both into the page.

    Where a file system cannot lock, a page may lack one of the two; verify sees that.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
