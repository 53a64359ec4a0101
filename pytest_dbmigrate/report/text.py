"""Values as people read them: durations, times, counts, and texts with all they hide made visible.

Everything here returns plain text. Escaping for HTML, Markdown or a terminal comes after, where the
page is written.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

LINE = 300
"""Characters of a one-line text that a report shows."""

BLOCK = 6_000
"""Characters of a text of several lines that a report shows."""

# Controls, format characters (bidi overrides, zero width, tags), surrogates and line separators:
# all that moves or hides other text. ZWNJ and ZWJ stay where the script before them needs them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\u02ff])[\u200c\u200d]"
)


def visible(text: str) -> str:
    """The text with every character that is invisible or moves others as `<U+202E>`.

    Line feed and tab stay; CR LF becomes LF.
    """
    return _HIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))


def _capped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return visible(text)
    return f"{visible(text[:limit])} … ({len(text):,} characters, the first {limit:,} shown)"


def line(text: str, limit: int = LINE) -> str:
    """The text on one line, line feeds as ↵, cut at `limit` characters with its length said."""
    return _capped(text.strip("\r\n"), limit).replace("\n", "↵")


def block(text: str, limit: int = BLOCK) -> str:
    """The text on as many lines as it has, cut at `limit` characters with its length said."""
    return _capped(text, limit)


def duration(ns: int) -> str:
    """Nanoseconds as `0.41 ms`, `234.0 ms`, `18 min 38 s` or `2 h 05 min`.

    Cut, not rounded: 499.96 ms never reads 500.0 ms.
    """
    if 0 < ns < 10_000:
        return "< 0.01 ms"
    if ns < 1_000_000:
        return f"0.{ns // 10_000:02d} ms"
    if ns < 10_000_000_000:
        return f"{ns // 1_000_000:,}.{ns // 100_000 % 10} ms"
    if ns < 60_000_000_000:
        return f"{ns // 1_000_000_000}.{ns // 100_000_000 % 10} s"
    seconds = ns // 1_000_000_000
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3_600} h {seconds % 3_600 // 60:02d} min"


def number(value: float) -> str:
    """A number with thousands separated; whole floats without their `.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}"


def count(n: int, noun: str, plural: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def size(n: int) -> str:
    """Bytes as `512 B`, `4.8 KB`, `43.3 MB` (decimal units)."""
    if n < 1_000:
        return f"{n} B"
    for unit, scale in (("KB", 1_000), ("MB", 1_000_000)):
        if n < 1_000 * scale:
            return f"{n / scale:.1f} {unit}"
    return f"{n / 1_000_000_000:.1f} GB"


def moment(time: str) -> datetime | None:
    """A record's UTC time as a datetime, or None for a text that is not one."""
    try:
        parsed = datetime.fromisoformat(time)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def nanoseconds(delta: timedelta) -> int:
    """A time span in nanoseconds, exactly."""
    return (delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds) * 1_000


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day(time: datetime) -> str:
    """`Monday 2024-01-29`: the weekday is computed, in English whatever the locale."""
    return f"{_WEEKDAYS[time.weekday()]} {time:%Y-%m-%d}"


def clock(time: str) -> str:
    """`08:30:00.412 UTC`, or the text itself where it is no time."""
    parsed = moment(time)
    return f"{parsed:%H:%M:%S}.{parsed.microsecond // 1000:03d} UTC" if parsed else line(time)


def date_and_clock(time: str) -> str:
    """`Monday 2024-01-29, 08:00:03 UTC`, or the text itself where it is no time."""
    parsed = moment(time)
    return f"{day(parsed)}, {parsed:%H:%M:%S} UTC" if parsed else line(time)


def span(started: str, finished: str | None) -> str:
    """`Monday 2024-01-29, 08:00:03 to 09:30:01 UTC`, with the second day where it is another."""
    begin, end = moment(started), moment(finished or "")
    if begin is None or end is None:
        return f"{date_and_clock(started)}, not finished"
    last = f"{end:%H:%M:%S}" if begin.date() == end.date() else f"{day(end)}, {end:%H:%M:%S}"
    return f"{day(begin)}, {begin:%H:%M:%S} to {last} UTC"


def slug(text: str) -> str:
    """Lower-case letters, digits and `-` only, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60]
