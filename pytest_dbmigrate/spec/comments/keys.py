"""Layer A: `-- key: value` lines, with errors that point at the very place."""

from __future__ import annotations

import difflib
import json
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.expect.comparison import BadValueError
from pytest_dbmigrate.spec.expect.keys import EXPECT_KEYS, WITHOUT_VALUE
from pytest_dbmigrate.spec.phases import BEFORE, FINAL, HEALTH, Phase

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_dbmigrate.spec.comments.layout import Line
    from pytest_dbmigrate.spec.statements import Script

OTHER_KEYS = (
    "name", "set", "phase", "since", "until", "as", "claims", "param", "timeout", "tags", "skip",
    "severity", "stays",
)  # fmt: skip
_KEY = re.compile(r"@?(?P<key>[A-Za-z][A-Za-z]*(?:[-_][A-Za-z]+)*)\s*(?P<colon>:)?\s*(?P<value>.*)")
_EXPECT_LIKE = re.compile(r"@?expect[a-z]*[-_]", re.IGNORECASE)
# pytest gives these marks a meaning of their own.
_PYTEST_MARKS = frozenset(
    {
        "skip",
        "skipif",
        "xfail",
        "parametrize",
        "usefixtures",
        "filterwarnings",
        "tryfirst",
        "trylast",
    }
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one comment line; `line` and `column` are those of the key, `at` of its value."""

    name: str
    value: str
    line: int
    column: int
    at: int


def find_key(line: Line) -> Key | None:
    """The key on a comment line, None when the line is no key.

    A word that only looks like an `expect-…` key is returned as it is written: `require_known`
    refuses it.
    """
    if line.echo:
        return None
    match = _KEY.match(line.text)
    if match is None:
        return None
    name = match["key"].lower().replace("_", "-")
    expects = name in EXPECT_KEYS or _is_like_expectation(line.text, name)
    if not expects and not (name in OTHER_KEYS and match["colon"]):
        return None
    return Key(
        name,
        match["value"].strip(),
        line.line,
        line.column + match.start("key"),
        line.column + match.start("value"),
    )


def _is_like_expectation(text: str, name: str) -> bool:
    """`expect-valeu: 3`, `expectvalue: 3`: meant as a key; `Expected: 3` is a phrase."""
    if _EXPECT_LIKE.match(text):
        return True
    if not name.startswith("expect") or name.startswith(("expected", "expectation", "expecting")):
        return False
    joined = [k.replace("-", "") for k in EXPECT_KEYS]
    return name not in {"expect", "expects"} and bool(
        difflib.get_close_matches(name, joined, 1, 0.8)
    )


def require_known(script: Script, key: Key, *, colon: bool) -> None:
    """Raise SpecError for a key that starts with expect and is none, or that lacks its colon."""
    if key.name not in EXPECT_KEYS and key.name not in OTHER_KEYS:
        near = difflib.get_close_matches(key.name, EXPECT_KEYS, 1, 0.5) or _joined(key.name)
        known = ", ".join(EXPECT_KEYS)
        written = (
            f"{near[0]}: {key.value}" if near and near[0] not in WITHOUT_VALUE else "".join(near)
        )
        remedy = f"write {written}" if near else f"the keys are: {known}"
        raise error(script, key, f"{key.name} is no key", remedy)
    if key.value and not colon:
        raise error(script, key, f"{key.name} has no colon", f"write {key.name}: {key.value}")


def _joined(name: str) -> list[str]:
    joined = {k.replace("-", ""): k for k in EXPECT_KEYS}
    return [joined[n] for n in difflib.get_close_matches(name.replace("-", ""), joined, 1, 0.6)]


def has_colon(script: Script, key: Key) -> bool:
    """Whether a colon stands between key and value."""
    source = script.source_line(key.line)
    return ":" in source[key.column - 1 + len(key.name) : key.at - 1] or not key.value


def error(script: Script, key: Key, problem: str, remedy: str, offset: int = -1) -> SpecError:
    """A SpecError at a key, or at an offset in its value."""
    return SpecError(
        problem,
        path=script.path,
        line=key.line,
        column=key.column if offset < 0 else key.at + offset,
        source=script.source_line(key.line),
        remedy=remedy,
    )


def parse_phase(value: str) -> Phase:
    """Read `before`, `after 011`, `final` or `health`. Raises BadValueError."""
    word = value.lower()
    named = {"before": BEFORE, "final": FINAL, "health": HEALTH}.get(word)
    if named is not None:
        return named
    if match := re.fullmatch(r"after\s+[Vv]?([0-9]+)", value, re.IGNORECASE):
        return Phase("after", match[1])
    near = difflib.get_close_matches(
        word.split()[0] if word else "", ["before", "after", "final", "health"], 1
    )
    hint = f"write {near[0]}{' 011' if near[0] == 'after' else ''}" if near else ""
    raise BadValueError(
        f"{value or 'nothing'} is no phase",
        hint or "write before, after 011 (a migration's version), final or health",
    )


def parse_version(value: str) -> str:
    """Read a migration's version. Raises BadValueError."""
    if not re.fullmatch(r"[Vv]?[0-9]+", value):
        raise BadValueError(
            f"{value or 'nothing'} is no migration version", "write its number, as 011"
        )
    return value.lstrip("Vv")


def parse_role(value: str) -> str:
    """Read a role's name, in double quotes or plain. Raises BadValueError."""
    if re.fullmatch(r'"(?:[^"]|"")+"', value):
        return value[1:-1].replace('""', '"')
    if not re.fullmatch(r"[^\W\d][\w$]*", value):
        raise BadValueError(
            f"{value or 'nothing'} is no role", 'write its name, as authenticated or "my role"'
        )
    return value.lower()


def parse_claims(value: str) -> str:
    """Read a JSON object of claims. Raises BadValueError."""
    try:
        claims = json.loads(value)
    except ValueError as problem:
        offset = getattr(problem, "pos", 0)
        raise BadValueError("the claims are not JSON", 'write {"sub": "…"}', offset) from None
    if not isinstance(claims, dict):
        raise BadValueError("the claims are no JSON object", 'write {"sub": "…"}')
    return value


_TIMEOUT = re.compile(r"([0-9]{1,9})\s*(ms|s|min|h)", re.IGNORECASE)
_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}
_LONGEST = 2**31 - 1  # statement_timeout is an int4 in milliseconds (documentation, same name)


