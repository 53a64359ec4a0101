"""Evidence in which every free text tries to break out of the page."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from pytest_dbmigrate.evidence import execution, record, results, window

if TYPE_CHECKING:
    from collections.abc import Callable

# Tags, attributes, entities, templates, Markdown, workflow commands, a bidi override, a zero-width
# space, NUL, an escape sequence, a line separator.
MARKER = (
    "\u202e\x00\"'><x-hostile onclick=alert(1)></td></style><!-- &amp; {{7*191}} {% raw %}"
    "` ``` | \\| [x](javascript:alert(1)) ![y](http://h.example/) <https://h.example> www.h.example"
    " @team #1 **b** _i_ ~~s~~ $m$ ::error::\n# heading\r\n- item\n---\n"
    "\u2066\u200b\x1b[31m\x85\u2028\ud800 end"
)
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NAMES = {**vars(record), **vars(results), **vars(execution), **vars(window)}


def hostile(value: Any) -> Any:
    """The same record with each free text replaced by the marker and a number of its own."""
    numbers = count()
    return _replaced(value, lambda: f"{MARKER}{next(numbers)}")


def _replaced(value: Any, text: Callable[[], str]) -> Any:
    if isinstance(value, msgspec.Struct):
        hints = get_type_hints(type(value), _NAMES)
        fields = {
            name: _replaced(getattr(value, name), text)
            for name in value.__struct_fields__
            if not _fixed(hints[name])
        }
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(_replaced(each, text) for each in value)
    if isinstance(value, dict):
        return {text(): text() for _ in value}
    return text() if isinstance(value, str) else value


def _fixed(hint: Any) -> bool:
    """Whether the record allows only some words here: those are checked when it is read."""
    return get_origin(hint) is Literal or any(get_origin(a) is Literal for a in get_args(hint))
