"""What the lines of a comment block are: titles, headings, rules, lists, commented-out SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.comments.keys import Key, find_key
from pytest_dbmigrate.spec.comments.markers import LONGEST, Marker, find_marker
from pytest_dbmigrate.spec.comments.phrases import Below
from pytest_dbmigrate.spec.expect.keys import RESULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.spec.comments.layout import Line

Kind = Literal[
    "blank",
    "row",
    "rule",
    "key",
    "marker",
    "title",
    "set",
    "heading",
    "bullet",
    "table",
    "footer",
    "text",
]

_RULE = re.compile(r"[^\w\s'\"]{2,}")
_WRAPPED = re.compile(
    r"[=\-*#~_+─━═]{3,}\s*(?P<text>\w.*?)\s*[=\-*#~_+─━═]{0,}$|[─━═]{2}\s*(?P<box>\w.*?)\s*[─━═]*$"
)
_TITLE = re.compile(
    r"""(?:(?:check|test(?:\s+case)?|query|verification|verify|step|case|scenario|assertion
        |validation|example|q|t|v|c|tc)[\s_\#-]*\d+[a-z]?(?:\.\d+)*\s*(?:[:.)\-\u2013—]|$)
    |[\#]?\d{1,3}[a-z]?(?:\.\d+)*\s*[.):]\s*[^\W\d]
    |\d{1,3}[a-z]?(?:\.\d+)+\s+[^\W\d]
    |[A-Z]\d{0,2}[.)]\s+\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_SET = re.compile(
    r"(?:query\s+set|section|part|group|suite|area|set)\s*\#?\s*[\dA-Z]{1,3}\b\s*(?:[:.\-\u2013—]|$)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[-*•·►▶‣\u2013—+]\s+|\[[ xX✓]?\]\s|[a-z0-9]\)\s)\S?")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s")
_TABLE = re.compile(r"\S\s+[|¦]\s+\S|^[|+][-+|\s]|\S\s*[|¦]\s*\S.*[|¦]")
_SQL_HEAD = re.compile(
    r"""(?:[-*•]\s+)?(?P<head>select|with|insert\s+into|update|delete\s+from|create|alter|drop
    |truncate|explain|grant|revoke|do\s+\$|begin|commit|rollback|values|table|show|call|set)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SQL_SIGNS = re.compile(r"\*|\w\(|[=']|::|\w\.\w")
_SQL_MORE = re.compile(r"\bfrom\b|;\s*(?:--.*)?$", re.IGNORECASE)
_SQL_TAIL = re.compile(r";\s*(?:--.*)?$")
_SENTENCE = 4  # a line of fewer words is the member of a list rather than a sentence
_PARAGRAPH = 30  # lines below a marker that are read as its note; more are a list or a story
_READ_AHEAD = 15  # lines in which a commented-out statement must show itself


@dataclass(frozen=True, slots=True)
class Classified:
    """One line with what it is; a line that is both a title and marked is a title with a marker."""

    line: Line
    kind: Kind
    marker: Marker | None = None
    key: Key | None = None


def classify(lines: Sequence[Line]) -> list[Classified]:
    """What each line of a block is."""
    found: list[Classified] = []
    in_rows = False
    for line in lines:
        item = _classify(line)
        if item.key is not None:
            in_rows = item.key.name == RESULT and not line.block and ".csv" not in item.key.value
        elif item.kind == "blank" or line.echo or line.block:
            in_rows = False
        # What stands below expect-result is data, whatever it looks like.
        found.append(Classified(line, "row") if in_rows and item.key is None else item)
    _unmake_lists(found)
    return found


def _classify(line: Line) -> Classified:
    text = line.text
    if not text:
        return Classified(line, "blank")
    if line.echo:
        return Classified(line, "title" if is_title(text) else "heading")
    if _RULE.fullmatch(text) and not text.strip("=-*#~_+─━═ ><·.•"):
        return Classified(line, "rule")
    if len(text) > LONGEST:
        return Classified(line, "text")
    key = find_key(line)
    if key is not None:
        return Classified(line, "key", key=key)
    marker = find_marker(text)
    if is_title(text):
        return Classified(line, "title", marker)
    if _SET.match(text):
        return Classified(line, "set", marker)
    if (wrapped := _WRAPPED.match(text)) is not None:
        return _classify_wrapped(line, wrapped["text"] or wrapped["box"])
    if marker is not None:
        return Classified(line, "marker", marker)
    if _TABLE.search(text):
        return Classified(line, "table")
    if _BULLET.match(text):
        return Classified(line, "bullet")
    return Classified(line, "text")


def _classify_wrapped(line: Line, inner: str) -> Classified:
    """`=== RLS (expected: 4) ===`, `=== Expected: 0 rows ===`; other words are a heading."""
    marker = find_marker(inner)
    if marker is not None and marker.where == "start":
        if ":" in inner:
            return Classified(line, "marker", marker)
        marker = None
    return Classified(line, "title" if is_title(inner) else "heading", marker)


def _unmake_lists(found: list[Classified]) -> None:
    """Several numbered lines in a row are a list (a footer, a table of contents), no titles."""
    start = 0
    while start < len(found):
        end = start
        while end < len(found) and found[end].kind == "title" and not found[end].line.echo:
            end += 1
        if end - start > 1:
            for n in range(start, end):
                numbered = found[n].line.text[:1].isdigit()
                found[n] = Classified(found[n].line, "bullet" if numbered else "footer")
        start = max(end, start + 1)


def is_title(text: str) -> bool:
    """Whether a line names a check: `Check 6: …`, `3. …`, `Test 2: …`."""
    return bool(_TITLE.match(text))


def commented_out(found: Sequence[Classified]) -> Iterator[Line]:
    """The lines of a block at which a commented-out statement starts."""
    lines = [item.line for item in found if item.kind != "row"]
    open_until = -1
    for n, line in enumerate(lines):
        if line.echo or n <= open_until or len(line.text) > LONGEST:
            continue
        match = _SQL_HEAD.match(line.text)
        if match is None:
            continue
        ahead = [ln.text[:LONGEST] for ln in lines[n : n + _READ_AHEAD]]
        end = next((k for k, t in enumerate(ahead) if _SQL_TAIL.search(t)), None)
        if _is_sql(match["head"], ahead, end):
            open_until = n + end if end is not None else n
            yield line


def _is_sql(head: str, ahead: list[str], end: int | None) -> bool:
    """Prose starts with Select, Show or Update as well: SQL shows in its signs."""
    statement = ahead[: end + 1] if end is not None else ahead
    signs = any(_SQL_SIGNS.search(t) for t in statement)
    more = any(_SQL_MORE.search(t) for t in statement)
    if head.isupper():
        return more or (end is not None) or (head == "SELECT" and signs)
    if end == 0:
        return True
    return more and signs and head.split(maxsplit=1)[0].lower() in {
        "select", "with", "insert", "update", "delete", "explain",
    }  # fmt: skip


def below(found: Sequence[Classified], place: int) -> Below:
    """The lines below a marker in its paragraph.

    A line that goes on with the sentence is joined to it; another one is a sentence of its own.
    """
    marker = found[place].marker
    clause = marker.clause if marker else ""
    in_title = found[place].kind != "marker" or (
        marker is not None and marker.where == "parentheses"
    )
    open_ended = not clause or clause.endswith(":")
    more, text, listed = "", "", ""
    short: list[str] = []
    for item in found[place + 1 : place + 1 + _PARAGRAPH]:
        line = item.line.text
        if item.kind == "blank" and open_ended and not text:
            continue
        if item.kind in {"blank", "row", "rule", "key", "title", "set", "heading"}:
            break
        if item.kind == "marker":
            listed = "" if in_title else line
            break
        if item.kind in {"bullet", "table", "footer"} or _NUMBERED.match(line) or open_ended:
            listed = line
            break
        if in_title:
            break
        goes_on = _goes_on(f"{clause} {more} {text}".rstrip(), line)
        if goes_on and not text:
            more = f"{more} {line}".strip()
            continue
        if not goes_on and len(line.split()) < _SENTENCE:
            short.append(line)
        text = f"{text} {line}" if goes_on else f"{text}. {line}".strip(". ")
    names = len(short) > 1 or (short and " " not in short[0])
    return Below(more, text, listed, short[0] if names else "")


def _goes_on(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence above it, and is no sentence or name itself."""
    if before.count("(") > before.count(")") or before.endswith((",", ";", " and", " or", " with")):
        return True
    return line[0] in "(,;" or (line[0].islower() and len(line.split()) >= _SENTENCE - 1)
