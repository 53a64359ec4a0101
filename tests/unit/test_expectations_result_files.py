"""Expected rows in the .sql file and in a side file: reading, and rewriting from what was seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dbmigrate.spec.annotations import Check, read_checks
from pytest_dbmigrate.spec.expect.comparison import BadValueError, Literal
from pytest_dbmigrate.spec.expect.exact_result import ExactResult
from pytest_dbmigrate.spec.expect.result_files import (
    parse_row,
    read_csv,
    render_csv,
    render_rows,
    rewrite,
)
from pytest_dbmigrate.spec.expectations import Column, Outcome, Result
from pytest_dbmigrate.spec.statements import scan

TEXT = 25
CELLS = st.one_of(st.none(), st.text(st.characters(exclude_characters="\0"), max_size=8))


def result(*rows: tuple[str | None, ...]) -> Result:
    width = len(rows[0]) if rows else 1
    return Result(tuple(Column(f"c{n}", TEXT) for n in range(width)), rows, len(rows))


def expectation(check: Check) -> ExactResult:
    assert isinstance(check.expectation, ExactResult)
    return check.expectation


@given(st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_when_a_result_is_written_to_a_side_file_then_reading_it_back_passes(
    rows: list[tuple[str | None, str | None]],
) -> None:
    """Whatever the values hold: commas, quotes, line ends, nothing, NULL."""
    seen = Result((Column("a", TEXT), Column("b", TEXT)), tuple(rows), len(rows))
    for rowsort in (False, True):
        found = read_csv(render_csv(seen, rowsort=rowsort), "x.csv", rowsort=rowsort)
        assert found.judge(seen).outcome is Outcome.PASS


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_when_a_result_is_written_below_its_key_then_reading_it_back_passes(
    rows: list[tuple[str | None, str | None]],
) -> None:
    """Every line is a comment line, so no value may break out of it."""
    seen = Result((Column("a", TEXT), Column("b", TEXT)), tuple(rows), len(rows))
    lines = render_rows(seen)
    assert all(len(line.splitlines()) == 1 for line in lines)
    found = ExactResult(tuple(parse_row(line) for line in lines))
    assert found.judge(seen).outcome is Outcome.PASS
    text = "-- expect-result: rowsort\n-- x ¦ y\nSELECT a, b FROM t;\n"
    check = read_checks(scan(text, "x.sql"))[0]
    written = rewrite(text, [(expectation(check), seen)])
    again = read_checks(scan(written, "x.sql"))[0]
    assert expectation(again).judge(seen).outcome is Outcome.PASS


def test_when_rows_were_observed_then_only_the_lines_below_the_keys_change() -> None:
    """Indentation and line ends are kept; several keys of one file are rewritten at once."""
    text = (
        "-- 1. plans\r\n  -- expect-result:\r\n  -- old\r\n  -- older\r\nSELECT a FROM t;\r\n\r\n"
        "SELECT b FROM t;\r\n-- expect-result: rowsort\r\n-- z\r\n\r\n-- the end\r\n"
    )
    first, second = read_checks(scan(text, "x.sql"))
    seen = [(expectation(first), result(("free",))), (expectation(second), result(("b",), ("a",)))]
    assert rewrite(text, seen) == (
        "-- 1. plans\r\n  -- expect-result:\r\n  --   free\r\nSELECT a FROM t;\r\n\r\n"
        "SELECT b FROM t;\r\n-- expect-result: rowsort\r\n--   a\r\n--   b\r\n\r\n-- the end\r\n"
    )


@pytest.mark.parametrize(
    "value",
    ["A) one", "name: x", "expect-value: 2", "SELECT 1;", "=====", "- a", "Expected: 0", "@x"],
)
def test_when_a_row_looks_like_something_else_then_it_is_still_a_row(value: str) -> None:
    """Data below the key is data, whatever it looks like."""
    seen = result((value, None), ("b", "c"))
    text = "-- expect-result:\n-- x ¦ y\nSELECT a, b FROM t;\n"
    (check,) = read_checks(scan(text, "x.sql"))
    (again,) = read_checks(scan(rewrite(text, [(expectation(check), seen)]), "x.sql"))
    assert expectation(again).judge(seen).outcome is Outcome.PASS


def test_when_no_row_was_observed_then_the_key_becomes_expect_no_rows() -> None:
    """A key without rows would say nothing."""
    text = "-- Expect_Result: rowsort\n-- old\nSELECT a FROM t;\n"
    (check,) = read_checks(scan(text, "x.sql"))
    none = Result((Column("a", TEXT),), (), 0)
    written = rewrite(text, [(expectation(check), none)])
    assert written == "-- expect-no-rows\nSELECT a FROM t;\n"


def test_when_cases_of_one_statement_return_different_rows_then_nothing_is_written() -> None:
    """One list of rows cannot be right for both."""
    text = '-- param: t = a | b\n-- expect-result:\n-- old\nSELECT x FROM :"t";\n'
    one, other = (expectation(c) for c in read_checks(scan(text, "x.sql")))
    assert "new" in rewrite(text, [(one, result(("new",))), (other, result(("new",)))])
    with pytest.raises(ValueError, match="line 2 return different rows"):
        rewrite(text, [(one, result(("new",))), (other, result(("else",)))])


def test_when_a_result_was_cut_short_then_it_is_not_written() -> None:
    """What was not seen cannot be expected."""
    seen = Result((Column("a", TEXT),), (("x",),), 2)
    with pytest.raises(ValueError, match="cut short"):
        render_csv(seen)


def test_when_a_side_file_is_named_then_its_headings_count_as_well() -> None:
    """A renamed column is a difference."""
    text = "-- expect-result: rowsort plans.csv\nSELECT id, name FROM plans;"
    (check,) = read_checks(scan(text, "x.sql"), lambda _: "id,name\n2,pro\n1,free\n")
    columns = (Column("id", 23), Column("name", TEXT))
    rows = (("1", "free"), ("2", "pro"))
    found = expectation(check)
    assert found.file == "plans.csv"
    assert found.judge(Result(columns, rows, 2)).outcome is Outcome.PASS
    renamed = (Column("id", 23), Column("title", TEXT))
    assert found.judge(Result(renamed, rows, 2)).details == ("in plans.csv: id, name",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.csv has no line of headings"),
        ("a,b\n1\n", "record 2 of x.csv has 1 fields, but there are 2 headings"),
        ('a\n"open\n', "line 2 is not CSV"),
        ('a\nx"y\n', "line 2 is not CSV"),
    ],
)
def test_when_a_side_file_is_no_csv_then_the_error_says_where(text: str, problem: str) -> None:
    """The remedy says how to quote."""
    with pytest.raises(BadValueError) as caught:
        read_csv(text, "x.csv", rowsort=False)
    assert caught.value.problem == problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a ¦ b", ("a", "b")),
        ("it's ¦ NULL", ("it's", None)),
        ("'a ¦ b' ¦ 'NULL'", ("a ¦ b", "NULL")),
        ("'' ¦ ' x '", ("", " x ")),
        (r"E'a\nb\\' ¦ E", ("a\nb\\", "E")),
        ("null", (None,)),
    ],
)
def test_when_a_row_is_written_out_then_quotes_keep_what_would_be_lost(
    line: str, cells: tuple[str | None, ...]
) -> None:
    """Plain where it can be."""
    assert tuple(c.text if isinstance(c, Literal) else None for c in parse_row(line)) == cells


@pytest.mark.parametrize("line", ["a ¦", "¦ a", "'open", "a ¦ 'x' y"])
def test_when_a_row_cannot_be_read_then_it_is_an_error(line: str) -> None:
    """An empty cell could be NULL or the empty text."""
    with pytest.raises(BadValueError):
        parse_row(line)


def test_when_rows_have_different_widths_then_it_is_an_error() -> None:
    """A forgotten separator."""
    text = "-- expect-result:\n-- a ¦ b\n-- c\nSELECT a, b FROM t;"
    with pytest.raises(Exception, match="the rows have 1 and 2 cells"):
        read_checks(scan(text, "x.sql"))
