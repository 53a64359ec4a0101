"""What is not understood is not judged; what was seen is offered as a line to write."""

from __future__ import annotations

from pytest_dbmigrate.spec.annotations import read_checks
from pytest_dbmigrate.spec.expectations import Column, Outcome, Result
from pytest_dbmigrate.spec.judging import judge
from pytest_dbmigrate.spec.statements import scan


def test_when_an_expectation_is_prose_then_the_observed_value_is_offered_and_not_adopted() -> None:
    """NOT CHECKED, with the line that the observed result would meet, marked as observed."""
    (check,) = read_checks(scan("-- Expected: quite a few\nSELECT count(*) FROM t;\n", "a.sql"))
    verdict = judge(check, Result((Column("count", 20),), (("43",),), 1))
    assert verdict.outcome is Outcome.NOT_CHECKED
    assert verdict.suggestion == "expect-value: 43 (as observed)"
