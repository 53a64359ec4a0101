"""`--dbmigrate-update-expected`: write observed results into `expect-result` lines and side files.

What is written is reviewed in the diff, by a person; the run itself stays what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.durable import write_atomically
from pytest_dbmigrate.spec.expect.exact_result import ExactResult
from pytest_dbmigrate.spec.expect.result_files import render_csv, rewrite
from pytest_dbmigrate.spec.expectations import Result
from pytest_dbmigrate.spec.judging import key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.spec.project import Project, VerificationFile


def update_expected(project: Project, findings: Mapping[str, Finding]) -> list[str]:
    """Rewrite what differs; returns a line for each file that was written, or why one was not."""
    return [line for file in project.verifications for line in _update(file, findings)]


def _update(file: VerificationFile, findings: Mapping[str, Finding]) -> list[str]:
    observed: list[tuple[ExactResult, Result]] = []
    for check in file.checks:
        finding = findings.get(key(check))
        answer = finding.answer if finding is not None else None
        outcome = answer.outcome if answer is not None else None
        if isinstance(check.expectation, ExactResult) and isinstance(outcome, Result):
            observed.append((check.expectation, outcome))
    lines = []
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
        lines += _write(file.path, file.shown, rewrite(text, observed))
        for expectation, result in observed:
            if expectation.file:
                side = file.path.parent / expectation.file
                shown = f"{file.shown}: {expectation.file}"
                lines += _write(side, shown, render_csv(result, rowsort=expectation.rowsort))
    except (OSError, ValueError) as error:
        lines.append(f"{file.shown}: not updated: {error}")
    return lines


def _write(path: Path, shown: str, text: str) -> list[str]:
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return []
    write_atomically(path, data)
    return [f"{shown}: updated with what was observed; review the diff"]
