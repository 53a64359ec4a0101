"""Expectations about whole results: expect-result and expect-same-as-before."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.expect.comparison import Key, Literal, key, literal_key, quoted, shown
from pytest_dbmigrate.spec.expect.verdicts import (
    ALL_ROWS,
    describe_failure,
    errored,
    failed,
    passed,
    rows_in_words,
    truncated,
    unsure,
    whole,
)
from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.spec.expectations import Column

# Between the cells of a row. BROKEN BAR: unlike `|`, it hardly ever stands in data.
SEPARATOR = "¦"
_SHOWN = 10  # rows named in a failure
_KEY = re.compile(r"@|[A-Za-z][\w-]*\s*:|expect", re.IGNORECASE)  # what would end the rows

Cell = Literal | None  # None is NULL


@dataclass(frozen=True, slots=True)
class ExactResult:
    """The rows are exactly these, in this order, or in any order when `rowsort`.

    `file` is the side file that holds them, empty when they stand below the key; `headings` are a
    side file's column names. `rows` is None when the side file does not exist yet. `first_line` and
    `last_line` are the lines of the rows in the .sql file (`last_line` is before `first_line` when
    there are none); `rewrite` needs them.
    """

    rows: tuple[tuple[Cell, ...], ...] | None
    rowsort: bool = False
    file: str = ""
    headings: tuple[str, ...] = ()
    first_line: int = field(default=0, compare=False)
    last_line: int = field(default=-1, compare=False)

    @property
    def text(self) -> str:
        """The layer-A line, without the rows that follow it."""
        return " ".join(w for w in ("expect-result:", "rowsort" * self.rowsort, self.file) if w)

    @property
    def rows_needed(self) -> int:
        """One row beyond the expected ones."""
        return len(self.rows or ()) + 1

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the rows; a failure names the missing and the unexpected ones."""
        if self.rows is None:
            return unsure(
                f"the rows in {self.file}",
                "that file does not exist yet",
                "no-expected-file",
                "run once with --dbmigrate-update-expected, and read the file before you commit it",
            )
        expected = f"exactly {rows_in_words(len(self.rows))}" + " in any order" * self.rowsort
        if isinstance(result, Failure):
            return errored(expected, result)
        widths = {len(row) for row in self.rows}
        if result.columns and widths and widths != {len(result.columns)}:
            shape = f"{len(result.columns)} columns: {', '.join(c.name for c in result.columns)}"
            return failed(expected, shape, [f"the expected rows have {min(widths)}"])
        if self.headings and self.headings != tuple(c.name for c in result.columns):
            seen = ", ".join(c.name for c in result.columns)
            return failed(
                expected, f"columns {seen}", [f"in {self.file}: {', '.join(self.headings)}"]
            )
        if not whole(result):
            if result.row_count > len(self.rows):
                return failed(expected, f"at least {rows_in_words(result.row_count)}")
            return truncated(expected, result)
        oids = [c.oid for c in result.columns]
        wanted = [tuple(_cell_key(c, o) for c, o in zip(r, oids, strict=True)) for r in self.rows]
        seen_rows = [_row_key(row, oids) for row in result.rows]
        if seen_rows == wanted or (self.rowsort and Counter(seen_rows) == Counter(wanted)):
            return passed(expected, rows_in_words(len(result.rows)))
        details = _differences(self.rows, wanted, result.rows, seen_rows, result.columns)
        return failed(expected, rows_in_words(len(result.rows)), details)


