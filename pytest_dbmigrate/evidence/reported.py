"""What pytest said of the items: it takes back what the gate saw, and adds the Python tests.

A mark, an autouse fixture or a crashed worker may keep an item from passing although the gate saw
the right result; then nothing passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pytest_dbmigrate.spec.plan import Plan

_WEIGHT = {"passed": 0, "skipped": 1, "failed": 2}


@dataclass(frozen=True, slots=True)
class Reported:
    """One report of an item: its outcome, in which of its phases, in which words, when and where.

    `when` is `setup`, `call` or `teardown`, and `???` where a worker of pytest-xdist crashed.
    """

    outcome: Literal["passed", "failed", "skipped"]
    when: str
    words: str
    at: datetime
    source: str = ""
    duration_ns: int = 0


def worse(earlier: Reported | None, later: Reported) -> Reported:
    """The report that counts: an item's worst phase, and its call among equals."""
    if earlier is None or _WEIGHT[later.outcome] > _WEIGHT[earlier.outcome]:
        return later
    if later.outcome == earlier.outcome and later.when == "call":
        return later
    return earlier


def correct(
    evidence: record.Evidence,
    reported: Mapping[str, Reported],
    plan: Plan | None,
    *,
    python: Iterable[str] = (),
    steps: Iterable[str] = (),
) -> record.Evidence:
    """The evidence less what pytest's reports take back, with the Python tests that count.

    `python` are the ids of those tests, `steps` those of the items that apply, commit and re-run:
    one of them that was kept from running makes the run incomplete.
    """
    checks = [_taken_back(c, reported.get(c.id)) for c in evidence.checks if c.kind != "python"]
    checks += [_python_check(item, reported.get(item), plan) for item in python]
    kept = [_kept_back(item, reported[item]) for item in steps if item in reported]
    why = tuple(dict.fromkeys([*evidence.run.incomplete, *filter(None, kept)]))
    run = replace(evidence.run, incomplete=why, complete=evidence.run.complete and not why)
    evidence = replace(evidence, checks=tuple(checks), run=run)
    return replace(evidence, criteria=judge_criteria(plan, evidence))


def _taken_back(check: record.Check, said: Reported | None) -> record.Check:
    if said is None or said.outcome == "passed" or not isinstance(check.result, record.Passed):
        return check
    why = f"its result holds, but pytest reported the item as {said.outcome}: {said.words}"
    return replace(check, result=record.NotChecked(why=why, reason="overruled"))


def _kept_back(item: str, said: Reported) -> str:
    """Why a step's item did not do its work; empty where it spoke for itself."""
    if said.outcome == "passed" or said.when == "call":
        return ""
    return f"{item} was {said.outcome} in its {said.when}: {said.words}"


def _python_check(item: str, said: Reported | None, plan: Plan | None) -> record.Check:
    name = item.rpartition("::")[2]
    return record.Check(
        id=item,
        name=name,
        title=name,
        kind="python",
        phase="final",
        result=_result(said),
        source=said.source if said else "",
        expected="the test passes",
        counted=not (plan and plan.options.counted_sets),
    )


def _result(said: Reported | None) -> record.Result:
    if said is None:
        return record.NotChecked(why="the test did not run", reason="not-run")
    words = clip(said.words, TEXT_CHARACTERS)
    if said.outcome == "skipped":
        return record.NotChecked(why=f"the test was skipped: {words}", reason="skipped")
    if said.outcome == "failed" and said.when != "call":
        return record.Errored(why=f"{said.when} of the test: {words}", at=time_text(said.at))
    seen = record.Observation(
        text="the test passed" if said.outcome == "passed" else words,
        at=time_text(said.at),
        by="pytest",
        duration_ns=said.duration_ns,
    )
    return (
        record.Passed(observed=seen) if said.outcome == "passed" else record.Failed(observed=seen)
    )
