"""The end of a run: decide, write the folder, name the exit status."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_dbmigrate.evidence.decision import Decision, decide, exit_status
from pytest_dbmigrate.evidence.folder import FolderError, load_run
from pytest_dbmigrate.evidence.reasons import error_reason
from pytest_dbmigrate.evidence.record import encode
from pytest_dbmigrate.report.pages import write_pages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_dbmigrate.evidence import record
    from pytest_dbmigrate.evidence.folder import RunFolder
    from pytest_dbmigrate.run import Run

# pytest's own exit statuses (pytest.ExitCode) that say more than ours.
_INTERNAL_ERROR, _USAGE_ERROR = 3, 4
COMMITTED, _UNKNOWN = 10, 11


@dataclass(frozen=True, slots=True)
class Closing:
    """How a run ended: its record, the decision, the folder, and pytest's exit status."""

    evidence: record.Evidence
    decision: Decision
    folder: Path | None
    status: int

    @property
    def digest(self) -> str:
        """The SHA-256 of evidence.json, in hexadecimal."""
        return hashlib.sha256(encode(self.evidence)).hexdigest()


def close(
    evidence: record.Evidence, folder: RunFolder | None, exitstatus: int, problem: str = ""
) -> Closing:
    """Decide on a finished record and write it with its pages.

    What cannot be written is NO-GO: there would be nothing to sign. `problem` is what kept the
    folder from being made. `exitstatus` is what pytest came to.
    """
    if folder is not None:
        try:
            folder.write_evidence(evidence)
            write_pages(folder.path, evidence)
        except FolderError as error:
            problem = f"the report could not be written: {error}"
        except Exception as error:  # noqa: BLE001  (a bug of ours must not hide what happened)
            problem = f"the report could not be drawn, which is a bug of ours: {error!r}"
    problems = (error_reason(problem),) if problem else ()
    decision = decide(evidence, problems=problems)
    status = _status(exit_status(decision, evidence), exitstatus, evidence)
    return Closing(evidence, decision, folder.path if folder else None, status)


def _status(ours: int, pytests: int, evidence: record.Evidence) -> int:
    """Our status, or pytest's where it says more (4: wrong use; 3: an internal error).

    Tests that are not ours may fail although the decision is GO; after a COMMIT the status must not
    read as "nothing was committed".
    """
    if ours > 1:
        return ours
    if ours == 0 and pytests == 0:
        return 0
    committed = evidence.transaction.state == "committed"
    if committed and evidence.run.stage == "production":
        return COMMITTED
    return pytests if pytests in {_INTERNAL_ERROR, _USAGE_ERROR} else 1


def broken(run: Run | None) -> tuple[str, int]:
    """What is known of the database, and the exit status, when closing itself failed."""
    seen = run.gate.seen if run is not None else None
    if run is None or seen is None or seen.began is None or not run.gate.live:
        return "nothing was written", _INTERNAL_ERROR
    state = seen.ending.state if seen.ending is not None else "unknown"
    return {
        "committed": ("database committed", COMMITTED),
        "unchanged": ("database rolled back, unchanged", _INTERNAL_ERROR),
        "unknown": ("database UNKNOWN", _UNKNOWN),
    }[state]


def gathered(
    evidence: record.Evidence, folder: RunFolder | None, lost: Sequence[str]
) -> record.Evidence:
    """A worker's record as the record of the whole run, with what was lost of the others."""
    run = replace(
        evidence.run,
        id=folder.run_id if folder else "",
        complete=evidence.run.complete and not lost,
        incomplete=(*evidence.run.incomplete, *lost),
    )
    return replace(evidence, run=run)


def abandoned(folder: RunFolder | None, lost: Sequence[str], exitstatus: int) -> Closing:
    """The end of a run of which no record is left but that it began."""
    if folder is None:
        raise ValueError("a run without a folder has a problem to tell instead")
    evidence = load_run(folder.path).evidence
    return close(gathered(evidence, folder, lost), folder, exitstatus)
