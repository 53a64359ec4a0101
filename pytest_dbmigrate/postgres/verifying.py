"""The verifications of a run, step by step: which can run, what they came to, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.check_queries import observe
from pytest_dbmigrate.postgres.observations import Finding, Observations
from pytest_dbmigrate.postgres.query import Answer
from pytest_dbmigrate.postgres.steps import Stage, Step, step_of
from pytest_dbmigrate.postgres.tables_read import tables_read
from pytest_dbmigrate.spec.expectations import Failure, Outcome, Result, Verdict
from pytest_dbmigrate.spec.judging import (
    applicable,
    certain_not_checked,
    compares_with_before,
    judge,
    key,
    not_checked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from pytest_dbmigrate.postgres.query import Patience
    from pytest_dbmigrate.spec.annotations import Check
    from pytest_dbmigrate.spec.project import Project

    Others = Callable[[Check], Answer | str]


@dataclass(slots=True)
class Verifier:
    """Keeps the findings of a run in `seen`; `version` is the migration applied last."""

    project: Project
    stage: Stage
    seen: Observations
    version: str = ""
    _before: dict[str, Result | Failure] = field(default_factory=dict)

    def look_before(self, conn: Connection[object], patience: Patience) -> None:
        """What later checks return before the first migration.

        Needed where a check compares with it; where nobody waits, in a rehearsal, also to find the
        checks that would have passed without the migrations.
        """
        later = [c for c in self.project.checks if c.phase.kind != "before" and c.expectation]
        if self.stage == "production":
            later = [c for c in later if compares_with_before(c)]
        for check, answer in observe(conn, later, patience):
            if isinstance(answer, Answer):
                self._before[key(check)] = answer.outcome
                verdict = judge(check, answer.outcome, answer.outcome)
                self.seen.passed_before[key(check)] = verdict.outcome is Outcome.PASS

    def verify(
        self, conn: Connection[object], step: Step, patience: Patience, others: Others | None = None
    ) -> Iterator[Finding]:
        """Run the checks of a step in the connection's transaction, each found before the next.

        `others` answers as those see it who do not see our transaction: with traffic, what differs
        from before may be their doing.
        """
        runnable = []
        for check in self._checks(step):
            why, reason = self._why_not(check)
            if why:
                yield self._keep(check, not_checked(check, why, reason))
            else:
                runnable.append(check)
        for check, answer in observe(conn, runnable, patience):
            outcome = answer.outcome if isinstance(answer, Answer) else answer
            verdict = judge(check, outcome, self._before.get(key(check)))
            if others and verdict.outcome is Outcome.FAIL and compares_with_before(check):
                verdict = self._whose_doing(check, verdict, others(check))
            if not self.seen.has_data and verdict.outcome in {Outcome.PASS, Outcome.FAIL}:
                verdict = _without_data(conn, check, verdict)
            yield self._keep(check, verdict, answer if isinstance(answer, Answer) else None)

    def hopeless(self) -> Iterator[str]:
        """The checks that cannot pass whatever the database holds, and why."""
        for check in self.project.checks:
            why = "" if check.informational else certain_not_checked(check)
            if why:
                yield f"{key(check)} cannot pass: {why}"

    def against(self, done: set[Step]) -> list[str]:
        """What stands against COMMIT of what was seen, or should have been in the steps so far."""
        found = self.seen.findings
        due = [c for c in self.project.checks if step_of(c.phase) in done]
        missing = [f"{key(c)} did not run" for c in due if key(c) not in found]
        failed = [f"{k}: {f.verdict.outcome}" for k, f in found.items() if stops(f)]
        built = [f"{b.name}: {b.first}" for b in self.seen.builtins if b.stops]
        return missing + failed + built

    def skip(self, step: Step) -> None:
        """Let every check of a step that did not run say why."""
        for check in self._checks(step):
            if key(check) not in self.seen.findings:
                self._keep(check, not_checked(check, f"not run: {self.seen.stopped}", "not-run"))

    def forget(self, step: Step) -> None:
        """Forget what the checks of a step came to: it is tried again."""
        for check in self._checks(step):
            self.seen.findings.pop(key(check), None)

    def _whose_doing(self, check: Check, verdict: Verdict, answer: Answer | str) -> Verdict:
        """What differs from before for others too was changed by others, as far as can be told."""
        if isinstance(answer, str) or isinstance(answer.outcome, Failure):
            return verdict
        if judge(check, answer.outcome, self._before.get(key(check))).outcome is Outcome.PASS:
            return verdict
        return replace(not_checked(check, _BY_OTHERS, CHANGED_BY_OTHERS), suggestion=_HOLD_STILL)

    def _why_not(self, check: Check) -> tuple[str, str]:
        """Why a check is not run at all, with the reason's code."""
        if check.skip or check.reading.status in {"refused", "commented-out"}:
            return certain_not_checked(check), "skipped"
        if not applicable(check, self.version):
            at = self.version or "the one before the first migration"
            return f"not valid at version {at}", "not-applicable"
        if self.stage == "verify" and compares_with_before(check):
            return "compares with the state before the migrations, unseen here", "not-applicable"
        return "", ""

    def _keep(self, check: Check, verdict: Verdict, answer: Answer | None = None) -> Finding:
        finding = self.seen.findings[key(check)] = Finding(check, verdict, answer)
        return finding

    def _checks(self, step: Step) -> list[Check]:
        return [c for c in self.project.checks if c.phase == step.phase]


CHANGED_BY_OTHERS = "changed-by-others"
_BY_OTHERS = (
    "others changed what it reads while the migrations ran, so that nothing can be said about us"
)
_HOLD_STILL = "run it in a quieter hour; or compare what traffic does not change"

# A clone without rows is thrown away: what it could not show stops GO, but not its own COMMIT.
NO_DATA = "no-data"


def _without_data(conn: Connection[object], check: Check, verdict: Verdict) -> Verdict:
    """A verdict on a clone without rows holds only for a check that reads no user's table."""
    read = tables_read(conn, check.sql)
    if not read:
        return verdict
    why = f"it reads {', '.join(read[:3])}, and the clone has no rows"
    return replace(
        not_checked(check, why, NO_DATA), suggestion="rehearse with --dbmigrate-rehearse-data=all"
    )


def stops(finding: Finding) -> bool:
    """Whether a finding stands in the way of COMMIT."""
    if finding.check.informational or finding.verdict.reason in {"not-applicable", NO_DATA}:
        return False
    return finding.verdict.outcome is not Outcome.PASS
