"""The layer-A keys of one statement, or of a whole file, parsed into what a check is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.spec.comments import keys
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.expect.comparison import BadValueError
from pytest_dbmigrate.spec.expect.keys import EXPECT_KEYS, RESULT, parse_expectation
from pytest_dbmigrate.spec.phases import FINAL, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_dbmigrate.spec.comments.keys import Key
    from pytest_dbmigrate.spec.comments.lines import Classified
    from pytest_dbmigrate.spec.expectations import Expectation
    from pytest_dbmigrate.spec.statements import Script


@dataclass(frozen=True, slots=True)
class CheckKeys:
    """What the keys say. `lines` are the lines of the keys that were given, by key."""

    name: str = ""
    query_set: str = ""
    phase: Phase = FINAL
    since: str = ""
    until: str = ""
    as_role: str = ""
    claims: str = ""
    timeout: int = 0
    tags: tuple[str, ...] = ()
    skip: str = ""
    informational: bool = False
    stays: bool = False
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expectation: Expectation | None = None
    expectation_line: int = 0
    lines: tuple[tuple[str, int], ...] = ()

    def line(self, name: str) -> int:
        """The line of a key, 0 when it was not given."""
        return next((line for key, line in self.lines if key == name), 0)


# key → (field of CheckKeys, parser)
_PARSERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name", keys.parse_name),
    "set": ("query_set", keys.parse_reason),
    "phase": ("phase", keys.parse_phase),
    "since": ("since", keys.parse_version),
    "until": ("until", keys.parse_version),
    "as": ("as_role", keys.parse_role),
    "claims": ("claims", keys.parse_claims),
    "timeout": ("timeout", keys.parse_timeout),
    "tags": ("tags", keys.parse_tags),
    "skip": ("skip", keys.parse_reason),
    "severity": ("informational", keys.parse_severity),
    "stays": ("stays", keys.parse_stays),
}


def read_keys(
    script: Script,
    found: Sequence[Sequence[Classified]],
    start: CheckKeys,
    load: Callable[[str], str] | None,
    *,
    uses_keys: bool,
) -> CheckKeys:
    """The keys in these runs of lines, over what the file's head says. Raises SpecError."""
    said = replace(start, lines=(), parameters=start.parameters)
    given: dict[str, Key] = {}
    for lines in found:
        for n, item in enumerate(lines):
            if item.key is None or is_prose(script, item.key, uses_keys=uses_keys):
                continue
            key = item.key
            keys.require_known(script, key, colon=keys.has_colon(script, key))
            same = "an expectation" if key.name in EXPECT_KEYS else key.name
            if same in given and key.name != "param":
                raise keys.error(
                    script,
                    key,
                    f"{same} was already given on line {given[same].line}",
                    "give one; for a second expectation write the statement a second time",
                )
            given[same] = key
            said = _add(script, said, key, lines[n + 1 :], load)
    return _checked_together(script, said, given)


def _add(
    script: Script,
    said: CheckKeys,
    key: Key,
    following: Sequence[Classified],
    load: Callable[[str], str] | None,
) -> CheckKeys:
    said = replace(said, lines=(*said.lines, (key.name, key.line)))
    try:
        if key.name in EXPECT_KEYS:
            rows = _rows_below(following) if key.name == RESULT and ".csv" not in key.value else []
            parsed = parse_expectation(key.name, key.value, rows, load, key.line + 1)
            return replace(said, expectation=parsed, expectation_line=key.line)
        if key.name == "param":
            parameter = keys.parse_param(key.value, {name for name, _ in said.parameters})
            return replace(said, parameters=(*said.parameters, parameter))
        name, parse = _PARSERS[key.name]
        return replace(said, **{name: parse(key.value)})
    except BadValueError as error:
        raise keys.error(script, key, error.problem, error.remedy, error.offset) from None


def _rows_below(following: Sequence[Classified]) -> list[str]:
    """The comment lines directly below `expect-result:`, up to an empty one, a key or the end."""
    return [item.line.text for item in takewhile(lambda c: c.kind == "row", following)]


def is_prose(script: Script, key: Key, *, uses_keys: bool) -> bool:
    """Whether a line such as `-- Phase: Week 1` is prose that only looks like a key.

    So it is when its word starts with a capital, its value does not parse, and the file has no
    `expect-…` key from which its author could know keys. Anything else that does not parse is an
    error.
    """
    if uses_keys or key.name not in keys.OTHER_KEYS:
        return False
    source = script.source_line(key.line)
    written = source[key.column - 1 : key.column - 1 + len(key.name)]
    if not written[:1].isupper() or source[key.column - 2 : key.column - 1] == "@":
        return False
    if key.name in {"name", "set", "skip", "claims"}:
        return key.name in {"skip", "claims"}
    try:
        keys.parse_param(key.value) if key.name == "param" else _PARSERS[key.name][1](key.value)
    except BadValueError:
        return True
    return False


def _checked_together(script: Script, said: CheckKeys, given: dict[str, Key]) -> CheckKeys:
    """Refuse what does not go together. Raises SpecError."""
    text = said.expectation.text if said.expectation else ""
    if said.claims and not said.as_role:
        _refuse(script, given, "claims", "claims without a role", "add as: authenticated")
    if text == "expect-visible" and not said.as_role:
        _refuse(script, given, "an expectation", "expect-visible without a role", "add as: role")
    if text == "expect-same-as-before" and said.phase.kind == "before":
        _refuse(
            script,
            given,
            "an expectation",
            "nothing is before the phase before",
            "leave phase: out; the statement runs before the first migration by itself",
        )
    if said.since and said.until and int(said.since) > int(said.until):
        _refuse(
            script, given, "until", f"no version is from {said.since} to {said.until}", "swap them"
        )
    return said


def _refuse(script: Script, given: dict[str, Key], name: str, problem: str, remedy: str) -> None:
    key = given.get(name) or next(iter(given.values()), None)
    if key is None:
        raise SpecError(problem, path=script.path, remedy=remedy)
    raise keys.error(script, key, problem, remedy)
