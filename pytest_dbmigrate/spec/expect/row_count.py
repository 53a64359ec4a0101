"""Expectations about how many rows come back: expect-rows, expect-no-rows, expect-visible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal as OneOf

from pytest_dbmigrate.spec.expect.comparison import BadValueError
from pytest_dbmigrate.spec.expect.verdicts import (
    errored,
    failed,
    offered_set,
    passed,
    rows_in_words,
    truncated,
)
from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict

CountOperator = OneOf["=", "<", "<=", ">", ">=", "<>", ".."]

_COUNT = re.compile(r"(>=|<=|<>|!=|>|<|=|≥|≤)?\s*([0-9]{1,15})")
_RANGE = re.compile(r"([0-9]{1,15})\s*\.\.\s*([0-9]{1,15})")
_BETWEEN = re.compile(r"between\s+([0-9]{1,15})\s+and\s+([0-9]{1,15})", re.IGNORECASE)
_SIGNS: dict[str, CountOperator] = {
    "≥": ">=", "≤": "<=", "!=": "<>", ">=": ">=", "<=": "<=",
    "<>": "<>", ">": ">", "<": "<", "=": "=",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowCount:
    """The number of rows: equal to, or bounded by, `count`; `upper` ends a range (`2..4`)."""

    operator: CountOperator
    count: int
    upper: int = 0

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        return f"expect-rows: {self}"

    def __str__(self) -> str:
        """Render the count as the key's value."""
        if self.operator == "..":
            return f"{self.count}..{self.upper}"
        return str(self.count) if self.operator == "=" else f"{self.operator} {self.count}"

    @property
    def rows_needed(self) -> int:
        """One row beyond the largest number that matters."""
        return max(self.count, self.upper) + 1

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the number of rows; a result cut short proves only lower bounds."""
        expected = self._in_words()
        if isinstance(result, Failure):
            return errored(expected, result)
        seen = result.row_count
        at_least = "" if result.complete else "at least "
        if self._holds(seen) and (result.complete or self._grows_true(seen)):
            return passed(expected, f"{at_least}{rows_in_words(seen)}")
        if not result.complete and not self._stays_false(seen):
            return truncated(expected, result)
        offer = offered_set(result) if self.operator == "=" and self.count else ""
        details = [f"a bare count is brittle; observed now, to compare: {offer}"] if offer else []
        return failed(expected, f"{at_least}{rows_in_words(seen)}", details)

    def _in_words(self) -> str:
        if self.operator == "=":
            return rows_in_words(self.count)
        return f"{self} rows"

    def _holds(self, seen: int) -> bool:
        return {
            "=": seen == self.count,
            "<>": seen != self.count,
            "<": seen < self.count,
            "<=": seen <= self.count,
            ">": seen > self.count,
            ">=": seen >= self.count,
            "..": self.count <= seen <= self.upper,
        }[self.operator]

    def _grows_true(self, seen: int) -> bool:
        """Whether it holds for every larger number as well."""
        return self.operator in {">", ">="} or (self.operator == "<>" and seen > self.count)

    def _stays_false(self, seen: int) -> bool:
        """Whether it is false for every larger number as well."""
        limits = {"=": self.count, "<=": self.count, "<": self.count - 1, "..": self.upper}
        return self.operator in limits and seen > limits[self.operator]


NO_ROWS = RowCount("=", 0)


@dataclass(frozen=True, slots=True)
class Visible:
    """At least one row is seen by the role of `as:`: the positive control of an isolation check."""

    text: str = "expect-visible"

    @property
    def rows_needed(self) -> int:
        """One row proves it."""
        return 1

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Pass when any row came back."""
        expected = "at least one row is visible"
        if isinstance(result, Failure):
            return errored(expected, result)
        if result.row_count > 0:
            return passed(expected, rows_in_words(result.row_count))
        return failed(
            expected,
            "no rows",
            ["the role sees nothing of its own, so that it sees nothing else proves no isolation"],
        )


def parse_row_count(text: str) -> RowCount:
    """Read `0`, `>= 2`, `2..4`, `between 2 and 4`. Raises BadValueError."""
    if match := _RANGE.fullmatch(text) or _BETWEEN.fullmatch(text):
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise BadValueError(f"no number is in {low}..{high}", f"write {high}..{low}")
        return RowCount("..", low, high)
    match = _COUNT.fullmatch(text)
    if match is None:
        raise BadValueError(
            f"{text} is not a number of rows" if text else "the number of rows is missing",
            "write a number (0), a bound (>= 2) or a range (2..4)",
        )
    operator = _SIGNS[match[1] or "="]
    if operator == "<" and not int(match[2]):
        raise BadValueError("no number of rows is below 0", "write expect-no-rows")
    return RowCount(operator, int(match[2]))
