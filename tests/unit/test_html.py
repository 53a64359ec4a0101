"""The sign-off page and its fragment: what they say, and that nothing can break out of them."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
import sample_runs as runs
from hostile import HIDDEN, MARKER, hostile
from msgspec.structs import replace
from pages import Page
from records import check, observation, verifications

from pytest_dbmigrate.evidence.decision import Decision, Reason, Signature, decide
from pytest_dbmigrate.evidence.record import Evidence, Failed
from pytest_dbmigrate.report.html import css_string, render_fragment, render_page
from pytest_dbmigrate.report.view import report

EVERY_RUN = {
    "passed": runs.rehearsal,
    "failed": runs.lost_a_key,
    "stopped": runs.stopped,
    "committed anyway": runs.committed_anyway,
    "unknown": runs.unknown,
    "on a clone": runs.cloned,
    "without a plan": runs.without_plan,
    "watched over": runs.watched,
}
SECTIONS = (
    "Success criteria",
    "Verifications",
    "Migration execution log",
    "Timeline",
    "Before and after",
    "Schema diff",
    "Application health",
    "Rollback readiness",
    "Team sign-off",
    "Provenance and limits",
)


def drawn(evidence: Evidence, signatures: tuple[Signature, ...] = ()) -> str:
    decision = decide(evidence, sign_off=bool(signatures), signatures=signatures)
    return render_page(report(evidence, decision, signatures, runs.DIGEST))


@pytest.mark.parametrize("name", EVERY_RUN)
def test_when_any_run_is_drawn_then_word_and_sections_stand_in_well_formed_html(name: str) -> None:
    """Without JavaScript and without CSS the word and each section's heading are there."""
    evidence = EVERY_RUN[name]()
    page = Page(drawn(evidence))
    word = decide(evidence).word
    title = evidence.run.title or "Database migration"
    assert page.text.startswith(f"{word}: {title} Migration sign-off report pytest-dbmigrate")
    assert page.text.index(f" {word} ") < page.text.index(" Success criteria")
    shown = [heading for heading in page.headings if heading.startswith(SECTIONS)]
    assert len(shown) == len(SECTIONS)
    assert all(heading.startswith(title) for heading, title in zip(shown, SECTIONS, strict=True))


@pytest.mark.parametrize("name", EVERY_RUN)
def test_when_any_run_is_drawn_then_each_link_leads_to_one_row(name: str) -> None:
    """Ids are unique, links stay inside the page, and each has its target."""
    page = Page(drawn(EVERY_RUN[name](), runs.torn()))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = page.values("href")
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_when_a_check_failed_then_its_reason_links_to_its_row() -> None:
    """The first screen says what failed, and where to look is one click away."""
    html = drawn(runs.lost_a_key())
    link = re.search(r'<a href="#([^"]+)"><bdi>42 foreign keys, all validated', html)
    assert link
    assert f'<tr id="{link[1]}"' in html


