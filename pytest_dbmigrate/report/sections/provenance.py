"""Section 12: what the report is bound to, and what it cannot show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.identity import server

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence, Production, Rehearsal, Source, Target

SHOWN_FILES = 300
SHOWN_NOTES = 100
SHOWN_DIFFERENCES = 30

_LIMITS = (
    "Checks of data hold at the moment they ran: others kept writing before and after.",
    "The time of a signature is the signer's own clock.",
    "Whoever controls the machine controls what it measures.",
    "The digest shows that the record is unchanged, not that the machine was honest.",
    "Verifications are read-only; functions with effects outside the database may remain.",
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file the run depended on."""

    path: str
    role: str
    bytes: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Facts as label and value, files, digest, notes and limits.

    `clone` says in what a cloned database differs from its source; empty for no clone.
    """

    facts: tuple[tuple[str, str], ...]
    files: tuple[FileRow, ...]
    files_said: str
    clone: tuple[str, ...]
    digest: str
    notes: tuple[str, ...]
    limits: tuple[str, ...]


def provenance(evidence: Evidence, digest: str) -> Provenance:
    """Where each figure comes from."""
    run, transaction = evidence.run, evidence.transaction
    left = len(evidence.files) - SHOWN_FILES
    facts = [("Run", text.line(run.id, 100)), ("Command", text.line(run.command, 1_000))]
    facts.append(("Operator", text.line(run.operator, 100)))
    facts.append(("Selected", f"{run.selected:,} of {run.planned:,} planned checks"))
    if run.rehearsal:
        facts.append(("Rehearsal", _other_run(run.rehearsal)))
    if run.production:
        facts.append(("Watches over", _other_run(run.production)))
    if evidence.target:
        facts += _target(evidence.target)
    if transaction.began:
        facts.append(("Transaction", _transaction(evidence)))
    tools = sorted(evidence.tools.items())
    facts.append(("Tools", ", ".join(f"{text.line(k, 60)} {text.line(v, 100)}" for k, v in tools)))
    return Provenance(
        facts=tuple((label, value) for label, value in facts if value),
        files=tuple(
            FileRow(text.line(f.path, 300), f.role, f"{f.bytes:,}", f.sha256)
            for f in evidence.files[:SHOWN_FILES]
        ),
        files_said=f"and {text.count(left, 'more file')}, in evidence.json" if left > 0 else "",
        clone=_clone(evidence.target.source) if evidence.target and evidence.target.source else (),
        digest=text.line(digest, 80),
        notes=tuple(text.line(n, 1_000) for n in evidence.notes[:SHOWN_NOTES]),
        limits=_LIMITS,
    )


def _source(source: Source) -> str:
    parts = [text.line(source.url, 300), f"PostgreSQL {text.line(source.server_version, 100)}"]
    if source.system_identifier:
        parts.append(f"system identifier {text.line(source.system_identifier, 40)}")
    if source.schema_sha256:
        parts.append(f"schema {text.line(source.schema_sha256, 80)}")
    return ", ".join(parts)


def _clone(source: Source) -> tuple[str, ...]:
    """What the clone lacks, or has otherwise, than the database it stands for."""
    lines = [] if source.data == "all" else ["its rows were not cloned"]
    lines += [text.line(words, 400) for words in (source.version, source.locale) if words]
    groups = (
        ("has other extensions", source.extensions),
        ("could not be cloned", source.errors),
        ("is not the same", source.schema),
        ("was taken away, because it leads out of the clone", source.removed),
    )
    for words, found in groups:
        lines += [f"{words}: {text.line(each, 400)}" for each in found[:SHOWN_DIFFERENCES]]
        left = len(found) - SHOWN_DIFFERENCES
        lines += [f"{words}: {left:,} more, in evidence.json"] if left > 0 else []
    return tuple(lines) or ("no difference was found",)


def _other_run(run: Rehearsal | Production) -> str:
    return f"{text.line(run.run, 100)}, sha256 {run.evidence_sha256}"


def _transaction(evidence: Evidence) -> str:
    transaction = evidence.transaction
    parts = [f"began {text.clock(transaction.began or '')}"]
    if transaction.ended:
        parts.append(f"ended {text.clock(transaction.ended)}")
    if transaction.held_ns:
        parts.append(f"held {text.duration(transaction.held_ns)}")
    if transaction.xid:
        parts.append(f"transaction id {text.line(transaction.xid, 40)}")
    return ", ".join(parts)


def _target(target: Target) -> list[tuple[str, str]]:
    identifier = text.line(target.system_identifier, 40)
    about = [server(target)]
    if identifier:
        about.append(f"system identifier {identifier}")
    if target.timeline is not None:
        about.append(f"timeline {target.timeline}")
    if target.in_recovery:
        about.append("in recovery")
    if target.pooled:
        about.append("behind a pooler")
    encoding = [text.line(e, 60) for e in (target.encoding, target.collation) if e]
    powers = [
        "superuser" if target.superuser else "not superuser",
        "bypasses RLS" if target.bypassrls else "does not bypass RLS",
    ]
    facts = [("Clone of", _source(target.source))] if target.source else []
    return [
        *facts,
        ("Target", text.line(target.url, 400)),
        ("Server", ", ".join(about)),
        ("Database", ", ".join([text.line(target.database, 100), *encoding])),
        ("Role", f"{text.line(target.role, 100)}: {', '.join(powers)}"),
    ]
