"""Expectations about whether the statement runs at all: expect-success and expect-error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_dbmigrate.spec.expect.comparison import BadValueError
from pytest_dbmigrate.spec.expect.verdicts import (
    ALL_ROWS,
    describe_failure,
    errored,
    failed,
    passed,
    rows_in_words,
    truncated,
    unsure,
)
from pytest_dbmigrate.spec.expectations import Failure, Result, Verdict

# SQLSTATE classes that say something of the server or the connection, not of the statement
# (documentation, Appendix A): connection, resources, limits, intervention, system, internal.
_NOT_THE_STATEMENT = ("08", "53", "54", "57", "58", "XX")


@dataclass(frozen=True, slots=True)
class Success:
    """The statement runs to its end without error."""

    text: str = "expect-success"

    @property
    def rows_needed(self) -> int:
        """All: an error may come with the last row."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Pass when the statement ran to its end."""
        expected = "runs without error"
        if isinstance(result, Failure):
            if not result.sqlstate or result.sqlstate.startswith(_NOT_THE_STATEMENT):
                return errored(expected, result)
            return failed(expected, describe_failure(result))
        if not result.complete:
            return truncated(expected, result)
        return passed(expected, f"ran, {rows_in_words(result.row_count)}")


@dataclass(frozen=True, slots=True)
class Error:
    """The statement fails with this SQLSTATE."""

    sqlstate: str

    @property
    def text(self) -> str:
        """The layer-A line that says the same."""
        return f"expect-error: {self.sqlstate}"

    @property
    def rows_needed(self) -> int:
        """All: an error may come with the last row."""
        return ALL_ROWS

    def judge(self, result: Result | Failure, before: Result | Failure | None = None) -> Verdict:  # noqa: ARG002  (the protocol's)
        """Compare the code of the error."""
        expected = f"error with SQLSTATE {self.sqlstate}"
        if isinstance(result, Result):
            if not result.complete:
                return truncated(expected, result)
            return failed(expected, f"no error, {rows_in_words(result.row_count)}")
        if not result.sqlstate:
            return errored(expected, result)
        if result.sqlstate != self.sqlstate:
            if result.sqlstate.startswith(_NOT_THE_STATEMENT):
                return errored(expected, result)
            return failed(expected, describe_failure(result))
        if self.sqlstate == "42501" and "row-level security" in result.message:
            # Checks without `as:` run with row_security off, which makes a filtered query an error.
            return unsure(
                expected,
                describe_failure(result),
                "own-row-security",
                "add as: role; without it row-level security is off, and the error is our own",
            )
        return passed(expected, describe_failure(result))


_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
# What our own safeguards answer, whatever the database would say.
_OURS = {
    "25006": "every check runs read-only, so a write always fails with 25006",
    "25P02": "this code says only that an earlier statement failed",
    "57014": "a cancelled statement proves nothing: it may have been our own time limit",
}


def parse_error(text: str) -> Error:
    """Read a SQLSTATE. Raises BadValueError."""
    code = text.upper()
    if not _SQLSTATE.fullmatch(code):
        raise BadValueError(
            f"{text} is not a SQLSTATE" if text else "the SQLSTATE is missing",
            "write its five characters: 42501 for insufficient privilege, 42P01 for no such table",
        )
    if code == "00000":
        raise BadValueError("00000 is no error", "write expect-success")
    if code in _OURS:
        raise BadValueError(
            _OURS[code], "expect the code of an error that the database itself raises"
        )
    return Error(code)
