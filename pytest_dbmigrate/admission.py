"""May a production run start: earlier COMMITs without an answer, and the sign-off it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate import __version__
from pytest_dbmigrate.evidence.allowed_signers import FILE_NAME
from pytest_dbmigrate.evidence.folder import (
    FolderError,
    Resolution,
    find_unresolved,
    load_run,
    resolve,
)
from pytest_dbmigrate.evidence.requirement import require_signed
from pytest_dbmigrate.evidence.ssh_keygen import SshKeygenError
from pytest_dbmigrate.evidence.timeline import outside_window
from pytest_dbmigrate.evidence.words import time_text
from pytest_dbmigrate.postgres.ending import Intent
from pytest_dbmigrate.postgres.ending import resolve as ask
from pytest_dbmigrate.postgres.transaction import RefusedError
from pytest_dbmigrate.spec.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Rehearsal
    from pytest_dbmigrate.postgres.catalog import Catalog
    from pytest_dbmigrate.postgres.observations import Observations
    from pytest_dbmigrate.postgres.target import Identity
    from pytest_dbmigrate.spec.plan import Plan
    from pytest_dbmigrate.spec.project import Project


class NotAdmittedError(Exception):
    """A production run that must not start; `str()` says why and what to do."""


def refuse_outside_window(plan: Plan | None, moment: datetime) -> None:
    """Raise NotAdmittedError outside the window of a plan that forbids to run there."""
    if plan is not None and plan.schedule.outside == "forbid":
        why = outside_window(plan, moment)
        if why:
            raise NotAdmittedError(f"{plan.path}:{plan.schedule.line}: {why}")


def resolve_earlier(
    root: Path, identity: Identity, connect: Callable[[], Connection[object]]
) -> list[str]:
    """Find out what became of earlier COMMITs that were never answered; returns it in words.

    Raises NotAdmittedError when one on this database stays unknown: a run on top of it would not
    know what it starts from.
    """
    notes = []
    try:
        for run in find_unresolved(root):
            target, sent = run.evidence.target, run.evidence.transaction
            here = (identity.system_identifier or "", identity.database)
            if target is None or (target.system_identifier, target.database) != here:
                continue
            what = Intent(
                sent.xid,
                target.system_identifier,
                str(target.timeline or ""),
                lasting=sent.lasting,
            )
            ending = ask(what, connect, "its COMMIT was never answered", patience=5)
            if ending.state == "unknown":
                raise NotAdmittedError(
                    f"the COMMIT of {run.evidence.run.id} is still unresolved ({ending.why}). Look "
                    "whether its migrations are there, and move its folder away when you are sure"
                )
            by = f"pytest-dbmigrate {__version__}"
            at = time_text(datetime.now(UTC))
            resolve(run, Resolution(state=ending.state, at=at, by=by, why=ending.why))
            notes.append(f"{run.evidence.run.id}: {ending.state} ({ending.why})")
    except FolderError as error:
        raise NotAdmittedError(str(error)) from None
    return notes


def refuse_drift(rehearsed: LoadedRun, seen: Observations, now: Catalog) -> None:
    """Raise RefusedError when the target's schema is not the one that was rehearsed."""
    from pytest_dbmigrate.drift import drift  # noqa: PLC0415  (import time)

    target = rehearsed.evidence.target
    source = target.source if target is not None else None
    changed = drift(rehearsed.path, source.schema_sha256, now) if source is not None else []
    if changed:
        id_ = rehearsed.evidence.run.id
        seen.notes += [f"changed since {id_}: {line}" for line in changed]
        raise RefusedError(
            f"refused: the target's schema changed since {id_}: {'; '.join(changed)}"
        )


def require_rehearsal(
    name: str,
    root: Path,
    *,
    own: str,
    project: Project,
    identity: Identity | None,
    allowed_signers: str,
) -> tuple[Rehearsal | None, list[str]]:
    """The signed rehearsal that allows this run (whose id is `own`), with notes on it.

    Raises NotAdmittedError with every reason why it does not.
    """
    try:
        run: LoadedRun = load_run(name, root)
        if run.evidence.run.id == own:
            rehearsed = sorted(folder.name for folder in root.glob("*-rehearsal-*"))
            found = f"here are {', '.join(rehearsed[-3:])}" if rehearsed else "there is none here"
            raise NotAdmittedError(
                f"--require-signoff={name} names this very run. "
                f"What to do: name the rehearsal that was signed; {found}."
            )
        signers = Path(allowed_signers) if allowed_signers else project.root / FILE_NAME
        requirement = require_signed(
            run,
            project=project,
            tool_version=__version__,
            target=identity,
            allowed_signers=signers,
        )
    except (FolderError, SpecError, SshKeygenError) as error:
        raise NotAdmittedError(f"--require-signoff={name}: {error}") from None
    if requirement.problems:
        listed = "\n".join(f"  {problem}" for problem in requirement.problems)
        raise NotAdmittedError(f"--require-signoff={name} does not allow this run:\n{listed}")
    return requirement.rehearsal, list(requirement.notes)
