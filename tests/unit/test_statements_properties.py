"""Splitting .sql text: what holds for every text, on generated ones."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import Script, decode, scan, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Text without what would end the quoting it is put into.
_WILD = st.text(
    alphabet=st.one_of(st.sampled_from(";'\"$\\-/*()\n\r\t eEuU&a0:{}é😀"), st.characters()),
    max_size=12,
).map(lambda text: text.replace("\0", ""))
_PLAIN = _WILD.map(lambda text: "'" + text.replace("'", "''") + "'")
_TOKENS = st.one_of(
    st.sampled_from(
        ["x", "Ünïcode", "a$b$", "END", "begin", "case", "tablE", "1", "1.5e3", "0x1F"]
    ),
    st.sampled_from(
        ["+", "*", "<=", "@-", "::", ":=", "..", ".", ",", "[", "]", ":", "$1", "{", "#"]
    ),
    st.sampled_from([":name", ":'name'", ':"name"', "a[1:b]", "U&'\\'", "B'1'", "x'f;'", "N';'"]),
    _PLAIN,
    _WILD.map(lambda text: '"' + text.replace('"', '""') + '"'),
    # What follows an E'' string may continue it, and would be read with its rules: keep them apart.
    _WILD.map(lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "' ,"),
    _WILD.map(lambda text: f"E'{text.replace(chr(92), '').replace(chr(39), '')}'\n'\\';' ,"),
    st.tuples(st.sampled_from(["$$", "$a$", "$_Ä1$"]), _WILD).map(
        lambda tagged: tagged[0] + tagged[1].replace("$", "") + tagged[0]
    ),
)
_BLOCKS = st.recursive(
    _WILD.map(lambda text: text.replace("*", "").replace("/", "")),
    lambda inner: st.lists(inner, max_size=3).map(
        lambda parts: "".join(f"/*{p}*/ " for p in parts)
    ),
    max_leaves=4,
).map(lambda text: f"/*{text}*/")
_GAPS = st.one_of(
    st.sampled_from([" ", "\n", "\t", "\r\n", "\f", " \n\n "]),
    _BLOCKS,
    _WILD.map(lambda text: "--" + text.replace("\n", "").replace("\r", "") + "\n"),
)
_GROUPS = st.recursive(
    _TOKENS,
    lambda inner: st.lists(st.tuples(inner, _GAPS).map("".join), max_size=4).map(
        lambda parts: f"({';'.join(parts)})"
    ),
    max_leaves=6,
)
_STATEMENTS = st.tuples(st.lists(st.tuples(_GROUPS, _GAPS).map("".join), max_size=5), _GROUPS).map(
    lambda parts: "x " + "".join(parts[0]) + parts[1]
)
_BODIES = st.lists(_STATEMENTS, max_size=3).map(
    lambda inner: "CREATE FUNCTION f() BEGIN ATOMIC " + "".join(f"{s} ;" for s in inner) + " END"
)
_BETWEEN = st.lists(st.one_of(_GAPS, st.just(";")), max_size=3).map("".join)

# Pieces of every construct, closed or not, to be thrown together.
_SOUPS = st.lists(
    st.one_of(
        st.sampled_from(["'", "''", '"', "$", "$$", "$a$", "E'", "e'", "U&'", 'u&"', "B'", "N'"]),
        st.sampled_from(
            ["--", "/", "/*", "*/", "*", "+", "-", "@", ":", "::", ":=", ".", "..", "="]
        ),
        st.sampled_from([";", "(", ")", "[", "]", ",", "1", "1e", "0x", "$1", "a", "é", "\x01"]),
        st.sampled_from(["CREATE", " FUNCTION ", " BEGIN ", "ATOMIC ", " END", "COPY", " FROM "]),
        st.sampled_from(["STDIN", "SET ", "standard_conforming_strings", "\\echo ", "\\i", "\\'"]),
        st.sampled_from(["\n", "\r\n", "\r", " ", "\t", "\f", "\v", "\0", "\\"]),
        st.characters(),
    ),
    max_size=30,
).map("".join)


def _scanned(text: str) -> Script | SpecError:
    """The script, or why there is none."""
    try:
        return scan(text, "f.sql")
    except SpecError as error:
        return error


def _without_lone_returns(text: str) -> str:
    """A carriage return that ends a comment alone is refused; elsewhere it is white space."""
    return text.replace("\r\n", "\n").replace("\r", " ").replace("\v", " ")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(_BETWEEN, st.one_of(_STATEMENTS, _BODIES)), max_size=4), _BETWEEN)
def test_joined_statements_split_into_the_same_statements(
    parts: list[tuple[str, str]], tail: str
) -> None:
    """Whatever they hold and whatever stands between them."""
    statements = [_without_lone_returns(statement) for _, statement in parts]
    text = "".join(
        f"{_without_lone_returns(before)}{statement};"
        for (before, _), statement in zip(parts, statements, strict=True)
    )
    script = scan(text + _without_lone_returns(tail), "f.sql")
    assert [statement.text for statement in script.statements] == statements


@settings(max_examples=300, deadline=None)
@given(_SOUPS)
def test_every_position_agrees_with_the_text(text: str) -> None:
    """A text is refused with a place inside it, or all its parts lie where they say."""
    script = _scanned(text)
    if isinstance(script, SpecError):
        line = text.split("\n")[script.line - 1]
        assert 1 <= script.column <= len(line) + 1
        assert script.source == line.rstrip("\r")
        assert script.remedy
        return
    for number, statement in enumerate(script.statements, 1):
        assert statement.number == number
        assert statement.text == text[statement.start : statement.end] != ""
        assert (statement.line, statement.column) == script.position(statement.start)
        assert statement.terminated == (text[statement.end : statement.end + 1] == ";")
        last = statement.end if statement.terminated else statement.end - 1
        assert statement.end_line == script.position(last)[0]
    for comment in script.comments:
        marker = text[comment.start : comment.start + 2]
        assert (marker == "/*") == comment.block
        assert (
            marker + comment.text + ("*/" if comment.block else "")
            == (text[comment.start : comment.end])
        )
        assert (comment.line, comment.column) == script.position(comment.start)
        assert comment.end_line == script.position(comment.end - 1)[0]
        before = text[comment.start - comment.column + 1 : comment.start]
        assert comment.own_line == (before.strip(" \t\f") == "")
    ends = [0]
    for statement in script.statements:
        assert statement.start >= ends[-1]
        ends.append(statement.end)
    ends = [0]
    for comment in script.comments:
        assert comment.start >= ends[-1]
        ends.append(comment.end)


@settings(max_examples=300, deadline=None)
@given(_SOUPS)
def test_tokens_and_statements_read_one_sql(text: str) -> None:
    """The tokens of the whole are those of the statements, with the semicolons between them."""
    script = _scanned(text)
    if isinstance(script, SpecError):
        return
    if "\\" in text and any(name in text for name in ("\\echo", "\\restrict", "\\unrestrict")):
        return  # a skipped line is no SQL
    whole = [(token.text, token.start) for token in tokens(text)]
    parts = [
        (token.text, statement.start + token.start)
        for statement in script.statements
        for token in tokens(statement.text)
    ]
    assert set(parts) <= set(whole)
    assert {text for text, _ in set(whole) - set(parts)} <= {";"}


@settings(max_examples=200, deadline=None)
@given(st.one_of(_SOUPS, st.text(), st.text(alphabet="'\"$\\-/*;()Ee\n")))
def test_no_text_raises_anything_but_spec_error(text: str) -> None:
    """Neither a scan nor its message nor the tokens."""
    _read(text)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_bytes_decode_as_utf_8_or_are_refused_at_a_place(data: bytes) -> None:
    """Only a byte order mark is left out."""
    try:
        text = decode(data, "f.sql")
    except SpecError as error:
        where, text = (error.line, error.column), ""
    else:
        where = (0, 0)
    assert where >= (1, 1) or data.removeprefix(b"\xef\xbb\xbf") == text.encode()


# Texts that make a careless scanner go back over what it has read: before, repeated, after. Here
# the way back would be inside one pattern.
_LONG_TOKENS = {
    "doubled quotes": ("SELECT 'a", "''", ""),
    "doubled quotes, closed": ("SELECT 'a", "''", "';"),
    "strings": ("", "'a'", ";"),
    "strings before newlines": ("", "'a'\n", "/;"),
    "escape strings before comments": ("", "E'a'--\n", ";"),
    "parts of an escape string": ("E'a'\n", "'a'--\n", "'"),
    "escapes": ("SELECT E'", "\\\\", ""),
    "comments before no continuation": ("SELECT E'a'", "\n--x", "\n;"),
    "open comments": ("", "/*", ""),
    "comments in comments": ("/*" * 1000, "/**/", "*/" * 1000),
    "comments on one line": (" " * 1_000_000, "/**/", ""),
    "slashes": ("", "/", "*"),
    "signs": ("", "+-", ""),
    "operators": ("", "@+", "--"),
    "dollars": ("", "$a", ""),
    "dollar tags": ("$a$", "$b$a ", ""),
    "one long tag": ("$", "a", ""),
    "open parentheses": ("", "(a", ""),
    "simple parentheses": ("(", "(a)(", ""),
    "digits": ("", "1_1e1e", "_"),
    "words": ("", "aE", "'"),
    "returns": ("--", "\r", "\n"),
    "white space": ("", " \n", ""),
    "words of a psql line": ("\\echo ", "'a'\"b\"", "`"),
}
# And here in Python.
_LONG_STATEMENTS = {
    "semicolons in parentheses": ("(", "a;", ")"),
    "semicolons in a body": ("CREATE FUNCTION f() BEGIN ATOMIC ", "a;", "END"),
    "bodies in a body": ("", "CREATE FUNCTION f() BEGIN ATOMIC ", ""),
    "routines that say atomic": ("", "CREATE FUNCTION atomic();", ""),
    "copies": ("", "COPY t TO stdin;", ""),
    "settings": ("", "SET a = b;", ""),
    "psql lines": ("", "\\echo 'a' \"b\" c\n", ""),
}


def _read(text: str) -> None:
    """Read a text in both ways, refused or not."""
    for reader in (lambda: scan(text, "f.sql"), lambda: list(tokens(text))):
        try:
            reader()
        except SpecError as error:
            str(error)


def _calls(text: str) -> int:
    """How many calls of functions, patterns included, reading `text` takes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        _read(text)
    finally:
        sys.setprofile(before)
    return calls


@contextmanager
def _processor_seconds(limit: int) -> Iterator[None]:
    """Raise TimeoutError once the process has used that much processor time of its own."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize(
    ("before", "repeated", "after"), [*_LONG_TOKENS.values(), *_LONG_STATEMENTS.values()]
)
def test_twice_the_text_takes_at_most_twice_the_calls(
    before: str, repeated: str, after: str
) -> None:
    """Work that is done in Python grows no faster than the text."""
    once, twice = (_calls(before + repeated * times + after) for times in (1000, 2000))
    assert twice <= 2 * once + 100


@pytest.mark.parametrize(
    ("before", "repeated", "after"), _LONG_TOKENS.values(), ids=_LONG_TOKENS.keys()
)
def test_no_pattern_goes_back_over_a_long_text(before: str, repeated: str, after: str) -> None:
    """Such work shows in no count: it would take minutes here, and a second is plenty."""
    with _processor_seconds(10):
        _read(before + repeated * 100_000 + after)
