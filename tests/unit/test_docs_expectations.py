"""Every example of docs/expectations.md is read, and its page says what is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_dbmigrate.spec.comments.keys import OTHER_KEYS
from pytest_dbmigrate.spec.expect.keys import EXPECT_KEYS
from pytest_dbmigrate.spec.explain import explain_text

PAGE = (Path(__file__).parents[2] / "docs" / "expectations.md").read_text("utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("sql", "said"), EXAMPLES)
def test_when_an_example_is_explained_then_the_page_says_the_same(sql: str, said: str) -> None:
    """Line by line, as the command prints it, without the file's name."""
    read = explain_text(sql, "x.sql", lambda _: "role,members\nadmin,2\n")
    assert "".join(f"{r}\n".removeprefix("x.sql:") for r in read) == said


def test_when_the_page_is_read_then_every_example_and_every_key_is_in_it() -> None:
    """No SQL on the page goes unread, and no key is left out."""
    assert PAGE.count("```sql") == len(EXAMPLES)
    for key in (*EXPECT_KEYS, *OTHER_KEYS):
        assert f"{key}:" in PAGE or f"`{key}`" in PAGE or f"-- {key}\n" in PAGE, key
