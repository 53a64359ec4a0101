"""The report as HTML: one static, escaped fragment for two hosts, and the page around it."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_dbmigrate.report import text

if TYPE_CHECKING:
    from jinja2 import Environment

    from pytest_dbmigrate.report.view import Report

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 20_000
"""Characters of one value, beyond which a page cuts it even where a section forgot to."""


def render_fragment(view: Report) -> str:
    """The report as a fragment with its own style, all of it scoped under `.dbm`.

    The same view gives the same bytes.
    """
    return _fragment(_environment(), view)


def render_page(view: Report) -> str:
    """The sign-off page: the fragment in a shell that forbids scripts and loading.

    The policy allows the page's two style sheets by their hashes and nothing else.
    """
    env = _environment()
    shell, style = _shell(env, view), _style(env)
    policy = (
        f"default-src 'none'; style-src {_hash(shell)} {_hash(style)};"
        " base-uri 'none'; form-action 'none'"
    )
    return env.get_template("page.html.j2").render(
        r=view, policy=policy, shell=_markup(shell), fragment=_markup(_fragment(env, view))
    )


@cache
def _environment() -> Environment:
    """The templates, compiled once a process, as they never change in it, or by an earlier one."""
    from jinja2 import (  # noqa: PLC0415 (0.05 s that a run without a report need not pay)
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    from pytest_dbmigrate.report.compiled import CompiledTemplates  # noqa: PLC0415 (as above)

    return Environment(
        loader=PackageLoader("pytest_dbmigrate.report", "templates"),
        bytecode_cache=CompiledTemplates(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """The last net: whatever a template prints has its hidden characters visible and a length."""
    if type(value) is not str:  # Markup is a str that was escaped before
        return value
    return text.block(value, LONGEST)


def _fragment(env: Environment, view: Report) -> str:
    template = env.get_template("fragment.html.j2")
    macros = env.get_template("macros.html.j2").module
    return template.render(r=view, m=macros, style=_markup(_style(env)))


def _markup(trusted: str) -> str:
    from markupsafe import Markup  # noqa: PLC0415 (comes with jinja2)

    return Markup(trusted)  # noqa: S704 (our own style sheets, and the fragment escaped above)


def _style(env: Environment) -> str:
    return "".join(_source(env, f"{name}.css") for name in ("style", "narrow", "print"))


def _source(env: Environment, name: str) -> str:
    if env.loader is None:
        return ""
    return env.loader.get_source(env, name)[0]


def _shell(env: Environment, view: Report) -> str:
    """The page's own style: what lies outside the fragment, and the footer of each printed page."""
    short = view.provenance.digest[:16]
    footer = f"{view.verdict.word} · run {view.identity.run} · evidence sha256 {short}"
    return _source(env, "shell.css").replace("FOOTER", css_string(footer))


def css_string(value: str) -> str:
    """A CSS string literal: everything but letters, digits and a few marks is a code point."""
    return '"' + re.sub(r"[^\w .,:·-]", lambda c: f"\\{ord(c[0]):06x}", value, flags=re.ASCII) + '"'


def _hash(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"
