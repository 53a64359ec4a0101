"""The held transaction on real servers: each test is a way in which a simpler design failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from gates import gate_of, outcomes, project_of, run_all, value

from pytest_dbmigrate.postgres.query import StatementFailedError, run
from pytest_dbmigrate.postgres.steps import Step
from pytest_dbmigrate.postgres.transaction import LOCK_KEYS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLE = "CREATE TABLE t (id int PRIMARY KEY, parent int);"
COUNT = """\
-- Tables
-- name: tables
-- expect-value: 1
SELECT count(*) FROM pg_class WHERE relname = 't';
"""


def state(gate: object) -> str:
    """What became of the transaction."""
    ending = gate.seen.ending  # type: ignore[attr-defined]  # a Gate; the tests read better without the cast
    return ending.state if ending else "nothing written"


def test_when_every_check_passes_then_the_migrations_are_committed(
    tmp_path: Path, database: str
) -> None:
    """Migrations and checks run in one transaction, and another session sees the result."""
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, COUNT), database))
    assert state(gate) == "committed"
    assert outcomes(gate) == {"tables": "PASS"}
    assert value(database, "SELECT to_regclass('t')::text") == "t"


def test_when_a_check_fails_then_nothing_of_the_migration_stays(
    tmp_path: Path, database: str
) -> None:
    """The first FAIL rolls back at once; what had not run says so."""
    checks = (
        COUNT.replace("expect-value: 1", "expect-value: 2")
        + "\n-- Later\n-- name: later\n-- expect-value: 1\nSELECT 1;\n"
    )
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, checks), database))
    assert state(gate) == "unchanged"
    assert outcomes(gate) == {"tables": "FAIL", "later": "NOT CHECKED"}
    assert (
        "rolled back after FAIL"
        in gate.seen.findings["checks_verification.sql::later"].verdict.observed
    )
    assert value(database, "SELECT to_regclass('t')::text") is None


def test_when_a_rehearsal_has_a_failed_check_then_the_others_still_run(
    tmp_path: Path, database: str
) -> None:
    """On a throw-away database nobody waits, so that all findings are collected in one run."""
    checks = (
        COUNT.replace("expect-value: 1", "expect-value: 2")
        + "\n-- Later\n-- name: later\n-- expect-value: 1\nSELECT 1;\n"
    )
    project = project_of(tmp_path, {"001_t.sql": TABLE}, checks)
    gate = run_all(gate_of(project, database, "rehearsal"))
    assert outcomes(gate) == {"tables": "FAIL", "later": "PASS"}
    assert state(gate) == "unchanged"


def test_when_a_statement_fails_then_its_place_in_the_file_is_known(
    tmp_path: Path, database: str
) -> None:
    """Line and column are counted in the file, not in the statement."""
    text = "-- one\nCREATE TABLE a (id int);\n\nSELECT 'ä',\n       nothing FROM a;\n"
    gate = run_all(gate_of(project_of(tmp_path, {"001_a.sql": text}, COUNT), database))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert (fault.file, fault.line, fault.column, fault.sqlstate) == ("001_a.sql", 5, 8, "42703")
    assert fault.source_line == "       nothing FROM a;"
    assert state(gate) == "unchanged"


def test_when_a_role_is_read_only_by_default_then_the_gate_can_still_write(
    tmp_path: Path, database: str
) -> None:
    """The first statement names isolation and access mode, whatever role and database say."""
    name = value(database, "SELECT current_database()")
    with psycopg.connect(database, autocommit=True) as admin:
        for setting in (
            "default_transaction_read_only = on",
            "default_transaction_isolation = serializable",
        ):
            admin.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, COUNT), database))
    assert state(gate) == "committed"


def test_when_the_transaction_is_held_then_its_limits_are_set_for_it_alone(
    tmp_path: Path, database: str
) -> None:
    """A client that is killed must not keep locks; and nothing of the limits outlives COMMIT."""
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    checks = "".join(
        f"-- {n}\n-- name: {n}\n-- expect-value: '7s'\nSELECT current_setting('{n}');\n\n"
        for n in names
    )
    checks += (
        "-- Alive\n-- name: alive\n-- expect-value: '1s'\n"
        "SELECT current_setting('client_connection_check_interval');\n"
    )
    limits = Limits(lock=7_000, statement=7_000, idle=7_000, retries=0)
    gate = gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, checks), database, limits=limits)
    gate.advance(Step("commit"))
    assert set(outcomes(gate).values()) == {"PASS"}
    conn = gate.connection()
    assert conn.execute("SHOW lock_timeout").fetchone() == ("0",)
    gate.finish()


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT pg_temp.write()",
        "SELECT nextval('s')",
        "WITH x AS (SELECT 1) SELECT * FROM x, pg_temp.rows()",
    ],
)
def test_when_a_verification_writes_then_the_server_refuses(
    tmp_path: Path, database: str, attempt: str
) -> None:
    """25006: read-only is the server's rule, not ours; the checks around it are not harmed."""
    migration = (
        TABLE + "CREATE SEQUENCE s;" + "CREATE FUNCTION pg_temp.write() RETURNS int LANGUAGE sql"
        " AS 'INSERT INTO t VALUES (1) RETURNING 1';"
        + "CREATE FUNCTION pg_temp.rows() RETURNS SETOF int LANGUAGE sql"
        " AS 'DELETE FROM t RETURNING 1';"
    )
    checks = f"-- Write\n-- name: write\n-- expect-value: 1\n{attempt};\n\n{COUNT}"
    if "nextval" in attempt:
        with pytest.raises(Exception, match="nextval"):
            project_of(tmp_path, {"001_t.sql": migration}, checks)
        return
    project = project_of(tmp_path, {"001_t.sql": migration}, checks)
    gate = run_all(gate_of(project, database, "rehearsal"))
    assert outcomes(gate) == {"write": "ERROR", "tables": "PASS"}
    answer = gate.seen.findings["checks_verification.sql::write"].answer
    assert answer is not None
    assert getattr(answer.outcome, "sqlstate", "") == "25006"
    assert state(gate) == "unchanged"


