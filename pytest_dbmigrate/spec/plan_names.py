"""The names a plan uses against the names there are: a plan that means nothing is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.figures import describe, known_figures
from pytest_dbmigrate.spec.toml import suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_dbmigrate.spec.plan import Plan, PlannedCriterion

# What stands beside the probes as items of the last migration.
_ITEMS = ("apply", "commit", "decision", "rerun-same-session", "rerun-new-session")


def validate(
    plan: Plan,
    check_names: Collection[str],
    versions: Sequence[str],
    *,
    query_sets: Collection[str] = (),
    integrity: Collection[str] = (),
    metrics: Collection[str] = (),
) -> None:
    """Raise SpecError, with its line, for the first name in the plan that nothing answers to.

    `check_names` are all checks the project can run, built-in ones too (probes are the plan's own);
    `versions` its migrations in order; `integrity` the built-in checks that may be switched off;
    `metrics` its own timed queries.
    """
    checks = [*check_names, *(probe.name for probe in plan.probes.all)]
    figures = known_figures(versions, metrics)
    for each in plan.criteria:
        for name, line in zip(each.checks, each.lines, strict=False):
            if not any(is_named(name, check) for check in checks):
                raise _unknown(plan, line, "check", name, checks)
        for name, line in zip(each.query_sets, each.lines, strict=False):
            if not any(is_titled(name, each_set) for each_set in query_sets):
                raise _unknown(plan, line, "query set", name, query_sets)
        if each.figure and each.figure not in figures:
            raise _unknown(plan, each.lines[0], "figure", each.figure, figures)
        _validate_limit(plan, each)
        _validate_stages(plan, each)
    for probe in plan.probes.all:
        if probe.name in {*check_names, *_ITEMS}:
            raise SpecError(
                f'probe "{probe.name}" has the name of a check, or of a step of the run',
                path=plan.path,
                line=probe.line + 1,
                remedy="give it another name",
            )
    for phase in plan.schedule.phases:
        version = phase.phase.removeprefix("migration ")
        if version != phase.phase and version not in versions:
            raise _unknown(plan, phase.line, "migration", version, versions)
    lines = plan.options.lines
    for name in plan.options.without_integrity:
        if name not in integrity:
            raise _unknown(plan, lines["without_integrity"], "integrity check", name, integrity)
    for name in plan.options.counted_sets:
        if not any(is_titled(name, each_set) for each_set in query_sets):
            raise _unknown(plan, lines["counted_sets"], "query set", name, query_sets)


def is_named(name: str, check: str) -> bool:
    """Whether a plan's name means this check: itself, its id's end, or one of its cases."""
    own = check.rpartition("::")[2]
    return name in {check, own} or own.startswith(f"{name}.")


def is_titled(name: str, query_set: str) -> bool:
    """Whether a plan means this query set: by its whole title, or what follows its number."""
    return bool(name) and (query_set == name or query_set.endswith(f": {name}"))


def _unknown(plan: Plan, line: int, kind: str, name: str, known: Collection[str]) -> SpecError:
    return SpecError(
        f'there is no {kind} "{name}"',
        path=plan.path,
        line=line,
        remedy=suggest(name, sorted(known)),
    )


def _validate_limit(plan: Plan, each: PlannedCriterion) -> None:
    if not each.figure or not each.limit:
        return
    unit = describe(each.figure).unit
    if not each.limit.comparable(unit):
        what = f"in {unit}" if unit else "a plain number"
        raise SpecError(
            f'"{each.figure}" is {what}, its limit is {each.limit}',
            path=plan.path,
            line=each.lines[0],
            remedy='write: limit = "< 500 ms"' if unit == "ms" else "write: limit = 0",
        )


def _validate_stages(plan: Plan, each: PlannedCriterion) -> None:
    """A stage at which nothing can be observed would make the criterion impossible to meet."""
    possible = describe(each.figure).stages if each.figure else ()
    impossible = [stage for stage in each.stages if each.figure and stage not in possible]
    if each.signed_by and "rehearsal" in each.stages:
        problem, remedy = "is signed, and a rehearsal ends before anyone signs", '["sign-off"]'
    elif not each.signed_by and "sign-off" in each.stages:
        problem, remedy = "is measured, and nothing is measured at sign-off", '["rehearsal"]'
    elif impossible:
        problem = f'cannot be observed at the {impossible[0]} stage ("{each.figure}")'
        remedy = "[" + ", ".join(f'"{stage}"' for stage in possible) + "]"
    else:
        return
    raise SpecError(
        f'criterion "{each.name}" {problem}',
        path=plan.path,
        line=each.line,
        remedy=f"write: stages = {remedy}",
    )