@dataclass(frozen=True, slots=True)
class SameAsBefore:
    """The same columns and rows as the same statement returned before the first migration.

    Rows compare in any order: without ORDER BY the server promises none, and with it the same rows
    come in the same order.
    """

    text: str = "expect-same-as-before"

    @property
    def rows_needed(self) -> int:
        """All."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:
        """Compare with the earlier result; without a whole earlier result nothing is claimed."""
        expected = "the same as before the first migration"
        if isinstance(result, Failure):
            return errored(expected, result)
        if before is None:
            return unsure(expected, "nothing was observed before", "no-before")
        if isinstance(before, Failure):
            return unsure(expected, f"before: {describe_failure(before)}", "no-before")
        if not whole(before):
            return truncated(expected, before)
        now, then = [c.name for c in result.columns], [c.name for c in before.columns]
        if now != then:
            return failed(expected, f"columns {', '.join(now)}", [f"before: {', '.join(then)}"])
        if not whole(result):
            return truncated(expected, result)
        then_keys = [_row_key(row, [c.oid for c in before.columns]) for row in before.rows]
        now_keys = [_row_key(row, [c.oid for c in result.columns]) for row in result.rows]
        if Counter(then_keys) == Counter(now_keys):
            return passed(expected, f"{rows_in_words(len(result.rows))}, the same")
        lost = _only_in_first(then_keys, now_keys)
        new = _only_in_first(now_keys, then_keys)
        details = [
            *_named("no longer there", (_row(before.rows[n], before.columns) for n in lost), lost),
            *_named("new", (_row(result.rows[n], result.columns) for n in new), new),
        ]
        seen = f"{rows_in_words(len(result.rows))}, before {rows_in_words(len(before.rows))}"
        return failed(expected, seen, details)


def _cell_key(cell: Cell, oid: int) -> Key:
    """A cell means the column's own type: a number, a boolean, a time, else text."""
    return ("null", "") if cell is None else _typed(cell.text, oid)


def _typed(text: str, oid: int) -> Key:
    typed = key(text, oid)
    return typed if typed[0] != "text" else literal_key(Literal("text", text), oid)


def _row_key(row: Sequence[str | None], oids: Sequence[int]) -> tuple[Key, ...]:
    return tuple(key(value, oid) for value, oid in zip(row, oids, strict=True))


def _differences(
    expected: Sequence[tuple[Cell, ...]],
    wanted: list[tuple[Key, ...]],
    rows: Sequence[tuple[str | None, ...]],
    seen: list[tuple[Key, ...]],
    columns: Sequence[Column],
) -> list[str]:
    missing, extra = _only_in_first(wanted, seen), _only_in_first(seen, wanted)
    if not missing and not extra:
        return ["the same rows in another order: add ORDER BY, or write expect-result: rowsort"]
    return [
        *_named("missing", (render_cells(expected[n]) for n in missing), missing),
        *_named("unexpected", (_row(rows[n], columns) for n in extra), extra),
    ]


def _only_in_first(
    first: Iterable[tuple[Key, ...]], second: Iterable[tuple[Key, ...]]
) -> list[int]:
    """The places of those rows of `first` that `second` does not hold as often."""
    left = Counter(second)
    places = []
    for place, row in enumerate(first):
        if left[row] > 0:
            left[row] -= 1
        else:
            places.append(place)
    return places


def _named(word: str, rows: Iterable[str], places: Sequence[int]) -> list[str]:
    named = [f"{word}: {row}" for _, row in zip(range(_SHOWN), rows, strict=False)]
    more = len(places) - len(named)
    return [*named, f"and {more} more {word}"] if more > 0 else named


def _row(row: Sequence[str | None], columns: Sequence[Column]) -> str:
    return f" {SEPARATOR} ".join(shown(v, c.oid) for v, c in zip(row, columns, strict=True))


def render_cells(row: Sequence[Cell]) -> str:
    """A row as it stands below the key: `a ¦ b`."""
    return f" {SEPARATOR} ".join("NULL" if c is None else plain_or_quoted(c.text) for c in row)


def plain_or_quoted(text: str) -> str:
    """A cell's text, in quotes where it would otherwise be read as something else."""
    if "\\" in text or not text.isprintable():
        return "E" + quoted("".join(_escaped(c) for c in text))
    odd = text != text.strip() or not text or text.upper() == "NULL" or SEPARATOR in text
    return quoted(text) if odd or text.startswith(("'", "E'")) or _KEY.match(text) else text


def _escaped(character: str) -> str:
    """What no line may hold as it is, and no reader would see, as PostgreSQL's E'' writes it."""
    if character in "\\\n\r":
        return {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}[character]
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
