"""Which files are read: one that is named like a verification is never passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "-- Expected: 99\nSELECT count(*) FROM orders;\n"


def test_when_a_verification_is_not_utf8_then_it_is_refused_and_not_left_out(
    tmp_path: Path,
) -> None:
    """UTF-16, as some editors save it, holds none of our words byte for byte."""
    (tmp_path / "must_hold_verification.sql").write_bytes(CHECK.encode("utf-16"))
    with pytest.raises(SpecError, match="UTF-16"):
        load_project(tmp_path)


def test_when_a_verification_ends_in_capitals_then_it_is_read(tmp_path: Path) -> None:
    """The suffix is a suffix however it is written."""
    (tmp_path / "MUST_HOLD_VERIFICATION.SQL").write_text(CHECK, "utf-8")
    assert [check.line for check in load_project(tmp_path).checks] == [2]
