"""Atomic groups mean what possessive quantifiers mean, for each pattern of ours that has them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_dbmigrate.spec import patterns, psql_commands, statements, tokens
from pytest_dbmigrate.spec.comments import meanings, notes
from pytest_dbmigrate.spec.expect import result_files

MODULES = (psql_commands, statements, tokens, meanings, notes, result_files)
POSSESSIVE = [
    pytest.param(found, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, found in vars(module).items()
    if isinstance(found, re.Pattern) and re.search(r"[*+?]\+|\(\?>", found.pattern)
]
PIECES = st.sampled_from(
    [
        *"'\"$;()\\/-*+_eExXuU&019., \n\r\t=<>¦|",
        "--",
        "/*",
        "*/",
        "$a$",
        "''",
        "select",
        "and",
        "E'",
    ]
)


@pytest.mark.parametrize(
    ("pattern", "atomic"),
    [
        ("a*+", "(?>a*)"),
        ("[^*+]++b", "(?>[^*+]+)b"),
        (r"\*?+", r"(?>\*?)"),
        ("(?:ab?c)*+", "(?>(?:ab?c)*)"),
        ("(?P<x>(?:a|b++)*+)c", "(?P<x>(?>(?:a|(?>b+))*))c"),
        ("a{2,3}+", "(?>a{2,3})"),
        ("a+?b*?", "a+?b*?"),
        ("(?=a)(?!b)(?<=c)x{", "(?=a)(?!b)(?<=c)x{"),
        ("[]*+]+", "[]*+]+"),
    ],
)
def test_when_a_quantifier_is_possessive_then_it_becomes_an_atomic_group(
    pattern: str, atomic: str
) -> None:
    assert patterns.with_atomic_groups(pattern) == atomic


@pytest.mark.parametrize("found", POSSESSIVE)
@given(st.lists(PIECES, max_size=30).map("".join))
@example("aca")
def test_when_a_pattern_is_rewritten_then_it_matches_the_same(
    found: re.Pattern[str], text: str
) -> None:
    rewritten = re.compile(patterns.with_atomic_groups(found.pattern), found.flags)
    for start in range(len(text) + 1):
        one, other = found.match(text, start), rewritten.match(text, start)
        assert (one and (one.span(), one.groupdict())) == (
            other and (other.span(), other.groupdict())
        )


def test_when_a_possessive_group_fails_then_nothing_of_the_attempt_is_taken() -> None:
    """What CPython before 3.11.5 gets wrong."""
    found = patterns.compiled("(?:ab?c)*+").match("aca")
    assert found is not None
    assert found[0] == "ac"