def test_when_a_page_is_drawn_then_its_policy_allows_its_own_styles_and_nothing_else() -> None:
    """No script, no loading; each style sheet is allowed by its hash alone."""
    page = Page(drawn(runs.rehearsal()))
    policy = next(v for _, name, v in page.attributes if name == "content" and "src" in v)
    assert re.sub(r" 'sha256-[A-Za-z0-9+/=]{44}'", "", policy) == (
        "default-src 'none'; style-src; base-uri 'none'; form-action 'none'"
    )
    for style in page.styles:
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
        assert not re.search(r"url\(|@import|expression", style)
    assert len(page.styles) == 2
    forbidden = {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not forbidden.intersection(page.tags)
    names = {name for _, name, _ in page.attributes}
    assert not {n for n in names if n.startswith("on")} | names & {"style", "src", "srcdoc"}


@pytest.mark.parametrize("name", EVERY_RUN)
def test_when_every_text_is_hostile_then_none_of_it_becomes_markup(name: str) -> None:
    """Same tags, same attributes as the honest page's; nothing that hides or moves other text."""
    honest = EVERY_RUN[name]()
    evidence = hostile(honest)
    reasons = tuple(Reason(*(f"{MARKER}{n}{k}" for k in range(4))) for n in range(20))
    decision = Decision("NO-GO", MARKER, MARKER, reasons)
    signature = Signature(
        MARKER, MARKER, "GO", MARKER, valid=False, why=MARKER, waived=(MARKER,), comment=MARKER
    )
    html = render_page(report(evidence, decision, (signature,), MARKER))
    page = Page(html)
    assert MARKER not in html
    assert "<x-hostile" not in html
    assert "1337" not in page.text
    assert not HIDDEN.search(html)
    plain = Page(drawn(honest, runs.torn()) + drawn(runs.lost_a_key()) + drawn(runs.cloned()))
    assert set(page.tags) <= set(plain.tags)
    known = {(tag, attribute) for tag, attribute, _ in plain.attributes}
    assert {(tag, attribute) for tag, attribute, _ in page.attributes} <= known
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", value) for value in page.values("id"))
    assert all(re.fullmatch(r"#[A-Za-z0-9_-]+", value) for value in page.values("href"))
    assert page.text.count("<x-hostile onclick=alert(1)>") > 20
    assert "<U+202E>" in page.text
    assert "<U+0000>" in page.text


def test_when_a_text_is_a_megabyte_long_then_the_page_cuts_it_and_says_its_length() -> None:
    """Nobody has to scroll through a column that somebody filled."""
    long = "x" * 1_048_576
    found = Failed(observation(long, columns=("note",), rows=((long,),), row_count=1))
    failed = check(1, found, title=long, sql=f"SELECT '{long}'", source=f"{long}:1", note=long)
    html = drawn(replace(runs.rehearsal(), checks=(failed,)))
    assert len(html) < 150_000
    assert "(1,048,576 characters, the first 300 shown)" in html


def test_when_ten_thousand_checks_passed_then_their_names_are_folded_by_set() -> None:
    """The page stays small enough to open at once and to print."""
    html = drawn(runs.many(10_000))
    assert html.count("<tr") < 200
    assert "9,997 of 10,000 passed" in html
    assert len(html) < 1_000_000


def test_when_ten_thousand_checks_failed_then_the_first_stand_open_and_no_link_is_lost() -> None:
    """Rows and details have their caps, and each folded set says how many it holds."""
    html = drawn(runs.many(10_000, failing=10_000))
    page = Page(html)
    assert html.count('<tr class="detail') == 50
    assert html.count("<tr") < 800
    assert all(link[1:] in page.values("id") for link in page.values("href"))
    assert "200 more, by name" in page.text


def test_when_a_check_fails_then_its_row_opens_with_all_that_is_known() -> None:
    """Expected, observed, what differs, rows, laid-out SQL, file and line."""
    text = Page(drawn(runs.lost_a_key())).text
    row = text[text.rindex("9. 42 foreign keys") : text.rindex("11. 18 policies")]
    assert row.startswith("9. 42 foreign keys, all validated 42 41 2.3 ms ✕ FAIL")
    assert "012 removed: campaign_cohorts_cohort_fkey" in row
    assert "sql/verify_week1.sql:90 SELECT count(*) FROM pg_class" in row
    assert "3 rows campaign_id cohort_id note 17 4 NULL 18 4 <none> 21 9 a | b" in row


def test_when_a_check_passed_before_the_migrations_too_then_its_row_says_so() -> None:
    """A vacuous pass is shown, one that is meant to stay the same is not."""
    text = Page(drawn(runs.rehearsal())).text
    assert text.count("10. no orphaned records also passed before 0 0 2.3 ms ✓ PASS") == 1
    assert "1 check also passed before the migrations: kept as a guard" in text
    assert text.count("also passed before") == 2
    assert "1 check also passed before the migrations" not in Page(drawn(runs.lost_a_key())).text


def test_when_it_was_committed_and_is_no_go_then_the_page_does_not_read_like_a_rollback() -> None:
    """A real database that was changed stands out; a throw-away one does not."""
    assert 'class="alarm"' in drawn(runs.committed_anyway())
    assert 'class="alarm"' in drawn(runs.unknown())
    assert 'class="alarm"' not in drawn(runs.lost_a_key())
    assert 'class="alarm"' not in drawn(runs.rehearsal())


def test_when_something_was_not_measured_then_the_page_does_not_claim_a_result() -> None:
    """No data is not "no change"."""
    text = Page(drawn(runs.stopped())).text
    assert "Schema not compared" in text
    assert "The schema was not compared in this run." in text
    assert "Locks were not observed" not in text  # the one statement that ran took one
    assert "Rows by table were not counted in this run." in text
    assert "no difference" not in text


def test_when_roles_signed_then_the_table_shows_valid_refused_and_missing_signatures() -> None:
    """And how to add the missing ones."""
    text = Page(drawn(runs.lost_a_key(), runs.torn())).text
    table = text[text.rindex("Team sign-off") :]
    assert "1 of 3 signed" in table
    assert "Database Admin asha@example.com Monday 2024-01-29, 09:41:12 UTC ✕ NO-GO" in table
    assert "Refused: the key may not sign as devops (allowed_signers) ✕ REFUSED" in table
    assert "Backend Lead nobody yet ○ NOT SIGNED" in table
    assert "sign 20240129T080003Z-rehearsal --role backend-lead --decision GO" in table


def test_when_the_same_run_is_drawn_twice_then_the_bytes_are_the_same() -> None:
    """`verify` compares the page with what evidence and signatures give."""
    assert drawn(runs.lost_a_key(), runs.torn()) == drawn(runs.lost_a_key(), runs.torn())


def test_when_the_page_is_printed_then_each_footer_has_decision_run_and_digest() -> None:
    """The footer is a CSS string, in which a run's id can only be text."""
    html = drawn(runs.lost_a_key())
    assert "NO-GO · run 20240129T080003Z-rehearsal · evidence sha256 5be0ba72f7a76304" in html
    assert css_string('a"}</style>\\') == '"a\\000022\\00007d\\00003c\\00002fstyle\\00003e\\00005c"'


def test_when_pytest_html_is_the_host_then_the_fragment_brings_its_style_and_no_page() -> None:
    """The same sections, without the shell's elements."""
    evidence = runs.rehearsal()
    fragment = render_fragment(report(evidence, decide(evidence), (), runs.DIGEST))
    page = Page(fragment)
    assert not {"html", "head", "body", "title", "meta"}.intersection(page.tags)
    assert page.tags[:2] == ["style", "main"]
    assert len(verifications()) == fragment.count('<span class="no">')
