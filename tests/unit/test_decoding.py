"""A file's bytes as text."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import decode, scan


def test_a_byte_order_mark_is_allowed_and_left_out() -> None:
    """Positions count from after it."""
    assert decode(b"\xef\xbb\xbfSELECT 1", "f.sql") == "SELECT 1"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_first_bad_byte_is_named_with_its_line_and_column(mark: bytes) -> None:
    """Columns count characters, so multi-byte ones before it do not shift the caret."""
    with pytest.raises(SpecError) as caught:
        decode(mark + "a\r\n-- é ".encode() + b"\xe9t\r\nb\xff", "sql/011_x.sql")
    assert str(caught.value) == (
        "sql/011_x.sql:2:6: the byte 0xE9 is not UTF-8\n"
        "  -- é \ufffdt\n"
        "       ^\n"
        "  Save the file as UTF-8; it may be Windows-1252 or Latin-1 now."
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_is_recognized(encoding: str) -> None:
    """With its mark or without: half of it is NUL bytes."""
    data = "SELECT 'é';".encode(encoding)
    with pytest.raises(SpecError, match="UTF-16") as caught:
        scan(decode(data, "f.sql"), "f.sql")
    assert caught.value.line == 1


@pytest.mark.parametrize("data", [b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
def test_what_only_looks_like_utf_8_is_refused(data: bytes) -> None:
    """Overlong forms, surrogates, beyond Unicode, a character cut off at the end."""
    with pytest.raises(SpecError, match="not UTF-8"):
        decode(b"--\n" + data, "f.sql")