def test_when_there_are_thousands_of_checks_then_locks_and_memory_do_not_run_out(
    tmp_path: Path, database: str
) -> None:
    """Each batch's savepoint is released: another session can still create tables meanwhile."""
    checks = "".join(f"-- n{i}\n-- expect-value: {i}\nSELECT {i};\n\n" for i in range(5_000))
    gate = gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, checks), database)
    gate.advance(Step("final"))
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("CREATE TABLE meanwhile (id int)")
    assert set(outcomes(gate).values()) == {"PASS"}
    with pytest.raises(StatementFailedError, match="3B001"):
        run(gate.connection(), "RELEASE SAVEPOINT dbmigrate_check")
    gate.finish()


def test_when_row_security_would_hide_rows_then_the_check_is_an_error_and_no_false_zero(
    tmp_path: Path, server_role: Callable[[str], str], database: str
) -> None:
    """42501 instead of 0: an orphan that the role cannot see must not look like none."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "CREATE TABLE secrets (id int); INSERT INTO secrets SELECT generate_series(1, 50);"
            "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY"
        )
        role = server_role("reader")
        admin.execute(
            f"GRANT SELECT ON secrets TO {role}; GRANT CREATE ON SCHEMA public TO {role}".encode()
        )
    checks = "-- None left\n-- name: none\n-- expect-value: 0\nSELECT count(*) FROM secrets;\n"
    dsn = psycopg.conninfo.make_conninfo(database, user=role)
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, checks), dsn, "rehearsal"))
    assert outcomes(gate) == {"none": "ERROR"}
    answer = gate.seen.findings["checks_verification.sql::none"].answer
    assert answer is not None
    assert getattr(answer.outcome, "sqlstate", "") == "42501"


def test_when_the_role_is_above_row_security_then_an_isolation_check_does_not_pass(
    tmp_path: Path, database: str
) -> None:
    """A superuser sees everything: what it sees says nothing about isolation."""
    checks = (
        "-- Isolated\n-- name: isolated\n-- as: postgres\n-- expect-no-rows\nSELECT * FROM t;\n"
    )
    gate = run_all(
        gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, checks), database, "rehearsal")
    )
    assert outcomes(gate) == {"isolated": "NOT CHECKED"}
    assert "superuser" in gate.seen.findings["checks_verification.sql::isolated"].verdict.observed


def test_when_a_deferred_constraint_is_violated_then_it_strikes_before_the_verifications(
    tmp_path: Path, database: str
) -> None:
    """Without SET CONSTRAINTS it would strike at COMMIT, after everything had passed."""
    migration = (
        "CREATE TABLE t"
        " (id int PRIMARY KEY, parent int REFERENCES t DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO t VALUES (1, 99);\n"
    )
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": migration}, COUNT), database))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert fault.sqlstate == "23503"
    assert fault.line == 2
    assert outcomes(gate) == {"tables": "NOT CHECKED"}
    assert state(gate) == "unchanged"


def test_when_a_constraint_is_deferred_then_the_next_migration_may_still_rely_on_it(
    tmp_path: Path, database: str
) -> None:
    """After forcing them, initially deferred constraints are deferred again, by name."""
    first = (
        'CREATE TABLE t (id int PRIMARY KEY, parent int CONSTRAINT "Odd ""name" REFERENCES t '
        "DEFERRABLE INITIALLY DEFERRED);"
    )
    second = "INSERT INTO t VALUES (1, 2);\nINSERT INTO t VALUES (2, 1);\n"
    project = project_of(tmp_path, {"001_t.sql": first, "002_t.sql": second}, COUNT)
    assert state(run_all(gate_of(project, database))) == "committed"


def test_when_a_migration_switches_off_foreign_keys_unseen_then_it_is_refused(
    tmp_path: Path, database: str
) -> None:
    """session_replication_role = replica once left a validated key with an orphan behind it."""
    migration = (
        TABLE
        + "DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', false); END $$;"
    )
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": migration}, COUNT), database))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert "session_replication_role" in fault.message
    assert state(gate) == "unchanged"


def test_when_a_migration_leaves_a_setting_changed_then_the_next_one_does_not_inherit_it(
    tmp_path: Path, database: str
) -> None:
    """search_path and role are set back, and the note says that they had been changed."""
    first = "CREATE SCHEMA other; SET search_path = other; SET ROLE pg_monitor;"
    project = project_of(tmp_path, {"001_s.sql": first, "002_t.sql": TABLE}, COUNT)
    gate = run_all(gate_of(project, database))
    assert state(gate) == "committed"
    assert value(database, "SELECT 'public.t'::regclass::text") == "t"
    assert any("search_path" in note for note in gate.seen.notes)


@pytest.mark.parametrize("text", ["COMMIT", "ROLLBACK", "DO $$ BEGIN COMMIT; END $$"])
def test_when_a_statement_would_end_the_transaction_then_nothing_is_committed(
    tmp_path: Path, database: str, text: str
) -> None:
    """Written openly the file is refused; hidden in a block the server refuses it."""
    migration = f"{TABLE}\n{text};\nCREATE TABLE u (id int);"
    if text.startswith("DO"):
        gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": migration}, COUNT), database))
        assert state(gate) == "unchanged"
    else:
        with pytest.raises(Exception, match=f"{text} inside a migration"):
            project_of(tmp_path, {"001_t.sql": migration}, COUNT)
    assert value(database, "SELECT to_regclass('t')::text") is None


def test_when_another_gate_is_at_work_then_the_second_refuses_and_names_it(
    tmp_path: Path, database: str
) -> None:
    """The lock is the transaction's, so that it also holds through a transaction pooler."""
    with psycopg.connect(database, application_name="the first gate") as first:
        first.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK_KEYS)
        gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, COUNT), database))
    assert "another gate is at work" in gate.seen.stopped
    assert "the first gate" in gate.seen.stopped
    assert state(gate) == "unchanged"


