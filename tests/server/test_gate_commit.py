"""COMMIT on real servers: whatever happens, what became of the database is known or unknown."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from gates import gate_of, project_of, run_all, value
from stopping import restartable, restarting, wait_until

from pytest_dbmigrate.postgres.ending import Intent, identify, resolve
from pytest_dbmigrate.postgres.query import run
from pytest_dbmigrate.postgres.steps import Step
from pytest_dbmigrate.postgres.transaction import Limits, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.server import Server

TABLE = "CREATE TABLE t (id int PRIMARY KEY);\n"
COUNT = "-- Tables\n-- expect-value: 1\nSELECT count(*) FROM pg_class WHERE relname = 't';\n"
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'"
)


@pytest.fixture(scope="module", params=["pg15", "pg18"])
def careful(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that waits for the disk at COMMIT, and may be stopped."""
    binaries = request.getfixturevalue(request.param).binaries
    with restartable(binaries) as server:
        yield server


@pytest.fixture
def own(careful: Server) -> Iterator[str]:
    """A database on it."""
    with psycopg.connect(careful.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE own")
    yield careful.dsn("own")
    with psycopg.connect(careful.dsn(), autocommit=True) as admin:
        admin.execute("DROP DATABASE own WITH (FORCE)")


def ready_to_commit(root: Path, dsn: str, limits: Limits | None = None) -> Gate:
    """A gate that has verified a migration and has not sent COMMIT."""
    gate = gate_of(project_of(root, {"001_t.sql": TABLE}, COUNT), dsn, limits=limits)
    gate.advance(Step("final"))
    return gate


def state(gate: Gate) -> str:
    """What the gate says became of the transaction."""
    return gate.seen.ending.state if gate.seen.ending else "nothing written"


@contextmanager
def standby_missing(dsn: str) -> Iterator[None]:
    """A server that waits at each COMMIT for a standby that is not there."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SET synchronous_commit = local")
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        admin.execute("SELECT pg_reload_conf()")
        wait_until(lambda: value(dsn, "SHOW synchronous_standby_names") == "nobody")
        yield
        admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        admin.execute("SELECT pg_reload_conf()")


def once(condition: Callable[[], object], then: Callable[[], object]) -> threading.Thread:
    """Do something as soon as a condition is true."""

    def wait() -> None:
        wait_until(condition)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_when_commit_itself_fails_then_it_is_said_and_nothing_was_committed(
    tmp_path: Path, database: str
) -> None:
    """ON COMMIT of a temporary table meets its foreign key only when COMMIT truncates it.

    A migration's own temporary tables are dropped behind it, so these are made later.
    """
    gate = gate_of(project_of(tmp_path, {"001_t.sql": TABLE}, COUNT), database)
    gate.advance(Step("final"))
    for statement in (
        "CREATE TEMP TABLE parents (id int PRIMARY KEY) ON COMMIT DELETE ROWS",
        "CREATE TEMP TABLE children (id int REFERENCES parents) ON COMMIT PRESERVE ROWS",
    ):
        run(gate.connection(), statement)
    run_all(gate)
    assert state(gate) == "unchanged"
    assert gate.seen.stopped.startswith("failed at COMMIT: unsupported ON COMMIT")
    assert value(database, "SELECT to_regclass('t')::text") is None


def test_when_a_trigger_is_deferred_then_it_strikes_before_the_commit(
    tmp_path: Path, database: str
) -> None:
    """A constraint trigger is no constraint of a table, and strikes at COMMIT all the same."""
    migration = TABLE + (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'never'; END$$;\n"
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse();\n"
        "INSERT INTO t VALUES (1);\n"
    )
    gate = run_all(gate_of(project_of(tmp_path, {"001_t.sql": migration}, COUNT), database))
    fault = gate.seen.applied["001"].fault
    assert fault is not None
    assert fault.message == "a deferred constraint is violated: never"
    assert state(gate) == "unchanged"


def test_when_the_evidence_of_the_commit_cannot_be_kept_then_it_is_rolled_back(
    tmp_path: Path, database: str
) -> None:
    """A COMMIT that nobody could look up afterwards is not sent."""
    gate = ready_to_commit(tmp_path, database)

    def refuse(_intent: Intent) -> None:
        raise RefusedError("not committed: no space left on device")

    gate.on_intent = refuse
    gate.advance(Step("commit"))
    gate.finish()
    assert state(gate) == "unchanged"
    assert "no space left" in gate.seen.stopped
    assert value(database, "SELECT to_regclass('t')::text") is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_when_the_server_stops_before_the_commit_arrives_then_nothing_was_committed(
    tmp_path: Path, careful: Server, own: str, how: signal.Signals
) -> None:
    """The server is asked when it is there again, and says so itself."""
    gate = ready_to_commit(tmp_path, own)
    with restarting(careful, how):
        pass
    gate.advance(Step("commit"))
    gate.finish()
    assert state(gate) == "unchanged"
    assert value(own, "SELECT to_regclass('t')::text") is None


def test_when_the_server_crashes_then_another_transaction_of_that_id_is_not_taken_for_ours(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """An id that is not on disk is given again; ours is, before the first lock is taken."""
    gate = ready_to_commit(tmp_path, own)
    held = gate.intent
    forgotten = psycopg.connect(own)
    forgotten.execute("CREATE TABLE lost ()")
    lost = identify(forgotten)
    with restarting(careful, signal.SIGQUIT):
        pass
    forgotten.close()
    assert held is not None
    assert held.lasting
    for _ in range(20):
        value(own, "SELECT pg_current_xact_id()::text")
    asked = f"SELECT pg_xact_status('{lost.xid}')"
    # The stranger's answer is not believed, and ours is the truth.
    assert resolve(lost, gate.connect, "lost", patience=0).state != "committed", asked
    assert resolve(held, gate.connect, "lost", patience=0).state == "unchanged"
    gate.finish()


def test_when_the_database_does_not_wait_for_the_disk_then_our_commit_does(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """What is reported as committed outlives a crash one moment later."""
    with psycopg.connect(own, autocommit=True) as admin:
        admin.execute("ALTER DATABASE own SET synchronous_commit = off")
    gate = ready_to_commit(tmp_path, own)
    gate.advance(Step("commit"))
    with restarting(careful, signal.SIGQUIT):
        pass
    gate.finish()
    assert state(gate) == "committed"
    assert value(own, "SELECT to_regclass('t')::text") == "t"


def test_when_a_standby_is_missing_then_a_cancelled_wait_is_committed_and_in_doubt(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """The server's warning is kept: committed here, perhaps not there, and never GO."""
    gate = ready_to_commit(tmp_path, own)
    with standby_missing(careful.dsn()):
        thread = once(
            lambda: value(own, WAITING),
            lambda: value(own, f"SELECT pg_cancel_backend(({WAITING}))"),
        )
        gate.advance(Step("commit"))
        thread.join()
    gate.finish()
    assert gate.seen.ending is not None
    assert gate.seen.ending.state == "committed"
    assert gate.seen.ending.why.startswith("canceling wait for synchronous replication")
    assert value(own, "SELECT to_regclass('t')::text") == "t"


def test_when_the_wait_for_a_standby_is_interrupted_then_it_ends_and_the_run_too(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """The first Ctrl-C during COMMIT cancels the wait; it is raised when the fate is known."""
    gate = ready_to_commit(tmp_path, own)
    with standby_missing(careful.dsn()):
        handler = signal.signal(signal.SIGINT, lambda _n, _f: gate.interrupt())
        try:
            thread = once(lambda: value(own, WAITING), lambda: os.kill(os.getpid(), signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                gate.advance(Step("commit"))
        finally:
            signal.signal(signal.SIGINT, handler)
        thread.join()
    gate.finish()
    assert gate.seen.ending is not None
    assert gate.seen.ending.state == "committed"
    assert "synchronous replication" in gate.seen.ending.why


def test_when_the_wait_for_a_standby_outlasts_the_limit_then_it_is_cancelled_from_our_side(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """Locks are held while COMMIT waits, so the limit on them holds for it as well."""
    gate = ready_to_commit(tmp_path, own, Limits(hold=3_000, retries=0))
    with standby_missing(careful.dsn()):
        gate.advance(Step("commit"))
    gate.finish()
    assert state(gate) == "committed"
    assert gate.seen.ending is not None
    assert "synchronous replication" in gate.seen.ending.why


def test_when_the_connection_is_lost_while_a_standby_is_waited_for_then_our_backend_is_ended(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """Nobody is left to hear the answer, and the locks must not stay: committed, and in doubt."""
    gate = ready_to_commit(tmp_path, own)
    conn = gate.connection()
    with standby_missing(careful.dsn()):
        line = socket.socket(fileno=os.dup(conn.pgconn.socket))
        thread = once(lambda: value(own, WAITING), lambda: line.shutdown(socket.SHUT_RDWR))
        gate.advance(Step("commit"))
        thread.join()
        line.close()
        assert value(own, WAITING) is None
    gate.finish()
    assert gate.seen.ending is not None
    assert gate.seen.ending.state == "committed"
    assert "the connection was lost during COMMIT" in gate.seen.ending.why


def test_when_something_else_interrupts_the_commit_then_it_is_looked_up_and_raised_again(
    tmp_path: Path, careful: Server, own: str
) -> None:
    """A timeout plugin raises whatever it likes, wherever the program is."""

    class TimeoutPluginError(BaseException):
        pass

    def strike(_number: int, _frame: object) -> None:
        raise TimeoutPluginError

    gate = ready_to_commit(tmp_path, own)
    with standby_missing(careful.dsn()):
        handler = signal.signal(signal.SIGALRM, strike)
        try:
            thread = once(lambda: value(own, WAITING), lambda: os.kill(os.getpid(), signal.SIGALRM))
            with pytest.raises(TimeoutPluginError):
                gate.advance(Step("commit"))
        finally:
            signal.signal(signal.SIGALRM, handler)
        thread.join()
    gate.finish()
    assert gate.seen.ending is not None
    assert gate.seen.ending.state == "committed"
    assert "interrupted during COMMIT" in gate.seen.ending.why


def test_when_another_server_answers_then_it_is_not_believed(database: str) -> None:
    """Another identifier or timeline has another history, and NULL is no answer either."""

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(database, autocommit=True)

    with psycopg.connect(database) as conn:
        conn.execute("SELECT 1")
        here = identify(conn)
        conn.rollback()
    for other in (
        Intent(here.xid, "1", here.timeline),
        Intent(here.xid, here.system_identifier, "99"),
        Intent(here.xid, "", ""),
        Intent("0", here.system_identifier, here.timeline),
    ):
        assert resolve(other, connect, "lost", patience=0).state == "unknown"
    assert resolve(here, connect, "lost", patience=0).state == "unchanged"
