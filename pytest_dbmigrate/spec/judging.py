"""Check and what was observed → verdict, with what a reading leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments.suggestions import suggest_from
from pytest_dbmigrate.spec.expectations import Failure, Outcome, Result, Verdict

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.annotations import Check


def key(check: Check) -> str:
    """A check's id in the run: its file and name, as pytest writes it."""
    return f"{check.path}::{check.name}"


def judge(
    check: Check, outcome: Result | Failure | str, before: Result | Failure | None = None
) -> Verdict:
    """The verdict on one check.

    `outcome` is what the statement returned, or in words why nothing was observed. A reading that
    was only partly understood can fail but never pass; one that was not understood does neither.
    """
    if isinstance(outcome, str):
        return not_checked(check, outcome, "not-observed")
    if check.expectation is None:
        unread = not_checked(check, _unread(check), check.reading.reason or check.reading.status)
        seen = suggest_from(outcome) if isinstance(outcome, Result) else ""
        # What was seen is told, never adopted: whether it is right is for the author to say.
        return replace(unread, suggestion=f"{seen} (as observed)") if seen else unread
    verdict = check.expectation.judge(outcome, before)
    if check.reading.status == "partial" and verdict.outcome is Outcome.PASS:
        quoted = check.reading.words
        return replace(
            verdict,
            outcome=Outcome.NOT_CHECKED,
            observed=f"{verdict.observed}; understood and true, but this was not: {quoted!r}",
            reason=check.reading.reason or "partial",
            suggestion=check.reading.suggestion,
        )
    return verdict


def certain_not_checked(check: Check) -> str:
    """Why a check can only end NOT CHECKED whatever the database holds, empty when it can pass."""
    if check.skip:
        return f"skipped: {check.skip}"
    if check.expectation is None:
        return _unread(check)
    if check.reading.status == "partial":
        return f"only partly understood; this was not: {check.reading.words!r}"
    return ""


def compares_with_before(check: Check) -> bool:
    """Whether a check needs its statement's result from before the first migration."""
    return check.expectation is not None and check.expectation.text.startswith(
        "expect-same-as-before"
    )


def applicable(check: Check, version: str) -> bool:
    """Whether a check's `since` and `until` hold at a schema version (empty: before the first)."""
    at = int(version or 0)
    return int(check.since or 0) <= at and (not check.until or at <= int(check.until))


def not_checked(check: Check, why: str, reason: str) -> Verdict:
    """A verdict that says why nothing was evaluated."""
    expected = check.expectation.text if check.expectation else ""
    return Verdict(
        Outcome.NOT_CHECKED, expected, why, reason=reason, suggestion=check.reading.suggestion
    )


def _unread(check: Check) -> str:
    if check.reading.status == "no-expectation":
        return "the statement has no expectation"
    words = f": {check.reading.words!r}" if check.reading.words else ""
    return f"the expectation could not be read ({check.reading.reason}){words}"
