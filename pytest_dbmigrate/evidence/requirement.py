"""`--require-signoff`: a named rehearsal, held against the very things that are about to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.allowed_signers import PLAN_NAME
from pytest_dbmigrate.evidence.authority import load_authority
from pytest_dbmigrate.evidence.examination import TOOL, examine
from pytest_dbmigrate.evidence.record import Rehearsal
from pytest_dbmigrate.evidence.sign_off import waived_names

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Evidence
    from pytest_dbmigrate.postgres.target import Identity
    from pytest_dbmigrate.spec.project import Project

# A baseline builds the throw-away database of a rehearsal; nothing of it reaches production.
_UNBOUND = {"baseline"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What came of it: problems (any of them forbids the run), notes, and what to record."""

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None


def require_signed(
    run: LoadedRun,
    *,
    project: Project,
    tool_version: str,
    target: Identity | None,
    allowed_signers: Path,
    revoked: Path | None = None,
) -> Requirement:
    """Hold a rehearsal against the project, the tool and the target that are about to be used.

    Raises SpecError for a file of the user's that is wrong, SshKeygenError without ssh-keygen.
    """
    evidence = run.evidence
    plan = project.root / PLAN_NAME
    authority = load_authority(allowed_signers, run_folder=run.path, plan=plan, revoked=revoked)
    found = examine(run, authority)
    problems = [f"{r.title}; {r.todo}" if r.todo else r.title for r in found.decision.reasons]
    if evidence.run.stage != "rehearsal":
        problems.append(f"{evidence.run.id} is no rehearsal: its stage is {evidence.run.stage}")
    problems += _file_problems(evidence, project)
    left_out = sorted(project.without - set(evidence.run.without))
    if left_out:
        problems.append(
            f"the built-in checks {', '.join(left_out)} are switched off now and were not at the "
            "rehearsal"
        )
    rehearsed_with = evidence.tools.get(TOOL, "an unknown version")
    if rehearsed_with != tool_version:
        problems.append(f"rehearsed with {TOOL} {rehearsed_with}, and this is {tool_version}")
    target_problems, notes = _target(evidence, target)
    return Requirement(
        problems=(*problems, *target_problems),
        notes=(*authority.notes, *notes),
        rehearsal=Rehearsal(
            run=evidence.run.id,
            evidence_sha256=run.sha256,
            waived=tuple(sorted(waived_names(evidence, found.signatures))),
        ),
    )


def _file_problems(evidence: Evidence, project: Project) -> list[str]:
    """Files and checks that are not what the rehearsal ran: changed, missing or new."""
    then: dict[tuple[str, str], str] = {
        (f.role, f.path): f.sha256 for f in evidence.files if f.role not in _UNBOUND
    }
    now: dict[tuple[str, str], str] = {
        (f.role, f.path): f.sha256 for f in project.files if f.role not in _UNBOUND
    }
    problems = []
    for role, path in sorted(then.keys() | now.keys()):
        digests = then.get((role, path)), now.get((role, path))
        what = "expected result" if role == "expected" else role
        if digests[0] is None:
            problems.append(f"{path}: this {what} was not part of the rehearsal")
        elif digests[1] is None:
            problems.append(f"{path}: this {what} was rehearsed and is not here now")
        elif digests[0] != digests[1]:
            problems.append(f"{path}: this {what} changed after the rehearsal")
    applied = {m.file: m.sha256 for m in evidence.migrations if m.outcome == "committed"}
    problems += [
        f"{migration.path}: the rehearsal did not apply this migration"
        for migration in project.migrations
        if applied.get(migration.path) != migration.sha256
    ]
    checked = {c.id for c in evidence.checks}
    problems += [
        f"{check.path}:{check.line}: the rehearsal has no check {check.name}"
        for check in project.checks
        if f"{check.path}::{check.name}" not in checked
    ]
    return problems


def _target(evidence: Evidence, target: Identity | None) -> tuple[list[str], list[str]]:
    """Problems and notes about the database rehearsed on and the one that is the target."""
    rehearsed = evidence.target
    source = rehearsed.source if rehearsed is not None else None
    if rehearsed is None or (rehearsed.embedded and source is None):
        note = (
            "the rehearsal ran on a throw-away database built from the baseline: it binds files "
            "and tool version, not the target's own schema (--rehearse clones that)"
        )
        return [], [note]
    of = source or rehearsed
    then = (of.system_identifier, of.database)
    now = (target.system_identifier or "", target.database) if target else ("", "")
    if not (then[0] and now[0]):
        problem = (
            "whether this is the database that was rehearsed cannot be told: its role may not "
            "call pg_control_system(), which gives the system identifier"
        )
        return [problem], []
    if then != now:
        problem = (
            f"rehearsed for database {then[1]} of system {then[0]}, and the target is {now[1]} "
            f"of system {now[0]}"
        )
        return [problem], []
    return [], []
