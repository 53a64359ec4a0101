"""Expectations about a named column over all rows: expect-column and expect-status."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_dbmigrate.spec.expect.comparison import (
    BadValueError,
    Condition,
    Literal,
    key,
    literal_key,
    parse_condition,
    parse_literal,
    quoted,
    shown,
    type_clash,
)
from pytest_dbmigrate.spec.expect.single_value import split_outside_quotes, unquote_name
from pytest_dbmigrate.spec.expect.verdicts import (
    ALL_ROWS,
    column_name,
    errored,
    failed,
    find_column,
    is_plain,
    members,
    no_such_column,
    passed,
    rows_in_words,
    truncated,
    unsure,
    whole,
)
from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict

_SHOWN = 10  # rows named in a failure


@dataclass(frozen=True, slots=True)
class EveryRow:
    """Every row's value in a column meets the condition; a result without rows proves nothing."""

    column: str
    condition: Condition

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        condition = self.condition
        sign = "= " if condition.operator == "=" else ""
        return f"expect-column: {column_name(self.column)} every {sign}{condition}"

    @property
    def rows_needed(self) -> int:
        """All."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare every row; a row that differs fails even when the rest was not read."""
        expected = f"every {self.column} {_after_name(self.condition)}"
        if isinstance(result, Failure):
            return errored(expected, result)
        index = find_column(result.columns, self.column)
        if index is None:
            return no_such_column(expected, result, self.column)
        oid = result.columns[index].oid
        held = [self.condition.holds(row[index], oid) for row in result.rows]
        wrong = [n for n, h in enumerate(held) if h is False]
        if wrong:
            details = _rows_in_words(result, index, wrong)
            clash = type_clash(self.condition.value, result.rows[wrong[0]][index], oid)
            return failed(
                expected,
                f"{len(wrong)} of {rows_in_words(result.row_count)} not",
                [*details, clash],
            )
        if None in held:
            value = result.rows[held.index(None)][index]
            why = f"{shown(value, oid)} and {self.condition.value} have no order"
            return unsure(expected, why, "other-kind")
        if not whole(result):
            return truncated(expected, result)
        if not held:
            return unsure(expected, "no rows, so nothing was compared", "no-rows", "expect-no-rows")
        return passed(expected, f"{rows_in_words(len(held))}, every one")


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """A column's distinct values are exactly `members`, or at least those when not `exact`."""

    column: str
    members: tuple[Literal, ...]
    exact: bool = True

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        word = "set" if self.exact else "contains"
        return f"expect-column: {column_name(self.column)} {word} {{{self._listed()}}}"

    def _listed(self) -> str:
        return ", ".join(_member(m) for m in self.members)

    @property
    def rows_needed(self) -> int:
        """All: how many rows hold one member is not known."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the sets; a failure names what is missing and what is unexpected."""
        word = "exactly" if self.exact else "at least"
        expected = f"{self.column} is {word} {{{self._listed()}}}"
        if isinstance(result, Failure):
            return errored(expected, result)
        index = find_column(result.columns, self.column)
        if index is None:
            return no_such_column(expected, result, self.column)
        oid = result.columns[index].oid
        wanted = {_member_key(m, oid): m for m in self.members}
        seen = {key(row[index], oid): row[index] for row in result.rows}
        missing = [str(_member(m)) for k, m in wanted.items() if k not in seen]
        extra = [v for k, v in seen.items() if k not in wanted] if self.exact else []
        complete = whole(result)
        if extra or (missing and complete):
            details = [
                "missing: " + ", ".join(missing) if missing and complete else "",
                "unexpected: " + members((v, oid) for v in extra) if extra else "",
            ]
            observed = members((v, oid) for v in seen.values()) or "no rows"
            return failed(expected, observed, details)
        if missing or (self.exact and not complete):
            return truncated(expected, result)
        return passed(expected, members((v, oid) for v in seen.values()) or "no rows")


