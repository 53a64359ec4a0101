"""What a gate has seen so far: findings, migrations as they ran, the transaction's fate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.expectations import Failure
from pytest_dbmigrate.spec.judging import key

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_dbmigrate.postgres.apply import Applied
    from pytest_dbmigrate.postgres.builtin import BuiltInFinding
    from pytest_dbmigrate.postgres.catalog import Catalog
    from pytest_dbmigrate.postgres.down_and_up import WentBack
    from pytest_dbmigrate.postgres.ending import Ending, Intent
    from pytest_dbmigrate.postgres.migrating import SeenLock
    from pytest_dbmigrate.postgres.query import Answer
    from pytest_dbmigrate.postgres.rerun import Rerun
    from pytest_dbmigrate.postgres.rows import RowChange
    from pytest_dbmigrate.postgres.steps import Step
    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.expectations import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to: its verdict, and the answer it was judged on where there was one."""

    check: Check
    verdict: Verdict
    answer: Answer | None = None

    @property
    def sqlstate(self) -> str:
        """The state of the server's error, empty when there was none."""
        outcome = self.answer.outcome if self.answer else None
        return outcome.sqlstate if isinstance(outcome, Failure) else ""

    def __str__(self) -> str:
        """Render as `FAIL of Orders have a status (checks.sql::filled)`."""
        return f"{self.verdict.outcome} of {self.check.title} ({key(self.check)})"


@dataclass(slots=True)
class Clock:
    """When a step began and ended, UTC."""

    step: Step
    started: datetime
    ended: datetime | None = None


@dataclass(slots=True)
class Observations:
    """Filled in by the gate as it goes; read by whoever judges or records.

    `findings` and `passed_before` are by check id, `applied` by version. `blocking` was found
    before BEGIN, `builtins` behind the last migration. `stopped` says why the run ended early.
    `began` and `ended` are those of the held transaction; `ended_ns` is on time.monotonic_ns()'s
    clock.
    `has_data` is False for a clone without rows. `already`: nothing was written, and the
    database is as the final checks describe; None where nobody asked.
    """

    findings: dict[str, Finding] = field(default_factory=dict)
    passed_before: dict[str, bool] = field(default_factory=dict)
    applied: dict[str, Applied] = field(default_factory=dict)
    reruns: list[Rerun] = field(default_factory=list)
    went_back: list[WentBack] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    blocking: list[BuiltInFinding] = field(default_factory=list)
    builtins: list[BuiltInFinding] = field(default_factory=list)
    rows: tuple[RowChange, ...] = ()
    locks: list[SeenLock] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)
    has_data: bool = True
    already: bool | None = None
    catalog_before: Catalog | None = None
    catalog_after: Catalog | None = None
    began: datetime | None = None
    ended: datetime | None = None
    ended_ns: int = 0
    intent: Intent | None = None
    ending: Ending | None = None
    stopped: str = ""
    notes: list[str] = field(default_factory=list)
