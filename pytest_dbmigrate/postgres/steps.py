"""The steps of a run and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.phases import BEFORE, FINAL, HEALTH, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.spec.migrations import Migration
    from pytest_dbmigrate.spec.project import Project

Stage = Literal["rehearsal", "verify", "production"]
StepKind = Literal["before", "apply", "after", "final", "commit", "rerun", "down", "health"]

# A migration is applied again on the connection it ran on, and on a new one.
Session = Literal["same", "new"]
SESSIONS: tuple[Session, ...] = ("same", "new")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run; `version` names the migration of apply and after."""

    kind: StepKind
    version: str = ""

    def __str__(self) -> str:
        """Render as `apply 011`."""
        return f"{self.kind} {self.version}".strip()

    @property
    def phase(self) -> Phase | None:
        """The phase whose verifications run in this step, if any do."""
        match self.kind:
            case "before":
                return BEFORE
            case "after":
                return Phase("after", self.version)
            case "final":
                return FINAL
            case "health":
                return HEALTH
            case _:
                return None


def steps_of(
    project: Project, stage: Stage, *, commit_each: bool = False, reruns: bool = True
) -> tuple[Step, ...]:
    """The steps of a run at a stage, in order; `reruns` only where the database is thrown away.

    Migrations that cannot be held in the transaction follow its COMMIT, unless each commits by
    itself: then all run in the order of their versions.
    """
    if stage == "verify":
        return Step("final"), Step("health")
    held = [m for m in project.migrations if m.transactional or commit_each]
    alone = [m for m in project.migrations if m not in held]
    rerun = (Step("rerun"),) if stage == "rehearsal" and reruns else ()
    down = any(migration.down is not None for migration in project.migrations)
    back = (Step("down"),) if stage == "rehearsal" and down else ()
    return (
        Step("before"),
        *_each(held),
        Step("final"),
        Step("commit"),
        *_each(alone),
        *rerun,
        *back,
        Step("health"),
    )


def _each(migrations: list[Migration]) -> Iterator[Step]:
    for migration in migrations:
        yield Step("apply", migration.version)
        yield Step("after", migration.version)


def step_of(phase: Phase) -> Step:
    """The step in which a phase's verifications run."""
    return Step(phase.kind, phase.version)
