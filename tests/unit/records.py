"""Evidence as real runs leave it, built by hand: what the tests of the pages and the decision judge."""

from __future__ import annotations

from typing import Any

import msgspec

from pytest_dbmigrate.evidence.decision import Decision, Reason, Signature
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Change,
    Check,
    Criterion,
    Errored,
    Evidence,
    Failed,
    File,
    Lock,
    Metric,
    MigrationRun,
    NotChecked,
    Notice,
    Observation,
    Passed,
    PhaseRun,
    Rerun,
    Result,
    Role,
    RowChange,
    Run,
    SqlError,
    StatementRun,
    Target,
    Transaction,
)

DIGEST = "5be0ba72f7a763043e83b7a8f8663fa251a0508e1a57edb4ea39763bfc0a80ac"
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
WORKSPACE_TABLES = (
    "agent_recommendations",
    "agent_trust_scores",
    "competitors",
    "content_adaptations",
    "lines_of_operation",
    "sprints",
)


def observation(text: str, **more: Any) -> Observation:
    """An observation at a fixed time."""
    more = {"at": AT, "by": "psycopg", "duration_ns": 2_300_000} | more
    return Observation(text=text, **more)


def passed(text: str, **more: Any) -> Passed:
    """A result that holds."""
    return Passed(observation(text, **more))


def failed(text: str, **more: Any) -> Failed:
    """A result that does not hold."""
    return Failed(observation(text, **more))


def check(n: int, title: str, query_set: str, expected: str, result: Result, **more: Any) -> Check:
    """A verification at line 10 n of the sample file."""
    name = f"check_{n}"
    fields: dict[str, Any] = {
        "id": f"{VERIFY}::{name}",
        "name": name,
        "title": title,
        "kind": "verification",
        "phase": "final",
        "result": result,
        "query_set": query_set,
        "source": f"{VERIFY}:{10 * n}",
        "sql": "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r'",
        "expected": expected,
        "passed_before": False,
    }
    return Check(**(fields | more))


SETS = (
    "Set 1: Schema conflicts fixed",
    "Set 2: Unused tables removed",
    "Set 3: Core tables intact",
    "Set 4: Foreign keys",
    "Set 5: Row-level security",
)


def checks() -> tuple[Check, ...]:
    """The twelve verifications of the reference migration, all passed."""
    one, two, three, four, five = SETS
    return (
        check(1, "agent_recommendations has the 3 columns", one, "column_name set {outcome_quality_score, outcome_status, workspace_id}", passed("3 of 3")),
        check(2, "agent_trust_scores has workspace_id NOT NULL in its key", one, "1 row", passed("1 row")),
        check(3, "every trust row belongs to its agent's workspace", one, "no rows", passed("no rows")),
        check(4, "competitors has no duplicate (workspace, name)", one, "no rows", passed("no rows")),
        check(5, "the nine unused tables are gone", two, "0", passed("0", value=0)),
        check(6, "43 tables remain", three, "43", passed("43", value=43)),
        check(7, "exactly the 43 named tables remain", three, "43 names", passed("43 names", row_count=43)),
        check(8, "row counts of core tables as before", three, "the same as before", passed("same, 7 rows"), passed_before=True, meant_to_stay=True),
        check(9, "42 foreign keys, all validated", four, "42", passed("42", value=42)),
        check(10, "no orphaned records", four, "0", passed("0", value=0), passed_before=True),
        check(11, "18 policies, each on a table where RLS is on", five, "18", passed("18", value=18)),
        check(12, "a tenant sees its own rows only, anon sees nothing", five, "at least 1 row", passed("52 rows")),
        Check(id="health::/health", name="/health", title="GET /health", kind="probe", phase="health", expected="200", result=NotChecked("No base URL is configured.", "no-url", 'plan.toml: [health] url = "https://…"')),
        Check(id="health::locks", name="locks", title="Sessions waiting for a lock, during and after", kind="health", phase="health", expected="0", result=passed("0 in 412.0 ms, 0 after", value=0)),
        Check(id="rollback::backup", name="backup", title="Backup taken before the run", kind="rollback", phase="before", expected="newer than 60 min", result=passed("backup.dump, 41.3 MB, 2 min old")),
        Check(id="rollback::restore", name="restore", title="Restore rehearsed", kind="rollback", phase="health", expected="52 tables, the same schema as before", result=NotChecked("The backup was not restored in this run.", "no-drill", "--dbmigrate-backup")),
    )


