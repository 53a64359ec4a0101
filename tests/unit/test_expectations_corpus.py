"""Files in many people's styles, each statement labelled with what a person reads.

`data/expectations/NAME.sql` has its labels in `NAME.labels`, one line per statement in order:
`checked | expect-rows: 0`, or the status it must end with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.spec.explain import Explanation, explain_text

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = sorted((Path(__file__).parent / "data" / "expectations").glob("*.sql"))


def labelled(path: Path) -> list[tuple[str, str, Explanation]]:
    """Each statement's expected status and expectation, and how it was read."""
    labels = path.with_suffix(".labels").read_text("utf-8").splitlines()
    read = explain_text(path.read_text("utf-8"), path.name)
    pairs = (label.partition(" | ") for label in labels)
    return [(s, e, r) for (s, _, e), r in zip(pairs, read, strict=True)]


ALL = [(path, label) for path in FILES for label in labelled(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_when_a_file_is_read_then_each_statement_is_read_as_its_label_says(path: Path) -> None:
    """One file, every statement: status and normalised expectation."""
    read = [(r.line, r.status, r.expectation) for _, _, r in labelled(path)]
    assert read == [(r.line, status, text) for status, text, r in labelled(path)]


def test_when_all_files_are_read_then_no_reading_is_wrong() -> None:
    """Nothing is checked that a person would not read so; partial readings understand the same."""
    wrong = [
        str(read)
        for _, (status, text, read) in ALL
        if read.expectation and (read.status, read.expectation) != (status, text)
    ]
    assert not wrong


def test_when_all_files_are_read_then_more_than_nine_of_ten_clear_readings_are_found(
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    """The share of statements with one clear reading that are read right, over many styles."""
    clear = [(text, read) for _, (status, text, read) in ALL if status == "checked"]
    right = sum(read.status == "checked" and read.expectation == text for text, read in clear)
    record_testsuite_property("clear readings", f"{right} of {len(clear)} in {len(ALL)}")
    assert len(FILES) >= 25
    assert len(ALL) > 200
    assert right > 0.9 * len(clear)


def test_when_a_statement_is_not_checked_then_a_reason_and_a_line_to_write_are_given() -> None:
    """Whatever is not read tells its author what to write instead."""
    for _, (_, _, read) in ALL:
        if read.status in {"not-checked", "partial", "refused", "commented-out"}:
            assert read.reason, read
            assert read.words, read
            assert read.suggestion, read
