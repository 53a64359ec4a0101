"""Fixtures of signing: a person at a project's root who types command lines."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from signed_project import Signed, copy, make_project
from signing import AS, ROLE_OF, make_key

from pytest_dbmigrate import cli
from pytest_dbmigrate.report import html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jinja2 import Environment


@dataclass(frozen=True)
class Ran:
    """What one command line gave."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of its output."""
        return self.out.splitlines()[-1] if self.out else ""


@dataclass
class Desk:
    """A person at the project's root who types command lines."""

    project: Signed
    capture: pytest.CaptureFixture[str]

    def type(self, *arguments: str) -> Ran:
        """Run one command line in this process."""
        self.capture.readouterr()
        try:
            status = cli.main(arguments)
        except SystemExit as left:
            status = int(left.code or 0)
        return Ran(status, *self.capture.readouterr())

    def sign(self, name: str, *arguments: str) -> Ran:
        """Sign the latest run GO with a person's own key as their role; must work."""
        done = self.type("sign", "latest", *AS[name], "--key", self.key(name), *arguments)
        assert done.status == 0, done.err
        return done

    def verify(self, *arguments: str) -> Ran:
        """Verify the latest run."""
        return self.type("verify", "latest", *arguments)

    def no_go(self, words: str) -> None:
        """Verify the latest run: it must be NO-GO, and say why."""
        done = self.verify()
        assert done.status == 1, done.out
        assert done.last.startswith("dbmigrate: NO-GO ")
        assert words in done.out

    def key(self, name: str) -> str:
        """A person's private key."""
        return str(self.project.keys / name)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.project.folder.path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in (*ROLE_OF, "mallory"):
        make_key(folder, name)
    return folder


@pytest.fixture(scope="session")
def templates() -> Callable[[], Environment]:
    """The page's templates, compiled once for all tests: two thirds of their time."""
    return functools.cache(html._environment)


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Signed:
    return make_project(tmp_path_factory.mktemp("rehearsed") / "project", keys)


@pytest.fixture(scope="session")
def signed_by_all(tmp_path_factory: pytest.TempPathFactory, rehearsed: Signed) -> Signed:
    made = copy(rehearsed, tmp_path_factory.mktemp("signed") / "project")
    made.sign_all()
    return made


@pytest.fixture
def sit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    templates: Callable[[], Environment],
) -> Callable[[Signed], Desk]:
    def sit_down(project: Signed) -> Desk:
        monkeypatch.chdir(project.root)
        monkeypatch.setattr(html, "_environment", templates)
        monkeypatch.setenv("HOME", str(project.root / "home"))
        for name in ("SSH_AUTH_SOCK", "DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        return Desk(project, capsys)

    return sit_down


@pytest.fixture
def desk(tmp_path: Path, rehearsed: Signed, sit: Callable[[Signed], Desk]) -> Desk:
    """A run that nobody has signed."""
    return sit(copy(rehearsed, tmp_path / "project"))


@pytest.fixture
def signed(tmp_path: Path, signed_by_all: Signed, sit: Callable[[Signed], Desk]) -> Desk:
    """A run that every role has signed."""
    return sit(copy(signed_by_all, tmp_path / "project"))
