"""Small records, each a run that is GO until a test changes one thing about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Check,
    Criterion,
    Errored,
    Evidence,
    Failed,
    MigrationRun,
    NotChecked,
    Observation,
    Passed,
    Role,
    Run,
    Target,
    Transaction,
)

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Result, Stage

AT = "2024-01-29T09:30:00.000Z"
DIGEST = "0" * 64
MS = 1_000_000


def seen(text: str = "43", value: float | None = None, unit: str = "") -> Observation:
    return Observation(text=text, at=AT, by="a test", value=value, unit=unit)


PASS = Passed(seen())
FAIL = Failed(seen("42"))
ERROR = Errored("relation does not exist", "42P01")
UNCHECKED = NotChecked("no expectation", "none", "write: -- expect-value: 43")


def check(name: str = "tables", result: Result = PASS, **fields: Any) -> Check:
    shape: dict[str, Any] = {
        "id": f"sql/v.sql::{name}",
        "title": name,
        "kind": "verification",
        "phase": "final",
    }
    return Check(name=name, result=result, **(shape | fields))


def criterion(name: str = "fast", result: Result = PASS, **fields: Any) -> Criterion:
    shape: dict[str, Any] = {
        "group": "Execution",
        "title": name,
        "expected": "< 500 ms",
        "stages": ("rehearsal", "production"),
    }
    return Criterion(name=name, result=result, **(shape | fields))


def migration(version: str = "011", **fields: Any) -> MigrationRun:
    shape: dict[str, Any] = {
        "name": "fix",
        "file": f"sql/migrations/{version}_fix.sql",
        "sha256": DIGEST,
        "outcome": "committed",
        "started": AT,
        "duration_ns": 234 * MS,
    }
    return MigrationRun(version=version, **(shape | fields))


def run(stage: Stage = "rehearsal", **fields: Any) -> Evidence:
    """A run of that stage that is GO; `fields` replace those of Evidence or of its Run."""
    writes = stage in {"rehearsal", "production"}
    own = {name: fields.pop(name) for name in list(fields) if name in Run.__struct_fields__}
    evidence = Evidence(
        schema=SCHEMA,
        run=replace(
            Run(
                id=f"20240129T080003Z-{stage}-7c1e",
                stage=stage,
                started="2024-01-29T08:00:03.000Z",
                finished="2024-01-29T09:30:01.000Z",
                operator="ci-deploy",
                complete=True,
                planned=1,
                selected=1,
            ),
            **own,
        ),
        tools={"pytest-dbmigrate": "0.1.0"},
        target=Target(
            url="postgresql://db/app",
            server_version="18.6",
            database="app",
            role="migrator",
            embedded=stage == "rehearsal",
        ),
        transaction=Transaction(
            state="committed" if writes else "nothing written",
            began="2024-01-29T08:30:00.000Z" if writes else None,
            ended=AT if writes else None,
            xid="755" if writes else "",
        ),
        migrations=(migration(),) if writes else (),
        checks=(check(kind="probe", phase="health"),) if stage == "monitoring" else (check(),),
        criteria=(criterion(stages=(stage,)),),
        roles=(Role("devops", "DevOps"), Role("backend-lead", "Backend Lead")),
    )
    return replace(evidence, **fields)