def statement(line: int, text: str, start: float, took: float, **more: Any) -> StatementRun:
    """A statement; times in ms."""
    return StatementRun(
        line=line,
        end_line=line + 2,
        text=text,
        tag=" ".join(text.split()[:2]),
        start_ns=int(start * MS),
        duration_ns=int(took * MS),
        **more,
    )


def lock(relation: str, at: float, mode: str = "AccessExclusiveLock", end: float = 412.0) -> Lock:
    """A lock from `at` until `end`, in ms."""
    return Lock(relation, mode, int(at * MS), int((end - at) * MS))


def migrations() -> tuple[MigrationRun, ...]:
    """011 and 012, committed."""
    trust = "public.agent_trust_scores"
    first = (
        statement(45, "ALTER TABLE public.agent_recommendations ADD COLUMN IF NOT EXISTS workspace_id uuid, ADD COLUMN IF NOT EXISTS outcome_status text", 0.4, 11.2, locks=(lock("public.agent_recommendations", 0.4),)),
        statement(63, f"ALTER TABLE {trust} ADD COLUMN IF NOT EXISTS workspace_id uuid", 11.8, 8.6, locks=(lock(trust, 11.8),), notices=(Notice("NOTICE", "42701", 'column "workspace_id" of relation "agent_trust_scores" already exists, skipping'),)),
        statement(72, f"UPDATE {trust} t SET workspace_id = a.workspace_id FROM public.agents a WHERE a.id = t.agent_id", 20.6, 141.9, rows=42, locks=(lock("public.agents", 20.6, "AccessShareLock"),)),
        statement(81, f"ALTER TABLE {trust} ALTER COLUMN workspace_id SET NOT NULL", 162.8, 22.4, rewritten=(trust,)),
        statement(84, f"CREATE INDEX idx_trust_workspace_agent ON {trust} (workspace_id, agent_id)", 185.5, 48.5),
    )
    second = tuple(
        statement(20 + 4 * n, f"DROP TABLE IF EXISTS public.{name}", 240.0 + 17.3 * n, 17.2, locks=(lock(f"public.{name}", 240.0 + 17.3 * n),))
        for n, name in enumerate(UNUSED)
    )
    added = tuple(
        Change("foreign key", f"public.{t}.{t}_workspace_id_fkey", "added", "", "FOREIGN KEY (workspace_id) REFERENCES workspaces(id)")
        for t in WORKSPACE_TABLES
    )
    return (
        MigrationRun("011", "fix_migration_conflicts", "sql/migrations/011_fix_migration_conflicts.sql", "c" * 64, "committed", "2024-01-29T08:30:00.412Z", 234 * MS, first, changes=added),
        MigrationRun("012", "remove_unused_features", "sql/migrations/012_remove_unused_features.sql", "4" * 64, "committed", "2024-01-29T08:30:00.652Z", 156 * MS, second, changes=tuple(Change("table", f"public.{t}", "removed", declared=True) for t in UNUSED)),
    )


def changes() -> tuple[Change, ...]:
    """The schema's difference in the run as a whole."""
    first, second = migrations()
    return (
        *second.changes,
        Change("column", "public.agent_trust_scores.workspace_id", "added", "", "uuid NOT NULL"),
        Change("column", "public.agent_recommendations.outcome_status", "added", "", "text"),
        Change("primary key", "public.agent_trust_scores.agent_trust_scores_pkey", "changed", "PRIMARY KEY (agent_id)", "PRIMARY KEY (workspace_id, agent_id)"),
        *first.changes,
        Change("policy", "public.agent_trust_scores.trust_read", "added", "", "FOR SELECT TO authenticated"),
    )


def criterion(name: str, group: str, title: str, expected: str, result: Result, **more: Any) -> Criterion:
    """A criterion of the rehearsal."""
    more = {"stages": ("rehearsal", "production")} | more
    return Criterion(name=name, group=group, title=title, expected=expected, result=result, **more)