def test_when_a_lock_cannot_be_had_then_the_whole_run_is_tried_again(
    tmp_path: Path, database: str
) -> None:
    """Nothing of the first attempt is left; the second one starts from BEGIN."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("CREATE TABLE busy (id int)")
    project = project_of(
        tmp_path, {"001_t.sql": TABLE, "002_b.sql": "ALTER TABLE busy ADD COLUMN x int;"}, COUNT
    )
    limits = Limits(lock=200, retries=5, retry_pause=1)
    gate = gate_of(project, database, limits=limits)
    with psycopg.connect(database) as blocker:
        blocker.execute("SELECT * FROM busy")

        def give_way(_note: object) -> None:
            blocker.rollback()

        released: list[str] = []
        gate.seen.notes = Noticing(released, give_way)
        run_all(gate)
    assert state(gate) == "committed"
    assert any("attempt 1 was rolled back" in note for note in gate.seen.notes)


class Noticing(list[str]):
    """A list that tells when something is appended: the first failed attempt frees the lock."""

    def __init__(self, start: list[str], tell: Callable[[object], None]) -> None:
        super().__init__(start)
        self.tell = tell

    def append(self, item: str) -> None:
        super().append(item)
        self.tell(item)


def test_when_the_lock_stays_out_of_reach_then_the_run_ends_rolled_back(
    tmp_path: Path, database: str
) -> None:
    """After the last attempt the migration has failed with 55P03."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("CREATE TABLE busy (id int)")
    project = project_of(tmp_path, {"001_b.sql": "ALTER TABLE busy ADD COLUMN x int;"}, COUNT)
    limits = Limits(lock=700, retries=2, retry_pause=1)
    with psycopg.connect(database) as blocker:
        blocker.execute("SELECT * FROM busy")
        gate = run_all(gate_of(project, database, limits=limits))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert fault.sqlstate == "55P03"
    assert state(gate) == "unchanged"
    assert sum("was rolled back" in note for note in gate.seen.notes) == 2
    assert "idle in transaction" in gate.seen.stopped


