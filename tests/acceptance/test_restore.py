"""`pytest-dbmigrate restore`: exact commands, which are then typed, and what is refused."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from clones import bindir_of
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from shop import BASELINE, MIGRATION_FILE

from pytest_dbmigrate import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Live, Shop

DROPPING = """\
-- drops-data: lines
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_last_line_fkey;
DROP TABLE lines;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS status text;
UPDATE orders SET status = CASE WHEN shipped_at IS NULL THEN 'open' ELSE 'shipped' END
WHERE status IS NULL;
"""
MORE = """\
CREATE INDEX lines_order ON lines (order_id);
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_lines ON lines USING (true);
COMMENT ON TABLE lines IS 'of orders';
ALTER TABLE orders ADD COLUMN last_line int REFERENCES lines;
"""


@pytest.fixture
def restore(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Types `pytest-dbmigrate restore latest`; gives status, output and what it complained."""
    shop.change(MIGRATION_FILE, (shop.root / MIGRATION_FILE).read_text(), DROPPING)
    shop.change("checks_verification.sql", "table = orders | lines", "table = orders")
    monkeypatch.chdir(shop.root)

    def type_it(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main(["restore", "latest", *arguments])
        return status, *capsys.readouterr()

    return type_it


@pytest.fixture
def dropped(live: Live) -> Live:
    """The live database with more that hangs on the table which is to be dropped."""
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(MORE)
    return live


def migrate(shop: Shop, live: Live) -> None:
    """Run production with a backup; must be GO."""
    ran = shop.run(live.url, "--apply-migrations", "--dbmigrate-backup=backups")
    assert ran.word == "GO", ran.out


def carry_out(out: str) -> None:
    """Type the commands that were printed, as a person would, with the programs of version 15."""
    for line in out.splitlines():
        if line and not line.startswith(("#", "pytest-dbmigrate")):
            program, *words = shlex.split(line)
            subprocess.run([f"{bindir_of(15)}/{program}", *words], check=True, capture_output=True)  # noqa: S603


def test_when_the_commands_are_typed_then_the_database_is_as_it_was(
    shop: Shop, dropped: Live, restore: Callable[..., tuple[int, str, str]]
) -> None:
    """The present database is kept beside it; `--verify` sees rows, schema and before-checks."""
    migrate(shop, dropped)
    name = str(conninfo_to_dict(dropped.dsn)["dbname"])
    status, out, _ = restore("--verify", dropped.dsn)
    assert status == 1
    assert "table public.lines: removed" in out
    assert "the database is NOT as it was" in out
    status, out, _ = restore()
    assert status == 0
    assert "IS NOT IN IT AND WILL BE LOST" in out
    carry_out(out)
    try:
        status, out, err = restore("--verify", dropped.dsn)
        assert status == 0, out + err
        assert "schema and rows are those of" in out
        assert "PASS        three_before" in out
        assert out.splitlines()[-1] == "the database is as it was"
        with psycopg.connect(dropped.dsn, autocommit=True) as conn:
            conn.execute("UPDATE orders SET shipped_at = now() WHERE id = 1")
        status, out, _ = restore("--verify", dropped.dsn)
        assert status == 1
        assert "the rows of public.orders" in out
    finally:
        other = make_conninfo(dropped.dsn, dbname="postgres")
        with psycopg.connect(other, autocommit=True) as conn:
            conn.execute(f'DROP DATABASE "{name}_before_restore" WITH (FORCE)'.encode())


def test_when_only_dropped_tables_are_wanted_then_they_come_back_with_all_that_hung_on_them(
    shop: Shop, dropped: Live, restore: Callable[..., tuple[int, str, str]]
) -> None:
    migrate(shop, dropped)
    status, out, err = restore("--only-dropped", "--into", dropped.dsn)
    assert status == 0, err
    carry_out(out)
    counts = "SELECT (SELECT count(*) FROM lines), (SELECT count(*) FROM orders)"
    assert dropped.ask(counts) == [(3, 3)]
    assert dropped.is_migrated
    hung = "SELECT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'lines'::regclass"
    assert dropped.ask(hung) == [("orders",)]
    policies = "SELECT polname::text FROM pg_policy WHERE polrelid = 'lines'::regclass"
    assert dropped.ask(policies) == [("all_lines",)]
    assert dropped.ask("SELECT to_regclass('lines_order')::text") == [("lines_order",)]
    assert dropped.ask("SELECT obj_description('lines'::regclass)") == [("of orders",)]
    status, _, err = restore("--only-dropped", "--into", dropped.dsn)
    assert status == 4
    assert "public.lines exists in" in err


def test_when_the_way_back_is_not_certain_then_it_is_refused(
    shop: Shop, live: Live, restore: Callable[..., tuple[int, str, str]]
) -> None:
    ran = shop.run(live.url, "--apply-migrations")
    assert ran.word == "GO", ran.out
    status, out, err = restore()
    assert (status, out) == (4, "")
    assert "took no backup" in err
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute(f"DROP TABLE orders; {BASELINE}")
    migrate(shop, live)
    status, _, err = restore("--only-dropped")
    assert status == 4
    assert "--only-dropped needs --into=URL" in err
    (dump,) = (shop.root / "backups").iterdir()
    dump.write_bytes(dump.read_bytes() + b"\0")
    status, out, err = restore()
    assert (status, out) == (4, "")
    assert "is not the backup that was proven" in err
    dump.unlink()
    assert "cannot be read: No such file" in restore()[2]


def test_when_what_was_kept_was_edited_then_nothing_is_believed_of_it(
    shop: Shop, live: Live, restore: Callable[..., tuple[int, str, str]]
) -> None:
    migrate(shop, live)
    folder: Path = shop.folders[-1]
    for name in ("schema.json", "rows.json"):
        kept = folder / name
        kept.write_text(kept.read_text().replace("lines", "lanes"))
    status, out, _ = restore("--verify", live.dsn)
    assert status == 1
    assert "its digest differs" in out
    assert "is not as the evidence vouches for" in out
