"""Whole runs as a report shows them: passed, failed, stopped, committed anyway, unknown."""

from __future__ import annotations

from typing import Any

import records
from msgspec.structs import replace
from records import MS, VERIFY, check, observation, passed

from pytest_dbmigrate.evidence.decision import Signature
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Change,
    Errored,
    Evidence,
    Failed,
    File,
    NotChecked,
    Production,
    Rehearsal,
    Rerun,
    Role,
    RowChange,
    Run,
    Source,
    SqlError,
    Target,
    Transaction,
)
from pytest_dbmigrate.evidence.window import Anomaly, Blind, Series, Window

DIGEST = "5be0ba72f7a763043e83b7a8f8663fa251a0508e1a57edb4ea39763bfc0a80ac"
BEGAN, ENDED = "2024-01-29T08:30:00.411Z", "2024-01-29T08:30:00.824Z"

EMBEDDED = Target(
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
)


def rehearsal(**more: Any) -> Evidence:
    """A complete rehearsal in which everything passed."""
    tools = {"pytest-dbmigrate": "0.1.0", "pytest": "9.2.0", "psycopg": "3.3.9"}
    unchanged = passed("no change")
    fields: dict[str, Any] = {
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
        "transaction": Transaction("committed", BEGAN, ENDED, "7391", 412 * MS),
        "target": EMBEDDED,
        "files": (
            File("migration", "sql/migrations/011_fix_migration_conflicts.sql", 4871, "c" * 64),
            File("migration", "sql/migrations/012_remove_unused_features.sql", 5320, "4" * 64),
            File("verification", VERIFY, 7902, "e" * 64),
            File("plan", "sql/plan.toml", 10067, "7" * 64),
        ),
        "migrations": records.migrations(),
        "checks": (*records.verifications(), *records.probes()),
        "reruns": (Rerun("011", "same", unchanged), Rerun("012", "new", unchanged)),
        "criteria": records.criteria(),
        "metrics": records.metrics(),
        "phases": records.phases(),
        "changes": records.changes(),
        "rows": (
            RowChange("public.agent_trust_scores", 42, 42, 0, 42, 0),
            RowChange("public.moves", 156, 156),
        ),
        "measured": ("schema", "rows", "locks"),
        "roles": (
            Role("database-admin", "Database Admin"),
            Role("backend-lead", "Backend Lead"),
            Role("devops", "DevOps"),
        ),
        "notes": ("The outer BEGIN … COMMIT of 011 was left out: the gate holds the transaction.",),
    }
    return Evidence(schema=SCHEMA, tools=tools, **(fields | more))


def signed() -> tuple[Signature, ...]:
    """Three valid signatures; the third waives a criterion by name."""

    def by(role: str, person: str, minute: int, key: str, **more: Any) -> Signature:
        at = f"2024-01-29T09:{minute}:12Z"
        fingerprint = f"SHA256:{key * 8}PU"
        return Signature(role, person, "GO", at, valid=True, fingerprint=fingerprint, **more)

    return (
        by("database-admin", "asha@example.com", 41, "T7ypo", comment="Read the lock list."),
        by("backend-lead", "ben@example.com", 52, "0H40K"),
        by("devops", "chen@example.com", 58, "9QpWl", waived=("up",)),
    )


def torn() -> tuple[Signature, ...]:
    """One role says NO-GO, one signature is refused, one role is silent."""
    no = Signature(
        "database-admin", "asha@example.com", "NO-GO", "2024-01-29T09:41:12Z", valid=True
    )
    why = "the key may not sign as devops (allowed_signers)"
    forged = Signature(
        "devops", "mallory@example.com", "GO", "2024-01-29T09:42:00Z", valid=False, why=why
    )
    return no, forged


