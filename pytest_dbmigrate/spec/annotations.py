"""A scanned verification file → its checks: name, set, phase, parameters and expectation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments import keys
from pytest_dbmigrate.spec.comments.attachment import place
from pytest_dbmigrate.spec.comments.check_keys import CheckKeys, is_prose, read_keys
from pytest_dbmigrate.spec.comments.readings import Reading, ReadingStatus, read_phrases
from pytest_dbmigrate.spec.comments.titles import query_sets, title_of, unique_names
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.query import parameters
from pytest_dbmigrate.spec.query.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.spec.comments.attachment import Attached, Placement
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.phases import Phase
    from pytest_dbmigrate.spec.query.refusals import Refusal
    from pytest_dbmigrate.spec.query.shape import Shape
    from pytest_dbmigrate.spec.statements import Script, Statement

__all__ = ["Check", "Reading", "ReadingStatus", "read_checks"]


@dataclass(frozen=True, slots=True)
class Check:
    """One verification: one statement (one parameter case of it) with one expectation.

    `name` is unique in its file and made of [a-z0-9_.-]; `title` is the author's text. `sql` is
    what is sent, with parameters filled in as psql does. `timeout` is in milliseconds, 0 for the
    default. `since` and `until` are migration versions, empty when unbounded. `expectation` is None
    when nothing can be judged; with status "partial" it is what was understood.
    """

    name: str
    title: str
    query_set: str
    phase: Phase
    path: str
    line: int
    end_line: int
    sql: str
    expectation: Expectation | None
    reading: Reading
    as_role: str = ""
    claims: str = ""
    timeout: int = 0
    tags: tuple[str, ...] = ()
    skip: str = ""
    informational: bool = False
    since: str = ""
    until: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class StatementReading:
    """One statement with all that its comments say; what `read_checks` and `explain` are made of."""

    statement: Statement
    shape: Shape
    said: CheckKeys
    title: str
    query_set: str
    expectation: Expectation | None
    reading: Reading


def read_checks(script: Script, load: Callable[[str], str] | None = None) -> tuple[Check, ...]:
    """The checks of one verification file, in order.

    `load` gives the text of a side file by the name in `expect-result: file.csv`. Raises SpecError
    for what must be refused as a whole (a statement that is not a query, an unknown `expect…` key,
    a value that does not parse, two equal explicit names); nothing of the file runs.
    """
    placement = place(script)
    read = read_statements(script, placement, load)
    for one in read:
        if one.shape.refusal is not None:
            raise refusal_error(script, one.statement, one.shape.refusal)
    _refuse_orphans(script, placement)
    names = _names(script, read)
    return tuple(
        c for one, name in zip(read, names, strict=True) for c in _cases(script, one, name)
    )


def read_statements(
    script: Script, placement: Placement, load: Callable[[str], str] | None
) -> list[StatementReading]:
    """Every statement with its keys and reading. Raises SpecError for a key that is wrong."""
    head = read_keys(script, placement.file, CheckKeys(), load)
    if head.name:
        raise _at_line(
            script,
            head.line("name"),
            "a name at the head of the file",
            "put it above its statement",
        )
    sets = query_sets(placement.headings, len(script.statements))
    return [
        _read(script, statement, attached, head, set_name, load)
        for statement, attached, set_name in zip(
            script.statements, placement.statements, sets, strict=True
        )
    ]


def _read(
    script: Script,
    statement: Statement,
    attached: Attached,
    head: CheckKeys,
    set_name: str,
    load: Callable[[str], str] | None,
) -> StatementReading:
    said = read_keys(script, (*attached.before, *attached.after), head, load)
    shape = shape_of(statement.text)
    title = title_of(attached)
    expectation, reading = _expectation(statement, attached, shape, said, head)
    return StatementReading(
        statement, shape, said, title, said.query_set or set_name, expectation, reading
    )


def _expectation(
    statement: Statement, attached: Attached, shape: Shape, said: CheckKeys, head: CheckKeys
) -> tuple[Expectation | None, Reading]:
    """The expectation of the statement's keys, else of its phrases, else of the file's head."""
    own = said.expectation if said.expectation_line != head.expectation_line else None
    if own is not None:
        return own, Reading("checked", said.expectation_line)
    expectation, reading = read_phrases(attached, shape)
    if head.expectation is not None:
        if reading.status == "no-expectation":
            return head.expectation, Reading("checked", head.expectation_line)
        if expectation is None or expectation.text != head.expectation.text:
            words = f"{head.expectation.text} at the head of the file, and another reading here"
            return None, Reading(
                "not-checked", reading.comment_line, "conflict", words, head.expectation.text
            )
    placeholder = _placeholder(shape, said)
    if placeholder and reading.status != "no-expectation":
        return None, Reading(
            "not-checked",
            reading.comment_line,
            "placeholder",
            placeholder,
            "param: name = value, and :'name' in the statement",
        )
    return expectation, reading


def _placeholder(shape: Shape, said: CheckKeys) -> str:
    given = {form for name, _ in said.parameters for form in (f":'{name}'", f':"{name}"')}
    return "" if shape.placeholder in given else shape.placeholder


def refusal_error(script: Script, statement: Statement, refusal: Refusal) -> SpecError:
    """The SpecError for a statement that may not run as a verification."""
    line, column = script.position(statement.start + refusal.start)
    return SpecError(
        f"{refusal.problem}, so nothing of this file runs",
        path=script.path,
        line=line,
        column=column,
        source=script.source_line(line),
        remedy=refusal.remedy,
    )


_ORPHANS = {
    "inside-statement": ("a key inside a statement", "put it above the statement, or behind its ;"),
    "several-statements-on-line": (
        "several statements end on this line, so the key could belong to each of them",
        "give each statement a line of its own",
    ),
    "ambiguous-attachment": (
        "this key could belong to the statement above or to the one below",
        "put it directly above its statement, with an empty line above it",
    ),
}


def _refuse_orphans(script: Script, placement: Placement) -> None:
    """Refuse a key that belongs to no statement: it must never be ignored."""
    for reason, item in placement.orphans:
        if item.key is not None and not is_prose(script, item.key):
            problem, remedy = _ORPHANS[reason]
            raise keys.error(script, item.key, problem, remedy)
    for run in placement.headings:
        for item in run.found:
            lost = run.to == "nothing" and not any(
                head.line in {c.line.line for c in run.found} for head, _ in placement.commented_out
            )
            if lost and item.key is not None and not is_prose(script, item.key):
                raise keys.error(
                    script,
                    item.key,
                    "this key belongs to no statement",
                    "put it directly above its statement",
                )


def _names(script: Script, read: list[StatementReading]) -> list[str]:
    explicit = [keys.slug(one.said.name, 200) for one in read]
    first: dict[str, int] = {}
    for name, one in zip(explicit, read, strict=True):
        line = one.said.line("name")
        if name and name in first:
            raise _at_line(
                script,
                line,
                f"the name {name} is already that of the check on line {first[name]}",
                "give each check a name of its own",
            )
        first[name] = line
    return unique_names([one.title for one in read], explicit, [o.statement.text for o in read])


def _cases(script: Script, one: StatementReading, name: str) -> Iterator[Check]:
    """The checks of one statement: one, or one for each case of its parameters."""
    said, sql = one.said, one.statement.text
    given = dict(said.parameters)
    if not given:
        yield _check(script, one, name, sql, "")
        return
    forms = parameters.used(sql)
    for parameter in given:
        if not forms.get(parameter):
            raise _at_line(
                script,
                said.line("param") or one.statement.line,
                f"the statement does not use the parameter {parameter}",
                f"write :'{parameter}' for a value or :\"{parameter}\" for a name in it",
            )
    seen: set[str] = set()
    for values in parameters.cases(given):
        case = ".".join(keys.slug(v) or "value" for v in values.values())
        number = 1
        while case in seen:
            number += 1
            case = f"{case.rsplit('-', 1)[0] if number > 2 else case}-{number}"
        seen.add(case)
        yield _check(script, one, f"{name}.{case}", parameters.fill_in(sql, values), case)


def _check(script: Script, one: StatementReading, name: str, sql: str, case: str) -> Check:
    said = one.said
    return Check(
        name=name,
        title=one.title or said.name or name,
        query_set=one.query_set,
        phase=said.phase,
        path=script.path,
        line=one.statement.line,
        end_line=one.statement.end_line,
        sql=sql,
        expectation=one.expectation,
        reading=one.reading,
        as_role=said.as_role,
        claims=said.claims,
        timeout=said.timeout,
        tags=said.tags,
        skip=said.skip,
        informational=said.informational,
        since=said.since,
        until=said.until,
        case=case,
    )


def _at_line(script: Script, line: int, problem: str, remedy: str) -> SpecError:
    return SpecError(
        problem,
        path=script.path,
        line=line,
        source=script.source_line(line) if line else "",
        remedy=remedy,
    )
