"""`--dbmigrate-backup`: a dump before the first statement, and the proof that it leads back."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from clones import bindir_of, made
from shop import BASELINE, CHECK_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from shop import Live, Shop

    from pytest_dbmigrate.postgres.server import Server

APPLY = "--apply-migrations"
BACKUP = "--dbmigrate-backup=backups"


def check(shop: Shop, name: str) -> dict[str, Any]:
    """One check of the newest run."""
    return next(c for c in shop.evidence()["checks"] if c["name"] == name)


def figures(shop: Shop) -> dict[str, float]:
    """The newest run's figures that are measured once, in ms."""
    return {
        m["name"]: m["before"]["value"]
        for m in shop.evidence()["metrics"]
        if m["name"] in {"backup.age", "drill", "recovery"}
    }


def test_when_a_backup_is_asked_for_then_it_is_taken_and_proven_before_the_first_statement(
    shop: Shop, live: Live
) -> None:
    ran = shop.run(live.url, APPLY, BACKUP)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert live.is_migrated
    (dump,) = (shop.root / "backups").iterdir()
    assert dump.stat().st_mode & 0o077 == 0
    evidence = shop.evidence()
    assert evidence["backup"]["path"] == str(dump)
    assert evidence["backup"]["bytes"] == dump.stat().st_size
    assert evidence["backup"]["taken"] < evidence["transaction"]["began"]
    restored = check(shop, "backup-restores")["result"]
    assert restored["outcome"] == "PASS"
    assert "the rows of 2 tables" in restored["observed"]["text"]
    assert "a throw-away PostgreSQL 15" in restored["observed"]["text"]
    assert figures(shop).keys() == {"backup.age", "drill"}
    assert "dbmigrate: taking a backup of" in ran.out
    page = (shop.root / "dbmigrate-report/latest/report.html").read_text()
    assert "what was written after" in page


def test_when_it_is_restored_into_a_database_of_theirs_then_that_is_the_recovery_time(
    shop: Shop, live: Live, pg15: Server
) -> None:
    with made(pg15, "") as empty:
        ran = shop.run(live.url, APPLY, BACKUP, f"--dbmigrate-restore-url={empty}")
        assert (ran.status, ran.word) == (0, "GO"), ran.out
        with psycopg.connect(empty) as conn:
            assert conn.execute("SELECT count(*) FROM lines").fetchone() == (3,)
    assert figures(shop).keys() == {"backup.age", "recovery"}


def test_when_the_database_to_restore_into_is_not_empty_then_nothing_begins(
    shop: Shop, live: Live, pg15: Server
) -> None:
    with made(pg15, "CREATE TABLE kept (a int)") as used:
        ran = shop.run(live.url, APPLY, BACKUP, f"--dbmigrate-restore-url={used}")
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "is not empty" in ran.out
    assert ran.last.endswith("nothing was written")
    assert not live.is_migrated


def test_when_it_is_the_target_itself_then_nothing_begins(shop: Shop, live: Live) -> None:
    ran = shop.run(live.url, APPLY, BACKUP, f"--dbmigrate-restore-url={live.dsn}")
    assert ran.status == 1
    assert "is the target itself" in ran.out
    assert not live.is_migrated


def test_when_a_before_check_fails_then_no_backup_is_taken(shop: Shop, live: Live) -> None:
    shop.change(CHECK_FILE, "-- expect-value: 3\n", "-- expect-value: 30\n")
    ran = shop.run(live.url, APPLY, BACKUP)
    assert ran.status == 1
    assert not (shop.root / "backups").exists()
    assert check(shop, "backup")["result"]["outcome"] == "NOT CHECKED"


def test_when_the_backup_fails_then_nothing_begins_and_no_half_file_is_left(
    shop: Shop, live: Live
) -> None:
    """Somebody holds a table, and pg_dump may not wait."""
    shop.change(
        CHECK_FILE, "SELECT count(*) FROM orders;\n\n-- QUERY SET 2", "SELECT 3;\n\n-- QUERY SET 2"
    )
    with psycopg.connect(live.dsn) as holder:
        holder.execute("LOCK TABLE lines")
        ran = shop.run(live.url, APPLY, BACKUP, "--dbmigrate-lock-timeout=1ms")
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert (
        "ERROR: A backup was taken: the backup failed: canceling statement due to lock timeout"
        in ran.out
    )
    assert ran.last.endswith("nothing was written")
    assert list((shop.root / "backups").iterdir()) == []


