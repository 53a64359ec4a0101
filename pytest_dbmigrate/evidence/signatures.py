"""Signatures: a role's statement over the digest of the evidence, signed and checked by ssh-keygen.

A run's folder holds `signatures/<role>--<person>.json` and, beside each, its `.sig`. Nothing in the
folder is believed: which key may sign as which role stands in allowed_signers, the statement is
compared with the evidence as it is now, and whatever cannot be checked is refused with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from pytest_dbmigrate.evidence import ssh_keygen
from pytest_dbmigrate.evidence.allowed_signers import NAMESPACE, PERSON
from pytest_dbmigrate.evidence.decision import Signature
from pytest_dbmigrate.evidence.folder import SIGNATURES
from pytest_dbmigrate.evidence.record import NotChecked, Record, Sha256, Time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.evidence.allowed_signers import Signers
    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Evidence

ROLE = r"[a-z0-9][a-z0-9_.-]{0,99}"
COMMENT_LIMIT = 2000
_LARGEST = 100_000  # bytes; a statement with a full comment and every criterion waived is smaller
_CLOCK_SKEW = timedelta(minutes=5)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Statement(Record, frozen=True):
    """What a person states and signs. `person` is the principal of allowed_signers."""

    statement: Literal["pytest-dbmigrate/signoff/v1"]
    evidence_sha256: Sha256
    run: Name
    role: Annotated[str, msgspec.Meta(pattern=f"^{ROLE}$")]
    person: Annotated[str, msgspec.Meta(pattern=f"^{PERSON}$")]
    decision: Literal["GO", "NO-GO"]
    signed_at: Time
    waived: tuple[Name, ...] = ()
    comment: Annotated[str, msgspec.Meta(max_length=COMMENT_LIMIT)] = ""

    @property
    def file_name(self) -> str:
        """The statement's file in the signatures folder: one for each role and person."""
        return f"{self.role}--{self.person}.json"

    @property
    def namespace(self) -> str:
        """The namespace it is signed in, which allowed_signers grants to keys."""
        return NAMESPACE + self.role


def encode(statement: Statement) -> bytes:
    """The bytes that are signed: JSON with sorted keys, indented, LF at the end."""
    data = msgspec.json.encode(statement, order="sorted")
    return msgspec.json.format(data, indent=1) + b"\n"


def decode(data: bytes) -> Statement:
    """Read a statement. Raises msgspec.ValidationError also for any other way to write the same."""
    statement = msgspec.json.decode(data, type=Statement)
    if encode(statement) != data:
        raise msgspec.ValidationError("not as pytest-dbmigrate wrote it")
    return statement


def objection(statement: Statement, run: LoadedRun, now: datetime) -> str:
    """Why this statement cannot count for this evidence, whoever signed it; empty when it can."""
    evidence = run.evidence
    if statement.run != evidence.run.id:
        return f"it signs another run, {statement.run}"
    if statement.evidence_sha256 != run.sha256:
        return "it signs other evidence: evidence.json was changed after it was signed"
    unknown = role_objection(statement.role, evidence)
    if unknown:
        return unknown
    if statement.decision == "GO" and not evidence.run.complete:
        return "GO over an INCOMPLETE run: only NO-GO can be signed"
    if statement.decision == "NO-GO" and statement.waived:
        return "a waiver belongs to GO"
    open_ = sorted(waivable(evidence))
    for name in statement.waived:
        if name not in open_:
            known = f"those are {', '.join(open_)}" if open_ else "there are none"
            return f'"{name}" is nothing that is required and reads NOT CHECKED: {known}'
    hidden = [c for c in statement.comment if c != "\n" and not c.isprintable()]
    if hidden:
        return f"the comment holds an invisible character, U+{ord(hidden[0]):04X}"
    return _time_objection(statement.signed_at, evidence.run.finished or evidence.run.started, now)


