"""What all expectations say alike: a failed statement, a shape, a result that was cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.expect.comparison import shown
from pytest_dbmigrate.spec.expectations import Failure, Outcome, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.spec.expectations import Column

# Rows that must be kept for an expectation about all rows; a longer result ends NOT CHECKED.
ALL_ROWS = 10_000

_LISTED = 60  # names in one line of a message
_PLAIN = 100  # characters of a member without quotes


def passed(expected: str, observed: str) -> Verdict:
    """The expectation was evaluated and holds."""
    return Verdict(Outcome.PASS, expected, observed)


def failed(expected: str, observed: str, details: Iterable[str] = ()) -> Verdict:
    """The expectation was evaluated and does not hold."""
    return Verdict(Outcome.FAIL, expected, observed, tuple(d for d in details if d))


def unsure(expected: str, observed: str, reason: str, suggestion: str = "") -> Verdict:
    """What was observed proves neither."""
    return Verdict(Outcome.NOT_CHECKED, expected, observed, reason=reason, suggestion=suggestion)


def errored(expected: str, failure: Failure) -> Verdict:
    """The statement failed, so there is nothing to compare: never the same as "no rows"."""
    return Verdict(Outcome.ERROR, expected, describe_failure(failure))


def describe_failure(failure: Failure) -> str:
    """The error in words, with its SQLSTATE."""
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    return f"error: {failure.message}{code}"


def truncated(expected: str, result: Result) -> Verdict:
    """Only a part of the result was seen, and the rest could change the verdict."""
    seen = (
        f"the first {rows_in_words(len(result.rows))} of {result.row_count}"
        if result.complete
        else f"more than {result.row_count} rows; the rest was not read"
    )
    return unsure(expected, seen, "truncated", "narrow the query, or count in SQL")


def whole(result: Result) -> bool:
    """Whether every row of the result was kept."""
    return result.complete and len(result.rows) == result.row_count


def rows_in_words(count: int) -> str:
    """`no rows`, `1 row`, `5 rows`."""
    return {0: "no rows", 1: "1 row"}.get(count, f"{count} rows")


def shape_in_words(result: Result) -> str:
    """`no rows`, `3 rows, 2 columns`."""
    if result.complete and result.row_count == 0:
        return "no rows"
    more = "" if result.complete else "more than "
    columns = len(result.columns)
    width = "1 column" if columns == 1 else f"{columns} columns"
    return f"{more}{rows_in_words(result.row_count)}, {width}"


def find_column(columns: Sequence[Column], name: str) -> int | None:
    """The place of the one column with this heading, None when none or several have it.

    Headings compare as written first, then without regard to case, as unquoted names do in SQL.
    """
    exact = [i for i, c in enumerate(columns) if c.name == name]
    found = exact or [i for i, c in enumerate(columns) if c.name.lower() == name.lower()]
    return found[0] if len(found) == 1 else None


def no_such_column(expected: str, result: Result, name: str) -> Verdict:
    """The result has no column of this name, or several: the expectation cannot be evaluated."""
    names = ", ".join(c.name for c in result.columns) or "none"
    return unsure(
        expected,
        f"no single column {name} in the result; its columns: {names}",
        "no-such-column",
        f"name one of: {names}",
    )


def members(values: Iterable[tuple[str | None, int]]) -> str:
    """Values as the members of a set: `a, b, 'with space'`, capped and said so."""
    listed = [member(value, oid) for value, oid in values]
    rest = len(listed) - _LISTED
    return ", ".join(listed[:_LISTED]) + (f", and {rest} more" if rest > 0 else "")


def member(value: str | None, oid: int) -> str:
    """One value of the server as the member of a set."""
    plain = value is not None and is_plain(value)
    return value if plain and value is not None else shown(value, oid)


def is_plain(text: str) -> bool:
    """Whether a text may stand without quotes as the member of a set."""
    bare = bool(text) and text == text.strip() and len(text) <= _PLAIN
    return bare and not set(text) & set(",{}'\"\n\r") and text.lower() != "null"


def offered_set(result: Result) -> str:
    """The `expect-column: … set {…}` line that names what was observed, empty when none fits."""
    if not whole(result) or not 0 < len(result.rows) <= _LISTED:
        return ""
    for index, column in enumerate(result.columns):
        values = [row[index] for row in result.rows]
        if None not in values and len(set(values)) == len(values):
            pairs = sorted((v, column.oid) for v in values if v is not None)
            return f"expect-column: {column_name(column.name)} set {{{members(pairs)}}}"
    return ""


def column_name(name: str) -> str:
    """A column's name as a key writes it: quoted when it is no plain word."""
    plain = name.isidentifier() and name.isascii()
    return name if plain else '"' + name.replace('"', '""') + '"'