def criteria() -> tuple[Criterion, ...]:
    """The plan's criteria, all met or not required."""
    late = NotChecked("Can only be observed in the production run.", "stage")
    return (
        criterion("011-runs", "Execution", "Migration 011 runs without errors", "committed, 0 errors", passed("committed, 0 errors, 1 notice")),
        criterion("012-runs", "Execution", "Migration 012 runs without errors", "committed, 0 errors", passed("committed, 0 errors")),
        criterion("rows-lost", "Execution", "No rows lost from tables that stay", "0", passed("0 of 61,377 rows in 43 tables")),
        criterion("execution-time", "Execution", "Execution time of both migrations", "< 500 ms", passed("390.0 ms")),
        criterion("tables", "Verification", "Tables", "43", passed("43")),
        criterion("foreign-keys", "Verification", "Foreign keys", "42", passed("42"), evidence=(f"{VERIFY}::check_9",)),
        criterion("verifications", "Verification", "Verifications", "12 of 12", passed("12 of 12")),
        criterion("endpoints", "Application", "Critical endpoints respond", "3 of 3 return 200", late, stages=("production",), applicable=False),
        criterion("team-notified", "Before", "Team notified one hour before", "a signature of devops", late, stages=("production",), applicable=False, signed_by="devops"),
        criterion("downtime", "Timeline", "Application downtime", "< 10 min", late, stages=("production",), applicable=False),
        criterion("total-time", "Timeline", "Migration time", "< 5 min", passed("0.39 s")),
    )


def metrics() -> tuple[Metric, ...]:
    """Figures before and after."""

    def pair(name: str, title: str, old: int, new: int, limit: str = "") -> Metric:
        return Metric(name, title, observation(str(old), value=old), observation(str(new), value=new), limit)

    return (
        pair("tables", "Tables", 52, 43, "43"),
        pair("schema-conflicts", "Schema conflicts", 3, 0, "0"),
        pair("unused-tables", "Unused tables", 9, 0, "0"),
        pair("foreign-keys", "Foreign keys", 38, 42, "42"),
        pair("policies", "RLS policies", 16, 18, "18"),
        Metric("migration-time", "Migration time", None, observation("390 ms", value=390, unit="ms"), "500 ms"),
    )


def phases(*, run: bool = True) -> tuple[PhaseRun, ...]:
    """The plan's schedule and what was observed."""

    def phase(name: str, plan: tuple[str, str], ns: int | None, seen: tuple[str, str] | None) -> PhaseRun:
        day = "2024-01-29T"
        begun, ended = (f"{day}{seen[0]}Z", f"{day}{seen[1]}Z") if seen and run else (None, None)
        return PhaseRun(name, *plan, ns, begun, ended)

    return (
        phase("Preparation", ("08:00", "08:30"), None, ("08:00:03.000", "08:18:41.000")),
        phase("Migration 011", ("08:30", "09:00"), 234 * MS, ("08:30:00.412", "08:30:00.646")),
        phase("Migration 012", ("09:00", "09:30"), 156 * MS, ("08:30:00.652", "08:30:00.808")),
        phase("Verification", ("09:30", "10:00"), None, ("08:30:00.812", "08:30:00.862")),
        phase("Monitoring", ("10:00", "12:00"), None, None),
    )


ROLES = (
    Role("database-admin", "Database Admin"),
    Role("backend-lead", "Backend Lead"),
    Role("devops", "DevOps"),
)


