"""SQL laid out for people. What runs is never laid out by this."""

from __future__ import annotations

from pytest_dbmigrate.report import text

LARGEST = 20_000
"""Characters, beyond which SQL is shown as written: sqlparse lays out about half a MB a second."""


def formatted(sql: str) -> str:
    """The statement with its clauses on lines of their own, or as written where that is safer.

    The layout is taken only if it differs from what was written in white space alone.
    """
    if not sql.strip() or len(sql) > LARGEST:
        return text.block(sql)
    import sqlparse  # noqa: PLC0415 (0.02 s that a passing run need not pay)

    laid_out = str(sqlparse.format(sql, reindent=True, wrap_after=80)).strip()
    same = "".join(laid_out.split()) == "".join(sql.split())
    return text.block(laid_out if same else sql)
