"""Comparing values: what holds for all of them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pytest_dbmigrate.spec.comments.suggestions import suggest_from
from pytest_dbmigrate.spec.expect.comparison import (
    BadValueError,
    Condition,
    key,
    literal_key,
    parse_condition,
    parse_literal,
    shown,
)
from pytest_dbmigrate.spec.expect.keys import EXPECT_KEYS, parse_expectation
from pytest_dbmigrate.spec.expectations import Column, Expectation, Outcome, Result

BOOL, INT, TEXT, NUMERIC, DATE, TIMESTAMP = 16, 23, 25, 1700, 1082, 1114
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda d: f"{d:f}")
TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=12)
VALUES = st.one_of(
    st.tuples(st.integers().map(str), st.just(INT)),
    st.tuples(NUMBERS, st.just(NUMERIC)),
    st.tuples(st.sampled_from(["t", "f"]), st.just(BOOL)),
    st.tuples(TEXTS, st.just(TEXT)),
    st.tuples(st.dates().map(str), st.just(DATE)),
    st.tuples(st.datetimes().map(str), st.just(TIMESTAMP)),
    st.tuples(st.none(), st.just(TEXT)),
)


@given(VALUES)
def test_when_a_value_is_shown_as_a_literal_then_it_equals_itself(
    value: tuple[str | None, int],
) -> None:
    """What a message prints can be written into the file as it stands."""
    text, oid = value
    literal = parse_literal(shown(text, oid))
    assert literal_key(literal, oid) == key(text, oid)


@given(VALUES)
def test_when_a_line_is_drawn_from_a_result_then_that_result_passes(
    value: tuple[str | None, int],
) -> None:
    """The suggestion from what was observed is one that holds."""
    text, oid = value
    seen = Result((Column("a b", oid), Column("n", oid)), ((text, text),), 1)
    line = suggest_from(seen)
    name, _, rest = line.partition(":")
    assert parse_expectation(name, rest.strip()).judge(seen).outcome is Outcome.PASS


@given(NUMBERS, NUMBERS)
def test_when_numbers_are_compared_then_exactly_one_of_below_equal_above_holds(
    left: str, right: str
) -> None:
    """And the bounds are what they are made of."""
    below, equal, above = (
        parse_condition(f"{sign} {right}").holds(left, NUMERIC) for sign in ("<", "=", ">")
    )
    assert [below, equal, above].count(True) == 1
    assert parse_condition(f">= {right}").holds(left, NUMERIC) == (equal or above)
    assert parse_condition(f"<= {right}").holds(left, NUMERIC) == (equal or below)
    assert parse_condition(f"<> {right}").holds(left, NUMERIC) == (not equal)
    assert equal == (Decimal(left) == Decimal(right))


@given(VALUES, VALUES)
def test_when_two_values_are_of_different_kinds_then_they_are_never_equal(
    left: tuple[str | None, int], right: tuple[str | None, int]
) -> None:
    """A boolean is no number, a text no date, NULL nothing but NULL."""
    kinds = [key(*left)[0], key(*right)[0]]
    if kinds[0] != kinds[1]:
        assert key(*left) != key(*right)
        literal = parse_literal(shown(*right))
        if literal.kind != "text":
            assert Condition("=", literal).holds(*left) is False


@given(st.sampled_from(EXPECT_KEYS), st.text(max_size=30))
def test_when_any_value_is_parsed_then_it_is_an_expectation_or_an_error_with_a_remedy(
    name: str, value: str
) -> None:
    """And the normal form of an expectation reads as the same."""
    try:
        found = parse_expectation(name, value.strip(), ["a"])
    except BadValueError as refused:
        error = refused
    else:
        again_as_said(found)
        return
    assert error.problem
    assert error.remedy
    assert 0 <= error.offset <= len(value)


def again_as_said(found: Expectation) -> None:
    again, _, rest = found.text.partition(":")
    assert parse_expectation(again, rest.strip(), ["a"]).text == found.text
