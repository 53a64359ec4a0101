"""The monitoring window, sample by sample, on real servers and a real application."""

from __future__ import annotations

import functools
import logging
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from application import TOKEN, running
from gates import gate_of
from stopping import restartable, restarting

from pytest_dbmigrate.evidence.folder import LoadedRun
from pytest_dbmigrate.evidence.monitored import monitoring_record
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Evidence,
    NotChecked,
    Run,
    Transaction,
    decode,
    encode,
    outcome,
)
from pytest_dbmigrate.postgres.query import WITHOUT_END
from pytest_dbmigrate.postgres.secret import Secret
from pytest_dbmigrate.postgres.steps import Step
from pytest_dbmigrate.probes.application import Application
from pytest_dbmigrate.probes.beside import Beside
from pytest_dbmigrate.probes.monitoring import Monitor
from pytest_dbmigrate.spec.project import load_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from application import Application as RealApplication

    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.server import Server
    from pytest_dbmigrate.probes.window import Anomaly, Window

ORDERS = "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1), (2);"
PLAN = """\
title = "Orders"

[[probe.http]]
name = "up"
path = "/health"

[[probe.http]]
name = "orders"
path = "/api/orders"
headers = { Authorization = "env:TOKEN" }

[[probe.log]]
name = "log"
files = ["application.log"]

[[criterion]]
name = "up"
title = "The application is up"
checks = ["up", "log"]

[[criterion]]
name = "few-deadlocks"
title = "No new deadlock"
figure = "deadlocks.change"
limit = 0

[[criterion]]
name = "sessions"
title = "Few sessions"
figure = "connections.after"
limit = "<= 3"
"""
CHECKS = """\
-- name: filled
-- phase: health
-- expect-value: >= 1
SELECT count(*) FROM orders;
"""
LONG = 3600 * 10**9
AT = "2024-01-29T08:30:00.824Z"
PRODUCTION = Evidence(
    schema=SCHEMA,
    run=Run(id="p", stage="production", started=AT, operator="ci", complete=True),
    tools={},
    transaction=Transaction("committed", AT, AT),
)


@dataclass
class Watched:
    """A migrated database, its application and a window; `steps` is what is done at each sample."""

    gate: Gate
    beside: Beside
    application: RealApplication
    steps: list[Callable[[], object]] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)

    def window(self, *steps: Callable[[], object], interrupted: bool = False) -> Window:
        """Do one thing behind each sample; behind the last one comes the last sample of all."""
        self.steps = list(steps)
        monitor = Monitor(
            beside=self.beside,
            duration_ns=LONG,
            interval_ns=1_000_000,
            check_health=functools.partial(self.gate.check_health, WITHOUT_END),
            on_anomaly=self.anomalies.append,
        )

        def on_sample(window: Window) -> None:
            if self.steps:
                self.steps.pop(0)()
            elif interrupted:
                raise KeyboardInterrupt
            else:  # the time is over
                monitor.duration_ns = window.planned_ns = 1

        monitor.on_sample = on_sample
        return monitor.watch()

    def record(self, window: Window) -> Evidence:
        """The window's record, as it is written and read again."""
        found = monitoring_record(
            self.gate,
            PRODUCTION,
            LoadedRun(self.beside.root, PRODUCTION, b"", "a" * 64),
            window,
            self.beside.seen,
            run_id="w",
            command="pytest",
            scrub=lambda text: text,
        )
        assert decode(encode(found)) == found
        return found


def nothing() -> None:
    """Between two samples nothing happens."""


def watched_on(server: Server, tmp_path: Path, name: str = "postgres") -> Iterator[Watched]:
    dsn = server.dsn(name)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(ORDERS)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "001_x.sql").write_text("SELECT 1;")
    (tmp_path / "checks_verification.sql").write_text(CHECKS)
    (tmp_path / "plan.toml").write_text(PLAN)
    project = load_project(tmp_path, show=lambda p: p.name)
    gate = gate_of(project, dsn)
    with running(dsn, tmp_path / "application.log") as application:
        beside = Beside(
            project=project,
            stage="production",
            application=Application(option=application.url, environ={"TOKEN": TOKEN}),
            root=tmp_path,
            connect=gate.connect,
            conninfo=lambda: Secret(dsn),
            ours=lambda: [gate.connection().info.backend_pid],
        )
        gate.on_step = lambda step: beside.on_step(step, Step("commit"))
        application.say(logging.ERROR, "before the migration")
        gate.advance(gate.steps[-1])
        assert gate.seen.stopped == ""
        yield Watched(gate, beside, application)
        beside.close()
        gate.finish()


