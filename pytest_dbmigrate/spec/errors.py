"""The one error for "your file is wrong": where, what, and what to write instead."""

from __future__ import annotations


class SpecError(Exception):
    """A file of the user's that cannot be read as it stands.

    `path` is what the user would type, `line` and `column` count from 1 (0 when the whole file is
    meant). `remedy` says what to write instead; `source` is the offending line, shown with a caret.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str,
        line: int = 0,
        column: int = 0,
        source: str = "",
        remedy: str = "",
    ) -> None:
        """Keep the parts; `str()` of the error is the whole message."""
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.line = line
        self.column = column
        self.source = source
        self.remedy = remedy

    @property
    def where(self) -> str:
        """`path`, `path:line` or `path:line:column`, as much as is known."""
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])

    def __str__(self) -> str:
        """Render the message: position and problem, the line with a caret, the remedy."""
        lines = [f"{self.where}: {self.problem}"]
        if self.source and self.column:
            shown, caret = excerpt(self.source, self.column)
            lines += [f"  {shown}", f"  {caret}"]
        if self.remedy:
            lines.append(f"  {self.remedy}")
        return "\n".join(lines)


def excerpt(source: str, column: int, width: int = 100) -> tuple[str, str]:
    """The part of one source line around `column` (from 1), and the line with a caret under it.

    A character that does not print (it could steer the terminal, or hide) shows as U+FFFD.
    """
    index = max(0, min(column - 1, len(source)))
    start = max(0, index - width // 2) if len(source) > width else 0
    shown = "".join(
        c if c.isprintable() or c == "\t" else "\ufffd" for c in source[start : start + width]
    )
    padding = "".join("\t" if c == "\t" else " " for c in shown[: index - start])
    return shown, f"{padding}^"