def lost_a_key() -> Evidence:
    """A rehearsal in which a CASCADE took a key, one check erred and one could not be read."""
    key = "FOREIGN KEY (cohort_id) REFERENCES cohorts(id)"
    lost = Change(
        "foreign key", "campaign_cohorts_cohort_fkey on public.campaign_cohorts", "removed", key
    )
    orphans = observation(
        "3 rows",
        columns=("campaign_id", "cohort_id", "note"),
        rows=(("17", "4", None), ("18", "4", "<none>"), ("21", "9", "a | b")),
        row_count=3,
    )
    one_missing = observation(
        "41",
        value=41,
        columns=("count",),
        rows=(("41",),),
        row_count=1,
        details=(
            "012 removed: campaign_cohorts_cohort_fkey on public.campaign_cohorts (CASCADE)",
            "a bare count says little; name them: -- expect-column: conname set {…}",
        ),
    )
    sql = "SELECT count(*) FROM pg_policiez WHERE schemaname = 'public'"
    prose = NotChecked("“tenants are isolated” states no value", "prose", "-- expect-visible")
    checks = [*records.verifications(), *records.probes()]
    checks[8] = check(9, Failed(one_missing))
    checks[9] = check(10, Failed(orphans))
    missing = Errored('relation "pg_policiez" does not exist', "42P01", ENDED)
    checks[10] = check(11, missing, sql=sql)
    checks[11] = check(12, prose, expected="tenants are isolated")
    criteria = list(records.criteria())
    criteria[4] = replace(criteria[4], result=Failed(one_missing))
    return rehearsal(
        checks=tuple(checks),
        criteria=tuple(criteria),
        changes=(lost, *records.changes()),
        rows=(
            RowChange("public.moves", 156, 150, 0, 0, 6, 6),
            RowChange("public.quests", 2, None, lost=2, declared=True),
            RowChange("public.cohorts", 8, 8),
        ),
    )


def stopped() -> Evidence:
    """A rehearsal that stopped with an SQL error in 011; the rest was not run."""
    first, second = records.migrations()
    error = SqlError(
        message='column reference "constraint_name" is ambiguous',
        sqlstate="42702",
        detail="It could refer to either a PL/pgSQL variable or a table column.",
        context="PL/pgSQL function inline_code_block line 7 at SQL statement",
        file=first.file,
        line=52,
        column=12,
        source_line="     WHERE constraint_name = constraint_name",
    )
    why = NotChecked("rolled back after 011 failed", "not-run", "repair 011, then run again")
    failed = replace(first, outcome="failed", error=error, statements=first.statements[:1])
    return rehearsal(
        run=replace(rehearsal().run, complete=False, incomplete=("011 failed",)),
        migrations=(
            replace(failed, changes=(), duration_ns=12 * MS),
            replace(second, outcome="not run", statements=(), started=None, duration_ns=0),
        ),
        checks=tuple(replace(c, result=why) for c in records.verifications()),
        criteria=tuple(replace(c, result=why) if c.applicable else c for c in records.criteria()),
        metrics=(),
        changes=(),
        rows=(),
        reruns=(),
        measured=(),
        transaction=Transaction("unchanged", BEGAN, ENDED, "7391", 13 * MS, "011 failed"),
    )


def production(evidence: Evidence, transaction: Transaction) -> Evidence:
    """The same on a real database."""
    run = replace(
        evidence.run,
        id="20240129T083000Z-production",
        stage="production",
        rehearsal=Rehearsal("20240129T080003Z-rehearsal", "a" * 64),
    )
    target = Target(
        url="postgresql://migrator:***@db.internal:5432/app?sslmode=verify-full",
        server_version="PostgreSQL 15.18",
        database="app",
        role="migrator",
        system_identifier="7318442907713244402",
        timeline=4,
    )
    return replace(evidence, run=run, target=target, transaction=transaction, reruns=())


def committed_anyway() -> Evidence:
    """Committed, and then a health check failed: NO-GO that is no rollback."""
    base = rehearsal()
    ill = replace(base.checks[-3], required=True, result=Failed(observation("2 waiting")))
    checks = (*base.checks[:-3], ill, *base.checks[-2:])
    done = Transaction("committed", BEGAN, ENDED, "7391", 412 * MS)
    return production(replace(base, checks=checks), done)


def unknown() -> Evidence:
    """The connection was lost during COMMIT."""
    lost = Transaction("unknown", BEGAN, ENDED, "7391", 412 * MS, "the connection was lost")
    ran = tuple(replace(m, outcome="unknown") for m in records.migrations())
    return production(rehearsal(migrations=ran), lost)


