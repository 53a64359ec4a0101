"""What a statement takes away as its tokens show, and what a migration says it may lose."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.declarations import Declaration, drops_data
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.losses import Loss, losses
from pytest_dbmigrate.spec.statements import scan


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP TABLE quests", [Loss("table", "quests")]),
        (
            'drop table if exists "Old".a , b /* , c */ cascade',
            [Loss("table", '"Old".a', cascade=True), Loss("table", "b", cascade=True)],
        ),
        ("DROP SCHEMA app CASCADE", [Loss("schema", "app", cascade=True)]),
        ("DROP TYPE mood CASCADE", [Loss("type", "mood", cascade=True)]),
        ("DROP DOMAIN IF EXISTS email", [Loss("type", "email")]),
        ("DROP EXTENSION hstore CASCADE", [Loss("extension", "hstore", cascade=True)]),
        ("TRUNCATE a", [Loss("truncate", "a")]),
        (
            "TRUNCATE TABLE ONLY a, b * RESTART IDENTITY CASCADE",
            [Loss("truncate", "a", cascade=True, only=True), Loss("truncate", "b", cascade=True)],
        ),
        (
            """ALTER TABLE IF EXISTS ONLY app.t DROP COLUMN IF EXISTS a CASCADE, DROP b,
               ADD CHECK (x IN (1, 2)), DROP CONSTRAINT k, ALTER c DROP DEFAULT,
               DROP "Constraint" """,
            [
                Loss("column", "app.t", cascade=True, only=True, column="a"),
                Loss("column", "app.t", only=True, column="b"),
                Loss("column", "app.t", only=True, column='"Constraint"'),
            ],
        ),
    ],
)
def test_a_statement_that_takes_data_away_then_it_is_recognised(
    statement: str, expected: list[Loss]
) -> None:
    """Names as they are written, with what CASCADE and ONLY say."""
    assert list(losses(statement)) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX i",
        "DROP VIEW v CASCADE",
        "DROP POLICY p ON t",
        "ALTER TABLE t ALTER COLUMN c DROP NOT NULL",
        "ALTER TABLE t RENAME TO u",
        "ALTER VIEW v RENAME COLUMN a TO b",
        "INSERT INTO notes VALUES ('DROP TABLE quests')",
        "DO $$ BEGIN EXECUTE 'TRUNCATE t'; END $$",
        "DELETE FROM t",
    ],
)
def test_a_statement_that_takes_none_away_then_nothing_is_recognised(statement: str) -> None:
    """Text in strings and DO blocks is not read: what it does is found afterwards."""
    assert losses(statement) == ()


def test_a_declaration_then_its_names_are_read_with_their_line() -> None:
    """It may stand anywhere, also behind a statement; quoted names keep their case."""
    script = scan(
        "-- Drops the old game.\n-- drops-data: Quests, moves.legacy_note\n"
        'DROP TABLE "Old"."My.Table"; -- drops-data: "Old"."My.Table"\n',
        "012.sql",
    )
    assert drops_data(script) == (
        Declaration(("quests",), 2),
        Declaration(("moves", "legacy_note"), 2),
        Declaration(("Old", "My.Table"), 3),
    )


@pytest.mark.parametrize(
    "text", ["", "quests moves", "the table 'quests'", "a.b.c.d", "quests (all)"]
)
def test_a_declaration_that_names_nothing_certain_then_it_is_refused(text: str) -> None:
    """A loss would otherwise count as undeclared for a reason nobody sees."""
    with pytest.raises(SpecError) as caught:
        drops_data(scan(f"\n-- drops-data: {text}\nSELECT 1;", "012.sql"))
    assert caught.value.where == "012.sql:2:1"
    assert "`-- drops-data: quests, moves.legacy_note`" in str(caught.value)


def test_a_declaration_then_it_covers_what_it_names_and_no_more() -> None:
    """A table covers its columns; a column only itself; a bare name only where the path leads."""
    table, column = Declaration(("moves",), 1), Declaration(("moves", "note"), 1)
    assert table.covers("public", "moves")
    assert table.covers("public", "moves", "note")
    assert not table.covers("archive", "moves", on_path=False)
    assert column.covers("public", "moves", "note")
    assert not column.covers("public", "moves")
    assert not column.covers("public", "moves", "title")
    assert Declaration(("archive", "moves"), 1).covers("archive", "moves", on_path=False)
