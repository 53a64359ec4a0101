"""Section 1: what was judged, when, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.evidence.record import Evidence, Target

_STAGES = {
    "sign-off": "Sign-off: the rehearsal, and who signed it for production",
    "rehearsal": "Rehearsal: decides whether the migrations may run on production",
    "verify": "Verification of a database as it is, nothing applied",
    "production": "Production run",
    "monitoring": "Monitoring after production",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Title, stage, target, time, run and operator."""

    title: str
    stage: str
    target: str
    server: str
    when: str
    run: str
    operator: str
    tool: str


def server(target: Target | None) -> str:
    """`PostgreSQL 18.6, embedded and thrown away`."""
    if target is None:
        return "never reached"
    version = text.line(target.server_version, 100)
    name = version if version.startswith("PostgreSQL") else f"PostgreSQL {version}"
    if target.source:
        rows = "with its rows" if target.source.data == "all" else "without its rows"
        return f"rehearsed on a clone {rows} ({name}, thrown away afterwards)"
    return f"{name}, embedded, thrown away afterwards" if target.embedded else name


def _address(target: Target | None) -> str:
    if target is None:
        return "no database"
    return text.line(target.source.url if target.source else target.url, 200)


def identity(evidence: Evidence, decision: Decision) -> Identity:
    """The head of the report."""
    run = evidence.run
    title = text.line(run.title, 160) or "Database migration"
    version = text.line(evidence.tools.get("pytest-dbmigrate", ""), 40)
    return Identity(
        title=title,
        stage=_STAGES[decision.stage if decision.stage == "sign-off" else run.stage],
        target=_address(evidence.target),
        server=server(evidence.target),
        when=text.span(run.started, run.finished),
        run=text.line(run.id, 100),
        operator=text.line(run.operator, 100) or "unknown",
        tool=f"pytest-dbmigrate {version}".strip(),
    )
