"""Passwords: kept where no repr, traceback or log can show them, and taken out of any text."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

STARS = "***"


class Secret:
    """A text that shows itself only to `reveal`; its repr, str and format are `***`.

    Call `reveal` inside the expression that needs the text: a local variable would stand in a
    traceback with --showlocals.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text in clear."""
        return self._text

    def __repr__(self) -> str:
        """Never the text."""
        return STARS

    def __bool__(self) -> bool:
        """Whether there is a text at all."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Secrets are equal when their texts are."""
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        """As equality wants it."""
        return hash(self._text)

    def spellings(self) -> set[str]:
        """Every way in which the text may stand in a URL, a conninfo string, JSON, HTML, a repr."""
        text = self._text
        encoded = {quote(text, safe=""), quote(text), quote_plus(text)}
        lower = {re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), each) for each in encoded}
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        plain = {text, escaped, repr(text)[1:-1], text.replace("'", "''"), html.escape(text)}
        as_json = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        return {each for each in encoded | lower | plain | as_json if each}


class Scrubber:
    """Takes every spelling of some secrets out of a text, the longest first: `***` in its place.

    Made once where many texts are to be scrubbed: to spell a secret costs more than to look for it.
    """

    __slots__ = ("_pattern",)

    def __init__(self, secrets: Iterable[Secret]) -> None:
        spellings = {each for secret in secrets for each in secret.spellings()}
        found = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
        self._pattern = re.compile(found) if found else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(STARS, text)

    def __repr__(self) -> str:
        """Never the secrets."""
        return f"Scrubber({STARS})"


def remove(text: str, secrets: Iterable[Secret]) -> str:
    """One text without some secrets; see `Scrubber`."""
    return Scrubber(secrets)(text)