def parse_timeout(value: str) -> int:
    """Read `500 ms`, `5 s`, `2 min` into milliseconds. Raises BadValueError."""
    match = _TIMEOUT.fullmatch(value)
    if match is None:
        raise BadValueError(f"{value or 'nothing'} is no duration", "write 500 ms, 5 s or 2 min")
    milliseconds = int(match[1]) * _MILLISECONDS[match[2].lower()]
    if not 0 < milliseconds <= _LONGEST:
        raise BadValueError(f"{value} is no usable limit", "write between 1 ms and 24 days")
    return milliseconds


def parse_tags(value: str) -> tuple[str, ...]:
    """Read words that become pytest marks. Raises BadValueError."""
    tags = tuple(dict.fromkeys(t for t in re.split(r"[\s,]+", value) if t))
    if not tags:
        raise BadValueError("no tag is named", "write tags: slow, billing")
    for tag in tags:
        if not tag.isidentifier() or not tag.isascii() or keyword.iskeyword(tag):
            near = re.sub(r"\W+", "_", tag).strip("_")
            raise BadValueError(
                f"{tag} cannot be a mark", f"write {near or 'a word of letters, digits and _'}"
            )
        if tag in _PYTEST_MARKS:
            hint = "write skip: reason" if tag == "skip" else "choose another word"
            raise BadValueError(f"{tag} is a mark of pytest's own", hint)
    return tags


def parse_severity(value: str) -> bool:
    """Read `info`: shown, and no reason against GO. Raises BadValueError."""
    if value.lower() != "info":
        raise BadValueError(
            f"{value or 'nothing'} is no severity",
            "write info, or leave the key out: a check counts",
        )
    return True


def parse_stays(value: str) -> bool:
    """Read `true`: it holds before the migrations too, and is meant to. Raises BadValueError."""
    if value.lower() != "true":
        raise BadValueError(
            f"{value or 'nothing'} does not say what stays",
            "write true, or leave the key out: a check is there to show what the migrations did",
        )
    return True


def parse_reason(value: str) -> str:
    """Read the reason of `skip`. Raises BadValueError."""
    if not value:
        raise BadValueError("the reason is missing", "write skip: why, and until when")
    return value


def parse_param(value: str, given: Collection[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Read `table = a | b | c`; `given` are those there already are. Raises BadValueError."""
    match = re.fullmatch(r"([A-Za-z_]\w*)\s*=\s*(.*)", value, re.ASCII | re.DOTALL)
    if match is None:
        raise BadValueError(
            f"{value or 'nothing'} is no parameter", "write table = moves | cohorts"
        )
    values = tuple(part.strip() for part in match[2].split("|"))
    if not all(values):
        raise BadValueError("a value is empty", "write table = moves | cohorts", match.start(2))
    if len(set(values)) < len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise BadValueError(f"{twice} is listed twice", "list each value once", match.start(2))
    if match[1] in given:
        raise BadValueError(f"{match[1]} was already given", "list all its values in one place")
    return match[1], values


_AIOSQL = re.compile(r"(?:\s+:[a-z]+|[\^$!#*<]+)\s*$")


def parse_name(value: str) -> str:
    """Read a check's name; the suffixes of aiosql and sqlc are left out. Raises BadValueError."""
    name = _AIOSQL.sub("", value)
    if not slug(name):
        raise BadValueError(
            f"{value or 'nothing'} gives no name", "write letters, digits, _, - or ., as fk_count"
        )
    return name


def slug(text: str, longest: int = 60) -> str:
    """The text as a name of [a-z0-9_.-], cut between words; empty when nothing is left."""
    name = re.sub(r"[^a-z0-9_.-]+", "_", text.lower()).strip("_.-")
    if len(name) <= longest:
        return name
    return name[: longest + 1].rpartition("_")[0].strip("_.-") or name[:longest]
