"""Text of a TOML file → the line of every key in it, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KeyPath = tuple[str | int, ...]

_STRINGS = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"{3,5}(?!")'
    r"|'''[\s\S]*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]+")
_SPACE = re.compile(r"[ \t]*")
_SPACE_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key, table and array element of `text`, which is valid TOML."""
    return _Positions(text).document()


class _Positions:
    """A walk over text that tomllib has already accepted: it looks for places, not for mistakes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(m.end() for m in re.finditer("\n", self.text))]
        self.lines: dict[KeyPath, int] = {}
        self.last_index: dict[KeyPath, int] = {}

    def document(self) -> dict[KeyPath, int]:
        prefix: KeyPath = ()
        while self.skip(_SPACE_AND_COMMENTS) < len(self.text):
            if self.text.startswith("[[", self.at):
                prefix = self.header(2)
            elif self.text.startswith("[", self.at):
                prefix = self.header(1)
            else:
                self.pair(prefix)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return self.at

    def mark(self, path: KeyPath, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, at))

    def header(self, brackets: int) -> KeyPath:
        start = self.at
        self.at += brackets
        keys = self.key()
        self.at += brackets
        path: KeyPath = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            self.mark(path, start)
            if brackets == 2 and number == len(keys):
                self.last_index[path] = self.last_index.get(path, -1) + 1
            if path in self.last_index:
                path = (*path, self.last_index[path])
                self.mark(path, start)
        return path

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip(_SPACE)
            quoted = _STRINGS.match(self.text, self.at)
            if quoted:
                self.at = quoted.end()
                parts.append(str(tomllib.loads(f"k = {quoted[0]}")["k"]))
            else:
                start = self.at
                parts.append(self.text[start : self.skip(_BARE_KEY)])
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def pair(self, prefix: KeyPath) -> None:
        start, path = self.at, prefix
        for part in self.key():
            path = (*path, part)
            self.mark(path, start)
        self.at += 1  # the equals sign
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.skip(_SPACE)
        opened = self.text[self.at : self.at + 1]
        if opened == "[":
            self.items("]", lambda number: self.element((*path, number)))
        elif opened == "{":
            self.items("}", lambda _: self.pair(path))
        else:
            self.skip(_STRINGS if opened in {'"', "'"} else _BARE_VALUE)

    def element(self, path: KeyPath) -> None:
        self.mark(path, self.at)
        self.value(path)

    def items(self, closing: str, read: Callable[[int], None]) -> None:
        self.at += 1
        number = 0
        while True:
            self.skip(_SPACE_AND_COMMENTS)
            if self.text.startswith(closing, self.at):
                self.at += 1
                return
            read(number)
            number += 1
            self.skip(_SPACE_AND_COMMENTS)
            if self.text.startswith(",", self.at):
                self.at += 1
