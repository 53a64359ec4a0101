"""`pytest --db-url=URL --rehearse`: the whole gate on a clone, and the target stays as it is."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo
from shop import CHECK_FILE, MIGRATION_FILE

from pytest_dbmigrate.postgres.binaries import find_binaries
from pytest_dbmigrate.postgres.directories import sweep

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from shop import Live, Shop

REHEARSE = "--rehearse"
OTHER_SERVER = f"--dbmigrate-pg-bindir={find_binaries(major=18).bindir}"
NO_DATA = "--dbmigrate-rehearse-data=none"
PATIENCE_SECONDS = 60


def criteria(shop: Shop) -> dict[str, str]:
    """The outcome of each criterion of the newest run."""
    return {c["name"]: c["result"]["outcome"] for c in shop.evidence()["criteria"]}


def test_when_the_target_is_rehearsed_then_it_is_go_and_the_target_unchanged(
    shop: Shop, live: Live
) -> None:
    ran = shop.run(live.url, REHEARSE)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert "dbmigrate: cloning live_" in ran.out
    assert not live.is_migrated
    target = shop.evidence()["target"]
    assert target["embedded"]
    assert target["source"]["data"] == "all"
    assert "network" in target["source"]["removed"][0]
    assert criteria(shop) == dict.fromkeys(
        ("clone.version", "clone.locale", "clone.extensions", "clone.restored", "clone.schema"),
        "PASS",
    )
    assert (shop.folders[0] / "schema.json").is_file()


def test_when_the_target_has_other_rows_than_the_baseline_then_the_clone_has_them(
    shop: Shop, live: Live
) -> None:
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute("INSERT INTO orders VALUES (4, '2024-02-01')")
    ran = shop.run(live.url, REHEARSE)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert shop.outcomes()["three_before"] == "FAIL"
    assert shop.outcomes()["two_shipped"] == "FAIL"


def test_when_a_python_test_wants_a_copy_then_it_is_of_the_clone(shop: Shop, live: Live) -> None:
    shop.write(
        "test_copy.py",
        "def test_copy(dbmigrate_postgresql):\n"
        "    query = 'SELECT count(*) FROM orders WHERE status IS NOT NULL'\n"
        "    assert dbmigrate_postgresql.execute(query).fetchone() == (3,)\n",
    )
    ran = shop.run(live.url, REHEARSE)
    assert (ran.status, ran.word) == (0, "GO"), ran.out


def test_when_the_clone_is_of_another_version_then_the_decision_names_it(
    shop: Shop, live: Live
) -> None:
    ran = shop.run(live.url, REHEARSE, OTHER_SERVER)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "The clone's server is of the target's version" in ran.last
    assert "the target is PostgreSQL 15." in ran.out
    assert criteria(shop)["clone.version"] == "NOT CHECKED"
    assert criteria(shop)["clone.schema"] == "PASS"
    assert set(shop.outcomes().values()) == {"PASS"}


def test_when_only_the_schema_is_rehearsed_then_nothing_of_data_is_claimed(
    shop: Shop, live: Live
) -> None:
    shop.write(
        "plan.toml",
        'title = "Shop"\n'
        '[[criterion]]\nname = "time"\ntitle = "Under 5 min"\n'
        'figure = "migrations.duration"\nlimit = "< 5 min"\n'
        '[[criterion]]\nname = "again"\ntitle = "Idempotent"\n'
        'figure = "reruns.changes"\nlimit = 0\n'
        '[[criterion]]\nname = "lost"\ntitle = "No rows lost"\nfigure = "rows.lost"\nlimit = 0\n'
        '[[criterion]]\nname = "columns"\ntitle = "The column"\nchecks = ["column"]\n',
    )
    checks = (shop.root / CHECK_FILE).read_text()
    column = "SELECT count(*) FROM pg_attribute WHERE attname = 'status'"
    column += " AND attrelid = to_regclass('orders')"
    shop.write(CHECK_FILE, f"{checks}\n-- name: column\n-- expect-value: 1\n{column};\n")
    ran = shop.run(live.url, REHEARSE, NO_DATA)
    assert (ran.status, ran.word) == (1, "NO-GO")
    found = criteria(shop)
    assert [found[name] for name in ("time", "again", "lost")] == ["NOT CHECKED"] * 3
    assert found["columns"] == "PASS"
    assert shop.outcomes()["two_shipped"] == "NOT CHECKED"
    assert "it reads public.orders, and the clone has no rows" in ran.out
    assert "rehearse with --dbmigrate-rehearse-data=all" in ran.out


def test_when_the_target_is_interrupted_in_the_middle_of_cloning_then_nothing_is_left(
    shop: Shop, live: Live, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds a table, so pg_dump waits; then Ctrl-C."""
    monkeypatch.setenv("TMPDIR", str(temporary))
    with psycopg.connect(live.dsn) as holder:
        holder.execute("LOCK TABLE orders")
        process = shop.start(live.url, REHEARSE, "--dbmigrate-lock-timeout=1min")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        waiting += " AND datname = current_database() AND application_name = 'pg_dump'"
        while not live.ask(waiting):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
        assert not live.ask("SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump'")
    assert "the run was interrupted" in out.splitlines()[-1]
    assert "· nothing was written" in out.splitlines()[-1]
    # Whatever a dead run leaves, the next one sweeps; this one left nothing to sweep.
    assert sweep() == []


def test_when_the_role_may_only_read_then_the_run_is_as_that_role(shop: Shop, live: Live) -> None:
    """What production would refuse is refused in the rehearsal."""
    role = f"reader_{live.ask('SELECT current_database()')[0][0]}"
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN".encode())
        conn.execute(f"GRANT pg_read_all_data TO {role}".encode())
    try:
        ran = shop.run(f"--db-url={make_conninfo(live.dsn, user=role)}", REHEARSE)
    finally:
        with psycopg.connect(live.dsn, autocommit=True) as conn:
            conn.execute(f"DROP ROLE {role}".encode())
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "must be owner of table orders" in ran.out
    assert shop.evidence()["target"]["role"] == role
    assert shop.evidence()["target"]["superuser"] is False


def test_when_the_target_cannot_be_reached_then_nothing_starts(shop: Shop) -> None:
    ran = shop.run("--db-url=postgresql://nobody@127.0.0.1:1/none", REHEARSE)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "Connection refused" in ran.out
    assert shop.root.joinpath(MIGRATION_FILE).is_file()
