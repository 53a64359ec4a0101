"""What a run's folder is judged by and may not hold itself: who may sign, and the plan in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import structs

from pytest_dbmigrate.evidence.allowed_signers import (
    PLAN_NAME,
    REVOKED_NAME,
    Signers,
    read_signers,
)
from pytest_dbmigrate.evidence.committed import committed
from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.plan import Plan, read_plan
from pytest_dbmigrate.spec.statements import decode

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.evidence.record import Evidence

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may sign, the plan in force, and what is wrong or notable about their files."""

    signers: Signers
    plan: Plan | None
    plan_sha256: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_authority(
    allowed_signers: Path,
    *,
    run_folder: Path,
    plan: Path | None = None,
    revoked: Path | None = None,
    named: bool = True,
) -> Authority:
    """Read allowed_signers, and the plan and the revoked keys that lie beside it.

    One that nobody `named` was only found, and counts only where git shows that it is committed.
    Raises SpecError for a file that cannot be understood, or that lies in the run's own folder:
    what is judged must not bring its judges along.
    """
    plan_path = allowed_signers.parent / PLAN_NAME if plan is None else plan
    revoked_path = allowed_signers.parent / REVOKED_NAME if revoked is None else revoked
    for path in (allowed_signers, plan_path, revoked_path):
        if path.resolve().is_relative_to(run_folder.resolve()):
            raise SpecError(
                "lies in the run's own folder, where whoever sends the run can put it",
                path=str(path),
                remedy="name the committed file of your own checkout",
            )
    signers = read_signers(allowed_signers, revoked=revoked)
    found, digest = _read_plan(plan_path, required=plan is not None)
    problems, notes = _committed((allowed_signers, plan_path, revoked_path), named=named)
    return Authority(signers, found, digest, problems, notes)


def _read_plan(path: Path, *, required: bool) -> tuple[Plan | None, str]:
    if not required and not path.exists():
        return None, ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=str(path)) from None
    return read_plan(decode(data, str(path)), str(path)), hashlib.sha256(data).hexdigest()


def _committed(paths: tuple[Path, ...], *, named: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Problems with files that differ from what is committed; a note where nobody can tell."""
    states = {path: committed(path) for path in paths}
    words = {
        "differs": "differs from the committed version; commit it, so that others see the change",
        "not committed": "is not committed; commit it, so that others see who may decide",
    }
    problems = tuple(f"{path} {words[state]}" for path, state in states.items() if state in words)
    if "unknown" not in states.values():
        return problems, ()
    unknown = f"git does not show who wrote {paths[0]} (no git, no checkout, or not readable to it)"
    if named:
        return problems, (unknown,)
    return (*problems, f"{unknown}; if you trust it, name it with --allowed-signers"), ()


def record_problems(evidence: Evidence, authority: Authority) -> tuple[str, ...]:
    """Where a run's record disagrees with the plan in force.

    Roles, policy and criteria of a record are its own word: whoever edits it before anybody signs
    could leave out the role that would say no. So they are drawn from the plan again and compared.
    """
    plan = authority.plan
    if plan is None:
        return (
            f"there is no {PLAN_NAME} beside {authority.signers.path}, so no role is asked to sign",
        )
    recorded = {f.sha256: f.path for f in evidence.files if f.role == "plan"}
    if list(recorded) != [authority.plan_sha256]:
        return (f"{plan.path} is not the plan of this run: it was changed, rehearse again",)
    as_recorded = replace(plan, path=recorded[authority.plan_sha256])
    problems = []
    if [r.name for r in plan.roles] != [r.name for r in evidence.roles]:
        named = ", ".join(r.name for r in plan.roles) or "none"
        problems.append(f"the record has other roles than {plan.path}, which names {named}")
    policy = (plan.options.operator_may_sign, plan.options.distinct_people)
    if policy != (evidence.policy.operator_may_sign, evidence.policy.distinct_people):
        problems.append(f"the record has another sign-off policy than {plan.path}")
    drawn = {c.name: c for c in judge_criteria(as_recorded, structs.replace(evidence, criteria=()))}
    written = {c.name: c for c in evidence.criteria}
    wrong = sorted(n for n in drawn.keys() | written if drawn.get(n) != written.get(n))
    if wrong or len(written) != len(evidence.criteria):
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        problems.append(
            "the record's criteria are not what its observations and the plan give "
            f"(edited, or judged by another version): {', '.join(wrong[:_SHOWN])}{more}"
        )
    return tuple(problems)
