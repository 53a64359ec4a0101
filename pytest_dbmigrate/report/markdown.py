"""The report as Markdown: the page's twin, for pull requests, wikis and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.report.gfm import code, escape, fenced, table
from pytest_dbmigrate.report.markdown_window import window_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_dbmigrate.report.sections.check_rows import CheckRow
    from pytest_dbmigrate.report.sections.opened import Opened
    from pytest_dbmigrate.report.sections.probes import Probes
    from pytest_dbmigrate.report.sections.result import Seen, Status
    from pytest_dbmigrate.report.view import Report


def render_markdown(view: Report) -> str:
    """The twelve sections as GitHub-flavoured Markdown; the same view gives the same bytes."""
    parts = (
        head(view),
        _criteria(view),
        _checks(view),
        _execution(view),
        _timeline(view),
        _metrics(view),
        _schema(view),
        _probes("Application health", view.health),
        window_lines(view),
        _probes("Rollback readiness", view.rollback),
        _sign_off(view),
        _provenance(view),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def head(view: Report) -> Iterator[str]:
    """Identity and decision: what a step summary shows too."""
    top, shown = view.identity, view.verdict
    yield from (f"# {escape(top.title)}", "")
    yield f"- Stage: {escape(top.stage)}"
    yield f"- Target: {code(top.target)} {escape(top.server)}"
    yield f"- When: {escape(top.when)}"
    yield f"- Run: {code(top.run)}, by {escape(top.operator)}"
    yield from ("", f"## {shown.word}", "", escape(shown.sentence), "")
    if shown.database:
        yield from (f"**Database:** {escape(shown.database)}", "")
    yield from table(
        [f.label for f in shown.facts],
        [[f"**{escape(f.value)}**{' ' if f.small else ''}{escape(f.small)}" for f in shown.facts]],
    )
    if shown.obstacles:
        yield from ("What stands between this run and GO:", "")
        for o in shown.obstacles:
            todo = f": {escape(o.todo)}" if o.todo else ""
            yield f"- {_status(o.status)} {escape(o.title)}{todo}"
        if shown.more:
            yield f"- {shown.more}"
        yield ""


def _status(status: Status) -> str:
    return f"{status.shape} **{escape(status.word)}**"


def _seen(seen: Seen) -> str:
    return escape(seen.observed) + (f"<br>To check it: {code(seen.todo)}" if seen.todo else "")


def _remarks(remarks: Iterable[str]) -> str:
    return "".join(f"<br>{escape(r)}" for r in remarks if r)


def _criteria(view: Report) -> Iterator[str]:
    if not view.criteria.planned:
        yield from (
            "## Success criteria",
            "",
            "There is no plan.toml: every verification must pass.",
            "",
        )
        return
    yield from (f"## Success criteria, {view.criteria.met} of {view.criteria.total} met", "")
    for group in view.criteria.groups:
        yield from (f"### {escape(group.title)}, {group.tally}", "")
        yield from table(
            ("Criterion", "Required", "Observed", "Result"),
            (
                (
                    escape(r.title) + _remarks(r.sub),
                    escape(r.expected),
                    _seen(r.seen),
                    _status(r.seen.status),
                )
                for r in group.rows
            ),
        )


def _checks(view: Report) -> Iterator[str]:
    yield from (f"## Verifications, {view.checks.passed:,} of {view.checks.total:,} passed", "")
    if not view.checks.sets:
        yield from ("○ **NOT CHECKED** No verification was collected.", "")
    if view.checks.vacuous_said:
        yield from (view.checks.vacuous_said, "")
    for group in view.checks.sets:
        phase = f" ({escape(group.phase)})" if group.phase else ""
        yield from (f"### {escape(group.title)}{phase}, {group.tally}".rstrip(", "), "")
        if group.rows:
            yield from _check_table(group.rows)
        for fold in group.folded:
            yield from (f"{_status(fold.status)} {fold.count:,}, by name in evidence.json.", "")
        for row in group.rows:
            if row.opened:
                yield from _opened(row, row.opened)


def _check_table(rows: Sequence[CheckRow]) -> list[str]:
    return table(
        ("Check", "Expected", "Observed", "Time", "Result"),
        (
            (
                escape(r.title) + _remarks(r.sub),
                escape(r.expected),
                _seen(r.seen),
                r.seen.took,
                _status(r.seen.status),
            )
            for r in rows
        ),
    )


def _opened(row: CheckRow, opened: Opened) -> Iterator[str]:
    yield from (f"#### {row.seen.status.shape} {escape(row.title)}", "")
    yield from (f"{code(opened.place)}", "") if opened.place else ()
    yield f"- Expected: {escape(row.expected) or 'nothing was stated'}"
    yield f"- Observed: {escape(row.seen.observed)}"
    yield from (f"- {escape(d)}" for d in opened.details)
    yield ""
    if opened.note:
        yield from (escape(opened.note), "")
    if opened.rows:
        yield from (opened.rows.said + ":", "")
        yield from table(
            [escape(c) or " " for c in opened.rows.columns],
            ([("*NULL*" if v is None else code(v)) for v in values] for values in opened.rows.rows),
        )
    if opened.sql:
        yield from (*fenced(opened.sql, "sql"), "")


def _with_forecast(took: str, predicted: str) -> str:
    return f"{took} ({predicted})" if predicted else took


def _execution(view: Report) -> Iterator[str]:
    ran = view.execution
    yield from ("## Migration execution log", "")
    if not ran.migrations:
        yield from ("No migration was to be applied in this run.", "")
        return
    yield from (escape(ran.fate), "")
    for run in ran.migrations:
        yield from (f"### {escape(run.title)}: {_status(run.status)}", "")
        yield from (f"{code(run.file)} {escape(run.summary)}".rstrip(), "")
        if run.error:
            yield from (f"**{escape(run.error.message)}** {code(run.error.place)}".rstrip(), "")
            if run.error.source:
                yield from (*fenced(run.error.source), "")
            for label, value in run.error.more:
                yield from (f"{label}: {escape(value)}", "")
        for note in run.notes:
            yield from (escape(note), "")
        if run.statements:
            yield from table(
                ("Line", "Statement", "Rows", "Time"),
                (
                    (
                        str(s.line),
                        code(s.text)
                        + _remarks((*s.notices, *(f"rewrote {t}" for t in s.rewritten))),
                        s.rows,
                        _with_forecast(s.took, s.predicted),
                    )
                    for s in run.statements
                ),
            )
        if run.left_out:
            yield from (run.left_out, "")
    if ran.locks:
        yield from ("### Locks held until the end", "")
        yield from table(
            ("Relation", "Mode", "Keeps others from", "Since", "Held"),
            (
                (
                    code(k.relation),
                    escape(k.mode),
                    k.blocks,
                    k.since,
                    _with_forecast(k.held, k.predicted),
                )
                for k in ran.locks
            ),
        )
        if ran.locks_left_out:
            yield from (ran.locks_left_out, "")
    if ran.reruns:
        yield from ("### Applied once more", "")
        yield from table(
            ("Migration", "Observed", "Result"),
            ((escape(a.title), _seen(a.seen), _status(a.seen.status)) for a in ran.reruns),
        )


def _timeline(view: Report) -> Iterator[str]:
    yield from ("## Timeline", "")
    if not view.timeline.rows:
        yield from ("No phase was planned or timed in this run.", "")
        return
    if view.timeline.said:
        yield from (escape(view.timeline.said), "")
    yield from table(
        ("Phase", "Planned", "Observed"),
        (
            (escape(p.name), escape(p.planned), escape(p.observed) + _remarks(p.sub))
            for p in view.timeline.rows
        ),
    )


def _metrics(view: Report) -> Iterator[str]:
    yield from ("## Before and after", "")
    if view.metrics.rows:
        yield from table(
            ("Figure", "Before", "After", "Change", "Limit"),
            (
                (
                    escape(r.title) + _remarks(r.sub),
                    escape(r.before),
                    f"**{escape(r.after)}**",
                    r.change,
                    escape(r.limit),
                )
                for r in view.metrics.rows
            ),
        )
    else:
        yield from ("No figure was taken before and after in this run.", "")
    if view.metrics.sizes:
        yield from ("### Largest tables", "")
        yield from table(
            ("Table", "Before", "After", "Dead rows"),
            ((code(t.table), t.before, t.after, t.dead) for t in view.metrics.sizes),
        )
    if view.metrics.tables:
        yield from ("### Rows by table", "")
        yield from table(
            ("Table", "Before", "After", "Inserted", "Updated", "Deleted", "Lost"),
            (
                (
                    code(t.table) + _remarks(("lost, not declared" if t.bad else "", t.note)),
                    t.before,
                    t.after,
                    t.inserted,
                    t.updated,
                    t.deleted,
                    t.lost,
                )
                for t in view.metrics.tables
            ),
        )
    if view.metrics.tables_said:
        yield from (view.metrics.tables_said, "")


def _schema(view: Report) -> Iterator[str]:
    summary = f", {view.schema.summary}" if view.schema.summary else ""
    yield from (f"## Schema diff{summary}", "")
    if not view.schema.compared:
        yield from ("The schema was not compared in this run.", "")
    elif not view.schema.kinds:
        yield from ("The schema is the same before and after.", "")
    for kind in view.schema.kinds:
        yield from (f"### {escape(kind.title)}, {kind.tally}", "")
        for c in kind.rows:
            change = f": {code(c.before)} → {code(c.after)}" if c.before and c.after else ""
            only = f": {code(c.after or c.before)}" if bool(c.before) != bool(c.after) else ""
            parts = f", {escape(c.parts)}" if c.parts else ""
            loss = ", **not declared**" if c.loss else ", declared" if c.word == "removed" else ""
            yield f"- {c.word} {code(c.identity)}{change}{only}{parts}{loss}"
        if kind.left_out:
            yield f"- {kind.left_out}"
        yield ""


def _probes(title: str, probes: Probes) -> Iterator[str]:
    yield from (f"## {title}", "")
    if not probes.rows:
        if probes.todo:
            yield f"○ **NOT CHECKED** {probes.missing} To check it: {code(probes.todo)}"
        else:
            yield probes.missing
        yield ""
        return
    yield from _check_table(probes.rows)
    for row in probes.rows:
        if row.opened:
            yield from _opened(row, row.opened)


def _sign_off(view: Report) -> Iterator[str]:
    yield from ("## Team sign-off", "")
    if view.signoff.rows:
        yield from table(
            ("Role", "Signed by", "Decision", "Key", "Signature"),
            (
                (
                    escape(r.role),
                    escape(r.person) + _remarks((r.when,)),
                    f"{_status(r.decision) if r.decision else ''}{_remarks(r.remarks)}",
                    code(r.key),
                    _status(r.status),
                )
                for r in view.signoff.rows
            ),
        )
    else:
        yield from ("The plan names no roles, so nobody has to sign.", "")
    if view.signoff.how:
        yield from ("To sign, after reading:", "", *fenced("\n".join(view.signoff.how), "sh"), "")


def _provenance(view: Report) -> Iterator[str]:
    shown = view.provenance
    yield from ("## Provenance and limits", "")
    yield from (f"- {label}: {escape(value)}" for label, value in shown.facts)
    yield f"- Evidence: sha256 {code(shown.digest)}"
    yield ""
    if shown.clone:
        yield from ("How the clone differs from its source:", "")
        yield from (*(f"- {escape(line)}" for line in shown.clone), "")
    if shown.files:
        yield from table(
            ("File", "Role", "Bytes", "SHA-256"),
            ((code(f.path), f.role, f.bytes, code(f.sha256)) for f in shown.files),
        )
    yield from (f"- {escape(note)}" for note in (*shown.notes, *shown.limits))