_GOOD = re.compile(r"(?:[✅✓✔☑]\ufe0f?\s*)?(?:pass|ok|true)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatusColumn:
    """At least one row, and every row's status is PASS, OK or true."""

    column: str

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        return f"expect-status: {column_name(self.column)}"

    @property
    def rows_needed(self) -> int:
        """All."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Look at every row's status; a bad one fails even when the rest was not read."""
        expected = f"every {self.column} is PASS, OK or true"
        if isinstance(result, Failure):
            return errored(expected, result)
        index = find_column(result.columns, self.column)
        if index is None:
            return no_such_column(expected, result, self.column)
        oid = result.columns[index].oid
        bad = [n for n, row in enumerate(result.rows) if not _is_good(row[index], oid)]
        if bad:
            observed = f"{len(bad)} of {rows_in_words(result.row_count)} not"
            return failed(expected, observed, _rows_in_words(result, index, bad))
        if not whole(result):
            return truncated(expected, result)
        if not result.rows:
            return failed(expected, "no rows")
        return passed(expected, f"{rows_in_words(len(result.rows))}, every one")


def _is_good(value: str | None, oid: int) -> bool:
    kind, content = key(value, oid)
    if kind == "boolean":
        return content is True
    return kind == "text" and value is not None and bool(_GOOD.fullmatch(value.strip()))


def _rows_in_words(result: Result, index: int, rows: list[int]) -> list[str]:
    """Rows that differ, each with all its columns, so that a reader knows which they are."""
    oid, name = result.columns[index].oid, result.columns[index].name
    lines = []
    for n in rows[:_SHOWN]:
        others = [
            f"{c.name} = {shown(v, c.oid)}"
            for c, v in zip(result.columns, result.rows[n], strict=True)
            if c.name != name
        ]
        where = f" ({', '.join(others)})" if others else ""
        lines.append(f"row {n + 1}: {name} = {shown(result.rows[n][index], oid)}{where}")
    if len(rows) > _SHOWN:
        lines.append(f"and {len(rows) - _SHOWN} more rows")
    return lines


def _after_name(condition: Condition) -> str:
    if condition.operator == "=":
        return f"is {condition}"
    return f"is {condition}" if condition.operator == "is not null" else str(condition)


_EXPECT = re.compile(
    r"""(?P<name>"(?:[^"]|"")+"|[^\W\d]\w*)\s+
        (?:(?P<every>every)\s+(?P<condition>.+)|(?P<word>set|contains)\s*(?P<brace>\{.*))""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FORMS = "write col every = value, col set {a, b} or col contains {a}"


def parse_column(text: str) -> EveryRow | ColumnSet:
    """Read `col every = true`, `col set {a, b}`, `col contains {a}`. Raises BadValueError."""
    match = _EXPECT.fullmatch(text)
    if match is None:
        raise BadValueError(f"{text or 'nothing'} is not an expectation on a column", _FORMS)
    name = unquote_name(match["name"])
    if match["every"]:
        try:
            return EveryRow(name, parse_condition(match["condition"].strip()))
        except BadValueError as error:
            offset = match.start("condition") + error.offset
            raise BadValueError(error.problem, error.remedy, offset) from None
    body = match["brace"].strip()
    if not body.endswith("}"):
        raise BadValueError("the set is not closed", "end it with }", match.start("brace"))
    exact = match["word"].lower() == "set"
    found = []
    for part, offset in split_outside_quotes(body[1:-1], ","):
        written = part.strip()
        if not written:
            if body[1:-1].strip():
                at = match.start("brace") + 1 + offset
                raise BadValueError("a member is empty", "write '' for the empty text", at)
            continue
        found.append(_parse_member(written, match.start("brace") + 1 + offset))
    if not found and not exact:
        raise BadValueError("every column contains {}", "name a member", match.start("brace"))
    return ColumnSet(name, tuple(dict.fromkeys(found)), exact)


def _parse_member(text: str, offset: int) -> Literal:
    """A member of a set: quoted, a number, null, or any other words as text."""
    if text.startswith("'"):
        try:
            return parse_literal(text)
        except BadValueError as error:
            raise BadValueError(error.problem, error.remedy, offset) from None
    if text.lower() == "null":
        return Literal("null", "null")
    return Literal("text", text)


def _member(literal: Literal) -> str:
    """A member as it is written: plain where it can be."""
    if literal.kind != "text":
        return str(literal)
    return literal.text if is_plain(literal.text) else quoted(literal.text)


def _member_key(literal: Literal, oid: int) -> tuple[str, object]:
    """A member written without quotes means the column's own type: a number, a boolean, a text."""
    if literal.kind != "text":
        return literal_key(literal, oid)
    kind = key(literal.text, oid)
    return kind if kind[0] != "text" else literal_key(literal, oid)


def parse_status(text: str) -> StatusColumn:
    """Read the name of a status column. Raises BadValueError."""
    if not re.fullmatch(r'"(?:[^"]|"")+"|[^\W\d]\w*', text):
        raise BadValueError(
            f"{text} is not a column" if text else "the column is missing",
            "name the column that holds PASS or FAIL",
        )
    return StatusColumn(unquote_name(text))