def role_objection(role: str, evidence: Evidence) -> str:
    """Why nobody can sign as this role; empty when the plan of the run has it."""
    roles = [each.name for each in evidence.roles]
    if role in roles:
        return ""
    known = f"it has {', '.join(roles)}" if roles else "it names no roles"
    return f'the plan of this run has no role "{role}": {known}'


def waivable(evidence: Evidence) -> Iterator[str]:
    """What a signature may waive, by name: what is required and reads NOT CHECKED.

    Not what a role itself states by signing; of checks only those that no criterion is bound to.
    """
    bound = {id_ for c in evidence.criteria for id_ in c.evidence}
    for criterion in evidence.criteria:
        open_ = criterion.required and criterion.applicable and not criterion.signed_by
        if open_ and isinstance(criterion.result, NotChecked):
            yield criterion.name
    for check in evidence.checks:
        open_ = check.required and check.applicable and check.id not in bound
        if open_ and isinstance(check.result, NotChecked):
            yield check.name


def _time_objection(signed_at: str, after: str, now: datetime) -> str:
    try:
        signed, recorded = datetime.fromisoformat(signed_at), datetime.fromisoformat(after)
    except ValueError:
        return "its time is no time"
    if signed > now + _CLOCK_SKEW:
        return "its time lies in the future: a clock is wrong"
    if signed < recorded - _CLOCK_SKEW:
        return "its time lies before the end of the run it signs: a clock is wrong"
    return ""


def read_signatures(
    run: LoadedRun, signers: Signers, *, now: datetime | None = None
) -> tuple[Signature, ...]:
    """All signatures of a run's folder, checked now, in the order of their file names.

    What is in `signatures/` and is not a whole, good signature comes back with `valid` False and
    the reason. Raises SshKeygenError when ssh-keygen cannot be asked.
    """
    folder = run.path / SIGNATURES
    if folder.is_symlink() or not folder.is_dir():
        strange = folder.exists() or folder.is_symlink()
        return (_refused(SIGNATURES, "it is not a folder of signatures"),) if strange else ()
    now = now or datetime.now(UTC)
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    found = []
    for name in names:
        if name.endswith(".json"):
            found.append(_check(folder / name, run, signers, now))
        elif not name.endswith(".json.sig"):
            found.append(_refused(name, "this file is neither a statement nor a signature"))
        elif name.removesuffix(".sig") not in names:
            found.append(_refused(name, "a signature file without its statement"))
    return tuple(found)


def _check(path: Path, run: LoadedRun, signers: Signers, now: datetime) -> Signature:
    signature_path = path.with_name(path.name + ".sig")
    for each in (path, signature_path):
        if not each.is_file():
            missing = "a statement without its signature file"
            return _refused(path.name, missing if each is signature_path else "not a file")
        if each.stat().st_size > _LARGEST:
            return _refused(path.name, "it is far larger than a statement or signature can be")
    data = path.read_bytes()
    try:
        statement = decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        crlf = "its line ends were converted (CRLF)" if b"\r" in data else ""
        return _refused(path.name, crlf or "the statement is damaged or was edited")
    refused = Signature(
        role=statement.role,
        person=statement.person,
        decision=statement.decision,
        signed_at=statement.signed_at,
        valid=False,
        waived=statement.waived,
        comment=statement.comment,
    )
    if path.name != statement.file_name:
        why = f"a copy under another name: it belongs in {statement.file_name}"
        return replace(refused, why=why)
    why = objection(statement, run, now)
    if why:
        return replace(refused, why=why)
    checked = ssh_keygen.check(
        data,
        signature_path,
        person=statement.person,
        namespace=statement.namespace,
        allowed_signers=signers.path,
        revoked=signers.revoked,
    )
    return replace(refused, valid=checked.valid, why=checked.why, fingerprint=checked.fingerprint)


def _refused(name: str, why: str) -> Signature:
    """A file that says nothing that could be believed; its name is all there is to show."""
    role, _, person = name.removesuffix(".sig").removesuffix(".json").partition("--")
    return Signature(role, person, "NO-GO", "", valid=False, why=why)
