"""A run examined after the fact: its record, its signatures, and the decision on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate import __version__
from pytest_dbmigrate.evidence.authority import record_problems
from pytest_dbmigrate.evidence.decision import Decision, Reason, decide
from pytest_dbmigrate.evidence.record import encode
from pytest_dbmigrate.evidence.signatures import read_signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.authority import Authority
    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.sign_off import Signature

TOOL = "pytest-dbmigrate"
_DO_NOT_USE = "do not rely on this record; rehearse again"


@dataclass(frozen=True, slots=True)
class Examined:
    """The signatures as checked now, and the sign-off decision with all that speaks against it."""

    signatures: tuple[Signature, ...]
    decision: Decision


def examine(
    run: LoadedRun,
    authority: Authority,
    signatures: Sequence[Signature] | None = None,
    problems: Sequence[Reason] = (),
) -> Examined:
    """Judge a run by its bytes, its signatures and the authority; nothing of it is believed.

    `signatures` when they were read before. Raises SshKeygenError when ssh-keygen cannot be asked.
    """
    checked = read_signatures(run, authority.signers) if signatures is None else tuple(signatures)
    found = [
        *(Reason("REFUSED", problem, _DO_NOT_USE) for problem in byte_problems(run)),
        *(Reason("REFUSED", problem, "") for problem in authority.problems),
        *(Reason("REFUSED", problem, "") for problem in record_problems(run.evidence, authority)),
        *problems,
    ]
    decision = decide(run.evidence, sign_off=True, signatures=checked, problems=found)
    return Examined(checked, decision)


def byte_problems(run: LoadedRun) -> tuple[str, ...]:
    """Why evidence.json is not, byte for byte, as the tool writes that record."""
    written = encode(run.evidence)
    if run.data == written:
        return ()
    if run.data.replace(b"\r\n", b"\n") == written:
        return ("the line ends of evidence.json were converted (CRLF); git needs `-text` for it",)
    return (f"evidence.json is not as the tool writes it: it was edited{other_version(run)}",)


def other_version(run: LoadedRun) -> str:
    """The words for a run that another version recorded, which only that one draws alike."""
    recorded = run.evidence.tools.get(TOOL, "an unknown version")
    if recorded == __version__:
        return ""
    return f" (or because {TOOL} {recorded} recorded it and this is {__version__}: install that)"
