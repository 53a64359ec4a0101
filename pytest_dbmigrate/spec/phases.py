"""When a verification runs: before, after one migration, final, health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PhaseKind = Literal["before", "after", "final", "health"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase; `version` is the migration's version for `after`, else empty."""

    kind: PhaseKind
    version: str = ""

    def __str__(self) -> str:
        """Render as the `phase:` key writes it: `before`, `after 011`, `final`, `health`."""
        return f"{self.kind} {self.version}".strip()


BEFORE = Phase("before")
FINAL = Phase("final")
HEALTH = Phase("health")
