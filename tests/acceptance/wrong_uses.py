"""Ways to use it wrongly: the files that are wrong, and the command line. Pure data.

Each starts from PROJECT, which is right. What is then said is in `wrong_uses.md`, to be read as
prose; `{url}` is a database of the guarded server with the role `deploy`, which may write to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PROJECT: dict[str, str | bytes] = {
    "sql/baseline/01_orders.sql": "CREATE TABLE orders (id int PRIMARY KEY, shipped_at date);\n",
    "sql/migrations/001_add_status.sql": "ALTER TABLE orders ADD COLUMN status text;\n",
    "sql/orders_verification.sql": (
        "-- Check 1: Every order has a status\n"
        "SELECT count(*) FROM orders WHERE status IS NULL;\n"
        "-- Expected: 0\n"
    ),
}
MIGRATION = "sql/migrations/001_add_status.sql"
VERIFICATION = "sql/orders_verification.sql"


@dataclass(frozen=True, slots=True)
class WrongUse:
    """One wrong use: what is wrong, what was typed, and what differs from PROJECT.

    A file that is None is not there. `without_postgres`: none is installed.
    """

    title: str
    typed: str = "pytest"
    files: dict[str, str | bytes | None] = field(default_factory=dict)
    without_postgres: bool = False


APPLY = "pytest --db-url={url} --apply-migrations"

DATABASES = (
    WrongUse("No database answers", APPLY.replace("{url}", "postgresql://deploy@127.0.0.1:1/app")),
    WrongUse(
        "No database answers, and nothing is to be applied",
        "pytest --db-url=postgresql://deploy@127.0.0.1:1/app",
    ),
    WrongUse("The password is wrong", APPLY.replace("{url}", "{wrong_password}")),
    WrongUse("The role has no rights", APPLY.replace("{url}", "{plain}")),
    WrongUse(
        "The role may not read",
        "pytest --db-url={plain}",
        {VERIFICATION: "-- expect-value: 0\nSELECT count(*) FROM orders;\n"},
    ),
    WrongUse("The URL is not PostgreSQL's", "pytest --db-url=mysql://deploy@db.example.com/app"),
    WrongUse("The URL names a Python driver", "pytest --db-url=postgresql+psycopg://db/app"),
    WrongUse("The password is not encoded", "pytest --db-url=postgresql://deploy:p@ss/w@db/app"),
    WrongUse("The variable of the URL is not set", "pytest --db-url=env:DATABASE_URL"),
    WrongUse("--apply-migrations without a URL", "pytest --apply-migrations"),
    WrongUse(
        "--apply-migrations in a file",
        "pytest --db-url={url}",
        {"pytest.toml": '[pytest]\naddopts = ["--apply-migrations"]\n'},
    ),
    WrongUse("--rehearse without the database to clone", "pytest --rehearse"),
    WrongUse("PostgreSQL is nowhere on this machine", without_postgres=True),
    WrongUse(
        "The folder of PostgreSQL's programs is wrong", "pytest --dbmigrate-pg-bindir=/opt/nowhere"
    ),
)

MIGRATIONS = (
    WrongUse("There is no migration", APPLY, {MIGRATION: None}),
    WrongUse(
        "Two migrations have one version",
        files={"sql/migrations/001_add_totals.sql": "ALTER TABLE orders ADD total int;\n"},
    ),
    WrongUse(
        "A number is missing between two migrations",
        files={"sql/migrations/003_add_totals.sql": "ALTER TABLE orders ADD total int;\n"},
    ),
    WrongUse(
        "A migration's name has no version",
        files={"sql/migrations/add_totals.sql": "ALTER TABLE orders ADD total int;\n"},
    ),
    WrongUse("A migration is empty", files={MIGRATION: "-- to be written\n"}),
    WrongUse(
        "A migration is not UTF-8",
        files={MIGRATION: "ALTER TABLE orders\n    ADD COLUMN größe int;\n".encode("latin-1")},
    ),
    WrongUse(
        "A quote is never closed",
        files={MIGRATION: "ALTER TABLE orders\n    ADD COLUMN status text DEFAULT 'new;\n"},
    ),
    WrongUse(
        "A migration cannot run in a transaction",
        files={MIGRATION: "CREATE INDEX CONCURRENTLY ON orders (shipped_at);\n"},
    ),
    WrongUse(
        "A migration commits by itself",
        files={MIGRATION: "ALTER TABLE orders ADD COLUMN status text;\nCOMMIT;\nSELECT 1;\n"},
    ),
    WrongUse(
        "A migration is made for psql",
        files={MIGRATION: "\\set table orders\nALTER TABLE :table ADD COLUMN status text;\n"},
    ),
    WrongUse(
        "A migration has an error",
        files={MIGRATION: "ALTER TABLE orders\n    ADD COLUMN status txt;\n"},
    ),
    WrongUse(
        "The baseline has an error",
        files={"sql/baseline/01_orders.sql": "CREATE TABLE orders (\n    id int PRIMARY\n);\n"},
    ),
)

VERIFICATIONS = (
    WrongUse(
        "A verification drops a table",
        files={
            VERIFICATION: "SELECT count(*) FROM orders;\n-- Expected: 0\n\nDROP TABLE orders;\n"
        },
    ),
    WrongUse(
        "A key is misspelled",
        files={VERIFICATION: "-- expect-valeu: 0\nSELECT count(*) FROM orders;\n"},
    ),
    WrongUse(
        "A key's value cannot be read",
        files={VERIFICATION: "-- expect-value: about 40\nSELECT count(*) FROM orders;\n"},
    ),
    WrongUse(
        "A phase names a migration that is not there",
        files={
            VERIFICATION: "-- phase: after 002\n-- expect-value: 0\nSELECT count(*) FROM orders;\n"
        },
    ),
    WrongUse(
        "Two checks have one name",
        files={
            VERIFICATION: (
                "-- name: orders\n-- expect-value: 0\nSELECT count(*) FROM orders;\n\n"
                "-- name: orders\n-- expect-value: 1\nSELECT 1;\n"
            )
        },
    ),
    WrongUse(
        "A tag is not declared",
        files={
            VERIFICATION: "-- tags: slow\n-- expect-value: 0\nSELECT count(*) FROM orders;\n",
            "pytest.toml": "[pytest]\nstrict_markers = true\n",
        },
    ),
    WrongUse(
        "An expectation cannot be read",
        files={VERIFICATION: "SELECT count(*) FROM orders;\n-- Expected: around 40\n"},
    ),
    WrongUse("There is no verification", "pytest --db-url={url}", {VERIFICATION: None}),
    WrongUse("The named file is not there", "pytest sql/order_verification.sql"),
    WrongUse(
        "The file to explain is not there",
        "pytest --dbmigrate-explain sql/order_verification.sql",
    ),
)

RUNS = (
    WrongUse("Workers on a database that people use", "pytest -n2 --db-url={url}"),
    WrongUse("A debugger while production is held", APPLY + " --pdb"),
    WrongUse("A part of the checks before a COMMIT", APPLY + " -k totals"),
    WrongUse(
        "Two projects at once",
        files={f"billing/{path.removeprefix('sql/')}": text for path, text in PROJECT.items()},
    ),
    WrongUse("The project's folder is not there", "pytest --dbmigrate-root=migrations"),
    WrongUse(
        "A key of the plan is misspelled",
        files={"sql/plan.toml": 'title = "Week 1"\nreprot = "WEEK_1"\n'},
    ),
    WrongUse("The plan is not TOML", files={"sql/plan.toml": "title = Week 1\n"}),
    WrongUse(
        "The plan names a check that is not there",
        files={
            "sql/plan.toml": (
                'title = "Week 1"\n\n[[criterion]]\nname = "orders"\n'
                'title = "Every order has a status"\nchecks = ["orders_have_status"]\n'
            )
        },
    ),
    WrongUse(
        "The report cannot be written",
        APPLY + " --dbmigrate-report=taken/runs",
        {"taken": "a file\n"},
    ),
    WrongUse("A time without its unit", "pytest --dbmigrate-lock-timeout=2"),
    WrongUse("An option's value is none of those", "pytest --dbmigrate-commit=never"),
    WrongUse("A rehearsal that was never run", APPLY + " --require-signoff=latest"),
    WrongUse("A built-in check's name is misspelled", "pytest --dbmigrate-off=rerum"),
)

WRONG_USES = DATABASES + MIGRATIONS + VERIFICATIONS + RUNS
