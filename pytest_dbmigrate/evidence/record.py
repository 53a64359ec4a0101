"""The typed record of a run. evidence.json is this and nothing else; every page is drawn from it.

Times are UTC in ISO 8601 with milliseconds and `Z`; durations and offsets are integer nanoseconds.
PASS and FAIL exist only together with an observation, NOT CHECKED and ERROR only without one: the
types (and so the published schema) leave no other way to write them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

SCHEMA: Literal["pytest-dbmigrate/evidence/v1"] = "pytest-dbmigrate/evidence/v1"

Stage = Literal["rehearsal", "verify", "production", "monitoring"]
MigrationOutcome = Literal["committed", "rolled back", "failed", "not run", "unknown"]
FileRole = Literal["migration", "verification", "baseline", "plan", "config", "expected"]
Nanoseconds = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts: immutable, unknown fields refused."""


class Observation(Record, frozen=True):
    """What was seen: in words, when, by what; `value` is its number where it is one.

    `columns` and `rows` hold the result as the server's text, capped; `row_count` counts them all.
    """

    text: str
    at: Time
    by: str
    duration_ns: Nanoseconds = 0
    value: int | float | None = None
    unit: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    row_count: int = 0
    details: tuple[str, ...] = ()


class Passed(Record, frozen=True, tag_field="outcome", tag="PASS"):
    """Evaluated on what was observed, and it holds."""

    observed: Observation


class Failed(Record, frozen=True, tag_field="outcome", tag="FAIL"):
    """Evaluated on what was observed, and it does not hold."""

    observed: Observation


class Errored(Record, frozen=True, tag_field="outcome", tag="ERROR"):
    """Nothing could be observed: SQL error, timeout, lost connection."""

    why: str
    sqlstate: str = ""
    at: Time | None = None


class NotChecked(Record, frozen=True, tag_field="outcome", tag="NOT CHECKED"):
    """Nothing was evaluated. `reason` is a stable code, `todo` what to write or do instead."""

    why: str
    reason: str = ""
    todo: str = ""


Result: TypeAlias = Passed | Failed | Errored | NotChecked


class Check(Record, frozen=True):
    """One thing that was to be checked, planned whether or not it ran.

    `id` is unique in the run (`file::name` for verifications). `kind` says who asked: a file of
    verifications, a built-in integrity check, a probe, a rollback drill, a Python test on our
    connection. `phase` is `before`, `after NNN`, `final` or `health`. One that cannot be observed
    at the run's stage is not `applicable` (and NOT CHECKED); only `required` ones stop GO.
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
    passed_before: bool | None = None
    meant_to_stay: bool = False


class Notice(Record, frozen=True):
    """A NOTICE or WARNING the server sent while a statement ran."""

    severity: str
    sqlstate: str
    message: str


class Lock(Record, frozen=True):
    """A lock first seen held after a statement; `held_ns` lasts until COMMIT or ROLLBACK."""

    relation: str
    mode: str
    at_ns: Nanoseconds
    held_ns: Nanoseconds


class SqlError(Record, frozen=True):
    """A statement's error, with its place in the user's file."""

    message: str
    sqlstate: str = ""
    detail: str = ""
    hint: str = ""
    context: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    source_line: str = ""


class StatementRun(Record, frozen=True):
    """One statement of a migration. `start_ns` counts from the first statement of the run."""

    line: int
    end_line: int
    text: str
    tag: str
    start_ns: Nanoseconds
    duration_ns: Nanoseconds
    rows: int | None = None
    notices: tuple[Notice, ...] = ()
    locks: tuple[Lock, ...] = ()
    rewritten: tuple[str, ...] = ()


class Change(Record, frozen=True):
    """One object of the schema that was added, removed or changed, by identity.

    `kind` is PostgreSQL's word (`table`, `column`, `foreign key`, `policy`, …). `declared` is True
    when the migration names the loss itself.
    """

    kind: str
    identity: str
    change: Literal["added", "removed", "changed"]
    before: str = ""
    after: str = ""
    declared: bool = False


class RowChange(Record, frozen=True):
    """Rows of one table, as this transaction changed them; counts are None where not counted."""

    table: str
    before: int | None = None
    after: int | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    lost: int = 0
    declared: bool = False
    note: str = ""


class MigrationRun(Record, frozen=True):
    """One migration as it ran; its outcome is "unknown" while its transaction is open."""

    version: str
    name: str
    file: str
    sha256: Sha256
    outcome: MigrationOutcome
    started: Time | None = None
    duration_ns: Nanoseconds = 0
    statements: tuple[StatementRun, ...] = ()
    error: SqlError | None = None
    changes: tuple[Change, ...] = ()
    rows: tuple[RowChange, ...] = ()
    notes: tuple[str, ...] = ()


class Rerun(Record, frozen=True):
    """A migration applied once more; idempotent ones change nothing and raise nothing."""

    version: str
    session: Literal["same", "new"]
    result: Result


class Metric(Record, frozen=True):
    """A figure before and after the migrations, with its limit in words."""

    name: str
    title: str
    before: Observation | None = None
    after: Observation | None = None
    limit: str = ""


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
    it. `evidence` holds the ids of the checks it is bound to.
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


class File(Record, frozen=True):
    """A file the run depended on."""

    role: FileRole
    path: str
    bytes: int
    sha256: Sha256


class Target(Record, frozen=True):
    """The database that was judged, as it described itself."""

    url: str
    server_version: str
    database: str
    role: str
    embedded: bool = False
    system_identifier: str = ""
    superuser: bool = False
    bypassrls: bool = False
    in_recovery: bool = False
    pooled: bool = False
    encoding: str = ""
    collation: str = ""
    timeline: int | None = None
    schema_before: str = ""
    schema_after: str = ""


class Transaction(Record, frozen=True):
    """What became of the held transaction, and so of the database.

    `why` explains any state but a plain one. On a committed transaction it is what the server said
    against it (a replica that did not confirm), and stops GO.
    """

    state: Literal["nothing written", "unchanged", "committed", "unknown"]
    began: Time | None = None
    ended: Time | None = None
    xid: str = ""
    held_ns: Nanoseconds = 0
    why: str = ""


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
    """The production run that a monitoring run watches over."""

    run: str
    evidence_sha256: Sha256


class SignOffPolicy(Record, frozen=True):
    """May the operator be the only one who signs; must each role be signed by another person."""

    operator_may_sign: bool = False
    distinct_people: bool = True


class Role(Record, frozen=True):
    """Who must sign, as the plan says."""

    name: str
    title: str


class Run(Record, frozen=True):
    """The run itself. `complete` is False until everything planned was observed."""

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
    roles: tuple[Role, ...] = ()
    policy: SignOffPolicy = SignOffPolicy()
    notes: tuple[str, ...] = ()


def outcome(result: Result) -> Literal["PASS", "FAIL", "ERROR", "NOT CHECKED"]:
    """The word of a result."""
    match result:
        case Passed():
            return "PASS"
        case Failed():
            return "FAIL"
        case Errored():
            return "ERROR"
        case NotChecked():
            return "NOT CHECKED"


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
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pytest-dbmigrate evidence v1",
        **msgspec.json.schema(Evidence),
    }