def test_when_the_drill_finds_a_difference_then_nothing_begins(shop: Shop, live: Live) -> None:
    """A function without its schema in the path: the view that needs it cannot be filled again."""
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(
            "CREATE FUNCTION twice(a int) RETURNS int LANGUAGE plpgsql AS"
            " 'BEGIN RETURN (SELECT a * count(*) FROM orders); END';"
            "CREATE MATERIALIZED VIEW doubled AS SELECT twice(id) FROM orders"
        )
    ran = shop.run(live.url, APPLY, BACKUP)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert 'relation "orders" does not exist' in ran.out
    assert check(shop, "backup-restores")["result"]["outcome"] == "FAIL"
    assert not live.is_migrated


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((BACKUP,), "needs --db-url=URL with --apply-migrations or --rehearse"),
        (("--dbmigrate-restore-url=postgresql://h/d",), "needs --dbmigrate-backup=DIR"),
    ],
)
def test_when_it_is_asked_for_where_it_cannot_be_then_it_is_wrong_use(
    shop: Shop, arguments: tuple[str, ...], told: str
) -> None:
    ran = shop.run(*arguments)
    assert ran.status == 4
    assert told in ran.err + ran.out


class TestFileOfThePlan:
    """A backup that somebody else takes: `[backup]` with a path and its largest age."""

    @pytest.fixture(autouse=True)
    def plan(self, shop: Shop) -> None:
        shop.write(
            "plan.toml", 'title = "Shop"\n[backup]\npath = "shop.dump"\nmax_age = "60 min"\n'
        )

    def dump(self, shop: Shop, live: Live, *words: str) -> Path:
        """A dump by pg_dump, as their own tools make it."""
        program, path = f"{bindir_of(15)}/pg_dump", shop.root / "shop.dump"
        subprocess.run([program, f"--dbname={live.dsn}", f"--file={path}", *words], check=True)  # noqa: S603
        return path

    def test_when_it_is_recent_then_its_age_is_a_figure(self, shop: Shop, live: Live) -> None:
        self.dump(shop, live, "--format=custom")
        ran = shop.run(live.url, APPLY)
        assert (ran.status, ran.word) == (0, "GO"), ran.out
        assert (
            "as the archive itself says" in check(shop, "backup-file")["result"]["observed"]["text"]
        )
        assert figures(shop)["backup.age"] < 60_000

    def test_when_it_was_copied_then_its_age_is_still_the_archives(
        self, shop: Shop, live: Live
    ) -> None:
        """A new file time makes no old archive recent, nor a recent one old."""
        path = self.dump(shop, live, "--format=custom")
        os.utime(path, (0, 0))
        assert shop.run(live.url, APPLY).word == "GO"

    def test_when_it_is_too_old_then_nothing_begins(self, shop: Shop, live: Live) -> None:
        path = self.dump(shop, live, "--format=plain")
        os.utime(path, (0, 0))
        ran = shop.run(live.url, APPLY)
        assert (ran.status, ran.word) == (1, "NO-GO")
        assert "at most 60 min old, observed 29," in ran.last
        assert not live.is_migrated

    @pytest.mark.parametrize("bad", ["missing", "empty", "cut", "of another"])
    def test_when_it_will_not_do_then_nothing_begins(
        self, shop: Shop, live: Live, pg15: Server, bad: str
    ) -> None:
        if bad == "of another":
            with made(pg15, BASELINE) as other:
                path = self.dump(shop, type(live)(other), "--format=custom")
        else:
            path = self.dump(shop, live, "--format=custom")
        data = path.read_bytes()
        if bad == "missing":
            path.unlink()
        elif bad != "of another":
            path.write_bytes(b"" if bad == "empty" else data[:500])
        ran = shop.run(live.url, APPLY)
        assert (ran.status, ran.word) == (1, "NO-GO")
        told = {"missing": "No such file", "empty": "is empty", "cut": "no whole archive"}
        assert told.get(bad, "is of the database target_") in ran.out
        assert not live.is_migrated


def test_when_the_clone_is_rehearsed_then_the_targets_backup_can_be_proven_too(
    shop: Shop, live: Live
) -> None:
    ran = shop.run(live.url, "--rehearse", BACKUP)
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert check(shop, "backup-restores")["result"]["outcome"] == "PASS"
    assert not live.is_migrated


def test_when_roles_of_the_target_are_missing_there_then_it_is_no_recovery(
    shop: Shop, live: Live, pg18: Server
) -> None:
    """Another server, without the owner of a table."""
    role = f"owner_{uuid4().hex}"
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role}; ALTER TABLE lines OWNER TO {role}".encode())
    try:
        with made(pg18, "") as empty:
            ran = shop.run(live.url, APPLY, BACKUP, f"--dbmigrate-restore-url={empty}")
    finally:
        with psycopg.connect(live.dsn, autocommit=True) as conn:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
    assert ran.status == 1
    assert f'role "{role}" does not exist' in ran.out
    assert "recovery" not in figures(shop)
