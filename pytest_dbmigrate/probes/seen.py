"""What one probe came to, once: an outcome with its time, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_dbmigrate.spec.expectations import Outcome


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """One reading of one probe.

    PASS and FAIL were evaluated on an answer; ERROR says that none came. NOT CHECKED has a `reason`
    (a stable code) and what to do about it. `value` is the reading's number in `unit`.
    """

    name: str
    outcome: Outcome
    text: str
    at: datetime
    duration_ns: int = 0
    value: float | None = None
    unit: str = ""
    details: tuple[str, ...] = ()
    reason: str = ""
    todo: str = ""

    @property
    def bad(self) -> bool:
        """Whether something is wrong with what was asked: not with how it was asked."""
        return self.outcome in {Outcome.FAIL, Outcome.ERROR}


def not_checked(name: str, why: str, reason: str, todo: str) -> ProbeSeen:
    """A reading that was not taken."""
    return ProbeSeen(name, Outcome.NOT_CHECKED, why, datetime.now(UTC), reason=reason, todo=todo)
