"""Phrases: what holds for every text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_dbmigrate.spec.comments.markers import find_marker
from pytest_dbmigrate.spec.comments.phrases import Below, Phrase, read_phrase
from pytest_dbmigrate.spec.query.shape import Shape, shape_of
from pytest_dbmigrate.spec.tokens import tokens

SHAPES = st.sampled_from(
    [
        shape_of(tuple(tokens(sql)))
        for sql in (
            "SELECT count(*) FROM t",
            "SELECT a FROM t",
            "SELECT a, b FROM t",
            "SELECT * FROM t",
            "SELECT 'x' AS label, count(*) AS n FROM t",
            "SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1",
            "SELECT EXISTS (SELECT 1 FROM t)",
            "SELECT max(a) FROM t",
            "SELECT f(1)",
            "VALUES (1)",
        )
    ]
)
# Phrases that mean something no single expectation can say, whatever stands around them.
REFUSED = st.sampled_from(
    [
        "about 5", "~5 rows", "5 or 6", "5%", "$5", "234ms", "5, 6", "all true", "each has 1",
        "same as before", "matches query 2", "N rows", "5 if loaded", "3 per tenant", "Top 10",
        "no duplicate names", "no anon rows", "a, b, c", "between", "depends", "5 minimum",
        "3 rows with status ok", "0 after rollback", "One row per transaction", "active",
    ]
)  # fmt: skip
# Words that restrict, relate, weaken or claim; none is a quantity or names rows by itself.
WORDS = st.lists(
    st.sampled_from(
        [
            "each", "every", "with", "per", "or", "if", "about", "tenant", "where", "all", "only",
            "and", "including", "except", "enabled", "status", "before", "unless", "named", "ok",
            "maybe", "policies", "tables", "active", "not", "the", "for", "in", "total", "users",
        ]
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


def read(clause: str, shape: Shape) -> Phrase | None:
    marker = find_marker(f"Expected: {clause}")
    return read_phrase(marker, Below(), shape) if marker else None


@given(REFUSED, WORDS, st.booleans(), SHAPES)
def test_when_words_are_added_to_what_is_not_checked_then_it_never_becomes_checked(
    clause: str, words: list[str], note: bool, shape: Shape
) -> None:
    """In front, behind, or as a note in parentheses."""
    added = " ".join(words)
    for longer in (f"{clause} ({added})" if note else f"{clause} {added}", f"{added} {clause}"):
        phrase = read(longer, shape)
        assert phrase is None or phrase.status != "checked", longer


@given(
    st.sampled_from(["0 rows", "3 rows", "43", "at least 2 rows", "true", "no rows", "2-4 rows"]),
    WORDS,
    st.sampled_from([" {}", " ({})", ", {}", " - {}", ". {}", "; {}"]),
    SHAPES,
)
def test_when_words_are_added_to_a_phrase_then_its_meaning_never_changes(
    clause: str, words: list[str], form: str, shape: Shape
) -> None:
    """It is read as before, or the words make it partial or not checked."""
    alone, longer = read(clause, shape), read(clause + form.format(" ".join(words)), shape)
    if longer is None or longer.expectation is None:
        return
    assert alone is not None
    nouns = {"policies", "tables", "users", "tenant", "status", "enabled", "active", "ok", "total"}
    if form == " {}" and clause == "43" and words[0] in nouns:
        return  # a number with a noun is a phrase of its own
    assert alone.expectation is not None
    assert longer.expectation.text == alone.expectation.text


@given(st.text(max_size=80), SHAPES)
def test_when_any_text_is_read_then_it_is_a_reading_with_its_parts(text: str, shape: Shape) -> None:
    """No exception, and what is not checked always has a reason and a line to write."""
    phrase = read(text, shape)
    if phrase is None:
        return
    assert (phrase.expectation is None) == (phrase.status == "not-checked")
    if phrase.status != "checked":
        assert phrase.reason
        assert phrase.suggestion
