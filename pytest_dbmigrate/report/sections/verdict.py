"""Section 2: the decision, five facts, and what stands in the way of GO."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.sections.metrics import figure, limit_of
from pytest_dbmigrate.report.sections.result import Status, status
from pytest_dbmigrate.report.sections.schema import tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.evidence.record import Evidence, Metric
    from pytest_dbmigrate.evidence.window import Window
    from pytest_dbmigrate.report.sections.checks import Checks
    from pytest_dbmigrate.report.sections.criteria import Criteria
    from pytest_dbmigrate.report.sections.execution import Execution
    from pytest_dbmigrate.report.sections.signoff import SignOff

SHOWN_REASONS = 12
SHOWN_SETS = 8
_KINDS = {
    "FAIL": "failed",
    "ERROR": "in error",
    "UNKNOWN": "unknown",
    "NO-GO": "signed NO-GO",
    "NOT CHECKED": "not checked",
    "REFUSED": "refused",
    "NOT SIGNED": "not signed",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the five figures of the first screen; `marks` are its parts, each complete or not."""

    label: str
    value: str
    small: str
    marks: tuple[tuple[str, bool], ...] = ()


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
    incomplete: str
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
    return Verdict(
        word=decision.word,
        go=decision.go,
        sentence=text.line(_sentence(decision), 600),
        database=text.line(decision.database).removeprefix("database "),
        alarm=_alarming(evidence) and not decision.go,
        incomplete=_incomplete(evidence),
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


def _sentence(decision: Decision) -> str:
    """The decision's own sentence, or of several reasons, which follow, how many of each kind."""
    if len(decision.reasons) < 2:
        return decision.reasons[0].title if decision.reasons else decision.sentence
    counts = Counter(reason.outcome for reason in decision.reasons)
    parts = [f"{n:,} {_KINDS.get(word, word)}" for word, n in counts.items()]
    return f"{', '.join(parts[:-1])} and {parts[-1]}." if len(parts) > 1 else f"{parts[0]}."


def _alarming(evidence: Evidence) -> bool:
    """Whether a NO-GO must not be taken for "nothing happened": a real database was changed."""
    throw_away = evidence.target is not None and evidence.target.embedded
    return evidence.transaction.state in {"unknown", "committed"} and not throw_away


def _facts(
    evidence: Evidence, criteria: Criteria, checks: Checks, execution: Execution, signed: SignOff
) -> tuple[Fact, ...]:
    marks = checks.shorts
    few = len(marks) <= SHOWN_SETS
    small = " ".join(short for short, _ in marks) if few else f"in {len(marks):,} sets"
    value = f"{checks.passed:,} of {checks.total:,}"
    if evidence.window is not None:
        facts = [_watched(evidence.window)]
    else:
        facts = [Fact("Verifications", value, small, marks if few else ())]
    if criteria.planned:
        facts.append(Fact("Criteria met", f"{criteria.met} of {criteria.total}", criteria.rest))
    else:
        facts.append(Fact("Criteria", "no plan", "each verification must pass"))
    if evidence.window is not None:
        facts += _out_of_limits(evidence.window)
    elif execution.total:
        facts.append(Fact("Migration time", execution.total, _time_limit(evidence)))
    else:
        facts.append(Fact("Migrations", "none ran", "nothing was applied"))
    if evidence.window is None:
        facts.append(_size(evidence))
    if signed.required:
        facts.append(Fact("Signed", f"{signed.signed} of {signed.required}", _voices(signed)))
    else:
        facts.append(Fact("Signed", "nobody", "no plan names a role"))
    return tuple(facts)


def _watched(window: Window) -> Fact:
    """How much of a monitoring window was observed."""
    observed, planned = text.duration(window.observed_ns), text.duration(window.planned_ns)
    return Fact("Observed", observed, f"of {planned}, {text.count(window.samples, 'sample')}")


def _out_of_limits(window: Window) -> list[Fact]:
    """What was out of limits in a monitoring window, and when nobody could look."""
    found, blinds = window.anomalies, len(window.blinds)
    first = f"the first at {text.clock(found[0].at)}" if found else "every sample within its limits"
    looked = "the database answered every time" if not blinds else "the database did not answer"
    return [Fact("Anomalies", f"{len(found):,}", first), Fact("Gaps", f"{blinds:,}", looked)]


def _voices(signed: SignOff) -> str:
    parts = []
    if signed.refusing:
        parts.append(f"{signed.refusing} signed NO-GO")
    if signed.refused:
        parts.append(f"{signed.refused} refused")
    if not parts:
        return "all verified" if signed.signed == signed.required else "each role of the plan"
    return ", ".join(parts)


def _incomplete(evidence: Evidence) -> str:
    if evidence.run.complete:
        return ""
    reasons = "; ".join(text.line(why) for why in evidence.run.incomplete[:SHOWN_SETS])
    return reasons or "the run did not come to its end"


def _time_limit(evidence: Evidence) -> str:
    for criterion in evidence.criteria:
        if criterion.figure == "migrations.duration" and criterion.applicable:
            return f"limit {text.line(criterion.expected, 40)}"
    return text.count(len(evidence.migrations), "migration")


def _size(evidence: Evidence) -> Fact:
    def changed(metric: Metric) -> bool:
        return bool(metric.before and metric.after and metric.name == "tables")

    for metric in filter(changed, evidence.metrics):
        limit = text.line(limit_of(evidence, metric), 40)
        small = f"expected {limit}" if limit else "base tables"
        return Fact("Tables", f"{figure(metric.before)} → {figure(metric.after)}", small)
    if "schema" not in evidence.measured and not evidence.changes:
        return Fact("Schema", "not compared", "before against after")
    found = tally(evidence.changes)
    return Fact("Schema", text.count(len(evidence.changes), "change"), found or "no difference")
