"""`--dbmigrate-explain`: how each statement of the verification files is read. Uses no database."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.explain import Explanation, explain_text
from pytest_dbmigrate.spec.places import find_root, is_verification
from pytest_dbmigrate.spec.project import sql_files
from pytest_dbmigrate.spec.statements import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def files_to_explain(
    arguments: Iterable[Path], rootdir: Path, configured_root: str, patterns: Sequence[str]
) -> list[Path]:
    """The .sql files that were named, those below the folders that were named, else the project's.

    Below a folder only the names that fit `patterns` count. Raises SpecError for what is not there.
    """
    found: list[Path] = []
    for path in arguments or [find_root(None, rootdir, configured_root)]:
        if path.is_dir():
            below = sql_files(path)
            found += [p for p in below if is_verification(p.relative_to(path), patterns)]
        elif path.is_file():
            found.append(path)
        else:
            raise SpecError("there is no such file or folder", path=str(path))
    return list(dict.fromkeys(found))


def explain_lines(path: Path, shown: str, form: str) -> Iterator[str]:
    """One line a statement: a sentence, or a JSON object with `form` "json"."""
    for explanation in _explanations(path, shown):
        yield str(explanation) if form == "text" else json.dumps(asdict(explanation))


def _explanations(path: Path, shown: str) -> Iterable[Explanation]:
    def load(name: str) -> str:
        return decode((path.parent / name).read_bytes(), f"{shown}: {name}")

    try:
        return explain_text(decode(path.read_bytes(), shown), shown, load)
    except SpecError as error:
        line = error.line or 1
        return [
            Explanation(
                shown, line, line, "refused", "", line, "file-error", error.problem, error.remedy
            )
        ]
