"""Evidence + plan + signatures → GO or NO-GO, with the reasons against GO in order of weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way of GO: its outcome word, what it is, and what to do.

    `anchor` is the id of the row in the page that shows it, for a link.
    """

    outcome: str
    title: str
    todo: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """One verified or refused signature: a role's statement over the digest of the evidence."""

    role: str
    person: str
    decision: Literal["GO", "NO-GO"]
    signed_at: str
    valid: bool
    why: str = ""
    waived: tuple[str, ...] = ()
    comment: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The word, one sentence, and the reasons. `database` says what became of it."""

    word: Literal["GO", "NO-GO"]
    sentence: str
    database: str
    reasons: tuple[Reason, ...]

    @property
    def go(self) -> bool:
        """Whether the word is GO."""
        return self.word == "GO"


def decide(
    evidence: Evidence, *, sign_off: bool = False, signatures: Sequence[Signature] = ()
) -> Decision:
    """Judge a run's evidence. With `sign_off`, each role of the plan must have signed GO too."""
    raise NotImplementedError
