"""Where a migration has a way back, a rehearsal goes it, and forward again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop import CHECK_FILE, MIGRATION_FILE

if TYPE_CHECKING:
    from shop import Live, Shop

DOWN_FILE = "migrations/001_add_status.down.sql"
SECOND = "migrations/002_notes.sql"
NOTES = """\
-- migrate:up
CREATE TABLE IF NOT EXISTS notes (id int PRIMARY KEY, order_id int REFERENCES orders);

-- migrate:down
DROP TABLE notes;
"""


def results(shop: Shop) -> dict[str, dict[str, Any]]:
    """The newest run's ways back, by version."""
    checks = [c for c in shop.evidence()["checks"] if c["id"].endswith("::down-up")]
    return {c["name"].removeprefix("down-up-"): c["result"] for c in checks}


def test_when_the_ways_back_lead_back_then_it_is_go(shop: Shop) -> None:
    """A file beside the first migration, a section in the second, which alone is applied."""
    shop.write(DOWN_FILE, "ALTER TABLE orders DROP COLUMN status;\n")
    shop.write(SECOND, NOTES)
    ran = shop.run("-v")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert f"{MIGRATION_FILE}::down-up PASSED" in ran.out
    assert {v: r["outcome"] for v, r in results(shop).items()} == {"001": "PASS", "002": "PASS"}
    files = {f["path"]: f["role"] for f in shop.evidence()["files"]}
    assert files[DOWN_FILE] == "down"


def test_when_a_way_back_leaves_something_or_takes_too_much_then_it_is_named(shop: Shop) -> None:
    shop.write(DOWN_FILE, "DROP TABLE lines;\n")
    ran = shop.run()
    assert (ran.status, ran.word) == (1, "NO-GO")
    assert results(shop)["001"]["outcome"] == "FAIL"
    details = results(shop)["001"]["observed"]["details"]
    assert "column public.orders.status is not as before it: it is left over" in details
    assert "table public.lines is not as before it: it is missing" in details
    assert "column public.orders.status is not as before it: it is left over" in ran.out


def test_when_a_way_back_fails_then_its_place_is_told_and_the_others_are_not_tried(
    shop: Shop,
) -> None:
    shop.write(DOWN_FILE, "ALTER TABLE orders DROP COLUMN status;\n")
    shop.write(SECOND, NOTES.replace("DROP TABLE notes", "DROP TABLE nodes"))
    ran = shop.run()
    assert ran.word == "NO-GO"
    assert f'{SECOND}:5: table "nodes" does not exist' in ran.out
    assert results(shop)["002"]["outcome"] == "ERROR"
    assert results(shop)["001"]["why"] == "the way back of 002 failed"


def test_when_a_later_migration_has_no_way_back_then_an_earlier_one_was_not_tried(
    shop: Shop,
) -> None:
    shop.write(DOWN_FILE, "ALTER TABLE orders DROP COLUMN status;\n")
    shop.write(SECOND, NOTES.partition("-- migrate:down")[0])
    ran = shop.run()
    assert ran.word == "NO-GO"
    assert results(shop)["001"]["why"] == "002 behind it has no way back"


def test_when_a_real_database_is_migrated_then_ways_back_are_not_gone(
    shop: Shop, live: Live
) -> None:
    shop.write(DOWN_FILE, "ALTER TABLE orders DROP COLUMN status;\n")
    ran = shop.run(live.url, "--apply-migrations")
    assert (ran.status, ran.word) == (0, "GO"), ran.out
    assert live.is_migrated
    assert results(shop)["001"]["reason"] == "not-applicable"
    assert shop.root.joinpath(CHECK_FILE).is_file()
