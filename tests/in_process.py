"""pytest in pytest: everything of ours is loaded first.

pytester forgets, after each run in this process, what that run was the first to import. A module
that is then loaded anew has classes of the same names that are others.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest_dbmigrate

# Plugins that happen to be installed here: one shuffles, the other is loaded anew in each run.
QUIET = ("-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")


def load_everything() -> None:
    """Import every module of the package, with what it imports."""
    for module in pkgutil.walk_packages(pytest_dbmigrate.__path__, "pytest_dbmigrate."):
        importlib.import_module(module.name)
