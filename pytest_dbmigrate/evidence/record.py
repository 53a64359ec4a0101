"""The typed record of a run. evidence.json is this and nothing else; every page is drawn from it.

Times are UTC in ISO 8601 with milliseconds and `Z`; durations and offsets are integer nanoseconds.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Literal

import msgspec

from pytest_dbmigrate.evidence.databases import Backup, Source, Target
from pytest_dbmigrate.evidence.execution import (
    Change,
    Lock,
    MigrationOutcome,
    MigrationRun,
    Notice,
    Rerun,
    RowChange,
    SqlError,
    StatementRun,
)
from pytest_dbmigrate.evidence.results import (
    Errored,
    Failed,
    Nanoseconds,
    NotChecked,
    Observation,
    Passed,
    Record,
    Result,
    Sha256,
    Time,
    outcome,
)
from pytest_dbmigrate.evidence.window import Anomaly, Blind, Series, Window

__all__ = [
    "SCHEMA",
    "Anomaly",
    "Backup",
    "Blind",
    "Change",
    "Check",
    "Criterion",
    "Errored",
    "Evidence",
    "Failed",
    "File",
    "FileRole",
    "Lock",
    "Metric",
    "MigrationOutcome",
    "MigrationRun",
    "Nanoseconds",
    "NotChecked",
    "Notice",
    "Observation",
    "Passed",
    "PhaseRun",
    "Production",
    "Record",
    "Rehearsal",
    "Rerun",
    "Result",
    "Role",
    "RowChange",
    "Run",
    "Series",
    "Sha256",
    "SignOffPolicy",
    "Source",
    "SqlError",
    "Stage",
    "StatementRun",
    "Target",
    "Time",
    "Transaction",
    "Window",
    "decode",
    "encode",
    "json_schema",
    "outcome",
]

SCHEMA: Literal["pytest-dbmigrate/evidence/v1"] = "pytest-dbmigrate/evidence/v1"

Stage = Literal["rehearsal", "verify", "production", "monitoring"]
FileRole = Literal[
    "migration", "down", "verification", "baseline", "plan", "config", "expected", "queries"
]


class Check(Record, frozen=True):
    """One thing that was to be checked, planned whether or not it ran.

    `id` is unique in the run (`file::name` for verifications). `kind` says who asked: a file of
    verifications, a built-in integrity check, a probe, a rollback drill, a Python test on our
    connection. `phase` is `before`, `after NNN`, `final` or `health`. One that cannot be observed
    at the run's stage is not `applicable` (and NOT CHECKED); only `required` ones stop GO. The
    report's m of n are the `counted` ones of the final phase.
    """

    id: str
    name: str
    title: str
    kind: Literal["verification", "integrity", "health", "probe", "rollback", "python"]
    phase: str
    result: Result
    query_set: str = ""
    source: str = ""
    sql: str = ""
    expected: str = ""
    note: str = ""
    required: bool = True
    applicable: bool = True
    counted: bool = True
    passed_before: bool | None = None
    meant_to_stay: bool = False


class Metric(Record, frozen=True):
    """A figure before and after the migrations, with its limit in words.

    `why` says why one side was not observed, `todo` what to do about it.
    """

    name: str
    title: str
    before: Observation | None = None
    after: Observation | None = None
    limit: str = ""
    why: str = ""
    todo: str = ""


class PhaseRun(Record, frozen=True):
    """A phase on the clock: planned (from the plan's schedule) and observed."""

    name: str
    planned_start: str = ""
    planned_end: str = ""
    planned_ns: Nanoseconds | None = None
    started: Time | None = None
    ended: Time | None = None


class Criterion(Record, frozen=True):
    """One line of the plan's success criteria with the result that satisfies it, or does not.

    One that cannot be observed at the run's stage is not `applicable` and NOT CHECKED. A signed one
    names its role and the `phase` it is about; its result stays NOT CHECKED in the record, because
    signatures come after it. `after_commit`: it cannot be known before COMMIT, so it does not stop
    it. `evidence` holds the ids of the checks it is bound to, `figure` the name of what it limits.
    """

    name: str
    group: str
    title: str
    expected: str
    stages: tuple[str, ...]
    result: Result
    required: bool = True
    applicable: bool = True
    signed_by: str = ""
    phase: str = ""
    after_commit: bool = False
    source: str = ""
    evidence: tuple[str, ...] = ()
    figure: str = ""


class File(Record, frozen=True):
    """A file the run depended on."""

    role: FileRole
    path: str
    bytes: int
    sha256: Sha256


class Transaction(Record, frozen=True):
    """What became of the held transaction, and so of the database.

    `why` explains any state but a plain one. On a committed transaction it is what the server said
    against it (a replica that did not confirm), and stops GO. `lasting`: a crash of the server
    cannot have given `xid` to another transaction, so that it can be asked about. `already`:
    nothing was written, and the database is as the final verifications describe.
    """

    state: Literal["nothing written", "unchanged", "committed", "unknown"]
    began: Time | None = None
    ended: Time | None = None
    xid: str = ""
    held_ns: Nanoseconds = 0
    why: str = ""
    lasting: bool = True
    already: bool = False


class Rehearsal(Record, frozen=True):
    """The rehearsal that allowed a production run.

    `waived` names the criteria its signatures waived. `differences` names the final checks whose
    result is not the rehearsal's; None when they were not compared.
    """

    run: str
    evidence_sha256: Sha256
    waived: tuple[str, ...] = ()
    differences: tuple[str, ...] | None = None


class Production(Record, frozen=True):
    """The production run that a monitoring run watches over; `committed` is when it committed."""

    run: str
    evidence_sha256: Sha256
    committed: Time | None = None


class SignOffPolicy(Record, frozen=True):
    """May the operator be the only one who signs; must each role be signed by another person."""

    operator_may_sign: bool = False
    distinct_people: bool = True


class Role(Record, frozen=True):
    """Who must sign, as the plan says."""

    name: str
    title: str


class Run(Record, frozen=True):
    """The run itself. `complete` is False until everything planned was observed.

    `without` names the built-in checks that were switched off.
    """

    id: str
    stage: Stage
    started: Time
    operator: str
    complete: bool
    incomplete: tuple[str, ...] = ()
    finished: Time | None = None
    command: str = ""
    planned: int = 0
    selected: int = 0
    title: str = ""
    report_name: str = "report"
    without: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None
    production: Production | None = None


class Evidence(Record, frozen=True):
    """The record of one run.

    `measured` says which built-in observations were made, so that an empty `changes` or `rows` is
    either "none" or "not looked at".
    """

    schema: Literal["pytest-dbmigrate/evidence/v1"]
    run: Run
    tools: dict[str, str]
    transaction: Transaction
    target: Target | None = None
    files: tuple[File, ...] = ()
    migrations: tuple[MigrationRun, ...] = ()
    checks: tuple[Check, ...] = ()
    reruns: tuple[Rerun, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    metrics: tuple[Metric, ...] = ()
    phases: tuple[PhaseRun, ...] = ()
    changes: tuple[Change, ...] = ()
    rows: tuple[RowChange, ...] = ()
    measured: tuple[Literal["schema", "rows", "locks"], ...] = ()
    window: Window | None = None
    backup: Backup | None = None
    roles: tuple[Role, ...] = ()
    policy: SignOffPolicy = SignOffPolicy()
    notes: tuple[str, ...] = ()


def encode(evidence: Evidence) -> bytes:
    """evidence.json's bytes: sorted keys, LF, `<>&` escaped so that they can stand in a page."""
    data = msgspec.json.format(msgspec.json.encode(evidence, order="sorted"), indent=1)
    for char in (b"<", b">", b"&"):
        data = data.replace(char, b"\\u%04x" % char[0])
    return data + b"\n"


def decode(data: bytes) -> Evidence:
    """Read evidence.json. Raises msgspec.ValidationError, which names the field that is wrong."""
    return msgspec.json.decode(data, type=Evidence)


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of evidence.json, as published in schema.json."""
    schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Evidence)))
    for part in schema["$defs"].values():
        # Since Python 3.13 docstrings come without their indentation; the schema always does.
        part["description"] = cleandoc(part["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pytest-dbmigrate evidence v1",
        **schema,
    }
