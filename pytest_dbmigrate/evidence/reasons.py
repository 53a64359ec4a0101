"""What stands in the way of GO: one reason each, from the weightiest kind to the lightest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.record import (
    Errored,
    Failed,
    NotChecked,
    Passed,
    outcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.record import Check, Criterion, Evidence

# From this many checks on that were not checked for one and the same cause, they are one reason.
_TOGETHER = 3
# The code of a check whose turn never came: it says nothing that what stopped the run does not say.
NOT_RUN = "not-run"
_REPAIR = "repair the migration, then rehearse again"
# By SQLSTATE. https://www.postgresql.org/docs/current/errcodes-appendix.html
_TODO = {"42501": "run as the role that owns it, or give this role the right"}
_NOTHING_STAYED = frozenset({"nothing written", "unchanged"})
# Characters of an observation in a reason; the row that it links to shows all of it.
_OBSERVED = 160


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way of GO: its outcome word, what it is, and what to do.

    `anchor` is the id of the row in the page that shows it, for a link; `name` is the criterion's
    or the check's, as a waiver names it.
    """

    outcome: str
    title: str
    todo: str
    anchor: str = ""
    name: str = ""


def error_reason(said: str) -> Reason:
    """An error's own words as a reason; what stands behind "What to do:" is what to do."""
    title, _, todo = said.partition("What to do:")
    told = " ".join(todo.split()) or "repair this, then run again"
    return Reason("ERROR", title.strip(), told, "transaction")


def database_reasons(evidence: Evidence) -> Iterator[Reason]:
    """What became of the database is not what the stage needs."""
    transaction, stage = evidence.transaction, evidence.run.stage
    writes = stage in {"rehearsal", "production"}
    match transaction.state:
        case "unknown":
            yield Reason(
                "UNKNOWN",
                "whether the COMMIT took effect is not known"
                + (f": {transaction.why}" if transaction.why else ""),
                f"do not run anything; ask the server: SELECT pg_xact_status('{transaction.xid}'), "
                "or run again: the next run resolves it first",
                "transaction",
            )
        case "committed" if not writes:
            yield Reason(
                "ERROR",
                f"a {stage} run must not write, and this one committed",
                "report this as a bug of pytest-dbmigrate, with the evidence",
                "transaction",
            )
        case "committed" if transaction.why:
            yield Reason(
                "ERROR",
                f"committed, but the server said: {transaction.why}",
                "check the replicas before anything relies on this commit",
                "transaction",
            )
        case _:
            pass


def already_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Nothing was to be done: what the run would have brought about is there."""
    if evidence.transaction.already:
        yield Reason(
            "FAIL",
            "this database is already as the final verifications describe: it has been migrated",
            "verify it without --apply-migrations: pytest --db-url=URL",
            "transaction",
        )


def migration_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Migrations that stopped, each with the place in its file."""
    for migration in evidence.migrations:
        error = migration.error
        if error is None and migration.outcome != "failed":
            continue
        where = f" ({error.file}:{error.line})" if error and error.line else ""
        why = f": {error.message}" if error else ""
        yield Reason(
            "ERROR",
            f"migration {migration.version} failed{why}{where}",
            (error and error.hint) or _TODO.get(error.sqlstate if error else "", _REPAIR),
            f"migration-{migration.version}",
        )


def effect_reasons(evidence: Evidence, *, before_commit: bool = False) -> Iterator[Reason]:
    """The migrations did not all take effect; mostly the consequence of another reason."""
    if evidence.run.stage not in {"rehearsal", "production"}:
        return
    fine = {"committed", "unknown"} if before_commit else {"committed"}
    out = [f"{m.version} {m.outcome}" for m in evidence.migrations if m.outcome not in fine]
    state = evidence.transaction.state
    if not out and evidence.migrations and not before_commit and state != "committed":
        out = [f"transaction {state}"]
    if out:
        why = evidence.transaction.why
        yield Reason(
            "ERROR" if why else "NOT CHECKED",
            f"the migrations did not take effect: {why or ', '.join(out)}",
            "see what stopped the run, then run again",
            f"migration-{evidence.migrations[0].version}",
        )
    elif evidence.run.stage == "production" and not evidence.migrations:
        yield Reason("NOT CHECKED", "no migration was applied", "see what the run was given")