def test_when_a_table_cannot_even_be_read_then_its_holder_is_named(
    tmp_path: Path, database: str
) -> None:
    """Our own look at the schema may wait as well; that too says who was in the way."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("CREATE TABLE busy (id int DEFAULT 1, CHECK (id > 0))")
    project = project_of(tmp_path, {"001_b.sql": "ALTER TABLE busy ADD COLUMN x int;"}, COUNT)
    with psycopg.connect(database, application_name="the holder") as blocker:
        blocker.execute("LOCK TABLE busy")
        gate = run_all(gate_of(project, database, limits=Limits(lock=50, retries=0)))
    assert "the holder" in gate.seen.stopped
    # Which look of ours waits first depends on the moment: before BEGIN, or behind it.
    assert state(gate) in {"nothing written", "unchanged"}


def test_when_the_transaction_lasts_too_long_then_it_is_cancelled_from_our_side(
    tmp_path: Path, database: str
) -> None:
    """The limit on the whole transaction works on every server version, and without a thread."""
    project = project_of(tmp_path, {"001_t.sql": TABLE + "\nSELECT pg_sleep(3600);"}, COUNT)
    limits = Limits(hold=300, statement=0, retries=0)
    gate = run_all(gate_of(project, database, limits=limits))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert (fault.line, fault.sqlstate) == (2, "57014")
    assert state(gate) == "unchanged"


def test_when_the_backend_is_terminated_while_holding_then_nothing_was_committed(
    tmp_path: Path, database: str
) -> None:
    """The connection is lost before COMMIT was sent: the server rolled back."""
    gate = gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, COUNT), database)
    gate.advance(Step("final"))
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (gate.connection().info.backend_pid,))
    gate.advance(Step("commit"))
    gate.finish()
    assert state(gate) == "unchanged"
    assert value(database, "SELECT to_regclass('t')::text") is None


def test_when_a_migration_cannot_be_held_then_it_runs_alone_after_the_verified_commit(
    tmp_path: Path, database: str
) -> None:
    """`-- transaction: none` files follow the COMMIT; their own checks follow them."""
    migrations = {
        "001_t.sql": TABLE,
        "002_index.sql": "-- transaction: none\n\nCREATE INDEX CONCURRENTLY i ON t (parent);\n",
    }
    checks = COUNT + (
        "\n-- Index\n-- name: index\n-- phase: after 002\n-- expect-value: 1\n"
        "SELECT count(*) FROM pg_index WHERE indexrelid = 'i'::regclass AND indisvalid;\n"
    )
    gate = run_all(gate_of(project_of(tmp_path, migrations, checks), database))
    assert outcomes(gate) == {"tables": "PASS", "index": "PASS"}
    assert state(gate) == "committed"


def test_when_each_migration_commits_by_itself_then_a_later_failure_leaves_the_earlier_one(
    tmp_path: Path, database: str
) -> None:
    """--dbmigrate-commit=each says what it gives up: the database is committed, and not GO."""
    migrations = {"001_t.sql": TABLE, "002_u.sql": "CREATE TABLE u (id int);\nSELECT 1/0;\n"}
    gate = run_all(gate_of(project_of(tmp_path, migrations, COUNT), database, commit_each=True))
    assert state(gate) == "committed"
    assert "earlier migrations had committed" in gate.seen.ending.why  # type: ignore[union-attr]  # another kind fails here too
    assert value(database, "SELECT to_regclass('t')::text") == "t"
    assert value(database, "SELECT to_regclass('u')::text") is None


def test_when_the_run_is_rehearsed_then_repeating_a_migration_changes_nothing_for_good(
    tmp_path: Path, database: str
) -> None:
    """What a repeated migration changes is found, named, and rolled back."""
    migration = (
        "CREATE TABLE IF NOT EXISTS t (id int);\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\n"
    )
    again = "ALTER TABLE t ADD UNIQUE (id);"
    project = project_of(tmp_path, {"001_t.sql": migration, "002_u.sql": again}, COUNT)
    gate = run_all(gate_of(project, database, "rehearsal"))
    changed = {(r.version, r.session): bool(r.changed) for r in gate.seen.reruns}
    assert changed == {
        ("001", "same"): False,
        ("002", "same"): True,
        ("001", "new"): False,
        ("002", "new"): True,
    }
    assert (
        value(
            database,
            "SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'u'",
        )
        == 1
    )


def test_when_a_migration_leaves_what_only_its_session_sees_then_no_check_sees_it(
    tmp_path: Path, database: str
) -> None:
    """A temporary table, or a setting of the application's own, once gave an undeserved GO."""
    migration = TABLE + "CREATE TEMP TABLE t2 AS SELECT 1; SET app.tenant = '7';"
    checks = (
        "-- Gone\n-- name: gone\n-- expect-value: null\nSELECT to_regclass('t2')::text;\n\n"
        "-- Unset\n-- name: unset\n-- expect-value: true\n"
        "SELECT coalesce(current_setting('app.tenant', true), '') = '';\n\n"
        "-- Limit\n-- name: limit\n-- expect-value: '7s'\nSELECT current_setting('lock_timeout');\n"
    )
    limits = Limits(lock=7_000, retries=0)
    gate = run_all(
        gate_of(project_of(tmp_path, {"001_t.sql": migration}, checks), database, limits=limits)
    )
    assert outcomes(gate) == {"gone": "PASS", "unset": "PASS", "limit": "PASS"}
    assert state(gate) == "committed"
    assert any("t2" in note for note in gate.seen.notes)
