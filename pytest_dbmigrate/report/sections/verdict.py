"""Section 2: the decision, five facts, and what stands in the way of GO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.metrics import figure
from pytest_dbmigrate.report.sections.result import Status, status
from pytest_dbmigrate.report.sections.schema import tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.evidence.record import Evidence, Metric
    from pytest_dbmigrate.report.sections.checks import Checks
    from pytest_dbmigrate.report.sections.criteria import Criteria
    from pytest_dbmigrate.report.sections.execution import Execution
    from pytest_dbmigrate.report.sections.signoff import SignOff

SHOWN_REASONS = 12
SHOWN_SETS = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the five figures of the first screen."""

    label: str
    value: str
    small: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason against GO with what to do about it; `href` is the id of its row, or empty."""

    status: Status
    title: str
    todo: str
    href: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision as the first screen shows it."""

    word: str
    go: bool
    sentence: str
    database: str
    alarm: bool
    facts: tuple[Fact, ...]
    obstacles: tuple[Obstacle, ...]
    more: str


def verdict(
    evidence: Evidence,
    decision: Decision,
    links: Mapping[str, str],
    parts: tuple[Criteria, Checks, Execution, SignOff],
) -> Verdict:
    """The word, why, and what to do."""
    left = len(decision.reasons) - SHOWN_REASONS
    state = evidence.transaction.state
    return Verdict(
        word=decision.word,
        go=decision.go,
        sentence=text.line(decision.sentence, 600),
        database=text.line(decision.database),
        alarm=state == "unknown" or (state == "committed" and not decision.go),
        facts=_facts(evidence, *parts),
        obstacles=tuple(
            Obstacle(
                status(r.outcome),
                text.line(r.title),
                text.line(r.todo),
                links.get(r.anchor, ""),
            )
            for r in decision.reasons[:SHOWN_REASONS]
        ),
        more=f"and {left:,} more, each in its section below" if left > 0 else "",
    )


def _facts(
    evidence: Evidence, criteria: Criteria, checks: Checks, execution: Execution, signed: SignOff
) -> tuple[Fact, ...]:
    shorts = [s.short for s in checks.sets if s.short]
    sets = "  ".join(shorts) if len(shorts) <= SHOWN_SETS else f"in {len(shorts)} sets"
    facts = [Fact("Verifications", f"{checks.passed:,} of {checks.total:,}", sets)]
    if criteria.planned:
        small = f"{criteria.failed} failed, {criteria.unchecked} not checked"
        facts.append(Fact("Criteria met", f"{criteria.met} of {criteria.total}", small))
    else:
        facts.append(Fact("Criteria", "no plan", "every verification must pass"))
    facts.append(
        Fact("Migration time", execution.total or "nothing applied", _time_limit(evidence))
    )
    facts.append(_size(evidence))
    if signed.required:
        facts.append(Fact("Sign-offs", f"{signed.signed} of {signed.required}", "verified signatures"))
    else:
        facts.append(Fact("Sign-offs", "none required", "the plan names no roles"))
    return tuple(facts)


def _time_limit(evidence: Evidence) -> str:
    limits = [m.limit for m in evidence.metrics if m.name in {"migration-time", "execution-time"}]
    if limits and limits[0]:
        return f"limit {text.line(limits[0], 40)}"
    return text.count(len(evidence.migrations), "migration")


def _size(evidence: Evidence) -> Fact:
    def changed(metric: Metric) -> bool:
        return bool(metric.before and metric.after and metric.name == "tables")

    for metric in filter(changed, evidence.metrics):
        small = f"expected {text.line(metric.limit, 40)}" if metric.limit else ""
        title = text.line(metric.title or metric.name, 40)
        return Fact(title, f"{figure(metric.before)} → {figure(metric.after)}", small)
    found = tally(evidence.changes)
    return Fact("Schema", text.count(len(evidence.changes), "change"), found or "no difference")