def cloned() -> Evidence:
    """A rehearsal on a clone of the target, which is not quite the target."""
    source = Source(
        url="postgresql://migrator:***@db.internal/app",
        server_version="15.18",
        database="app",
        system_identifier="7318442907713244402",
        data="none",
        version="the target is PostgreSQL 15, the clone 18",
        errors=("extension pg_cron is not available",),
        schema=("collation public.german",),
        removed=("subscription billing",),
    )
    return rehearsal(target=replace(EMBEDDED, source=source))


def watched(**more: Any) -> Evidence:
    """Ten minutes of a window of two hours: an anomaly, and a time in which nobody could look."""
    minute = 60 * 1_000 * MS
    fields: dict[str, Any] = {
        "started": "2024-01-29T08:31:00.000Z",
        "planned_ns": 120 * minute,
        "observed_ns": 9 * minute,
        "interval_ns": minute // 2,
        "samples": 20,
        "origin": "2024-01-29T08:29:30.000Z",
        "ended": "it was interrupted",
        "series": (
            Series(
                name="waiting-locks",
                title="Sessions waiting for a lock",
                limit="<= 5",
                offsets_ns=tuple(n * minute for n in range(8)),
                values=(0, 0, 1, None, None, 7, 2, 0),
            ),
            Series("log", "No errors", "", "", (0, minute), (None, None)),
            Series("database-size", "Size", "B", "", (0, minute), (10_000_000, 11_000_000)),
            Series("up", "GET /health", "ms", "", (0, minute, 2 * minute), (12.5, 11.25, 480.0)),
        ),
        "anomalies": (
            Anomaly(
                name="waiting-locks",
                title="Sessions waiting for a lock",
                text="7: pid 4711 waits for 6.2 s",
                at="2024-01-29T08:34:30.000Z",
                recovered="2024-01-29T08:35:30.000Z",
                value=7,
                limit="<= 5",
            ),
            Anomaly("log", "No errors", "1 new", "2024-01-29T08:36:00.000Z", required=False),
        ),
        "blinds": (
            Blind("2024-01-29T08:32:30.000Z", "2024-01-29T08:33:30.000Z", "the server went away"),
        ),
    }
    base = production(rehearsal(), Transaction("nothing written"))
    run = replace(
        base.run,
        id="20240129T083100Z-monitoring",
        stage="monitoring",
        rehearsal=None,
        production=Production("20240129T083000Z-production", "b" * 64, ENDED),
        complete=False,
        incomplete=("9 of 120 minutes were observed: it was interrupted",),
    )
    return replace(
        base,
        run=run,
        migrations=(),
        changes=(),
        rows=(),
        measured=(),
        checks=records.probes(),
        window=Window(**(fields | more)),
    )


def without_plan() -> Evidence:
    """Nothing but twelve verifications of a database as it is."""
    base = rehearsal()
    run = replace(base.run, stage="verify", title="", report_name="report")
    return Evidence(
        schema=SCHEMA,
        run=replace(run, id="20240129T080003Z-verify", command="pytest --db-url=***"),
        tools=base.tools,
        transaction=Transaction("nothing written"),
        target=Target("postgresql://reader:***@db.internal/app", "15.18", "app", "reader"),
        files=base.files[2:3],
        checks=tuple(replace(c, passed_before=None) for c in records.verifications()),
    )


def many(count: int, *, failing: int = 3) -> Evidence:
    """A run of `count` verifications in 20 sets, of which the first few fail."""

    def one(n: int) -> Any:
        rows = observation(f"{n % 7 + 2} rows", columns=("id",), rows=((str(n),),), row_count=2)
        return check(
            n % 12 + 1,
            Failed(rows) if n < failing else passed("no rows"),
            id=f"{VERIFY}::tenant_{n}",
            name=f"tenant_{n}",
            title=f"tenant {n:05d} has no orphaned moves",
            query_set=f"Shard {n * 20 // count + 1}",
            expected="no rows",
            passed_before=False,
        )

    run = replace(rehearsal().run, planned=count, selected=count)
    return rehearsal(checks=tuple(one(n) for n in range(count)), run=run)
