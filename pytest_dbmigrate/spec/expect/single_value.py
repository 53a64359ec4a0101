"""Expectations about one row: expect-value and expect-row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_dbmigrate.spec.expect.comparison import (
    BadValueError,
    Condition,
    other_kind,
    parse_condition,
    shown,
    type_clash,
)
from pytest_dbmigrate.spec.expect.verdicts import (
    column_name,
    errored,
    failed,
    find_column,
    no_such_column,
    passed,
    shape_in_words,
    truncated,
    unsure,
)
from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict


@dataclass(frozen=True, slots=True)
class SingleValue:
    """Exactly one row and one column, whose value meets the condition.

    `phrase`: read from a phrase, where another shape or kind of value means that the author may
    have meant something else: that is NOT CHECKED, and only a value of the right kind can fail.
    """

    condition: Condition
    phrase: bool = False

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        return f"expect-value: {self.condition}"

    @property
    def rows_needed(self) -> int:
        """Two, to see that there is not exactly one."""
        return 2

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the one value."""
        expected = str(self.condition)
        if isinstance(result, Failure):
            return errored(expected, result)
        if result.row_count != 1 or len(result.columns) != 1:
            if not result.complete and result.row_count < 2 and len(result.columns) == 1:
                return truncated(expected, result)
            return self._other_shape(expected, result)
        if not whole_row(result):
            return truncated(expected, result)
        value, oid = result.rows[0][0], result.columns[0].oid
        held = self.condition.holds(value, oid)
        if held:
            return passed(expected, shown(value, oid))
        clash = type_clash(self.condition.value, value, oid)
        if held is None:
            why = f"{shown(value, oid)} and {self.condition.value} have no order"
            return unsure(expected, shown(value, oid), "other-kind", clash or why)
        if self.phrase and other_kind(self.condition.value, value, oid):
            return unsure(expected, shown(value, oid), "other-kind", clash)
        return failed(expected, shown(value, oid), [clash])

    def _other_shape(self, expected: str, result: Result) -> Verdict:
        shape = shape_in_words(result)
        if self.phrase:
            kind = "a number" if self.condition.value.kind == "number" else "one value"
            return unsure(expected, f"{kind}, but the result is {shape}", "other-shape")
        return failed(expected, shape, ["expect-value needs exactly one row and one column"])


@dataclass(frozen=True, slots=True)
class SingleRow:
    """Exactly one row, whose named columns meet their conditions; `phrase` as SingleValue's."""

    columns: tuple[tuple[str, Condition], ...]
    phrase: bool = False

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        return f"expect-row: {self}"

    def __str__(self) -> str:
        """Render the conditions as the key's value."""
        return ", ".join(_render(name, condition) for name, condition in self.columns)

    @property
    def rows_needed(self) -> int:
        """Two, to see that there is not exactly one."""
        return 2

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the named columns of the one row."""
        expected = f"exactly one row: {self}"
        if isinstance(result, Failure):
            return errored(expected, result)
        if result.row_count != 1:
            if not result.complete and result.row_count < 2:
                return truncated(expected, result)
            if self.phrase:
                return unsure(
                    expected, f"one row, but the result is {shape_in_words(result)}", "other-shape"
                )
            return failed(expected, shape_in_words(result))
        if not whole_row(result):
            return truncated(expected, result)
        seen, wrong, unordered, clashes = [], [], [], []
        differing = False
        for name, condition in self.columns:
            index = find_column(result.columns, name)
            if index is None:
                return no_such_column(expected, result, name)
            value, oid = result.rows[0][index], result.columns[index].oid
            seen.append(f"{column_name(name)} = {shown(value, oid)}")
            held = condition.holds(value, oid)
            clash = type_clash(condition.value, value, oid)
            if held is None:
                unordered.append(f"{name}: {shown(value, oid)} and {condition.value} have no order")
            elif not held:
                wrong.append(f"{_render(name, condition)}, observed {shown(value, oid)}")
                clashes += [f"{name}: {clash}"] if clash else []
                differing = differing or other_kind(condition.value, value, oid)
        observed = ", ".join(seen)
        if wrong and not (self.phrase and differing):
            return failed(expected, observed, [*(f"expected {w}" for w in wrong), *clashes])
        if unordered or wrong:
            return unsure(expected, observed, "other-kind", "; ".join(clashes or unordered))
        return passed(expected, observed)


def whole_row(result: Result) -> bool:
    """Whether the result was read to its end and its one row was kept."""
    return result.complete and len(result.rows) == 1


def _render(name: str, condition: Condition) -> str:
    """`col = v`, `col >= 2`, `col is null`, `col between 1 and 9`."""
    operator = condition.operator
    if operator == "is not null":
        return f"{column_name(name)} is not null"
    if operator == "=" and condition.value.kind == "null":
        return f"{column_name(name)} is null"
    equal = "= " if operator == "=" else ""
    return f"{column_name(name)} {equal}{condition}"


_PART = re.compile(
    r"""\s*(?P<name>"(?:[^"]|"")+"|[^\W\d]\w*)
        \s*(?P<rest>(?:=|<>|!=|<=|>=|<|>|≥|≤|\bis\s+(?:not\s+)?null\b|\bbetween\b).*)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def parse_columns(text: str) -> tuple[tuple[str, Condition], ...]:
    """Read `col = v, col2 >= 2, col3 is null`. Raises BadValueError."""
    if not text.strip():
        raise BadValueError("the columns are missing", "write col = value, col2 >= value2")
    found: list[tuple[str, Condition]] = []
    for part, offset in split_outside_quotes(text, ","):
        match = _PART.fullmatch(part)
        if match is None:
            raise BadValueError(
                f"{part.strip() or 'an empty part'} is not a column and a value",
                "write col = value, col2 >= value2, col3 is null",
                offset,
            )
        try:
            condition = parse_condition(match["rest"].strip(), grouped=False)
        except BadValueError as error:
            raise BadValueError(error.problem, error.remedy, offset + match.start("rest")) from None
        name = unquote_name(match["name"])
        if any(name == other for other, _ in found):
            raise BadValueError(
                f"column {name} is named twice", "give each column one condition", offset
            )
        found.append((name, condition))
    return tuple(found)


def unquote_name(name: str) -> str:
    """The name inside double quotes, or the plain word."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def split_outside_quotes(text: str, separator: str) -> list[tuple[str, int]]:
    """The parts between separators that stand in no quotes, each with its offset."""
    parts, start, quote = [], 0, ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == separator:
            parts.append((text[start:index], start))
            start = index + 1
    parts.append((text[start:], start))
    return parts
