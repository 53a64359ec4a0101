"""The parts of a run's record, as the reference migration leaves them when it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.evidence.record import (
    Change,
    Check,
    Criterion,
    Lock,
    Metric,
    MigrationRun,
    NotChecked,
    Notice,
    Observation,
    Passed,
    PhaseRun,
    StatementRun,
)

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Result

MS = 1_000_000
AT = "2024-01-29T09:30:00.512Z"
VERIFY = "sql/verify_week1.sql"
UNUSED = (
    "capability_nodes",
    "cohort_relations",
    "maneuver_prerequisites",
    "move_decisions",
    "notifications",
    "quest_milestones",
    "quest_moves",
    "quests",
    "quick_wins",
)
GAINS_A_KEY = ("agent_recommendations", "agent_trust_scores", "competitors", "sprints")
TRUST = "public.agent_trust_scores"
COUNT = (
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind = 'r'"
)
SETS = (
    "Set 1: Schema conflicts fixed",
    "Set 2: Unused tables removed",
    "Set 3: Core tables intact",
    "Set 4: Foreign keys",
    "Set 5: Row-level security",
)
# Set, title, expected, observed.
TWELVE = (
    (0, "agent_recommendations has the 3 columns", "column_name set {a, b, c}", "3 of 3"),
    (0, "agent_trust_scores has workspace_id NOT NULL in its key", "1 row", "1 row"),
    (0, "every trust row belongs to its agent's workspace", "no rows", "no rows"),
    (0, "competitors has no duplicate (workspace, name)", "no rows", "no rows"),
    (1, "the nine unused tables are gone", "0", "0"),
    (2, "43 tables remain", "43", "43"),
    (2, "exactly the 43 named tables remain", "43 names", "43 names"),
    (2, "row counts of core tables as before", "the same as before", "same, 7 rows"),
    (3, "42 foreign keys, all validated", "42", "42"),
    (3, "no orphaned records", "0", "0"),
    (4, "18 policies, each on a table where RLS is on", "18", "18"),
    (4, "a tenant sees its own rows only", "at least 1 row", "52 rows"),
)


def observation(text: str, **more: Any) -> Observation:
    fields: dict[str, Any] = {"at": AT, "by": "postgresql", "duration_ns": 2_300_000}
    return Observation(text=text, **(fields | more))


def passed(text: str, **more: Any) -> Passed:
    return Passed(observation(text, **more))


def check(n: int, result: Result, **more: Any) -> Check:
    """The n-th of the twelve verifications, at line 10 n of its file."""
    query_set, title, expected, _ = TWELVE[n - 1]
    fields: dict[str, Any] = {
        "id": f"{VERIFY}::check_{n}",
        "name": f"check_{n}",
        "title": title,
        "kind": "verification",
        "phase": "final",
        "query_set": SETS[query_set],
        "source": f"{VERIFY}:{10 * n}",
        "sql": COUNT,
        "expected": expected,
        "passed_before": n in {8, 10},
        "meant_to_stay": n == 8,
    }
    return Check(result=result, **(fields | more))


def verifications() -> tuple[Check, ...]:
    """The twelve, all passed; the tenth is vacuous."""
    return tuple(check(n, passed(observed)) for n, (*_, observed) in enumerate(TWELVE, 1))


def probe(id_: str, kind: str, title: str, expected: str, result: Result, **more: Any) -> Check:
    fields: dict[str, Any] = {"kind": kind, "phase": "health", "required": False}
    name = id_.rpartition("::")[2]
    return Check(
        id=id_, name=name, title=title, expected=expected, result=result, **(fields | more)
    )


def probes() -> tuple[Check, ...]:
    """Application health and rollback readiness, half of it unknown."""
    no_url = NotChecked("No base URL is configured.", "no-url", '[probe] base_url = "https://…"')
    no_drill = NotChecked("The backup was not restored.", "no-drill", "--dbmigrate-backup DIR")
    backup = passed("backup.dump, 41.3 MB, 2 min old")
    return (
        probe("health::/health", "probe", "GET /health", "200", no_url),
        probe("health::locks", "health", "Sessions waiting for a lock", "0", passed("0, 0 after")),
        probe("rollback::backup", "rollback", "Backup taken before", "newer than 60 min", backup),
        probe("rollback::restore", "rollback", "Restore rehearsed", "the same schema", no_drill),
    )


def statement(line: int, text: str, start: float, took: float, **more: Any) -> StatementRun:
    """A statement; times in ms."""
    return StatementRun(
        line=line,
        end_line=line + 2,
        text=text,
        tag=" ".join(text.split()[:2]),
        start_ns=round(start * 10) * MS // 10,
        duration_ns=round(took * 10) * MS // 10,
        **more,
    )


def lock(relation: str, at: float, mode: str = "AccessExclusiveLock") -> Lock:
    """A lock from `at` until the end at 412, in ms."""
    return Lock(relation, mode, round(at * 10) * MS // 10, round((412 - at) * 10) * MS // 10)


def migrations() -> tuple[MigrationRun, ...]:
    """011 and 012, committed."""
    skipped = Notice("NOTICE", "42701", 'column "workspace_id" already exists, skipping')
    first = (
        statement(
            45,
            "ALTER TABLE public.agent_recommendations ADD COLUMN IF NOT EXISTS workspace_id uuid",
            0.4,
            11.2,
            locks=(lock("public.agent_recommendations", 0.4),),
        ),
        statement(
            63,
            f"ALTER TABLE {TRUST} ADD COLUMN IF NOT EXISTS workspace_id uuid",
            11.8,
            8.6,
            locks=(lock(TRUST, 11.8),),
            notices=(skipped,),
        ),
        statement(
            72,
            f"UPDATE {TRUST} t SET workspace_id = a.workspace_id FROM public.agents a",
            20.6,
            141.9,
            rows=42,
            locks=(lock("public.agents", 20.6, "AccessShareLock"),),
        ),
        statement(
            81,
            f"ALTER TABLE {TRUST} ALTER COLUMN workspace_id SET NOT NULL",
            162.8,
            22.4,
            rewritten=(TRUST,),
        ),
        statement(84, f"CREATE INDEX idx_trust ON {TRUST} (workspace_id, agent_id)", 185.5, 48.5),
    )
    second = tuple(
        statement(
            20 + 4 * n,
            f"DROP TABLE IF EXISTS public.{name}",
            240.0 + 17.3 * n,
            17.2,
            locks=(lock(f"public.{name}", 240.0 + 17.3 * n),),
        )
        for n, name in enumerate(UNUSED)
    )
    one, two = "fix_migration_conflicts", "remove_unused_features"
    return (
        MigrationRun(
            version="011",
            name=one,
            file=f"sql/migrations/011_{one}.sql",
            sha256="c" * 64,
            outcome="committed",
            started="2024-01-29T08:30:00.412Z",
            duration_ns=234 * MS,
            statements=first,
            changes=tuple(c for c in changes() if c.change == "added"),
        ),
        MigrationRun(
            version="012",
            name=two,
            file=f"sql/migrations/012_{two}.sql",
            sha256="4" * 64,
            outcome="committed",
            started="2024-01-29T08:30:00.652Z",
            duration_ns=156 * MS,
            statements=second,
            changes=tuple(c for c in changes() if c.change == "removed"),
        ),
    )


def changes() -> tuple[Change, ...]:
    """The schema's difference: what hangs on a removed table is removed with it."""
    key = "FOREIGN KEY (workspace_id) REFERENCES workspaces(id)"
    return (
        *(Change("table", f"public.{t}", "removed", declared=True) for t in UNUSED),
        *(Change("column", f"public.{t}.id", "removed", "uuid NOT NULL") for t in UNUSED),
        Change("foreign key", "quest_moves_fkey on public.quest_moves", "removed"),
        Change("column", f"{TRUST}.workspace_id", "added", "", "uuid NOT NULL"),
        Change(
            "primary key",
            f"agent_trust_scores_pkey on {TRUST}",
            "changed",
            "PRIMARY KEY (agent_id)",
            "PRIMARY KEY (workspace_id, agent_id)",
        ),
        *(
            Change("foreign key", f"{t}_workspace_id_fkey on public.{t}", "added", "", key)
            for t in GAINS_A_KEY
        ),
        Change("policy", f"trust_read on {TRUST}", "added", "", "FOR SELECT TO authenticated"),
    )


