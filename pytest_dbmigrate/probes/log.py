"""Log probes: the lines that an application has written since a mark, and the errors among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_dbmigrate.probes.following import FollowedFile, mark
from pytest_dbmigrate.probes.seen import ProbeSeen, not_checked
from pytest_dbmigrate.spec.expectations import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.spec.probes import LogProbe

SHOWN_LINES = 20
_CHARACTERS = 400  # of a line that is kept


@dataclass(slots=True)
class LogWatch:
    """One log probe from its mark on; `watch` makes it, `look` reads what has come.

    `fresh` counts the errors that the last look has found, `first_fresh` is the first of them.
    """

    probe: LogProbe
    fresh: int = 0
    first_fresh: str = ""
    _files: dict[str, FollowedFile] = field(default_factory=dict)
    _lines: int = 0
    _errors: int = 0
    _first: list[str] = field(default_factory=list)

    def look(self, *, last: bool = False) -> ProbeSeen:
        """Read the new lines of every file, and judge all since the mark.

        The `last` time a line that is not complete counts as well.
        """
        errors = [re.compile(pattern) for pattern in self.probe.errors]
        ignored = [re.compile(pattern) for pattern in self.probe.ignore]
        self.fresh, self.first_fresh = 0, ""
        for shown, file in self._files.items():
            for raw in file.lines(last=last):
                line = raw.decode("utf-8", "replace").rstrip("\r")
                self._lines += 1
                if any(p.search(line) for p in errors) and not any(p.search(line) for p in ignored):
                    found = f"{shown}: {line[:_CHARACTERS]}"
                    self.fresh += 1
                    self.first_fresh = self.first_fresh or found
                    if len(self._first) < SHOWN_LINES:
                        self._first.append(found)
        self._errors += self.fresh
        return self._judge()

    def obstacle(self) -> str:
        """Why a file cannot be read now, empty when all can."""
        wrong = (f"{shown}: {file.problem}" for shown, file in self._files.items() if file.problem)
        return next(wrong, "")

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            file.close()

    def _judge(self) -> ProbeSeen:
        name, at = self.probe.name, datetime.now(UTC)
        doubts = [f"{shown}: {doubt}" for shown, f in self._files.items() for doubt in f.doubts]
        if self._errors:
            left = self._errors - len(self._first)
            more = (f"… and {left:,} more",) if left else ()
            text = f"{_count(self._errors, 'error')} in {_count(self._lines, 'new line')}"
            return ProbeSeen(
                name,
                Outcome.FAIL,
                text,
                at,
                value=self._errors,
                details=(*self._first, *more, *doubts),
            )
        problem = self.obstacle()
        if problem:
            todo = "correct files = […] of the probe, or let this user read them"
            return not_checked(name, problem, "no-file", todo)
        if doubts:
            return not_checked(name, doubts[0], "lines-lost", "rotate the log without emptying it")
        text = f"no error in {_count(self._lines, 'new line')}"
        return ProbeSeen(name, Outcome.PASS, text, at, value=0)


def watch(probe: LogProbe, root: Path) -> LogWatch:
    """Mark the probe's files, whose paths are relative to `root`: later lines are new."""
    return LogWatch(probe, _files={name: mark(root / name) for name in probe.files})


def expected(probe: LogProbe) -> str:
    """What a probe expects, in words."""
    ignoring = f", ignoring {', '.join(probe.ignore)}" if probe.ignore else ""
    return f"no new line with {' or '.join(probe.errors)}{ignoring}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
