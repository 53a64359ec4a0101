"""A failed item in words: what was expected, what was observed, and where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.report.sql import formatted
from pytest_dbmigrate.spec.errors import excerpt
from pytest_dbmigrate.spec.expectations import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.evidence.decision import Decision
    from pytest_dbmigrate.postgres.apply import Fault
    from pytest_dbmigrate.postgres.builtin import BuiltInFinding
    from pytest_dbmigrate.postgres.ending import Ending
    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.observations import Finding
    from pytest_dbmigrate.postgres.rerun import Rerun
    from pytest_dbmigrate.spec.annotations import Check

_REPEATABLE = (
    "  a migration that can be repeated changes nothing the second time (IF NOT EXISTS,",
    "  ON CONFLICT, a test of what is there). Where something else keeps it from running twice:",
    "  --dbmigrate-off=rerun",
)
ROWS_SHOWN = 10
CELL_WIDTH = 60


def first_line(finding: Finding) -> str:
    """`file:line: FAIL: title: expected …, observed …`: the line of pytest's short summary."""
    check, verdict = finding.check, finding.verdict
    return (
        f"{check.path}:{check.line}: {verdict.outcome}: {check.title}: "
        f"expected {verdict.expected}, observed {one_line(verdict.observed)}"
    )


def not_checked(finding: Finding) -> str:
    """Why a check was not evaluated, and the line to write instead, for pytest's skip reason."""
    check, verdict = finding.check, finding.verdict
    instead = f"; write: {verdict.suggestion}" if verdict.suggestion else ""
    return f"NOT CHECKED: {check.title} ({check.path}:{check.line}): {verdict.observed}{instead}"


def render(finding: Finding, gate: Gate) -> str:
    """The whole text of a failed verification."""
    check, verdict = finding.check, finding.verdict
    lines = [first_line(finding), ""]
    if check.query_set:
        lines.append(f"  set       {check.query_set}")
    lines += [
        f"  check     {check.title}",
        f"  expected  {verdict.expected}",
        f"  observed  {one_line(verdict.observed, 500)}",
    ]
    if check.reading.note:
        lines.append(f"  note      {check.reading.note}")
    lines += [f"            {line}" for line in verdict.details]
    if finding.answer is not None and isinstance(finding.answer.outcome, Result):
        lines += ["", *(f"  {line}" for line in table(finding.answer.outcome))]
    lines += changed_objects(check, gate)
    if verdict.suggestion:
        lines += ["", f"  to be told more next time, write:  {verdict.suggestion}"]
    lines += ["", *(f"  {line}" for line in formatted(check.sql).splitlines())]
    return "\n".join(lines)


# What a query counts, by the catalog it reads, in the words of the schema's diff.
_COUNTED = (
    ("policy", ("pg_policies", "pg_policy")),
    ("foreign key", ("contype = 'f'", "foreign key", "referential_constraints")),
    ("index", ("pg_indexes", "pg_index")),
    ("trigger", ("pg_trigger", "information_schema.triggers")),
    ("function", ("pg_proc", "information_schema.routines")),
    ("view", ("pg_views", "information_schema.views")),
    ("column", ("pg_attribute", "information_schema.columns")),
    ("table", ("pg_tables", "pg_class", "information_schema.tables")),
)


def changed_objects(check: Check, gate: Gate) -> list[str]:
    """For a failed count: what this run's migrations added and removed of its kind, by name."""
    before, after = gate.seen.catalog_before, gate.seen.catalog_after
    text = check.sql.lower()
    if before is None or after is None or "count(" not in text.replace(" ", ""):
        return []
    from pytest_dbmigrate.postgres.catalog import diff  # noqa: PLC0415  (import time)

    kind = next((k for k, words in _COUNTED if any(w in text for w in words)), "")
    found = [c for c in diff(before, after) if c.kind == kind and c.change != "changed"]
    lines = []
    for word in ("added", "removed"):
        names = [c.identity for c in found if c.change == word]
        if names:
            more = f" and {len(names) - ROWS_SHOWN} more" if len(names) > ROWS_SHOWN else ""
            lines.append(f"  {word:<8}  by this run: {', '.join(names[:ROWS_SHOWN])}{more}")
    return ["", *lines] if lines else []


def table(result: Result, limit: int = ROWS_SHOWN) -> Iterator[str]:
    """A result's first rows in columns, as psql would lay them out; says how many there are."""
    if not result.columns or not result.rows:
        return
    head = [one_line(c.name, CELL_WIDTH) for c in result.columns]
    body = [[_cell(v) for v in row] for row in result.rows[:limit]]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    yield " | ".join(h.ljust(w) for h, w in zip(head, widths, strict=True)).rstrip()
    yield "-+-".join("-" * w for w in widths)
    for row in body:
        yield " | ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)).rstrip()
    shown = min(limit, len(result.rows))
    if result.row_count > shown or not result.complete:
        known = (
            f"{result.row_count:,}" if result.complete else f"more than {result.row_count - 1:,}"
        )
        yield f"({shown} of {known} rows shown)"


