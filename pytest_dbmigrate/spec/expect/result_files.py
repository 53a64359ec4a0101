"""Expected rows in text: reading and rewriting the lines below `expect-result`, and its side file.

A side file is CSV as `psql --csv` and COPY … (FORMAT csv, HEADER) write it: a line of headings,
`""` for the empty text, nothing for NULL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.expect.comparison import BadValueError, Literal
from pytest_dbmigrate.spec.expect.exact_result import SEPARATOR, Cell, ExactResult, plain_or_quoted
from pytest_dbmigrate.spec.expect.verdicts import whole
from pytest_dbmigrate.spec.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.spec.expectations import Result

_CELL = re.compile(r"(E)?'((?:[^']|'')*)'")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_PLAIN_NAME = re.compile(r"[^\s'\"]+\.csv", re.IGNORECASE)


def parse_result_value(text: str) -> tuple[bool, str]:
    """Read what may follow `expect-result:`: (rowsort, side file). Raises BadValueError."""
    words = text.split()
    rowsort = bool(words) and words[0].lower() == "rowsort"
    rest = words[1:] if rowsort else words
    if len(rest) > 1 or (rest and not _PLAIN_NAME.fullmatch(rest[0])):
        raise BadValueError(
            f"{' '.join(rest)} is not what may follow expect-result",
            "write nothing or rowsort, and either a file.csv or the rows on the lines below",
        )
    file = rest[0] if rest else ""
    if file.startswith("/") or ".." in file.split("/"):
        raise BadValueError(f"{file} is outside this folder", "keep the file beside this one")
    return rowsort, file


def parse_row(text: str) -> tuple[Cell, ...]:
    """Read one line of cells: `a ¦ 'b' ¦ NULL`. Raises BadValueError."""
    cells: list[Cell] = []
    for part in _split_cells(text):
        written = part.strip()
        if written.upper() == "NULL":
            cells.append(None)
        elif match := _CELL.fullmatch(written):
            body = match[2].replace("''", "'")
            cells.append(Literal("text", _ESCAPE.sub(_unescape, body) if match[1] else body))
        elif not written:
            raise BadValueError("a cell is empty", "write '' for the empty text, NULL for NULL")
        elif written.startswith("'"):
            raise BadValueError(
                f"the cell {written} is not closed by a quote", "double a quote inside: ''"
            )
        else:
            cells.append(Literal("text", written))
    return tuple(cells)


# A quoted cell up to its separator, else whatever stands before the next one.
_NEXT_CELL = compiled(
    rf"(\s*E?'(?:[^']|'')*+'\s*(?={SEPARATOR}|\Z)|[^{SEPARATOR}]*+)({SEPARATOR}|\Z)"
)


def _split_cells(text: str) -> list[str]:
    """The cells as they are written; a separator inside quotes separates nothing."""
    cells, position = [], 0
    while match := _NEXT_CELL.match(text, position):
        cells.append(match[1])
        if not match[2]:
            break
        position = match.end()
    return cells


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else match[0]
    return {"n": "\n", "r": "\r"}.get(match[3], match[3])


def same_width(rows: Sequence[tuple[Cell, ...]]) -> None:
    """Refuse rows of different lengths. Raises BadValueError."""
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise BadValueError(
            f"the rows have {widths[0]} and {widths[-1]} cells",
            f"separate cells with {SEPARATOR}, and write all of them",
        )


def read_csv(text: str, file: str, *, rowsort: bool) -> ExactResult:
    """The expected rows of a side file's text. Raises BadValueError that names the line."""
    records = list(_csv_records(text))
    if not records or any(heading is None for heading in records[0]):
        raise BadValueError(
            f"{file} has no line of headings", "write the column names on its first line"
        )
    headings = tuple(h.text for h in records[0] if h is not None)
    for number, record in enumerate(records[1:], start=2):
        if len(record) != len(headings):
            fields = f"{len(record)} fields, but there are {len(headings)} headings"
            raise BadValueError(
                f"record {number} of {file} has {fields}",
                'quote a field that holds a comma: "a, b"',
            )
    return ExactResult(tuple(records[1:]), rowsort, file, headings)


_FIELD = compiled(r'"((?:[^"]|"")*+)"|([^",\r\n]*+)')
_AFTER_FIELD = re.compile(r",|\r?\n|\Z")


def _csv_records(text: str) -> Iterable[tuple[Cell, ...]]:
    position, record = 0, list[Cell]()
    while position < len(text):
        field = _FIELD.match(text, position)
        end = field and _AFTER_FIELD.match(text, field.end())
        if field is None or end is None:
            line = text.count("\n", 0, position) + 1
            raise BadValueError(
                f"line {line} is not CSV", 'quote a field that holds a quote: "a ""b"" c"', position
            )
        if field[1] is not None:
            record.append(Literal("text", field[1].replace('""', '"')))
        else:
            record.append(Literal("text", field[2]) if field[2] else None)
        position = end.end()
        if end[0] == ",":
            if position == len(text):
                record.append(None)
            continue
        yield tuple(record)
        record = []
    if record:
        yield tuple(record)


def render_csv(result: Result, *, rowsort: bool = False) -> str:
    """The side file's text that an observed result would be equal to.

    Raises ValueError for a result of which not every row was kept.
    """
    _require_whole(result)
    rows = [",".join("" if v is None else _csv_field(v) for v in row) for row in result.rows]
    head = ",".join(_csv_field(c.name) for c in result.columns)
    return "\n".join([head, *(sorted(rows) if rowsort else rows)]) + "\n"


def _csv_field(value: str) -> str:
    special = not value or set(value) & set('",\r\n') or value != value.strip()
    return '"' + value.replace('"', '""') + '"' if special else value


def render_rows(result: Result, *, rowsort: bool = False) -> list[str]:
    """The rows of an observed result as they stand below `expect-result:`."""
    _require_whole(result)
    rows = [
        f" {SEPARATOR} ".join("NULL" if v is None else plain_or_quoted(v) for v in row)
        for row in result.rows
    ]
    return sorted(rows) if rowsort else rows


_KEY = re.compile(r"expect[-_]result.*", re.IGNORECASE)


def rewrite(text: str, observed: Iterable[tuple[ExactResult, Result]]) -> str:
    """The .sql file's text with the rows below its `expect-result` keys as they were observed.

    Where no row came back the key becomes `expect-no-rows`. Raises ValueError for a result of which
    not every row was kept, and for parameter cases of one statement that returned different rows.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    written: dict[int, tuple[ExactResult, list[str]]] = {}
    for expectation, result in observed:
        if expectation.file:
            continue
        rows = render_rows(result, rowsort=expectation.rowsort)
        place = expectation.first_line
        if written.setdefault(place, (expectation, rows))[1] != rows:
            raise ValueError(
                f"the cases of the check at line {place - 1} return different rows: "
                "write a statement for each, or a condition that holds for all"
            )
    for place in sorted(written, reverse=True):
        expectation, rows = written[place]
        above = lines[place - 2]
        indent = above[: len(above) - len(above.lstrip())]
        newline = "\r\n" if above.endswith("\r\n") else "\n"
        lines[place - 1 : expectation.last_line] = [f"{indent}--   {r}{newline}" for r in rows]
        if not rows:
            lines[place - 2] = _KEY.sub("expect-no-rows", above.rstrip("\r\n")) + newline
    return "".join(lines)


def _require_whole(result: Result) -> None:
    if not whole(result):
        raise ValueError("the result was cut short, so its rows are not all known")
