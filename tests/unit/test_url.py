"""What a user may type for a database, and that nothing of its password is ever shown."""

from __future__ import annotations

import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dbmigrate.postgres.secret import Secret
from pytest_dbmigrate.postgres.target import Target, TargetError, parse_url, scrub

SECRET = "Zq7!vX"  # noqa: S105  (of no server)

# Two sentinels in a password of any other characters: neither may show, wherever it is cut.
passwords = st.builds(
    "{}Zq7vX{}Wk3jY{}".format,
    *[st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)] * 3,
)


def url_with(password: str) -> str:
    return f"postgresql://deploy:{quote(password, safe='')}@db.example:5433/app?sslmode=require"


def shown(text: str) -> str:
    """Everything of the target, or of the refusal, that could reach an output."""
    try:
        target = parse_url(text)
    except TargetError as error:
        entries = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [entry for entry in entries.stack if not entry.filename.endswith("test_url.py")]
        hidden = f"{error.__cause__} {error.__context__}"
        return " ".join([str(error), hidden, *(f"{each} {each.locals}" for each in ours)])
    else:
        return f"{target.redacted} {target} {target!r} {target.conninfo} {target.secrets}"


@given(passwords)
def test_the_redacted_url_does_not_depend_on_the_password(password: str) -> None:
    """Any password gives the same text, in a URL, in its query and in a connection string."""
    escaped = password.replace("\\", "\\\\").replace("'", "\\'")
    query = f"postgresql://deploy@db.example/app?password={quote(password, safe='')}"
    assert parse_url(url_with(password)).redacted == parse_url(url_with("x")).redacted
    assert parse_url(query).redacted == "postgresql://deploy:***@db.example/app"
    assert parse_url(f"host=db.example user=deploy dbname=app password='{escaped}'").redacted == (
        "postgresql://deploy:***@db.example/app"
    )


@given(passwords)
def test_a_password_that_is_not_encoded_never_shows(password: str) -> None:
    """Typed as it is, it may be cut into host, port or keyword: no part of it may be shown."""
    for text in (
        f"postgresql://deploy:{password}@db.example:5433/app",
        f"postgres://deploy:{password}@db.example",
        f"postgresql://db.example/app?user=deploy&password={password}",
        f"postgresql://deploy@db.example/app?sslpassword={password}&sslmode=require",
        f"host=db.example password={password} dbname=app",
        f"host=db.example password='{password} dbname=app",
        f"mysql://deploy:{password}@db.example/app",
        f"postgresql+psycopg://deploy:{password}@db.example/app",
        f"deploy:{password}@db.example/app",
        password,
    ):
        output = shown(text)
        assert "Zq7vX" not in output, text
        assert "Wk3jY" not in output, text


@given(passwords)
def test_scrub_takes_the_password_out_in_every_spelling(password: str) -> None:
    """As it is, percent-encoded, quoted for libpq, in JSON, in a repr."""
    target = parse_url(url_with(password))
    for spelling in Secret(password).spellings():
        assert "Zq7vX" not in scrub(f"libpq said: {spelling}!", target)


def test_scrub_takes_out_the_password_as_it_was_typed() -> None:
    """A URL may encode more characters than it must."""
    target = parse_url("postgresql://deploy:%73ecret%2Fpw@db.example/app")
    assert scrub("token %73ecret%2Fpw, secret/pw", target) == "token ***, ***"


def test_scrub_leaves_names_that_the_password_repeats() -> None:
    """With user and password `app`, hiding the password would hide the role everywhere."""
    target = parse_url("postgresql://app:app@db.example/product")
    assert scrub('role "app"', target) == 'role "app"'


