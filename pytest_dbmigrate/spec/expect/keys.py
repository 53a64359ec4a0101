"""`expect-…` keys and their values → expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.expect.columns import parse_column, parse_status
from pytest_dbmigrate.spec.expect.comparison import BadValueError, parse_condition
from pytest_dbmigrate.spec.expect.exact_result import ExactResult, SameAsBefore
from pytest_dbmigrate.spec.expect.execution import Success, parse_error
from pytest_dbmigrate.spec.expect.result_files import (
    parse_result_value,
    parse_row,
    read_csv,
    same_width,
)
from pytest_dbmigrate.spec.expect.row_count import NO_ROWS, Visible, parse_row_count
from pytest_dbmigrate.spec.expect.single_value import SingleRow, SingleValue, parse_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_dbmigrate.spec.expectations import Expectation

RESULT = "expect-result"
EXPECT_KEYS = (
    "expect-value", "expect-rows", "expect-no-rows", "expect-row", "expect-column", RESULT,
    "expect-status", "expect-same-as-before", "expect-error", "expect-success", "expect-visible",
)  # fmt: skip
WITHOUT_VALUE = frozenset(
    {"expect-no-rows", "expect-same-as-before", "expect-success", "expect-visible"}
)


def parse_expectation(
    key: str,
    value: str,
    rows: Sequence[str] = (),
    load: Callable[[str], str] | None = None,
    first_line: int = 0,
) -> Expectation:
    """Read one `expect-…` key's value into its expectation. Raises BadValueError.

    `rows` are the lines below an `expect-result`, the first of them at `first_line`; `load` gives
    the text of a side file by its name, and raises FileNotFoundError while there is none.
    """
    if key in WITHOUT_VALUE:
        if value:
            raise BadValueError(f"{key} takes no value", f"write {key} alone")
        return _without_value(key)
    if key == RESULT:
        return _exact_result(value, rows, load, first_line)
    if key == "expect-value":
        return SingleValue(parse_condition(value))
    if key == "expect-row":
        return SingleRow(parse_columns(value))
    if key == "expect-rows":
        return parse_row_count(value)
    if key == "expect-column":
        return parse_column(value)
    if key == "expect-status":
        return parse_status(value)
    return parse_error(value)


def _without_value(key: str) -> Expectation:
    if key == "expect-no-rows":
        return NO_ROWS
    if key == "expect-same-as-before":
        return SameAsBefore()
    return Success() if key == "expect-success" else Visible()


def _exact_result(
    value: str, rows: Sequence[str], load: Callable[[str], str] | None, first_line: int
) -> ExactResult:
    rowsort, file = parse_result_value(value)
    if not file:
        cells = tuple(parse_row(row) for row in rows)
        if not cells:
            raise BadValueError(
                "no rows follow expect-result",
                "write each row on a comment line below it, or expect-no-rows",
            )
        same_width(cells)
        return ExactResult(
            cells, rowsort, first_line=first_line, last_line=first_line + len(rows) - 1
        )
    if load is None:
        raise BadValueError(f"{file} cannot be read here", "write the rows below the key")
    try:
        text = load(file)
    except FileNotFoundError:
        return ExactResult(None, rowsort, file)
    except OSError as error:
        raise BadValueError(
            f"{file} cannot be read: {error.strerror}", "check its permissions"
        ) from None
    return read_csv(text, file, rowsort=rowsort)
