"""pytest hooks, each a few lines that call a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate import options
from pytest_dbmigrate.fixtures import (
    dbmigrate_connection,
    dbmigrate_migrations,
    dbmigrate_postgresql,
    dbmigrate_postgresql_proc,
    dbmigrate_run,
    dbmigrate_target,
)
from pytest_dbmigrate.selection import Selection
from pytest_dbmigrate.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_dbmigrate.settings import Settings

__all__ = [
    "dbmigrate_connection",
    "dbmigrate_migrations",
    "dbmigrate_postgresql",
    "dbmigrate_postgresql_proc",
    "dbmigrate_run",
    "dbmigrate_target",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    options.add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None]:
    """Add `--db-url` after the conftests, whose own one it gives way to."""
    yield
    options.add_db_url(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Explain instead of running, when asked to."""
    settings = settings_of(config)
    return explain(config, settings) if settings.explain else None


def explain(config: pytest.Config, settings: Settings) -> int:
    """Print how every statement is read. Raises pytest.UsageError for a path that is not there."""
    from pytest_dbmigrate import explaining  # noqa: PLC0415  (import time)
    from pytest_dbmigrate.spec.errors import SpecError  # noqa: PLC0415

    here, root = config.invocation_params.dir, config.rootpath
    named = [here / argument for argument in config.args] if config.args != [str(here)] else []
    form = settings.explain
    if form not in {"text", "json"}:
        # `--dbmigrate-explain sql/checks`: the option's optional value has taken the path.
        named, form = [here / form, *named], "text"
    try:
        found = explaining.files_to_explain(named, root, settings.root, settings.files)
    except SpecError as error:
        raise pytest.UsageError(str(error)) from None
    for path in found:
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        for line in explaining.explain_lines(path, shown, form):
            print(line)  # noqa: T201  (the product's own output)
    return 0


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the collecting half; the rest of us joins it when something of ours is met."""
    settings = settings_of(config)
    selection = Selection(config, settings)
    config.pluginmanager.register(selection, "dbmigrate-selection")
    if settings.target is not None:
        from pytest_dbmigrate import live  # noqa: PLC0415  (import time, as below)

        live.refuse_workers(config)
    if settings.asked_for:
        selection.open_session()
    if config.pluginmanager.hasplugin("dsession"):
        from pytest_dbmigrate import workers  # noqa: PLC0415

        workers.control(config, selection)
    if getattr(config.option, "htmlpath", None):
        from pytest_dbmigrate import pytest_html_page  # noqa: PLC0415

        pytest_html_page.join(config, selection)