def failure_reasons(evidence: Evidence, *, before_commit: bool = False) -> Iterator[Reason]:
    """Checks, re-runs and criteria that failed or erred, each cause once."""
    told = set()
    for check in _stopping(evidence, before_commit=before_commit):
        if isinstance(check.result, Failed | Errored):
            told.add(check.id)
            yield _of_check(check)
    if not before_commit:
        for rerun in evidence.reruns:
            if isinstance(rerun.result, Failed | Errored):
                what = "changed something" if isinstance(rerun.result, Failed) else "failed"
                yield Reason(
                    outcome(rerun.result),
                    f"running {rerun.version} again in the {rerun.session} session {what}: "
                    f"{_seen(rerun.result)}",
                    "make the migration idempotent (IF NOT EXISTS, IF EXISTS, ON CONFLICT)",
                    f"migration-{rerun.version}",
                )
    for criterion in _measured(evidence, before_commit=before_commit):
        bad = isinstance(criterion.result, Failed | Errored)
        # A criterion that fails because a check did says nothing new.
        if bad and not told.intersection(criterion.evidence):
            yield _of_criterion(criterion)


def selection_reasons(evidence: Evidence) -> Iterator[Reason]:
    """What was left out: deselected checks, and nothing at all to check."""
    run = evidence.run
    if run.selected < run.planned:
        yield Reason(
            "NOT CHECKED",
            f"{run.planned - run.selected} of {run.planned} planned checks were not selected",
            "run without -k, -m, --lf, --deselect and single paths",
        )
    for why in run.incomplete:
        yield Reason("NOT CHECKED", f"the run is incomplete: {why}", "run again, to the end")
    kinds = {"verification", "python"}
    if run.stage == "monitoring":
        kinds |= {"health", "probe"}
    if not any(c.required and c.applicable and c.kind in kinds for c in evidence.checks):
        yield Reason(
            "NOT CHECKED",
            f"zero verifications apply at the {run.stage} stage: nothing was verified",
            "write a file *verif*.sql (dbmigrate_files) with a query and, above it, what it must "
            "give: -- expect-value: 43",
        )


def stop_reasons(evidence: Evidence, waived: frozenset[str]) -> Iterator[Reason]:
    """What stopped the run (nobody answered, another gate is at work), where no check says it."""
    why = evidence.transaction.why
    unchecked = list(_unchecked(evidence, waived, before_commit=False))
    explained = any(result.reason != NOT_RUN for _, result in unchecked)
    if why and unchecked and not explained and evidence.transaction.state in _NOTHING_STAYED:
        yield error_reason(why)


def completeness_reasons(evidence: Evidence) -> Iterator[Reason]:
    """The run did not observe all that was planned, or did not live to say so."""
    found = list(selection_reasons(evidence))
    run = evidence.run
    if not found and (not run.complete or run.finished is None):
        found.append(
            Reason(
                "NOT CHECKED",
                "the run did not end: killed, crashed or interrupted",
                "run again, to the end",
            )
        )
    yield from found


def not_checked_reasons(
    evidence: Evidence,
    waived: frozenset[str],
    *,
    before_commit: bool = False,
    after_failure: bool = False,
) -> Iterator[Reason]:
    """Required checks, re-runs and criteria that were not checked and that nobody waived.

    After a failure, criteria that could not be judged are mostly its consequence: one reason.
    """
    criteria = list(_measured(evidence, before_commit=before_commit))
    causes: dict[str, list[Check]] = {}
    for check, result in _unchecked(evidence, waived, before_commit=before_commit):
        after = after_failure and result.reason == NOT_RUN
        causes.setdefault("" if after else result.why, []).append(check)
    for why, checks in causes.items():
        if not why:
            yield _not_run(checks)
        elif len(checks) < _TOGETHER:
            yield from map(_of_check, checks)
        else:
            yield _together(why, checks)
    told = {check.id for checks in causes.values() for check in checks}
    if not before_commit:
        for rerun in evidence.reruns:
            if isinstance(rerun.result, NotChecked):
                yield Reason(
                    "NOT CHECKED",
                    f"{rerun.version} was not run again: {rerun.result.why}",
                    rerun.result.todo or "rehearse again, to the end",
                    f"migration-{rerun.version}",
                )
    open_ones = [
        criterion
        for criterion in criteria
        if isinstance(criterion.result, NotChecked)
        and criterion.name not in waived
        and not told.intersection(criterion.evidence)
    ]
    if after_failure and len(open_ones) >= _TOGETHER:
        yield Reason(
            "NOT CHECKED",
            f"{len(open_ones)} criteria could not be judged ({_names(open_ones)})",
            "see the first reason",
            f"criterion-{open_ones[0].name}",
        )
    else:
        yield from map(_of_criterion, open_ones)


