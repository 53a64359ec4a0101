"""The way back of a migration: a section of its file, or a file beside it.

`-- migrate:up` and `-- migrate:down` are dbmate's, `-- +goose Up` and `-- +migrate Up` those of
goose and sql-migrate. Files: `011_name.down.sql`, `011_name.undo.sql`, `U11__name.sql`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import decode, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_dbmigrate.spec.statements import Script, Statement

_SECTION = re.compile(
    r"^\s*(?:migrate:(?P<dbmate>up|down)|\+goose\s+(?P<goose>up|down)|\+migrate\s+(?P<other>up|down))"
    r"\b(?P<options>.*)$",
    re.IGNORECASE,
)
_ALONE = re.compile(r"transaction\s*:\s*false|\bnotransaction\b", re.IGNORECASE)
_GOOSE_ALONE = re.compile(r"^\s*\+goose\s+no\s+transaction\b", re.IGNORECASE)
_FILE = re.compile(r"(?:[._-]down|[._-]undo)\.sql$|^[Uu]\d+__.*\.sql$")
_VERSION = re.compile(r"^[UuVv]?(\d+)")


@dataclass(frozen=True, slots=True)
class Down:
    """What leads back: its script and statements, and whether a transaction can hold them."""

    script: Script
    statements: tuple[Statement, ...]
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Sections:
    """The statements of a file by its sections; all of them are `up` where it has none."""

    up: tuple[Statement, ...]
    down: tuple[Statement, ...] = ()
    up_alone: bool = False
    down_alone: bool = False


def is_down(name: str) -> bool:
    """Whether a file of the migrations folder is the way back of another one."""
    return bool(_FILE.search(name))


def sections(script: Script) -> Sections:
    """The sections of a migration. Raises SpecError for statements before the first one."""
    marks = [(c, m) for c in script.comments if (m := _SECTION.match(c.text)) is not None]
    alone = any(_GOOSE_ALONE.match(c.text) for c in script.comments)
    if not marks:
        return Sections(script.statements, up_alone=alone)
    found: dict[str, list[Statement]] = {"": [], "up": [], "down": []}
    options = {"up": "", "down": ""}
    for _comment, match in marks:
        options[_word(match)] += f" {match['options']} "
    for statement in script.statements:
        before = [m for c, m in marks if c.start < statement.start]
        found[_word(before[-1]) if before else ""].append(statement)
    if found[""]:
        first = found[""][0]
        raise SpecError(
            "a statement stands before the first section (migrate:up), and belongs to none",
            path=script.path,
            line=first.line,
            column=first.column,
            source=script.source_line(first.line),
            remedy="move it below `-- migrate:up`",
        )
    return Sections(
        tuple(found["up"]),
        tuple(found["down"]),
        up_alone=alone or bool(_ALONE.search(options["up"])),
        down_alone=alone or bool(_ALONE.search(options["down"])),
    )


def read_downs(files: Iterable[tuple[str, bytes]]) -> Mapping[int, Down]:
    """The files that lead back, by version. Raises SpecError for two of one version."""
    found: dict[int, Down] = {}
    for path, data in files:
        match = _VERSION.match(PurePath(path).name)
        if match is None:
            continue
        version = int(match[1])
        if version in found:
            raise SpecError(
                f"version {match[1]} has two ways back, this one and {found[version].script.path}",
                path=path,
                remedy="delete one of the two",
            )
        script = scan(decode(data, path), path)
        found[version] = Down(script, script.statements)
    return found


def _word(match: re.Match[str]) -> str:
    return (match["dbmate"] or match["goose"] or match["other"]).lower()