@pytest.fixture
def watched(server: Server, database: str, tmp_path: Path) -> Iterator[Watched]:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    yield from watched_on(server, tmp_path, str(name))


def names(window: Window) -> dict[str, Anomaly]:
    return {anomaly.bad.name: anomaly for anomaly in window.anomalies}


def outcomes(record: Evidence) -> dict[str, str]:
    return {c.name: outcome(c.result) for c in record.checks}


def test_when_nothing_happens_then_everything_passes_in_every_sample(watched: Watched) -> None:
    """To the end, and once more at the end; a value of every figure for every sample."""
    window = watched.window(nothing, nothing)
    assert window.complete
    assert window.samples == 4
    assert window.anomalies == []
    assert {len(points) for points in window.points.values()} == {4}
    record = watched.record(window)
    assert set(outcomes(record).values()) == {"PASS"}
    assert {outcome(c.result) for c in record.criteria} == {"PASS"}
    assert record.run.complete
    assert record.window is not None
    series = {s.name: s for s in record.window.series}
    assert len(series["connections"].values) == 5  # and the one before the migrations
    assert series["connections"].limit == "<= 3"


def test_when_the_application_is_ill_for_a_while_then_it_is_one_anomaly_from_first_to_last(
    watched: Watched,
) -> None:
    """Slow without a limit is no anomaly, failing is; recovered is the first good sample."""
    app = watched.application

    def mode(value: Any) -> Callable[[], None]:
        return lambda: setattr(app, "mode", value)

    window = watched.window(mode("slow"), mode("failing"), nothing, mode("healthy"), nothing)
    found = names(window)
    assert set(found) == {"up", "orders", "log"}
    assert found["up"].samples == 2
    assert found["up"].bad.text.startswith("503 in ")
    assert found["up"].recovered is not None
    assert found["up"].recovered > found["up"].last > found["up"].at
    assert [a.bad.name for a in watched.anomalies].count("up") == 1
    record = watched.record(window)
    assert outcomes(record) == {
        "monitoring-window": "PASS",
        "monitoring-anomalies": "FAIL",
        "up": "FAIL",
        "orders": "FAIL",
        "log": "FAIL",
        "filled": "PASS",
    }
    (up,) = [c for c in record.checks if c.name == "up"]
    assert "out of limits in 2 of 7 samples, first at " in up.result.observed.text  # type: ignore[union-attr]  # it failed


def test_when_the_application_dies_and_comes_back_then_both_are_told(watched: Watched) -> None:
    """A death that lasts to the end has no recovery."""
    app = watched.application
    window = watched.window(app.die, nothing, app.start, nothing, app.die, nothing)
    first, second = [a for a in window.anomalies if a.bad.name == "up"]
    assert "no answer from" in first.bad.text
    assert first.recovered is not None
    assert second.recovered is None
    assert second.samples == 3


def test_when_errors_are_logged_in_the_window_then_they_count_and_those_before_do_not(
    watched: Watched,
) -> None:
    """From the migration's first statement to the end of the window, however it is rotated."""
    app = watched.application
    log = app.log

    def rotate() -> None:
        log.rename(log.with_name("application.log.1"))
        app.say(logging.ERROR, "into the renamed one")
        log.write_text("ERROR in the new one\n")

    window = watched.window(lambda: app.say(logging.INFO, "fine"), rotate, nothing)
    found = names(window)["log"]
    assert found.bad.value == 2
    assert "into the renamed one" in found.bad.text
    (check,) = [c for c in watched.record(window).checks if c.name == "log"]
    details = "\n".join(check.result.observed.details)  # type: ignore[union-attr]  # it failed
    assert "in the new one" in details
    assert "before the migration" not in details


def test_when_a_health_check_fails_once_then_it_has_not_passed(watched: Watched) -> None:
    """Although it passed at the end."""
    dsn = watched.application.dsn

    def run(query: str) -> Callable[[], None]:
        def do() -> None:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute(query.encode())

        return do

    window = watched.window(run("TRUNCATE orders"), run(ORDERS.partition(";")[2]), nothing)
    found = names(window)["filled"]
    assert found.bad.text.startswith("FAIL: ")
    assert found.recovered is not None
    assert outcomes(watched.record(window))["filled"] == "FAIL"