def test_scrub_takes_out_the_password_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PGPASSWORD completes the URL, so it may stand in what libpq says."""
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert scrub(f"bad {SECRET}", parse_url("postgresql://db.example/app")) == "bad ***"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgresql://db.example/app", "postgresql://db.example/app"),
        ("postgres://deploy:pw@db.example:5433/app", "postgresql://deploy:***@db.example:5433/app"),
        ("  postgresql:///app \n", "postgresql:///app"),
        ("postgresql://%2Frun%2Fpg/app", "postgresql:///app?host=/run/pg"),
        ("postgresql:///app?host=/run/pg&port=5433", "postgresql:///app?host=/run/pg&port=5433"),
        ("postgresql://[::1]:5433/app", "postgresql://[::1]:5433/app"),
        ("postgresql://a:1,b:2/app", "postgresql:///app?host=a,b&port=1,2"),
        ("postgresql://h/app?ssl=true", "postgresql://h/app?sslmode=require"),
        ("postgresql://h/app?sslpassword=x&sslmode=require", "postgresql://h/app?sslmode=require&sslpassword=***"),
        ("host=h hostaddr='' options='' dbname=app", "postgresql://h/app"),
        ("postgresql://h/app?options=-c%20a.b%3Dc", "postgresql://h/app?options=***"),
        ("host=db.example dbname=app user=deploy", "postgresql://deploy@db.example/app"),
        ("dbname = 'my app' password = 'x y'", "postgresql://:***@/my%20app"),
        ("service=production", "postgresql:///?service=production"),
        ("postgresql://d%C3%A9ploy@h/app", "postgresql://d%C3%A9ploy@h/app"),
        ("postgresql://u:a?b#c@h/app", "postgresql://u:***@h/app"),
    ],
)  # fmt: skip
def test_what_libpq_accepts_is_accepted(text: str, redacted: str) -> None:
    """URLs of both schemes, sockets, several hosts, connection strings and services."""
    assert parse_url(text).redacted == redacted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("mysql://u:pw@h/db", "its scheme is mysql://"),
        ("jdbc:postgresql://h/db?password=pw", "its scheme is jdbc:postgresql://"),
        ("postgresql+asyncpg://u:pw@h/db", "leave out the +"),
        ("Postgresql://h/db", "lower case"),
        ("postgresql:h/db", "followed by //"),
        ("app", "neither a URL nor keyword=value"),
        ("u:pw@h/db", "not one of PostgreSQL. Write postgresql://"),
        ("postgresql://u:p@w@h/db", "read in two ways"),
        ("postgresql://u:p/w@h/db", "In a password / is written %2F"),
        ("postgresql://u/w@h/db", "read in two ways"),
        ("postgresql://u:p%w@h/db", "% without two hexadecimal digits"),
        ("postgresql://u:p%00w@h/db", "(other than 00)"),
        ("postgresql://u:p%80w@h/db", "not UTF-8"),
        ("postgresql://u:p\udc80w@h/db", "not UTF-8"),
        ("postgresql://u:pw", "port is not a number"),
        ("postgresql://h:99999/db", "port is not a number"),
        ("postgresql://h/db?sslmod=require", "did you mean sslmode?"),
        ("host=h dbnam=app", "did you mean dbname?"),
        ("host=h colour=red", "One of its keywords is not one of libpq's."),
        ("host=h password='x", "single quotes"),
        ("host=h dbname=postgresql://u:pw@h/db", "itself a connection string"),
        ("host=h\0 dbname=app", "NUL"),
        ("host='h\nx' dbname=app", "line break"),
        ("env:", "followed by the name"),
        ("env:1x", "followed by the name"),
    ],
)
def test_what_cannot_be_sure_is_refused_with_the_way_out(text: str, words: str) -> None:
    """The message says what is wrong and how to write it, and repeats nothing secret."""
    with pytest.raises(TargetError) as caught:
        parse_url(text)
    assert words in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_url_is_read_from_the_environment_only_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`env:NAME` reads that variable; a missing or empty one is named."""
    monkeypatch.setenv("STAGING_URL", f"postgresql://deploy:{SECRET}@db.example/app\n")
    assert parse_url("env:STAGING_URL").redacted == "postgresql://deploy:***@db.example/app"
    monkeypatch.setenv("STAGING_URL", " ")
    with pytest.raises(TargetError, match=r"STAGING_URL .*is empty"):
        parse_url("env:STAGING_URL")
    monkeypatch.delenv("STAGING_URL")
    with pytest.raises(TargetError, match=r"STAGING_URL .*is not set"):
        parse_url("env:STAGING_URL")


def test_a_bad_url_in_the_environment_shows_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable's text is as secret as the option's."""
    monkeypatch.setenv("STAGING_URL", f"postgresql://deploy:a/{SECRET}@db.example/app")
    assert SECRET not in shown("env:STAGING_URL")


def test_a_target_never_gives_its_secret_by_accident() -> None:
    """Neither repr nor str nor format; equal targets are equal all the same."""
    target = parse_url(url_with(SECRET))
    assert SECRET not in f"{target} {target!r} {[target]} {target.conninfo}"
    assert target == parse_url(url_with(SECRET))
    assert target != parse_url(url_with("other"))
    assert isinstance(target, Target)
    assert target.secrets[0].reveal() == SECRET