def rehearsal(**more: Any) -> Evidence:
    """A complete rehearsal in which everything passed."""
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "run": Run(
            id="20240129T080003Z-rehearsal",
            stage="rehearsal",
            started="2024-01-29T08:00:03.000Z",
            operator="ci-deploy",
            complete=True,
            finished="2024-01-29T08:30:01.120Z",
            command="pytest sql",
            planned=12,
            selected=12,
            title="Week 1 Wednesday: migrations 011 and 012",
            report_name="WEEK_1_WEDNESDAY_REPORT",
        ),
        "tools": {"pytest-dbmigrate": "0.1.0", "pytest": "9.2.0", "psycopg": "3.3.9", "python": "3.11.7"},
        "transaction": Transaction("committed", "2024-01-29T08:30:00.411Z", "2024-01-29T08:30:00.824Z", "7391", 412 * MS),
        "target": Target(
            url="postgresql://postgres@/week1?host=/dev/shm/dbmigrate",
            server_version="18.6",
            database="week1",
            role="postgres",
            embedded=True,
            system_identifier="7318442907713244402",
            superuser=True,
            encoding="UTF8",
            collation="C.UTF-8",
            timeline=1,
            schema_before="5b0c" + "0" * 56 + "e1d7",
            schema_after="9e1f" + "0" * 56 + "c44a",
        ),
        "files": (
            File("migration", "sql/migrations/011_fix_migration_conflicts.sql", 4871, "c" * 64),
            File("migration", "sql/migrations/012_remove_unused_features.sql", 5320, "4" * 64),
            File("verification", VERIFY, 7902, "e" * 64),
            File("plan", "sql/plan.toml", 10067, "7" * 64),
        ),
        "migrations": migrations(),
        "checks": checks(),
        "reruns": (
            Rerun("011", "same", passed("nothing changed, 4 notices")),
            Rerun("011", "new", passed("nothing changed, 4 notices")),
            Rerun("012", "new", passed("nothing changed, 9 notices")),
        ),
        "criteria": criteria(),
        "metrics": metrics(),
        "phases": phases(),
        "changes": changes(),
        "rows": (
            RowChange("public.agent_trust_scores", 42, 42, 0, 42, 0),
            RowChange("public.moves", 156, 156),
            RowChange("public.cohorts", 8, 8),
        ),
        "measured": ("schema", "rows", "locks"),
        "roles": ROLES,
        "notes": ("The outer BEGIN … COMMIT of 011 was left out: the gate holds the transaction.",),
    }
    return Evidence(**(fields | more))


def go() -> Decision:
    """The decision on a rehearsal that passed."""
    return Decision("GO", "Everything that can be measured before production was measured and holds.", "committed on the throw-away database", ())


def signed() -> tuple[Signature, ...]:
    """Three valid signatures."""
    return (
        Signature("database-admin", "asha@example.com", "GO", "2024-01-29T09:41:12Z", True, comment="Read the diff and the lock list.", fingerprint="SHA256:T7ypoypQNRneU1RjMTW2vjXWLDj8E5RLjCu+HEmlUPU"),
        Signature("backend-lead", "ben@example.com", "GO", "2024-01-29T09:52:40Z", True, fingerprint="SHA256:0H40KWVT4U6SKtzixoD7yRMHCBV/XZdFmVOiLwMSoGM"),
        Signature("devops", "chen@example.com", "GO", "2024-01-29T09:58:02Z", True, waived=("endpoints",), fingerprint="SHA256:9QpWlf2Jb1vY4m3l2r8a6n5d0c7t1u2x3y4z5A6B7C8"),
    )


def lost_a_key() -> Evidence:
    """A rehearsal in which a CASCADE took a surviving foreign key, a check erred and one did not run."""
    lost = Change("foreign key", "public.campaign_cohorts.campaign_cohorts_cohort_id_fkey", "removed", "FOREIGN KEY (cohort_id) REFERENCES cohorts(id)")
    found = list(checks())
    found[8] = check(9, "42 foreign keys, all validated", SETS[3], "42", failed("41", value=41, columns=("count",), rows=(("41",),), row_count=1, details=("expected 42, observed 41: 1 missing, 0 unexpected", "012 removed: campaign_cohorts_cohort_id_fkey on campaign_cohorts (by CASCADE from cohort_relations)", "A bare count says little; name them: -- expect-column: conname set {…}")))
    found[9] = check(10, "no orphaned records", SETS[3], "0", failed("3 rows", columns=("campaign_id", "cohort_id", "note"), rows=(("17", "4", None), ("18", "4", "<none>"), ("21", "9", "a | b")), row_count=3))
    found[10] = check(11, "18 policies, each on a table where RLS is on", SETS[4], "18", Errored("relation \"pg_policiez\" does not exist", "42P01", AT), sql="SELECT count(*) FROM pg_policiez WHERE schemaname = 'public'")
    found[11] = check(12, "a tenant sees its own rows only, anon sees nothing", SETS[4], "prose: tenants are isolated", NotChecked("The phrase \"tenants are isolated\" states no value that can be compared.", "prose", "-- expect-visible"))
    marked = list(criteria())
    marked[5] = criterion("foreign-keys", "Verification", "Foreign keys", "42", failed("41"))
    marked[6] = criterion("verifications", "Verification", "Verifications", "12 of 12", failed("8 of 12"))
    return rehearsal(
        checks=tuple(found),
        criteria=tuple(marked),
        changes=(lost, *changes()),
        rows=(RowChange("public.moves", 156, 150, 0, 0, 6, 6), RowChange("public.quests", 2, None, lost=2, declared=True), *rehearsal().rows),
        transaction=Transaction("unchanged", "2024-01-29T08:30:00.411Z", "2024-01-29T08:30:00.824Z", "7391", 412 * MS, "2 verifications failed"),
        migrations=tuple(msgspec.structs.replace(m, outcome="rolled back") for m in migrations()),
    )


