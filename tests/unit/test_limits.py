"""Limits and durations: what a plan may write, and on which side of the limit a figure is."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.limits import at_most, read_duration, read_limit


@pytest.mark.parametrize(
    ("limit", "value", "unit", "holds"),
    [
        ("< 500 ms", 499.999999, "ms", True),
        ("< 500 ms", 500.0, "ms", False),
        ("<500ms", 390, "ms", True),
        ("< 15 min", 899_999.9, "ms", True),
        ("< 15 min", 900_000, "ms", False),
        ("<= 0.5 s", 500.0, "ms", True),
        (">= 12", 12, "", True),
        ("> 12", 12, "", False),
        ("= 43", 43.0, "", True),
        ("43", 42, "", False),
        (0, 0, "", True),
        (-9, -9, "", True),
        ("between 40 and 45", 45, "", True),
        ("between 40 and 45", 46, "", False),
        ("between 1 ms and 2 ms", 1.5, "ms", True),
        ("< 1 GB", 1024**3 - 1, "B", True),
        ("= 0.3", 0.3, "", True),
    ],
)
def test_a_figure_is_compared_exactly_and_in_the_units_written(
    limit: str | int, value: float, unit: str, holds: bool
) -> None:
    assert read_limit(limit).holds(value, unit) is holds


@pytest.mark.parametrize(
    "text", ["fast", "", "< ", "<< 5", "5 < 6", "< 5 parsecs", "between 5 and 1", "~ 5", "< 1_000"]
)
def test_what_is_no_limit_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"limit|range|unit"):
        read_limit(text)


def test_a_limit_reads_back_as_it_was_written() -> None:
    for text in ("< 500 ms", ">= 12", "43", "between 40 and 45", "between 1 and 2 ms"):
        assert str(read_limit(text)) == text


def test_figures_of_another_kind_are_never_compared() -> None:
    with pytest.raises(ValueError, match="plain numbers"):
        read_limit("< 500 ms").holds(5, "")


def test_durations_are_nanoseconds() -> None:
    assert read_duration("500 ms") == 500_000_000
    assert read_duration("1.5 h") == 5_400_000_000_000
    assert str(at_most(read_duration("60 min"))) == "<= 1 h"
    assert str(at_most(read_duration("90 s"))) == "<= 90 s"


@pytest.mark.parametrize("text", ["5", "ms", "0 ms", "-5 ms", "5 MB", "soon"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|time"):
        read_duration(text)
