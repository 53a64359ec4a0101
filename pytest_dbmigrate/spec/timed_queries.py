"""`-- metric: name` above a query of the application's: it is timed before and after."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.figures import known_figures
from pytest_dbmigrate.spec.query.refusals import refuse
from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.spec.statements import Comment, Script, Statement

RUNS = 5
_KEY = re.compile(r"\s*@?(?P<key>metric|runs)\s*:\s*(?P<value>\S+)\s*", re.IGNORECASE)
_SPEAKS = re.compile(rb"--\s*@?metric\s*:\s*[a-z0-9][a-z0-9_.-]*\s*$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_MOST = 100


@dataclass(frozen=True, slots=True)
class TimedQuery:
    """One query that the application asks, by name; its time is the median of `runs`."""

    name: str
    sql: str
    path: str
    line: int
    runs: int = RUNS


def speaks_of_metrics(data: bytes) -> bool:
    """Whether a file names a query to be timed; one without is somebody else's."""
    return bool(_SPEAKS.search(data))


def read_timed(script: Script) -> tuple[TimedQuery, ...]:
    """The queries to be timed of one file, in order.

    Statements without a name are not timed. Raises SpecError for a name that belongs to no query,
    that is no name, or that is given twice, and for what is not a query.
    """
    said: dict[int, dict[str, Comment]] = {}
    starts = [statement.start for statement in script.statements]
    for comment in script.comments:
        match = _KEY.fullmatch(comment.text)
        if match is None:
            continue
        key, place = match["key"].lower(), bisect_right(starts, comment.start)
        if key == "runs" and place not in said:
            continue  # a word of somebody's prose
        if place == len(starts):
            raise _error(script, comment, f"{key}: no statement follows", "put it above its query")
        if key in said.setdefault(place, {}):
            raise _error(script, comment, f"{key} is given twice", "give each query one")
        said[place][key] = comment
    return tuple(_timed(script, script.statements[n], keys) for n, keys in sorted(said.items()))


def refuse_twins(queries: Iterable[TimedQuery]) -> None:
    """Raise SpecError for two queries of one name, and for the name of a figure of ours."""
    ours = {figure.rpartition(".")[0] or figure for figure in known_figures(())}
    first: dict[str, TimedQuery] = {}
    for query in queries:
        if query.name in ours:
            problem = f"metric {query.name} is the name of a figure that is measured anyhow"
        elif query.name in first:
            earlier = first[query.name]
            problem = f"metric {query.name} stands at {earlier.path}:{earlier.line} too"
        else:
            first[query.name] = query
            continue
        raise SpecError(problem, path=query.path, line=query.line, remedy="give it another name")


def _timed(script: Script, statement: Statement, keys: dict[str, Comment]) -> TimedQuery:
    comment = keys["metric"]
    name = _value(comment)
    if not _NAME.fullmatch(name):
        raise _error(
            script, comment, f"{name!r} is no name for a metric", "letters a-z, digits, _ and -"
        )
    refusal = refuse(list(tokens(statement.text)))
    if refusal is not None:
        line, column = script.position(statement.start + refusal.start)
        raise SpecError(
            f"{refusal.problem}, so it cannot be timed",
            path=script.path,
            line=line,
            column=column,
            source=script.source_line(line),
            remedy="only queries are timed: SELECT, VALUES, TABLE, WITH",
        )
    runs = RUNS
    if "runs" in keys:
        written = _value(keys["runs"])
        if not written.isdecimal() or not 1 <= int(written) <= _MOST:
            raise _error(
                script, keys["runs"], f"runs: {written!r}", f"write a number up to {_MOST}"
            )
        runs = int(written)
    return TimedQuery(name, statement.text, script.path, statement.line, runs)


def _value(comment: Comment) -> str:
    match = _KEY.fullmatch(comment.text)
    return match["value"] if match else ""


def _error(script: Script, comment: Comment, problem: str, remedy: str) -> SpecError:
    return SpecError(
        problem,
        path=script.path,
        line=comment.line,
        column=comment.column,
        source=script.source_line(comment.line),
        remedy=remedy,
    )
