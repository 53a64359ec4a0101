"""Compiled templates, kept beside Python's compiled modules: compiled once, not in every run.

Where Python writes no bytecode, nothing is written here either.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Files named after the template and the version of jinja2 that compiled it.

    Jinja2 itself holds a file against the version of Python and the source of the template.
    """

    def __init__(self, templates: Path) -> None:
        """Look where Python would put the bytecode of a module in the folder of the templates."""
        self._place = Path(importlib.util.cache_from_source(str(templates / "x.py"))).parent
        self._suffix = f".jinja-{version('jinja2')}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what an earlier run compiled, if it is there."""
        with suppress(OSError), self._file(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, where that is possible; other processes see all of it or none."""
        if sys.dont_write_bytecode:
            return
        path = self._file(bucket)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            self._place.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                bucket.write_bytecode(file)
            beside.replace(path)

    def _file(self, bucket: Bucket) -> Path:
        return self._place / f"{bucket.key}{self._suffix}"
