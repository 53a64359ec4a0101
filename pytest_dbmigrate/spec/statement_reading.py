"""One statement with its comments → its keys, its shape and how its expectation was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments import keys
from pytest_dbmigrate.spec.comments.check_keys import CheckKeys, is_prose, read_keys
from pytest_dbmigrate.spec.comments.readings import Reading, read_phrases
from pytest_dbmigrate.spec.comments.titles import title_of
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.query.refusals import Refusal, look_at
from pytest_dbmigrate.spec.query.shape import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.spec.comments.placement import Attached, Placement
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.statements import Script, Statement


@dataclass(frozen=True, slots=True)
class StatementReading:
    """One statement with all that its comments say."""

    statement: Statement
    refusal: Refusal | None
    said: CheckKeys
    title: str
    expectation: Expectation | None
    reading: Reading


def read_head(script: Script, placement: Placement, load: Callable[[str], str] | None) -> CheckKeys:
    """What the keys at the head of the file say of all of it. Raises SpecError."""
    head = read_keys(script, placement.file, CheckKeys(), load, uses_keys=placement.uses_keys)
    if head.name:
        raise error_at_line(
            script,
            head.line("name"),
            "a name at the head of the file",
            "put it above its statement",
        )
    return head


def read_statement(
    script: Script,
    statement: Statement,
    attached: Attached,
    head: CheckKeys,
    load: Callable[[str], str] | None,
    *,
    uses_keys: bool,
) -> StatementReading:
    """One statement with its keys and its reading. Raises SpecError for a key that is wrong."""
    lines = (*attached.before, *attached.after)
    said = read_keys(script, lines, head, load, uses_keys=uses_keys)
    found, refusal = look_at(statement.text)
    expectation: Expectation | None
    if said.expectation is not None and said.expectation_line != head.expectation_line:
        expectation, reading = said.expectation, Reading("checked", said.expectation_line)
    else:
        shape = Shape() if refusal else shape_of(found)
        expectation, reading = _from_phrases(attached, shape, said, head)
    return StatementReading(statement, refusal, said, title_of(attached), expectation, reading)


def _from_phrases(
    attached: Attached, shape: Shape, said: CheckKeys, head: CheckKeys
) -> tuple[Expectation | None, Reading]:
    """The expectation of the statement's phrases, else of the file's head."""
    expectation, reading = read_phrases(attached, shape)
    if head.expectation is not None:
        if reading.status == "no-expectation":
            return head.expectation, Reading("checked", head.expectation_line)
        if expectation is None or expectation.text != head.expectation.text:
            words = f"{head.expectation.text} at the head of the file, and another reading here"
            return None, Reading(
                "not-checked", reading.comment_line, "conflict", words, head.expectation.text
            )
    given = {form for name, _ in said.parameters for form in (f":'{name}'", f':"{name}"')}
    placeholder = next((p for p in shape.placeholders if p not in given), "")
    if placeholder and reading.status != "no-expectation":
        return None, Reading(
            "not-checked",
            reading.comment_line,
            "placeholder",
            placeholder,
            "param: name = value, and :'name' in the statement",
        )
    return expectation, reading


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
    "no-statement": ("this key belongs to no statement", "put it directly above its statement"),
    "ambiguous-attachment": (
        "this key could belong to the statement above or to the one below",
        "put it directly above its statement, with an empty line above it",
    ),
}


def refuse_orphans(script: Script, placement: Placement) -> None:
    """Raise SpecError for a key that belongs to no statement: it must never be ignored."""
    for reason, item in placement.orphans:
        if item.key is not None and not is_prose(script, item.key, uses_keys=placement.uses_keys):
            problem, remedy = _ORPHANS[reason]
            raise keys.error(script, item.key, problem, remedy)


def error_at_line(script: Script, line: int, problem: str, remedy: str) -> SpecError:
    """A SpecError for a whole line."""
    return SpecError(
        problem,
        path=script.path,
        line=line,
        source=script.source_line(line) if line else "",
        remedy=remedy,
    )
