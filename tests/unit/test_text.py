"""How the report writes numbers, times and texts."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.report import text


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (0, "0.00 ms"),
        (419_999, "0.41 ms"),
        (234_000_000, "234.0 ms"),
        (499_999_999, "499.9 ms"),
        (9_999_999_999, "9,999.9 ms"),
        (10_000_000_000, "10.0 s"),
        (59_999_999_999, "59.9 s"),
        (1_118_000_000_000, "18 min 38 s"),
        (7_500_000_000_000, "2 h 05 min"),
    ],
)
def test_when_a_duration_is_written_then_it_is_cut_and_never_rounded_up(
    ns: int, words: str
) -> None:
    """A run of 499.99 ms never reads 500 ms beside its limit of 500 ms."""
    assert text.duration(ns) == words


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("users\u202etxt.sql", "users<U+202E>txt.sql"),
        ("a\x00b\x1b[31m", "a<U+0000>b<U+001B>[31m"),
        ("zero\u200bwidth\u2060\ufeff", "zero<U+200B>width<U+2060><U+FEFF>"),
        ("lone \ud800", "lone <U+D800>"),
        ("us\u200ders", "us<U+200D>ers"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("one\rtwo", "one<U+000D>two"),
        ("می\u200cخورم", "می\u200cخورم"),
        ("שלום 東京 é", "שלום 東京 é"),
    ],
)
def test_when_a_text_hides_or_moves_others_then_its_characters_are_named(
    raw: str, shown: str
) -> None:
    """What a script needs (Persian's non-joiner, right-to-left letters) stays as it is."""
    assert text.visible(raw) == shown
    assert text.visible(shown) == shown


def test_when_a_text_is_too_long_then_it_is_cut_and_its_length_is_said() -> None:
    """The length is that of the text, not of what is shown."""
    assert text.line("a" * 301) == "a" * 300 + " … (301 characters, the first 300 shown)"
    assert text.line("\x00" * 300) == "<U+0000>" * 300


def test_when_a_text_has_several_lines_then_one_line_shows_where_they_ended() -> None:
    """A cell of a table stays one line."""
    assert text.line("one\r\ntwo\n") == "one↵two"


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("2024-01-29T08:30:00.412Z", "Monday 2024-01-29, 08:30:00 UTC"),
        ("2024-02-29T23:59:59.999Z", "Thursday 2024-02-29, 23:59:59 UTC"),
        ("2024-01-29T09:00:00.000+01:00", "Monday 2024-01-29, 08:00:00 UTC"),
        ("not a time", "not a time"),
    ],
)
def test_when_a_moment_is_written_then_the_weekday_is_computed(time: str, words: str) -> None:
    """The plan's own date is checked by reading it."""
    assert text.date_and_clock(time) == words


def test_when_a_run_passes_midnight_then_the_second_day_is_named() -> None:
    """And one that did not finish says so."""
    night = text.span("2024-01-29T23:50:00.000Z", "2024-01-30T00:10:00.000Z")
    assert night == "Monday 2024-01-29, 23:50:00 to Tuesday 2024-01-30, 00:10:00 UTC"
    assert text.span("2024-01-29T23:50:00.000Z", None).endswith("23:50:00 UTC, not finished")


def test_when_numbers_are_written_then_thousands_are_separated() -> None:
    """Whole floats are whole; sizes are in decimal units."""
    assert text.number(1_204.0) == "1,204"
    assert text.number(0.25) == "0.25"
    assert text.count(1, "row") == "1 row"
    assert text.count(1_204, "row") == "1,204 rows"
    assert [text.size(n) for n in (512, 4_871, 43_306_012)] == ["512 B", "4.9 KB", "43.3 MB"]
