"""TOML read key by key with its types: every error says the file and the line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.limits import read_duration
from pytest_dbmigrate.spec.toml_lines import key_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_dbmigrate.spec.toml_lines import KeyPath

T = TypeVar("T")
S = TypeVar("S")

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text with the lines of its keys; it makes the errors that point into the file."""

    path: str
    text: str
    lines: dict[KeyPath, int]

    def line(self, where: KeyPath) -> int:
        """The line of a key, or of the nearest table around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 0)

    def error(self, where: KeyPath, problem: str, remedy: str = "") -> SpecError:
        """A SpecError at the line of `where`."""
        return SpecError(problem, path=self.path, line=self.line(where), remedy=remedy)


def read_toml(text: str, path: str) -> Table:
    """The file's top table. Raises SpecError with the line where the text is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
        problem = str(error)[: found.start()].strip() if found else str(error)
        line = int(found[1] or text.count("\n") + 1) if found else 0
        column = int(found[2] or 0) if found else 0
        source = text.split("\n")[line - 1].rstrip("\r") if line and column else ""
        raise SpecError(
            f"not valid TOML: {problem}",
            path=path,
            line=line,
            column=column,
            source=source,
            remedy="see https://toml.io for the syntax",
        ) from None
    return Table(Document(path, text, key_lines(text)), values, ())