def _stopping(evidence: Evidence, *, before_commit: bool) -> Iterator[Check]:
    for check in evidence.checks:
        late = check.phase in {"health", "monitoring"} or check.kind == "probe"
        if check.required and check.applicable and not (before_commit and late):
            yield check


def _unchecked(
    evidence: Evidence, waived: frozenset[str], *, before_commit: bool
) -> Iterator[tuple[Check, NotChecked]]:
    """Required checks that were not checked, with their results, less those that were waived."""
    criteria = _measured(evidence, before_commit=before_commit)
    covered = {id_ for c in criteria if c.name in waived for id_ in c.evidence}
    for check in _stopping(evidence, before_commit=before_commit):
        excused = check.id in covered or waived.intersection({check.id, check.name})
        if isinstance(check.result, NotChecked) and not excused:
            yield check, check.result


def _measured(evidence: Evidence, *, before_commit: bool) -> Iterator[Criterion]:
    for criterion in evidence.criteria:
        late = before_commit and criterion.after_commit
        if criterion.required and criterion.applicable and not criterion.signed_by and not late:
            yield criterion


def _seen(result: object) -> str:
    if isinstance(result, Passed | Failed):
        text = result.observed.text
        return f"observed {text[:_OBSERVED]}{'…' if len(text) > _OBSERVED else ''}"
    if isinstance(result, Errored):
        told = not result.sqlstate or result.sqlstate in result.why
        return result.why if told else f"{result.why} ({result.sqlstate})"
    return result.why if isinstance(result, NotChecked) else ""


def _names(rows: Sequence[Check] | Sequence[Criterion]) -> str:
    names = ", ".join(row.name for row in rows[:5])
    return names + (f", … {len(rows) - 5} more" if len(rows) > 5 else "")


def _of_criterion(criterion: Criterion) -> Reason:
    result = criterion.result
    expected = f"expected {criterion.expected}, " if isinstance(result, Failed) else ""
    own = result.todo if isinstance(result, NotChecked) else ""
    return Reason(
        outcome(result),
        f"{criterion.title}: {expected}{_seen(result)}",
        own or (f"see {criterion.source}" if criterion.source else "see the criterion's row"),
        f"criterion-{criterion.name}",
        criterion.name,
    )


def _of_check(check: Check) -> Reason:
    expected = f"{check.expected}, " if isinstance(check.result, Failed) else ""
    where = f" ({check.source})" if check.source else ""
    todo = {
        "FAIL": "look at the rows it found; repair the migration or the data",
        "ERROR": "repair the statement, the role's rights or the connection",
        "NOT CHECKED": "give it an expectation that can be checked",
    }[outcome(check.result)]
    own = check.result.todo if isinstance(check.result, NotChecked) else ""
    return Reason(
        outcome(check.result),
        f"{check.title or check.name}: {expected}{_seen(check.result)}{where}",
        own or todo,
        f"check-{check.id}",
        check.name,
    )


def _not_run(checks: Sequence[Check]) -> Reason:
    count = f"{len(checks)} checks were" if len(checks) > 1 else "1 check was"
    return Reason(
        "NOT CHECKED",
        f"{count} not run ({_names(checks)})",
        "see the first reason",
        f"check-{checks[0].id}",
    )


def _together(why: str, checks: Sequence[Check]) -> Reason:
    own = checks[0].result.todo if isinstance(checks[0].result, NotChecked) else ""
    return Reason(
        "NOT CHECKED",
        f"{len(checks)} checks: {why} ({_names(checks)})",
        own or "see the first reason",
        f"check-{checks[0].id}",
    )