def no_go() -> Decision:
    """The decision on `lost_a_key`."""
    return Decision(
        "NO-GO",
        "2 verifications failed, 1 could not be evaluated and 1 was not checked.",
        "rolled back, unchanged",
        (
            Reason("FAIL", "42 foreign keys, all validated: expected 42, observed 41", "012 removed campaign_cohorts_cohort_id_fkey; drop cohort_relations without CASCADE", f"{VERIFY}::check_9"),
            Reason("FAIL", "no orphaned records: expected 0, observed 3 rows", "look at the rows", f"{VERIFY}::check_10"),
            Reason("ERROR", "18 policies: relation \"pg_policiez\" does not exist", "correct the statement at sql/verify_week1.sql:110", f"{VERIFY}::check_11"),
            Reason("NOT CHECKED", "a tenant sees its own rows only: prose", "write: -- expect-visible", f"{VERIFY}::check_12"),
        ),
    )


def stopped() -> Evidence:
    """A rehearsal that stopped with an SQL error in 011; the rest was not run."""
    first, second = migrations()
    error = SqlError(
        message='column reference "constraint_name" is ambiguous',
        sqlstate="42702",
        detail="It could refer to either a PL/pgSQL variable or a table column.",
        context="PL/pgSQL function inline_code_block line 7 at SQL statement",
        file="sql/migrations/011_fix_migration_conflicts.sql",
        line=52,
        column=12,
        source_line="     WHERE constraint_name = constraint_name",
    )
    why = NotChecked("Not run: rolled back after 011 failed.", "rolled-back", "correct sql/migrations/011_fix_migration_conflicts.sql:52 and run again")
    return rehearsal(
        run=msgspec.structs.replace(rehearsal().run, complete=False, incomplete=("migration 011 failed",)),
        migrations=(
            msgspec.structs.replace(first, outcome="failed", error=error, statements=first.statements[:1], changes=(), duration_ns=12 * MS),
            msgspec.structs.replace(second, outcome="not run", statements=(), changes=(), started=None, duration_ns=0),
        ),
        checks=tuple(msgspec.structs.replace(c, result=why) for c in checks() if c.kind == "verification"),
        criteria=tuple(msgspec.structs.replace(c, result=why) if c.applicable else c for c in criteria()),
        metrics=(),
        changes=(),
        rows=(),
        reruns=(),
        measured=(),
        transaction=Transaction("unchanged", "2024-01-29T08:30:00.411Z", "2024-01-29T08:30:00.424Z", "7391", 13 * MS, "011 failed"),
    )


def without_plan() -> Evidence:
    """Nothing but twelve verifications of a database as it is."""
    base = rehearsal()
    return Evidence(
        schema=SCHEMA,
        run=msgspec.structs.replace(base.run, stage="verify", title="", report_name="report", command="pytest --db-url=***"),
        tools=base.tools,
        transaction=Transaction("nothing written"),
        target=Target("postgresql://reader:***@db.internal:5432/app", "PostgreSQL 15.18", "app", "reader"),
        files=base.files[2:3],
        checks=tuple(msgspec.structs.replace(c, passed_before=None) for c in base.checks if c.kind == "verification"),
    )


def many(count: int, *, failing: int = 3) -> Evidence:
    """A run of `count` verifications in 20 sets, of which the first few fail."""
    found = tuple(
        check(
            n,
            f"tenant {n:05d} has no orphaned moves",
            f"Set {n * 20 // count + 1}: shard {n * 20 // count + 1}",
            "no rows",
            failed(f"{n % 7 + 1} rows", columns=("id",), rows=((str(n),),), row_count=n % 7 + 1) if n < failing else passed("no rows"),
        )
        for n in range(count)
    )
    return rehearsal(checks=found, run=msgspec.structs.replace(rehearsal().run, planned=count, selected=count))
