"""What is out of limits in one sample: the plan's limits, and ours where the plan has none.

Pure: the same readings always give the same anomalies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.probes.window import Bad
from pytest_dbmigrate.spec.expectations import Outcome
from pytest_dbmigrate.spec.figures import METRIC, describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_dbmigrate.postgres.metrics import Reading, Snapshot
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.probes.seen import ProbeSeen
    from pytest_dbmigrate.spec.limits import Limit
    from pytest_dbmigrate.spec.plan import Plan

# Where the plan limits nothing: shares and times that are wrong in any application.
FULL = 0.9  # of max_connections
LONG_WAIT_SECONDS = 5.0  # for a lock
RESTART = "server-restart"
STAGE = "monitoring"


@dataclass(frozen=True, slots=True)
class PlannedLimit:
    """A limit that the plan sets for one side of a figure: `after` or `change`."""

    side: str
    limit: Limit
    required: bool


def planned_limits(plan: Plan | None) -> dict[str, list[PlannedLimit]]:
    """The plan's limits for figures of a running database, by figure."""
    found: dict[str, list[PlannedLimit]] = {}
    for each in plan.criteria if plan is not None else ():
        match = METRIC.fullmatch(each.figure) if each.figure else None
        if match is None or each.limit is None or match[2] == "before":
            continue
        if STAGE in (each.stages or describe(each.figure).stages):
            limit = PlannedLimit(match[2], each.limit, each.required)
            found.setdefault(match[1], []).append(limit)
    return found


def of_figures(
    limits: Mapping[str, list[PlannedLimit]],
    before: Snapshot | None,
    last: Snapshot | None,
    now: Snapshot,
    slowest: Reading | None,
) -> Iterator[Bad]:
    """What is out of limits among the figures of a sample.

    `before` was read before the migrations, `last` in the sample before. `slowest` is the mean
    since the COMMIT.
    """
    readings = dict(now.readings)
    if slowest is not None:
        readings[slowest.name] = slowest
    for name, reading in readings.items():
        old = before.readings.get(name) if before is not None else None
        if name in limits:
            yield from _over(limits[name], reading, old)
        else:
            earlier = last.readings.get(name) if last is not None else None
            yield from _unusual(reading, earlier)
    if last is not None and last.server_started != now.server_started:
        text = f"the server was started again at {now.server_started}"
        yield Bad(RESTART, "The server was not restarted", text)


def of_request(seen: ProbeSeen, title: str, *, required: bool) -> Iterator[Bad]:
    """What is wrong with an HTTP probe in a sample."""
    if seen.bad:
        yield Bad(seen.name, title, seen.text, seen.value, seen.unit, required=required)


def of_log(name: str, errors: int, first: str, title: str, *, required: bool) -> Iterator[Bad]:
    """What is wrong with a log in a sample: errors that are new in it."""
    if errors:
        yield Bad(name, title, f"{errors:,} new: {first}", errors, required=required)


def of_check(finding: Finding) -> Iterator[Bad]:
    """What is wrong with a health check in a sample."""
    verdict = finding.verdict
    if verdict.outcome in {Outcome.FAIL, Outcome.ERROR}:
        yield Bad(
            finding.check.name,
            finding.check.title,
            f"{verdict.outcome}: {verdict.observed}",
            limit=verdict.expected,
            required=not finding.check.informational,
        )


def _over(limits: list[PlannedLimit], reading: Reading, before: Reading | None) -> Iterator[Bad]:
    for each in limits:
        value = reading.value
        if each.side == "change":
            known = (
                before is not None and before.value is not None and before.since == reading.since
            )
            value = value - before.value if value is not None and known and before else None  # type: ignore[operator]  # `known` says both are there
        if value is None or each.limit.holds(value, reading.unit):
            continue
        words = (
            f"{value:+,g} since before the migrations" if each.side == "change" else reading.text
        )
        yield Bad(
            reading.name,
            _title(reading.name),
            words,
            value,
            reading.unit,
            str(each.limit),
            required=each.required,
        )
        return


def _unusual(reading: Reading, earlier: Reading | None) -> Iterator[Bad]:
    """Our own limits, one for each figure that has one."""
    value = reading.value
    if value is None:
        return
    limit = ""
    match reading.name:
        case "connections" if reading.limit and value >= FULL * reading.limit:
            limit = f"< {FULL:.0%} of {reading.limit:g}"
        case "waiting-locks" if (reading.longest or 0) >= LONG_WAIT_SECONDS:
            limit = f"no wait of {LONG_WAIT_SECONDS:g} s or more"
        case "deadlocks" if earlier and earlier.value is not None and value > earlier.value:
            limit = "no new one"
    if limit:
        name = reading.name
        yield Bad(name, _title(name), reading.text, value, reading.unit, limit)


def _title(name: str) -> str:
    title = describe(f"{name}.after").title
    return title[0].upper() + title[1:]