def suggest(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"?` for a near miss, else the names there are (the first twelve of many)."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    if not known:
        return "there are none"
    more = f", … ({len(known)} in all)" if len(known) > 12 else ""
    return f"there are: {', '.join(known[:12])}{more}"


class Table:
    """A table that is read key by key; `close` refuses what nobody asked for.

    Every reader raises SpecError with the key's line when the value's type is wrong. A key without
    a default must be there.
    """

    def __init__(self, document: Document, values: dict[str, Any], where: KeyPath) -> None:
        self.document = document
        self.where = where
        self._values = values
        self._known: list[str] = []

    @property
    def line(self) -> int:
        """The line where the table begins."""
        return self.document.line(self.where)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that were written, in order."""
        return tuple(self._values)

    def error(self, key: str, problem: str, remedy: str = "") -> SpecError:
        """A SpecError at the line of one of this table's keys."""
        return self.document.error((*self.where, key), problem, remedy)

    def close(self) -> None:
        """Raise SpecError for the first key that no reader asked for."""
        for key in self._values:
            if key not in self._known:
                name = self._name()
                inside = f" in {name}" if name else ""
                raise self.error(
                    key, f'unknown key "{key}"{inside}', suggest(key, sorted(self._known))
                )

    def _name(self) -> str:
        return ".".join(part for part in self.where if isinstance(part, str))

    @overload
    def _take(self, key: str, kinds: type[T], word: str) -> T | None: ...
    @overload
    def _take(self, key: str, kinds: tuple[type[T], type[S]], word: str) -> T | S | None: ...
    def _take(self, key: str, kinds: Any, word: str) -> Any:
        self._known.append(key)
        if key not in self._values:
            return None
        value = self._values[key]
        # In Python True is an int; in a plan it is not a number.
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise self.error(
                key, f'"{key}" is {word}, not {_shown(value)}', f"write: {key} = {_example(word)}"
            )
        return value

    def _missing(self, key: str, word: str) -> SpecError:
        what = f"[{self._name()}]" if self.where else "the plan"
        return self.document.error(
            self.where, f'"{key}" is missing in {what}', f"write: {key} = {_example(word)}"
        )

    def text(self, key: str, default: str | None = None) -> str:
        """A string; an empty one is refused where the key must be there."""
        value = self._take(key, str, "a text")
        if value is None and default is None:
            raise self._missing(key, "a text")
        if value is not None and not value.strip():
            raise self.error(key, f'"{key}" is empty')
        return value if value is not None else default or ""

    def name(self, key: str = "name") -> str:
        """A name of [a-z0-9_.-], as ids, links and command lines take it."""
        name = self.text(key)
        if not _NAME.fullmatch(name):
            better = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-_.")
            raise self.error(
                key,
                f'"{name}" is not a name: lower-case letters, digits, and . _ - between them',
                f'write: {key} = "{better}"' if better else "",
            )
        return name

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, or one string; empty when the key is absent."""
        value = self._take(key, (str, list), "a list of texts")
        items = [value] if isinstance(value, str) else value or []
        for number, item in enumerate(items):
            if not isinstance(item, str) or not item.strip():
                raise self.document.error(
                    (*self.where, key, number),
                    f'"{key}" is a list of texts, not of {_shown(item)}',
                    f"write: {key} = {_example('a list of texts')}",
                )
        return tuple(items)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key, bool, "true or false")
        return default if value is None else value

    def number(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._take(key, int, "a whole number")
        return default if value is None else value

    def text_or_number(self, key: str) -> str | int:
        """A string or a whole number."""
        value = self._take(key, (str, int), "a text or a whole number")
        if value is None:
            raise self._missing(key, "a text or a whole number")
        return value

    def choice(self, key: str, options: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in options:
            raise self.error(
                key,
                f'"{key}" is one of {", ".join(options)}, not "{value}"',
                suggest(value, options),
            )
        return value

    def duration(self, key: str) -> int | None:
        """A duration such as "500 ms" in nanoseconds, or None when the key is absent."""
        value = self._take(key, str, "a duration")
        if value is None:
            return None
        try:
            return read_duration(value)
        except ValueError as error:
            raise self.error(key, f'"{key}": {error}', f'write: {key} = "500 ms"') from None

    def day(self, key: str) -> date | None:
        """A TOML date, or None when the key is absent."""
        value = self._take(key, date, "a date")
        if isinstance(value, datetime):
            raise self.error(
                key, f'"{key}" is a date without a time', f"write: {key} = {value.date()}"
            )
        return value

    def clock(self, key: str) -> time:
        """A time of day: TOML's 08:30:00, or "08:30" as text."""
        value = self._take(key, (time, str), "a time of day")
        if value is None:
            raise self._missing(key, "a time of day")
        try:
            parsed = time.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo:
            raise self.error(
                key,
                f'"{key}" is a time of day without a zone, not "{value}"',
                f'write: {key} = "08:30" (the zone is the plan\'s timezone)',
            )
        return parsed

    def table(self, key: str) -> Table:
        """A sub-table, empty when the key is absent."""
        value = self._take(key, dict, "a table")
        return Table(self.document, value or {}, (*self.where, key))

    def tables(self, key: str) -> list[Table]:
        """An array of tables, `[[key]]`."""
        value = self._take(key, list, "an array of tables")
        found = []
        for number, item in enumerate(value or []):
            where = (*self.where, key, number)
            if not isinstance(item, dict):
                raise self.document.error(
                    where, f'"{key}" is an array of tables, not of {_shown(item)}', f"[[{key}]]"
                )
            found.append(Table(self.document, item, where))
        return found


def read_named(tables: Sequence[Table], read: Callable[[Table], T]) -> tuple[T, ...]:
    """Read and close each table. Raises SpecError when two have the same `name`."""
    lines: dict[str, int] = {}
    found = []
    for table in tables:
        found.append(read(table))
        table.close()
        name = table.name()
        if name in lines:
            raise table.error("name", f'"{name}" is there twice, first in line {lines[name]}')
        lines[name] = table.line
    return tuple(found)


def _shown(value: object) -> str:
    """A value as the author wrote it, short."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:40]}{"…" if len(value) > 40 else ""}"'
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)


def _example(word: str) -> str:
    return {
        "a text": '"…"',
        "a list of texts": '["…", "…"]',
        "true or false": "true",
        "a whole number": "200",
        "a duration": '"500 ms"',
        "a date": "2024-01-29",
        "a time of day": '"08:30"',
    }.get(word, "…")
