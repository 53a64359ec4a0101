"""In what a rehearsal's clone may differ from its target; a difference is waived by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import Criterion, NotChecked, Observation, Passed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.record import Evidence, Result

GROUP = "The rehearsal's clone"
_SAME_SERVER = "name the programs of the target's version with --dbmigrate-pg-bindir=DIR"


def clone_criteria(evidence: Evidence) -> Iterator[Criterion]:
    """One criterion a kind of difference; none where nothing was cloned.

    A difference does not fail: it is what the rehearsal could not check. A signature may waive it.
    """
    source = evidence.target.source if evidence.target is not None else None
    if source is None:
        return
    for name, title, differences, todo in (
        (
            "clone.version",
            "The clone's server is of the target's version",
            (source.version,) if source.version else (),
            _SAME_SERVER,
        ),
        (
            "clone.locale",
            "The clone sorts as the target does",
            (source.locale,) if source.locale else (),
            "waive it when no index or check sorts text",
        ),
        (
            "clone.extensions",
            "The clone has the target's extensions",
            source.extensions,
            "name a PostgreSQL that has them with --dbmigrate-pg-bindir=DIR, or waive it",
        ),
        (
            "clone.restored",
            "Everything of the target was restored in the clone",
            source.errors,
            "look at what is missing (an extension or a right, often), or waive it",
        ),
        (
            "clone.schema",
            "The clone's schema is the target's",
            source.schema,
            "look at the objects",
        ),
    ):
        yield Criterion(
            name=name,
            group=GROUP,
            title=title,
            expected="no difference",
            stages=("rehearsal", "sign-off"),
            result=_result(differences, todo, evidence, by_name=bool(source.version)),
        )


def _result(differences: Sequence[str], todo: str, evidence: Evidence, *, by_name: bool) -> Result:
    if differences:
        more = f" (and {len(differences) - 3} more)" if len(differences) > 3 else ""
        return NotChecked(why="; ".join(differences[:3]) + more, reason="clone-differs", todo=todo)
    at, seen = evidence.run.started, "no difference" + (", by name" if by_name else "")
    return Passed(observed=Observation(text=seen, at=at, by="the cloning"))
