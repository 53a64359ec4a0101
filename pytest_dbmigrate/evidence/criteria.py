"""Plan and evidence → the success criteria, each with what satisfies it, or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import structs

from pytest_dbmigrate.evidence.clone_criteria import clone_criteria
from pytest_dbmigrate.evidence.figures import observe
from pytest_dbmigrate.evidence.lookups import find_metric
from pytest_dbmigrate.evidence.record import (
    Criterion,
    Errored,
    Failed,
    NotChecked,
    Observation,
    Passed,
)
from pytest_dbmigrate.spec.figures import METRIC, describe
from pytest_dbmigrate.spec.limits import Limit, at_most
from pytest_dbmigrate.spec.plan import PlannedCriterion
from pytest_dbmigrate.spec.plan_names import is_named, is_titled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.evidence.record import Check, Evidence, Result
    from pytest_dbmigrate.spec.plan import Plan

_RUNNING = ("verify", "production", "monitoring")


def judge_criteria(plan: Plan | None, evidence: Evidence) -> tuple[Criterion, ...]:
    """The plan's criteria, in its order, those that its options add, and those of a clone.

    The plan has passed `validate`. Pure; call it again when there is more evidence.
    """
    planned = (*plan.criteria, *_of_options(plan)) if plan else ()
    judged = [_judge(each, plan, evidence) for each in planned] if plan else []
    return (*judged, *clone_criteria(evidence))


def _of_options(plan: Plan) -> Iterable[PlannedCriterion]:
    """Options that are criteria in themselves, so that they are judged and shown as such."""
    options = plan.options
    if options.forbid_warnings:
        yield PlannedCriterion(
            name="plan.warnings",
            title="No warnings from the server",
            line=0,
            group="Options of the plan",
            figure="warnings",
            limit=Limit("=", Decimal(0)),
        )
    if options.vacuous == "fail":
        yield PlannedCriterion(
            name="plan.vacuous",
            title="No check passes without the migrations",
            line=0,
            group="Options of the plan",
            figure="checks.vacuous",
            limit=Limit("=", Decimal(0)),
        )
    if plan.schedule.outside == "forbid":
        yield PlannedCriterion(
            name="plan.window",
            title="Run inside the planned window",
            line=plan.schedule.line,
            group="Options of the plan",
            figure="schedule.outside",
            limit=Limit("=", Decimal(0), "ms"),
        )
    if plan.backup and plan.backup.signed_by:
        yield PlannedCriterion(
            name="plan.backup",
            title="The platform's backup is present and recent",
            line=plan.backup.line,
            group="Options of the plan",
            signed_by=plan.backup.signed_by,
            phase="before",
        )
    elif plan.backup and plan.backup.max_age_ns is not None:
        yield PlannedCriterion(
            name="plan.backup",
            title=f"{plan.backup.path} is present and recent",
            line=plan.backup.line,
            group="Options of the plan",
            figure="backup.age",
            limit=at_most(plan.backup.max_age_ns),
        )


def _judge(planned: PlannedCriterion, plan: Plan, evidence: Evidence) -> Criterion:
    stage = evidence.run.stage
    bound = _bound(planned, evidence)
    stages, after_commit = _stages(planned, plan, bound)
    here = stage in stages or (stage == "rehearsal" and "sign-off" in stages)
    if here and bound and not planned.query_sets:
        here = all(check.applicable for check in bound)
    expected, result = _result(planned, plan, bound, evidence)
    if not here:
        result = NotChecked(
            f"not required at the {stage} stage: judged at {', '.join(stages)}", "not-applicable"
        )
    elif planned.figure == "rehearsal.differences" and evidence.run.rehearsal is None:
        # Whether a rehearsal must be named is for --require-signoff to say, not for a figure of it.
        here, result = False, NotChecked("the run names no rehearsal", "not-applicable")
    return Criterion(
        name=planned.name,
        group=planned.group,
        title=planned.title,
        expected=expected,
        stages=stages,
        result=result,
        required=planned.required,
        applicable=here,
        signed_by=planned.signed_by,
        phase=planned.phase,
        after_commit=after_commit,
        source=planned.source or (f"{plan.path}:{planned.line}" if planned.line else plan.path),
        evidence=tuple(check.id for check in bound),
        figure=planned.figure,
    )


def _bound(planned: PlannedCriterion, evidence: Evidence) -> list[Check]:
    """The checks a criterion is bound to; a check with parameters is bound with all its cases."""
    if planned.query_sets:
        found = [
            check
            for check in evidence.checks
            if any(is_titled(name, check.query_set) for name in planned.query_sets)
        ]
        applicable = [check for check in found if check.applicable] or found
        return [check for check in applicable if check.required] or applicable
    return [c for name in planned.checks for c in evidence.checks if _answers(c, name)]


def _answers(check: Check, name: str) -> bool:
    return is_named(name, check.id) or is_named(name, check.name)


def _stages(
    planned: PlannedCriterion, plan: Plan, bound: Sequence[Check]
) -> tuple[tuple[str, ...], bool]:
    """The stages at which it can be judged, and whether only after the COMMIT."""
    if planned.signed_by:
        late = planned.phase in {"health", "monitoring", "final"}
        own = (
            (("monitoring",) if planned.phase == "monitoring" else ("production",)) if late else ()
        )
        return planned.stages or own or ("sign-off",), True
    if planned.figure:
        figure = describe(planned.figure)
        return planned.stages or figure.stages, figure.after_commit
    probes = {probe.name for probe in plan.probes.all}
    running = any(name in probes for name in planned.checks) or any(
        check.kind in {"probe", "health"} or check.phase == "health" for check in bound
    )
    if running:
        return planned.stages or _RUNNING, True
    if any(check.phase == "before" or check.phase.startswith("after ") for check in bound):
        return planned.stages or ("rehearsal", "production"), False
    return planned.stages or ("rehearsal", "verify", "production"), False


def _result(
    planned: PlannedCriterion, plan: Plan, bound: Sequence[Check], evidence: Evidence
) -> tuple[str, Result]:
    """What was expected, in words, and what came of it."""
    if planned.signed_by:
        title = next(role.title for role in plan.roles if role.name == planned.signed_by)
        return f"signed by {title}", NotChecked(
            f"a statement, not a measurement: {title} signs it",
            "to-be-signed",
            f"pytest-dbmigrate sign {evidence.run.id} --role {planned.signed_by} --decision GO",
        )
    if planned.figure and planned.limit:
        return str(planned.limit), _judge_figure(planned.figure, planned.limit, evidence)
    if not planned.checks and not planned.query_sets:
        return "", NotChecked(
            "bound to nothing that can be observed",
            "unbound",
            f"write checks, sets, figure and limit, or signed_by at {plan.path}:{planned.line}",
        )
    missing = [f"check {n}" for n in planned.checks if not any(_answers(c, n) for c in bound)]
    missing += [
        f'set "{name}"'
        for name in planned.query_sets
        if not any(is_titled(name, check.query_set) for check in bound)
    ]
    if missing:
        return "passes", NotChecked(f"{missing[0]} did not run", "not-run", "run the whole project")
    expected = bound[0].expected if len(bound) == 1 else f"all {len(bound)} pass"
    return expected or "passes", _judge_checks(bound)


def _judge_figure(name: str, limit: Limit, evidence: Evidence) -> Result:
    seen = observe(name, evidence)
    if isinstance(seen, str):
        metric = find_metric(evidence, METRIC.sub(r"\1", name))
        todo = (metric.todo if metric else "") or describe(name).todo
        return NotChecked(seen, "not-measured", todo)
    if seen.value is None or not limit.comparable(seen.unit):
        return NotChecked(
            f"observed {seen.text}, which cannot be compared with {limit}", "not-comparable"
        )
    return Passed(seen) if limit.holds(seen.value, seen.unit) else Failed(seen)


def _judge_checks(checks: Sequence[Check]) -> Result:
    """All must pass; the worst result speaks for all: FAIL, then ERROR, then NOT CHECKED."""
    if len(checks) == 1:
        return checks[0].result
    observed = [c for c in checks if isinstance(c.result, Passed | Failed)]
    failed = [c for c in checks if isinstance(c.result, Failed)]
    if not failed:
        for check in checks:
            if isinstance(check.result, Errored):
                return structs.replace(check.result, why=f"{check.name}: {check.result.why}")
        for check in checks:
            if isinstance(check.result, NotChecked):
                return structs.replace(check.result, why=f"{check.name}: {check.result.why}")
    passed = len(observed) - len(failed)
    text = f"{passed} of {len(checks)} pass"
    for check in failed[:3]:
        if isinstance(check.result, Failed):
            text += f"; {check.name}: {check.result.observed.text}"
    text += f"; {len(failed) - 3} more failed" if len(failed) > 3 else ""
    unseen = len(checks) - len(observed)
    text += f"; {unseen} not observed" if unseen else ""
    seen = Observation(
        text=text,
        at=max(c.result.observed.at for c in observed if isinstance(c.result, Passed | Failed)),
        by=", ".join(c.name for c in checks),
        value=passed,
    )
    return Failed(seen) if failed else Passed(seen)
