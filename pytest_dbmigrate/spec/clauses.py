"""Reading a statement word by word: keywords, names, lists. It never decides what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.spec.tokens import Token


class Clauses:
    """The tokens of one statement and a place among them.

    `accept` goes on only past what it was asked for; nothing here raises for a statement that reads
    otherwise than expected: what is not recognised is left to who asked.
    """

    def __init__(self, text: str) -> None:
        """Stand before the statement's first token. Raises SpecError as `tokens` does."""
        self._tokens: tuple[Token, ...] = tuple(tokens(text))
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        """The next token, upper case unless quoted; "" when nothing is left."""
        at = self._at + ahead
        if at >= len(self._tokens):
            return ""
        token = self._tokens[at]
        return token.text if token.kind in {"quoted", "string"} else token.text.upper()

    def skip(self) -> None:
        """Go past one token."""
        self._at += 1

    def accept(self, *words: str) -> bool:
        """Go past these words if exactly they come next."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def name(self) -> str:
        """Go past a dotted name as it is written (`public."Quests"`); "" when there is none."""
        parts: list[str] = []
        while not self.done and self._tokens[self._at].kind in {"word", "quoted"}:
            parts.append(self._tokens[self._at].text)
            self._at += 1
            if not self.accept("."):
                break
        return ".".join(parts)

    def names(self, one: Callable[[], str] | None = None) -> tuple[str, ...]:
        """Go past a list of names with commas between; `one` reads one of them."""
        found = [(one or self.name)()]
        while self.accept(","):
            found.append((one or self.name)())
        return tuple(name for name in found if name)

    def parentheses(self) -> bool:
        """Go past a pair of parentheses and what is between, if one opens next."""
        if self.peek() != "(":
            return False
        depth = 0
        while not self.done:
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self.skip()
            if depth == 0:
                break
        return True

    def parts(self) -> Iterator[None]:
        """Stand at the start of each part of a list with commas between, outside parentheses."""
        while not self.done:
            yield
            while not self.done and not self.accept(","):
                if not self.parentheses():
                    self.skip()
