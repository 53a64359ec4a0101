"""An expectation as a reader says it, not as its key is written."""

from __future__ import annotations

import re

from pytest_dbmigrate.report import text

_KEY = re.compile(r"expect-([a-z-]+)(?::\s*(.*))?", re.DOTALL)
_WHOLE = {
    "no-rows": "no rows",
    "same-as-before": "the same as before",
    "visible": "at least 1 row",
    "success": "runs without error",
}


def expected(written: str) -> str:
    """`expect-value: 43` as `43`, `expect-rows: 0` as `no rows`; any other text as it is."""
    found = _KEY.fullmatch(written)
    if not found:
        return text.line(written)
    key, value = found[1], (found[2] or "").strip()
    if not value:
        return _WHOLE.get(key, text.line(written))
    match key:
        case "value" | "row" | "column":
            return text.line(value)
        case "rows":
            words = {"0": "no rows", "1": "1 row"}
            return words.get(value) or f"{text.line(value)} rows"
        case "error":
            return f"fails with {text.line(value)}"
        case "status":
            return f"every {text.line(value)} passes"
        case _:
            return text.line(written)
