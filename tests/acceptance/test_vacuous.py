"""What says nothing of the migrations is told: checks that pass without them, and a second run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from shop import BASELINE, CHECK_FILE, MIGRATION, MIGRATION_FILE

if TYPE_CHECKING:
    from shop import Live, Shop

APPLY = "--apply-migrations"
PLAN = 'title = "Shop"\n[options]\nvacuous = "fail"\n'
ALREADY = "this database is already as the final verifications describe"
BEFORE = "\n-- name: no_status_before\n-- phase: before\n-- expect-value: 0\n"
BEFORE += "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass"
BEFORE += " AND attname = 'status';\n"


def stays(shop: Shop) -> None:
    """Say of the check that passes without the migration that it is meant to."""
    shop.change(CHECK_FILE, "-- param: table", "-- stays: true\n-- param: table")


def test_when_checks_pass_without_the_migration_then_they_are_named(shop: Shop) -> None:
    ran = shop.run()
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    said = (
        "vacuous     2 would have passed without the migration: not_empty.orders, not_empty.lines"
    )
    assert said in ran.out
    assert "-> where that is meant, write: -- stays: true" in ran.out


def test_when_they_are_meant_to_stay_then_they_are_not_named(shop: Shop) -> None:
    """A check against the state before is never meant to show a change."""
    stays(shop)
    ran = shop.run()
    assert "would have passed without" not in ran.out
    checks = {c["name"]: c for c in shop.evidence()["checks"]}
    assert checks["not_empty.orders"]["passed_before"]
    assert checks["not_empty.orders"]["meant_to_stay"]
    assert checks["none_lost"]["meant_to_stay"]
    assert not checks["two_shipped"]["passed_before"]


def test_when_the_plan_wants_none_then_it_is_no_go_until_they_are_meant(shop: Shop) -> None:
    shop.write("plan.toml", PLAN)
    ran = shop.run()
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert "2 of 4: not_empty.orders, not_empty.lines" in ran.out
    stays(shop)
    assert shop.run().word == "GO"


def test_when_a_before_check_tells_that_it_was_migrated_then_the_reason_says_so(
    shop: Shop, migrated: Live
) -> None:
    checks = (shop.root / CHECK_FILE).read_text()
    shop.write(CHECK_FILE, checks + BEFORE)
    ran = shop.run(migrated.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert ALREADY in ran.last
    assert "pytest --db-url=URL" in ran.out
    assert ran.last.endswith("nothing was written")


def test_when_the_migration_cannot_be_applied_twice_then_the_reason_says_so(
    shop: Shop, migrated: Live
) -> None:
    shop.write(MIGRATION_FILE, MIGRATION.replace("IF NOT EXISTS ", ""))
    ran = shop.run(migrated.url, APPLY)
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert ALREADY in ran.last
    assert 'column "status" of relation "orders" already exists' in ran.out


def test_when_a_before_check_fails_for_another_reason_then_nothing_of_it_is_claimed(
    shop: Shop, live: Live
) -> None:
    shop.change(CHECK_FILE, "-- expect-value: 3\n", "-- expect-value: 30\n")
    ran = shop.run(live.url, APPLY)
    assert ran.word == "NO-GO"
    assert ALREADY not in ran.out


def test_when_another_migrated_half_of_it_then_nothing_of_it_is_claimed(
    shop: Shop, live: Live
) -> None:
    """The column is there and empty: the final checks do not all hold."""
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute("ALTER TABLE orders ADD COLUMN status text")
    shop.write(CHECK_FILE, (shop.root / CHECK_FILE).read_text() + BEFORE)
    ran = shop.run(live.url, APPLY)
    assert ran.word == "NO-GO"
    assert ALREADY not in ran.out
    assert BASELINE.startswith("CREATE TABLE orders")
