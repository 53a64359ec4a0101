"""A scanned verification file → its checks: name, set, phase, parameters and expectation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.comments import keys
from pytest_dbmigrate.spec.comments.placement import place
from pytest_dbmigrate.spec.comments.readings import Reading, ReadingStatus
from pytest_dbmigrate.spec.comments.titles import query_sets, unique_names
from pytest_dbmigrate.spec.query import parameters
from pytest_dbmigrate.spec.statement_reading import (
    StatementReading,
    error_at_line,
    read_head,
    read_statement,
    refusal_error,
    refuse_orphans,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.phases import Phase
    from pytest_dbmigrate.spec.statements import Script

__all__ = ["Check", "Reading", "ReadingStatus", "read_checks"]


@dataclass(frozen=True, slots=True)
class Check:
    """One verification: one statement (one parameter case of it) with one expectation.

    `name` is unique in its file and made of [a-z0-9_.-]; `title` is the author's text. `sql` is
    what is sent, with parameters filled in as psql does. `timeout` is in milliseconds, 0 for the
    default. `stays`: it is meant to hold before the migrations too. `since` and `until` are
    migration versions, empty when unbounded. `expectation` is None when nothing can be judged; with
    status "partial" it is what was understood.
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
    stays: bool = False
    since: str = ""
    until: str = ""
    case: str = ""


def read_checks(script: Script, load: Callable[[str], str] | None = None) -> tuple[Check, ...]:
    """The checks of one verification file, in order.

    `load` gives the text of a side file by the name in `expect-result: file.csv`. Raises SpecError
    for what must be refused as a whole (a statement that is not a query, an unknown `expect…` key,
    a value that does not parse, two equal explicit names); nothing of the file runs.
    """
    placement = place(script)
    head = read_head(script, placement, load)
    sets = query_sets(placement.runs, len(script.statements))
    read = [
        read_statement(script, statement, attached, head, load, uses_keys=placement.uses_keys)
        for statement, attached in zip(script.statements, placement.statements, strict=True)
    ]
    for one in read:
        if one.refusal is not None:
            raise refusal_error(script, one.statement, one.refusal)
    refuse_orphans(script, placement)
    names = check_names(script, read)
    return tuple(
        check
        for one, name, query_set in zip(read, names, sets, strict=True)
        for check in _cases(script, one, name, query_set)
    )


def check_names(script: Script, read: Sequence[StatementReading]) -> list[str]:
    """A unique name for each statement. Raises SpecError for two equal explicit ones."""
    explicit = [keys.slug(one.said.name, 200) for one in read]
    first: dict[str, int] = {}
    for name, one in zip(explicit, read, strict=True):
        line = one.said.line("name")
        if name and name in first:
            raise error_at_line(
                script,
                line,
                f"the name {name} is already that of the check on line {first[name]}",
                "give each check a name of its own",
            )
        first[name] = line
    return unique_names([one.title for one in read], explicit, [o.statement.text for o in read])


def _cases(script: Script, one: StatementReading, name: str, query_set: str) -> Iterator[Check]:
    """The checks of one statement: one, or one for each case of its parameters."""
    said, sql = one.said, one.statement.text
    given = dict(said.parameters)
    if not given:
        yield _check(script, one, name, query_set)
        return
    forms = parameters.used(sql)
    for parameter in given:
        if not forms.get(parameter):
            raise error_at_line(
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
        check = _check(script, one, f"{name}.{case}", query_set)
        yield replace(check, sql=parameters.fill_in(sql, values), case=case)


def _check(script: Script, one: StatementReading, name: str, query_set: str) -> Check:
    said = one.said
    return Check(
        name=name,
        title=one.title or said.name or name,
        query_set=said.query_set or query_set,
        phase=said.phase,
        path=script.path,
        line=one.statement.line,
        end_line=one.statement.end_line,
        sql=one.statement.text,
        expectation=one.expectation,
        reading=one.reading,
        as_role=said.as_role,
        claims=said.claims,
        timeout=said.timeout,
        tags=said.tags,
        skip=said.skip,
        informational=said.informational,
        stays=said.stays,
        since=said.since,
        until=said.until,
    )
