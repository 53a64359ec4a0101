"""Templates are compiled once, and never taken for others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, FileSystemLoader

from pytest_dbmigrate.report.compiled import CompiledTemplates

if TYPE_CHECKING:
    from pathlib import Path


class Counting(Environment):
    """An environment that counts what it compiles."""

    compiled = 0

    def compile(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        self.compiled += 1
        return super().compile(*args, **kwargs)  # type: ignore[call-overload]


def render(templates: Path) -> tuple[str, int]:
    """What the template gives in a new process, and how many templates that compiled."""
    env = Counting(
        loader=FileSystemLoader(templates),
        autoescape=True,
        bytecode_cache=CompiledTemplates(templates),
    )
    return env.get_template("a.j2").render(), env.compiled


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one template, in a Python that writes bytecode beside its source."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "a.j2").write_text("one")
    return tmp_path


def test_when_a_template_was_compiled_before_then_it_is_only_read(templates: Path) -> None:
    assert [render(templates), render(templates)] == [("one", 1), ("one", 0)]
    (kept,) = (templates / "__pycache__").iterdir()
    assert ".jinja-3." in kept.name


def test_when_a_template_changes_then_it_is_compiled_again(templates: Path) -> None:
    render(templates)
    (templates / "a.j2").write_text("two")
    assert render(templates) == ("two", 1)


def test_when_what_was_kept_is_torn_then_it_is_compiled_again(templates: Path) -> None:
    render(templates)
    (kept,) = (templates / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:-5])
    assert render(templates) == ("one", 1)


def test_when_python_writes_no_bytecode_then_nothing_is_written(
    templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [render(templates), render(templates)] == [("one", 1), ("one", 1)]
    assert [path.name for path in templates.iterdir()] == ["a.j2"]


def test_when_nothing_can_be_written_then_it_goes_on(templates: Path) -> None:
    (templates / "__pycache__").write_text("a file")
    assert render(templates) == ("one", 1)
