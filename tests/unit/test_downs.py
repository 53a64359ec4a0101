"""The way back of a migration: which statements lead back, and that they are never applied."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.downs import is_down
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.migrations import Migration, read_migrations

UP, DOWN = "CREATE TABLE t (a int);", "DROP TABLE t;"


def read(text: str, **downs: str) -> Migration:
    """One migration with this text; `downs` are files of ways back, `__` for `.`."""
    beside = [(name.replace("__", "."), data.encode()) for name, data in downs.items()]
    (migration,) = read_migrations([("011_t.sql", text.encode())], downs=beside)
    return migration


def texts(migration: Migration) -> tuple[list[str], list[str]]:
    """What is applied, and what leads back."""
    back = migration.down.statements if migration.down else ()
    return [s.text for s in migration.statements], [s.text for s in back]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("-- migrate:up", "-- migrate:down"),
        ("-- +goose Up", "-- +goose Down"),
        ("-- +migrate Up", "-- +migrate Down"),
        ("-- Migrate:UP", "--migrate:down transaction:true"),
    ],
)
def test_when_a_file_has_sections_then_only_the_first_is_applied(up: str, down: str) -> None:
    """Applied whole, as such a file once was, the second part undoes the first."""
    migration = read(f"{up}\n{UP}\n\n{down}\n{DOWN}\n")
    assert texts(migration) == ([UP.strip(";")], [DOWN.strip(";")])
    assert migration.transactional


def test_when_the_way_back_stands_beside_then_it_belongs_by_its_version() -> None:
    migration = read(UP, **{"11_any_name__down__sql": DOWN})
    assert texts(migration) == ([UP.strip(";")], [DOWN.strip(";")])
    assert migration.down is not None
    assert migration.down.script.path == "11_any_name.down.sql"


def test_when_a_section_wants_no_transaction_then_it_is_not_held() -> None:
    index = "CREATE INDEX CONCURRENTLY i ON t (a);"
    dbmate = read(f"-- migrate:up transaction:false\n{index}\n-- migrate:down\n{DOWN}")
    goose = read(f"-- +goose NO TRANSACTION\n-- +goose Up\n{index}")
    assert not dbmate.transactional
    assert not goose.transactional
    assert dbmate.down is not None
    assert dbmate.down.transactional
    assert goose.down is None


def test_when_a_statement_stands_before_the_first_section_then_it_is_refused() -> None:
    with pytest.raises(SpecError, match="stands before the first section") as raised:
        read(f"SELECT 1;\n-- migrate:up\n{UP}")
    assert raised.value.line == 1


def test_when_a_version_has_two_ways_back_then_it_is_refused() -> None:
    with pytest.raises(SpecError, match="version 011 has two ways back"):
        read(UP, **{"011_a__down__sql": DOWN, "011_b__down__sql": DOWN})


def test_when_the_first_section_is_empty_then_there_is_nothing_to_apply() -> None:
    with pytest.raises(SpecError, match="no statement"):
        read(f"-- migrate:up\n\n-- migrate:down\n{DOWN}")


@pytest.mark.parametrize(
    ("name", "down"),
    [
        ("011_t.down.sql", True),
        ("011_t_down.sql", True),
        ("U11__t.sql", True),
        ("011_t.undo.sql", True),
        ("011_t.sql", False),
        ("011_shutdown.sql", False),
        ("011_t.up.sql", False),
    ],
)
def test_which_file_names_lead_back(name: str, down: bool) -> None:
    assert is_down(name) is down