def criterion(
    name: str, group: str, title: str, expected: str, result: Result, **more: Any
) -> Criterion:
    fields: dict[str, Any] = {"stages": ("rehearsal", "production")}
    return Criterion(
        name=name, group=group, title=title, expected=expected, result=result, **(fields | more)
    )


def criteria() -> tuple[Criterion, ...]:
    """The plan's criteria: all met, to be signed, or for another stage."""
    late = NotChecked("not required at the rehearsal stage", "not-applicable")
    unsigned = NotChecked("a statement, not a measurement: DevOps signs it", "to-be-signed")
    production: dict[str, Any] = {"stages": ("production",), "applicable": False}
    total: dict[str, Any] = {"figure": "migrations.duration"}
    nine = {"evidence": (f"{VERIFY}::check_9",), "figure": "foreign-keys.after"}
    return (
        criterion("011", "Execution", "Migration 011 runs without errors", "0", passed("0 errors")),
        criterion("lost", "Execution", "No rows lost from tables that stay", "0", passed("0 rows")),
        criterion("time", "Execution", "Both migrations", "< 500 ms", passed("390.0 ms"), **total),
        criterion("tables", "Verification", "Tables", "43", passed("43"), figure="tables.after"),
        criterion("keys", "Verification", "Foreign keys", "42", passed("42"), **nine),
        criterion("twelve", "Verification", "Verifications", "12 of 12", passed("12 of 12")),
        criterion("up", "Application", "Endpoints respond", "3 of 3", late, **production),
        criterion("told", "Before", "Team notified", "signed", unsigned, signed_by="devops"),
        criterion("down", "Timeline", "Application downtime", "< 10 min", late, **production),
    )


def metrics() -> tuple[Metric, ...]:
    """Figures before and after."""
    pairs = (
        ("tables", "Base tables in public", 52, 43),
        ("foreign-keys", "Foreign keys in public", 38, 42),
        ("policies", "RLS policies in public", 16, 18),
    )
    return (
        *(
            Metric(name, title, observation(str(old), value=old), observation(str(new), value=new))
            for name, title, old, new in pairs
        ),
        Metric("waiting", "Waiting sessions", None, observation("0", value=0), "0"),
    )


def phases() -> tuple[PhaseRun, ...]:
    """The plan's schedule and what was observed: one phase before its window, one not at all."""

    def phase(name: str, start: str, end: str, seen: tuple[str, str] | None) -> PhaseRun:
        day = "2024-01-29T"
        begun, ended = (f"{day}{seen[0]}Z", f"{day}{seen[1]}Z") if seen else (None, None)
        return PhaseRun(name, f"{day}{start}:00.000Z", f"{day}{end}:00.000Z", None, begun, ended)

    return (
        phase("before", "08:00", "08:30", ("08:00:03.000", "08:18:41.000")),
        phase("migration 011", "08:30", "09:00", ("08:30:00.412", "08:30:00.646")),
        phase("migration 012", "09:00", "09:30", ("08:30:00.652", "08:30:00.808")),
        phase("monitoring", "10:00", "12:00", None),
    )
