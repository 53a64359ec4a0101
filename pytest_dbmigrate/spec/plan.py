"""plan.toml → title, criteria, roles, schedule, probes: what the run will be held to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_dbmigrate.spec.limits import Limit, read_limit
from pytest_dbmigrate.spec.probes import Probes, read_probes
from pytest_dbmigrate.spec.schedule import Schedule, read_phase, read_schedule
from pytest_dbmigrate.spec.toml import read_named, read_toml, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_dbmigrate.spec.toml import Table

# Where a criterion can be judged. "sign-off" is a rehearsal together with its signatures.
STAGES = ("rehearsal", "sign-off", "verify", "production", "monitoring")
_BINDINGS = ("checks", "sets", "figure", "signed_by")
# One path component that every file system takes; the pages' suffixes are added to it.
_FILE_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,99}")


@dataclass(frozen=True, slots=True)
class PlannedCriterion:
    """One line of the plan's success criteria and what satisfies it.

    At most one of `checks` (names), `query_sets` (titles), `figure` with `limit`,
    and `signed_by` (a role's name) is set; none when it is bound to nothing. `stages` is empty when
    the plan leaves them to what the binding can be observed at. `phase` belongs to signed ones: the
    part of the day the statement is about. `lines` are those of the bound names, in order.
    """

    name: str
    title: str
    line: int
    group: str = ""
    source: str = ""
    checks: tuple[str, ...] = ()
    query_sets: tuple[str, ...] = ()
    figure: str = ""
    limit: Limit | None = None
    signed_by: str = ""
    phase: str = ""
    stages: tuple[str, ...] = ()
    required: bool = True
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedRole:
    """A role that must sign: its name (as `sign --role` takes it) and its title."""

    name: str
    title: str
    line: int


@dataclass(frozen=True, slots=True)
class Backup:
    """The backup that must exist before production: a dump's path and its largest age.

    With `signed_by` the backup is the platform's, and that role states that it exists.
    """

    path: str = ""
    max_age_ns: int | None = None
    signed_by: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """What the plan switches on or off.

    `counted_sets` are the query sets that the report counts as m of n (empty: all), `quiesce`
    tables to hold still while they are verified, `without_integrity` built-in checks not wanted.
    `lines` are those of the keys, by key.
    """

    forbid_warnings: bool = False
    vacuous: Literal["info", "fail"] = "info"
    counted_sets: tuple[str, ...] = ()
    quiesce: tuple[str, ...] = ()
    without_integrity: tuple[str, ...] = ()
    operator_may_sign: bool = False
    distinct_people: bool = True
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan.toml, read. `report` is the file name stem of the pages; `timezone` an IANA name."""

    path: str
    title: str
    report: str
    timezone: str
    options: Options
    criteria: tuple[PlannedCriterion, ...]
    roles: tuple[PlannedRole, ...]
    schedule: Schedule
    probes: Probes
    backup: Backup | None

    def requires(self, probe: str, stage: str) -> bool:
        """Whether a probe must pass at a stage: as its criteria say; always without one."""
        bound = [each for each in self.criteria if probe in each.checks]
        return not bound or any(
            each.required and (not each.stages or stage in each.stages) for each in bound
        )


def read_plan(text: str, path: str) -> Plan:
    """Read a plan. Raises SpecError with its line for an unknown key, a wrong type or a bad name.

    Names of checks, figures and migrations are not known here: `spec.plan_names.validate` looks.
    """
    top = read_toml(text, path)
    roles = top.tables("role")
    criteria = top.tables("criterion")
    backup = top.table("backup")
    plan = Plan(
        path=path,
        title=top.text("title"),
        report=_report(top),
        timezone=_timezone(top),
        options=_options(top.table("options")),
        roles=read_named(roles, _role),
        schedule=read_schedule(top.table("schedule")),
        probes=read_probes(top.table("probe")),
        backup=_backup(backup) if "backup" in top.keys else None,
        criteria=read_named(criteria, _criterion),
    )
    top.close()
    names = [role.name for role in plan.roles]
    for table in (*criteria, backup):
        role = table.text("signed_by", "")
        if role and role not in names:
            raise table.error("signed_by", f'no role is called "{role}"', suggest(role, names))
    return plan


def _report(top: Table) -> str:
    stem = top.text("report", "report")
    if not _FILE_STEM.fullmatch(stem) or stem != stem.strip(". "):
        raise top.error(
            "report",
            f'"{stem}" cannot be a file name',
            'write: report = "WEEK_1_REPORT" (letters, digits, _ - . without a folder or suffix)',
        )
    return stem


def _timezone(top: Table) -> str:
    name = top.text("timezone", "UTC")
    if name != "UTC":
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise top.error(
                "timezone",
                f'"{name}" is not a time zone of this machine',
                'write an IANA name: timezone = "Europe/Berlin" (or install tzdata)',
            ) from None
    return name


def _options(table: Table) -> Options:
    options = Options(
        forbid_warnings=table.flag("forbid_warnings", default=False),
        vacuous=cast("Literal['info', 'fail']", table.choice("vacuous", ("info", "fail"), "info")),
        counted_sets=table.texts("counted_sets"),
        quiesce=table.texts("quiesce"),
        without_integrity=table.texts("without_integrity"),
        operator_may_sign=table.flag("operator_may_sign", default=False),
        distinct_people=table.flag("distinct_people", default=True),
        lines={key: table.document.line((*table.where, key)) for key in table.keys},
    )
    table.close()
    return options


def _role(table: Table) -> PlannedRole:
    name = table.name()
    return PlannedRole(name, table.text("title", name.replace("-", " ").title()), table.line)


def _backup(table: Table) -> Backup:
    backup = Backup(
        path=table.text("path", ""),
        max_age_ns=table.duration("max_age"),
        signed_by=table.text("signed_by", ""),
        line=table.line,
    )
    table.close()
    if bool(backup.path) == bool(backup.signed_by):
        raise table.document.error(
            table.where,
            "[backup] is either a file (path and max_age) or a statement (signed_by)",
            'write: path = "backup.dump" and max_age = "60 min", or signed_by = "…"',
        )
    if backup.path and backup.max_age_ns is None:
        raise table.document.error(
            table.where, "[backup] says no largest age", 'write: max_age = "60 min"'
        )
    return backup


def _criterion(table: Table) -> PlannedCriterion:
    criterion = PlannedCriterion(
        name=table.name(),
        title=table.text("title"),
        line=table.line,
        group=table.text("group", ""),
        source=table.text("source", ""),
        checks=table.texts("checks"),
        query_sets=table.texts("sets"),
        figure=table.text("figure", ""),
        limit=_limit(table),
        signed_by=table.text("signed_by", ""),
        phase=read_phase(table, ""),
        stages=_stages(table),
        required=table.flag("required", default=True),
        lines=tuple(
            table.document.line((*table.where, key, number))
            for key in _BINDINGS
            for number, _ in enumerate(table.texts(key))
        ),
    )
    if criterion.name.startswith("plan."):
        raise table.error("name", 'names that begin with "plan." are those of the plan\'s options')
    bound = [key for key in _BINDINGS if key in table.keys]
    if len(bound) > 1:
        raise table.error(
            bound[1],
            f'criterion "{criterion.name}" is bound to {" and to ".join(bound)}',
            "one criterion, one binding: write two criteria",
        )
    if bool(criterion.figure) != (criterion.limit is not None):
        raise table.error(
            "figure" if criterion.figure else "limit",
            f'criterion "{criterion.name}" needs both a figure and its limit',
            'write: figure = "migrations.duration" and limit = "< 500 ms"',
        )
    if bool(criterion.signed_by) != bool(criterion.phase):
        raise table.error(
            "signed_by" if criterion.signed_by else "phase",
            f'criterion "{criterion.name}": a signed statement has a role and a phase',
            'write: signed_by = "devops" and phase = "before"',
        )
    return criterion


def _limit(table: Table) -> Limit | None:
    if "limit" not in table.keys:
        return None
    written = table.text_or_number("limit")
    try:
        return read_limit(written)
    except ValueError as error:
        raise table.error("limit", str(error)) from None


def _stages(table: Table) -> tuple[str, ...]:
    stages = table.texts("stages")
    for number, stage in enumerate(stages):
        if stage not in STAGES:
            raise table.document.error(
                (*table.where, "stages", number),
                f'"{stage}" is not a stage',
                suggest(stage, STAGES),
            )
    return stages