def render_fault(fault: Fault, prefix: str = "") -> str:
    """An SQL error with its place, the source line and a caret."""
    state = f" (SQLSTATE {fault.sqlstate})" if fault.sqlstate else ""
    lines = [f"{fault.file}:{fault.line}: {prefix}{fault.message}{state}", ""]
    shown, caret = excerpt(fault.source_line, fault.column or 1)
    lines += [f"  {fault.line:>5} | {shown}", f"        | {caret}"]
    for word, text in (("detail", fault.detail), ("hint", fault.hint), ("context", fault.context)):
        if text:
            first, *rest = text.splitlines()
            lines += [f"  {word:<8}  {first}", *(f"            {line}" for line in rest)]
    return "\n".join(lines)


def render_rerun_fault(fault: Fault) -> str:
    """The error a migration raised when it was applied once more."""
    return "\n".join([render_fault(fault, "applied once more: "), "", *_REPEATABLE])


def render_rerun(path: str, rerun: Rerun) -> str:
    """What a migration changed when it was applied once more."""
    changed = rerun.changed[:ROWS_SHOWN]
    more = len(rerun.changed) - len(changed)
    return "\n".join(
        [
            f"{path}:1: applied once more in the {rerun.session} session, it changed something",
            "",
            *(f"  {line}" for line in changed),
            *([f"  and {more} more"] if more else []),
            "",
            *_REPEATABLE,
        ]
    )


def render_builtin(finding: BuiltInFinding, host: str) -> str:
    """What a built-in check found, and how to leave it out."""
    word = (
        "for information" if finding.information else "FAIL" if finding.problems else "NOT CHECKED"
    )
    found = [*finding.problems, *(f"not looked at: {line}" for line in finding.unknown)]
    more = len(found) - ROWS_SHOWN
    lines = [f"{host}: {word}: {finding.title}: {len(found)} found", ""]
    lines += [f"  {one_line(line, 300)}" for line in found[:ROWS_SHOWN]]
    if more > 0:
        lines.append(f"  and {more} more")
    if finding.earlier:
        lines.append(f"  ({len(finding.earlier)} more were there before the migrations)")
    return "\n".join([*lines, "", f"  to leave this check out: --dbmigrate-off={finding.name}"])


def render_check(check: record.Check) -> str:
    """What a check of the record came to, its first line with its place; empty when it passed."""
    where = f"{check.source}: " if check.source else ""
    aside = "" if check.required else "for information: "
    match check.result:
        case record.Failed(observed=seen):
            first = f"{where}{aside}FAIL: {check.title}: expected {check.expected}, observed "
            return "\n".join([first + one_line(seen.text), "", *(f"  {d}" for d in seen.details)])
        case record.Errored(why=why):
            return f"{where}{aside}ERROR: {check.title}: {one_line(why)}"
        case record.NotChecked(why=why, todo=todo):
            instead = f". To check it: {todo}" if todo else ""
            return f"{where}NOT CHECKED: {check.title}: {one_line(why)}{instead}"
        case _:
            return ""


def render_way_back(check: record.Check) -> str:
    """Why there is no proven way back; empty when there is."""
    match check.result:
        case record.Passed():
            return ""
        case record.Failed(observed=seen):
            lines = [f"FAIL: {check.title}: {seen.text}", "", *(f"  {d}" for d in seen.details)]
            return "\n".join(lines)
        case record.Errored(why=why) | record.NotChecked(why=why):
            return f"{record.outcome(check.result)}: {check.title}: {why}"


def render_ending(ending: Ending, stopped: str) -> str:
    """Why the transaction was not committed."""
    word = "the database is UNKNOWN" if ending.state == "unknown" else "rolled back, unchanged"
    why = (ending.why or stopped).removeprefix("not committed: ")
    return f"not committed: {why}\n\n  {word}"


def render_decision(decision: Decision) -> str:
    """The decision with its reasons."""
    lines = [f"{decision.word}: {one_line(decision.sentence, 1_000)}", "", f"  {decision.database}"]
    for reason in decision.reasons:
        lines += _indented(f"{reason.outcome}: {reason.title}", "  ")
        lines += _indented(reason.todo, "      ") if reason.todo else []
    return "\n".join(lines)


def _indented(text: str, indent: str) -> list[str]:
    """A text's lines, none of which can pass for a line of ours or move the terminal's cursor."""
    return [f"{indent}{one_line(line, 1_000)}" for line in text.split("\n")]


def one_line(text: str, limit: int = 200) -> str:
    """Text on one line, shortened, control characters made visible."""
    flat = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def _cell(value: str | None) -> str:
    return "NULL" if value is None else one_line(value, CELL_WIDTH)