def test_when_a_limit_of_the_plan_is_broken_in_a_sample_then_it_is_an_anomaly(
    watched: Watched,
) -> None:
    """The limit holds in every sample, not only in the last one."""
    dsn = watched.application.dsn
    held: list[psycopg.Connection[Any]] = []

    def many() -> None:
        held.extend(psycopg.connect(dsn) for _ in range(4))

    def few() -> None:
        for conn in held:
            conn.close()

    window = watched.window(many, few, nothing)
    found = names(window)["connections"]
    assert found.bad.limit == "<= 3"
    assert found.bad.value is not None
    assert found.bad.value >= 4
    record = watched.record(window)
    assert outcomes(record)["monitoring-anomalies"] == "FAIL"


def test_when_the_connections_are_cut_then_the_window_goes_on_and_the_gap_is_recorded(
    watched: Watched,
) -> None:
    """The time in which the database could not be looked at was not observed."""
    dsn = watched.application.dsn

    def cut() -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid <> pg_backend_pid()"
            )

    window = watched.window(nothing, cut, nothing, nothing)
    (blind,) = window.blinds
    assert blind.end is not None
    assert not window.complete
    assert window.samples == 6
    record = watched.record(window)
    assert outcomes(record)["monitoring-window"] == "NOT CHECKED"
    assert outcomes(record)["up"] == "NOT CHECKED"
    assert {outcome(c.result) for c in record.criteria} == {"NOT CHECKED"}
    assert record.window is not None
    assert record.window.blinds[0].why
    assert "This probably means" not in record.window.blinds[0].why


def test_when_the_server_is_restarted_then_the_window_goes_on_and_says_so(
    pg18: Server, tmp_path: Path
) -> None:
    """For as long as it is away the application fails too; then all is sampled again."""
    with (
        restartable(pg18.binaries) as server,
        contextmanager(watched_on)(server, tmp_path) as found,
    ):
        restart = restarting(server, signal.SIGINT)
        window = found.window(
            nothing,
            restart.__enter__,
            nothing,
            lambda: restart.__exit__(None, None, None),
            nothing,
        )
    bad = names(window)
    assert bad["server-restart"].bad.text.startswith("the server was started again at ")
    assert bad["up"].recovered is not None
    assert window.blinds[0].end is not None
    assert window.points["connections"][-1].value is not None


def test_when_it_is_interrupted_then_all_that_was_observed_is_there_and_nothing_has_passed(
    watched: Watched,
) -> None:
    """`0 of 60 minutes were observed`: what failed has failed, and of the rest nothing is known."""
    watched.application.die()
    window = watched.window(nothing, nothing, interrupted=True)
    assert window.ended == "it was interrupted"
    record = watched.record(window)
    assert not record.run.complete
    assert record.run.incomplete == ("0 of 60 minutes were observed: it was interrupted",)
    found = outcomes(record)
    assert found["monitoring-window"] == found["log"] == found["filled"] == "NOT CHECKED"
    assert found["up"] == found["monitoring-anomalies"] == "FAIL"
    (log,) = [c for c in record.checks if c.name == "log"]
    assert isinstance(log.result, NotChecked)
    assert log.note == "so far: no error in 0 new lines"


def test_when_the_window_is_over_then_our_own_reading_has_rolled_nothing_back(
    watched: Watched,
) -> None:
    """Rolled-back transactions are a figure of the application's, not of ours."""
    window = watched.window(*[nothing] * 20)
    last = window.points["rollbacks"][-1].value
    assert window.samples == 22
    # The few of the gate's own phases may be counted late; 22 samples have added none.
    assert last is not None
    assert last <= 6


def test_when_nothing_is_there_to_read_then_everything_says_why(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that cannot be asked in the window is not checked there either."""
    monkeypatch.setattr(watched.beside, "application", Application())
    record = watched.record(watched.window(nothing))
    (up,) = [c for c in record.checks if c.name == "up"]
    assert isinstance(up.result, NotChecked)
    assert up.result.why == "no base URL is configured"
