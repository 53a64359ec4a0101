"""The architecture, as the imports show it: docs/architecture.md says it in words."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_dbmigrate

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "pytest_dbmigrate"
ROOT = Path(pytest_dbmigrate.__file__).parent
# A room imports from itself and from those to its left.
FLOW = ("spec", "postgres", "probes", "evidence", "report")
# What a room may import that is neither the standard library's nor ours.
OTHERS = {
    "spec": set[str](),
    "postgres": {"psycopg", "pytest_postgresql"},  # the latter's description of a running server
    "probes": {"psycopg", "httpx"},
    "evidence": {"msgspec"},
    "report": {"jinja2", "markupsafe", "sqlparse"},
}
# The modules that know pytest stand above the rooms, never in one.
WITH_PYTEST = {
    "collect",
    "fixtures",
    "item_reports",
    "judgements",
    "live",
    "options",
    "order",
    "plugin",
    "pytest_html_page",
    "selection",
    "session",
    "settings",
    "workers",
}
MODULES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted(ROOT.rglob("*.py"))
}


def imported(tree: ast.AST) -> Iterator[str]:
    """Each module that is imported anywhere, in functions and for types alone as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if module == NAME:
                yield from (f"{NAME}.{alias.name}" for alias in node.names)
            else:
                yield module


def against_the_rooms(path: str, source: str) -> list[str]:
    """What a module imports against the rules; `path` is relative to the package."""
    room = path.partition("/")[0] if "/" in path else ""
    found = []
    for name in imported(ast.parse(source)):
        top, _, rest = name.partition(".")
        if top in {"_pytest", ""}:
            found.append(f"{path} imports {name}: pytest's private names and relative imports")
        elif top == "pytest" and path.removesuffix(".py") not in WITH_PYTEST:
            found.append(f"{path} imports pytest: only {', '.join(sorted(WITH_PYTEST))} may")
        elif not room or top in sys.stdlib_module_names or name == f"{NAME}.__version__":
            continue
        elif top == NAME:
            other = rest.partition(".")[0]
            if other not in FLOW[: FLOW.index(room) + 1]:
                found.append(f"{path} imports {name}: against {' ← '.join(FLOW)}")
        elif top not in OTHERS[room]:
            found.append(f"{path} imports {name}: {room}/ may not")
    return found


def private_names(path: str, source: str) -> list[str]:
    """Attributes with an underscore that the module itself does not define: somebody else's."""
    tree = ast.parse(source)
    own = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            own.add(node.target.id)
    return [
        f"{path}:{node.lineno} uses .{node.attr}: a private name of somebody else's"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.endswith("__")
        and node.attr not in {*own, "_exit"}  # os._exit is documented
    ]


def test_when_modules_import_then_they_keep_to_the_rooms() -> None:
    """Rooms import leftwards only; spec/ is pure; pytest stays above the rooms."""
    assert [w for path, text in MODULES.items() for w in against_the_rooms(path, text)] == []


def test_when_modules_use_others_then_by_their_public_names() -> None:
    """Private names of pytest's break with its releases: two other plugins died of that."""
    assert [w for path, text in MODULES.items() for w in private_names(path, text)] == []


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        ("spec/plan.py", "import psycopg", "spec/ may not"),
        ("spec/plan.py", "def f():\n    from psycopg import sql", "spec/ may not"),
        ("spec/plan.py", f"from {NAME}.postgres import query", "against"),
        ("spec/expect/keys.py", f"from {NAME}.evidence.record import Check", "against"),
        ("postgres/gate.py", f"from {NAME}.evidence.record import Check", "against"),
        ("evidence/record.py", f"from {NAME} import report", "against"),
        ("report/html.py", f"from {NAME}.settings import Settings", "against"),
        ("report/html.py", "import psycopg", "report/ may not"),
        ("evidence/record.py", "import pytest", "imports pytest"),
        ("run.py", "if TYPE_CHECKING:\n    import pytest", "imports pytest"),
        ("collect.py", "from _pytest.python import Function", "private"),
        ("spec/plan.py", "from .toml import Table", "relative"),
    ],
)
def test_when_an_import_breaks_a_rule_then_it_is_found(path: str, source: str, said: str) -> None:
    """The rules above can fail."""
    (found,) = against_the_rooms(path, source)
    assert said in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("report/html.py", f"from {NAME}.evidence.record import Check"),
        ("evidence/record.py", f"from {NAME} import __version__"),
        ("evidence/record.py", f"from {NAME} import spec"),
        ("session.py", f"import pytest\nfrom {NAME}.report import html"),
    ],
)
def test_when_an_import_follows_the_flow_then_nothing_is_said(path: str, source: str) -> None:
    """The rules above can be kept."""
    assert against_the_rooms(path, source) == []


def test_when_a_private_attribute_is_used_then_it_is_found() -> None:
    """One's own are fine, those of a node or of an inherited class are not."""
    own = "class A:\n    def __init__(self):\n        self._own = 1\n    def f(self): self._own"
    assert private_names("collect.py", own) == []
    (found,) = private_names("collect.py", "def f(item):\n    return item._request")
    assert "collect.py:2 uses ._request" in found
    (found,) = private_names("collect.py", "class I(Function):\n    def f(self): self._fixtureinfo")
    assert "._fixtureinfo" in found


def test_when_a_module_is_said_to_know_pytest_then_it_is_there_and_does() -> None:
    """The list above lists nothing that has gone."""
    for name in WITH_PYTEST:
        tree = ast.parse((ROOT / f"{name}.py").read_text("utf-8"))
        assert any(each.partition(".")[0] == "pytest" for each in imported(tree)), name


def test_when_the_page_names_a_path_then_it_is_there() -> None:
    """docs/architecture.md names modules, folders and tests, each in backticks."""
    repository = Path(__file__).parents[2]
    page = (repository / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([\w/*.]+(?:\.py|\.json|/))`", page))
    assert len(named) > 40
    for name in named - {"pytest_dbmigrate/"}:
        assert list(ROOT.glob(name)) or (repository / name).exists(), name


def test_when_a_module_knows_pytest_then_the_page_lists_it() -> None:
    """A newcomer reads there which modules may import pytest."""
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
    (listed,) = re.findall(r"Some of them know pytest \((.*?)\)", page)
    assert set(re.findall(r"(\w+)\.py", listed)) == WITH_PYTEST
