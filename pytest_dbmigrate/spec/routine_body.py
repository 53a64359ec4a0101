"""BEGIN ATOMIC … END in CREATE FUNCTION and CREATE PROCEDURE, where `;` ends no statement."""

from __future__ import annotations

from pytest_dbmigrate.spec.tokens import outside_parentheses, tokens

_ROUTINES = {
    ("create", "function"),
    ("create", "procedure"),
    ("create", "or", "replace", "function"),
    ("create", "or", "replace", "procedure"),
}
_LONGEST = max(map(len, _ROUTINES))


class RoutineBody:
    """The body of one statement, read from `;` to `;`.

    BEGIN and ATOMIC are also names, and CASE has an END too. So BEGIN counts only in a statement
    that creates a routine and with ATOMIC directly after it, END only where a statement may start;
    there it can be nothing else (gram.y, routine_body_stmt).
    """

    def __init__(self) -> None:
        self.depth = 0  # the grammar allows a CREATE FUNCTION inside a body
        self.begin = 0  # offset of the innermost BEGIN
        self._head: list[str] = []  # the first tokens of the statement that is being read

    def read(self, text: str, offset: int) -> None:
        """Go on with what stands at `offset` in the source, up to its next `;`."""
        self._head.clear()
        previous, begin = "", 0
        for token in outside_parentheses(tokens(text)):
            word = token.text.lower()
            if word == "atomic" and previous == "begin" and self._creates_routine():
                self.depth += 1
                self.begin = offset + begin
                self._head.clear()
            else:
                if word == "end" and not self._head:
                    self.depth -= 1
                if len(self._head) < _LONGEST:
                    self._head.append(word)
            previous, begin = word, token.start

    def _creates_routine(self) -> bool:
        return any(tuple(self._head[: len(head)]) == head for head in _ROUTINES)
