"""plan.toml: what it says, and the line of whatever is wrong with it."""

from __future__ import annotations

import tomllib
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.limits import Limit
from pytest_dbmigrate.spec.plan import Plan, read_plan
from pytest_dbmigrate.spec.plan_names import validate
from pytest_dbmigrate.spec.toml_lines import key_lines

ROOT = Path(__file__).parents[2]
ROLE = """\
[[role]]
name = "devops"
"""
CRITERION = """\
[[criterion]]
name = "fast"
title = "Fast"
"""


def plan(body: str = "") -> Plan:
    return read_plan(f'title = "Week 1"\n{body}', "sql/plan.toml")


def error(body: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        plan(body)
    return caught.value


def line_of(body: str, text: str) -> int:
    """The line of `text` in the plan that `plan(body)` reads."""
    lines = f'title = "Week 1"\n{body}'.split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_title_is_all_that_a_plan_must_say() -> None:
    read = plan()

    assert (read.title, read.report, read.timezone) == ("Week 1", "report", "UTC")
    assert read.criteria == ()
    assert read.backup is None


def test_everything_a_plan_can_say_is_read() -> None:
    body = """\
report = "WEEK_1_REPORT"
timezone = "Europe/Berlin"

[options]
forbid_warnings = true
vacuous = "fail"
counted_sets = ["Tables"]
quiesce = ["moves"]
without_integrity = ["indexes"]
operator_may_sign = true
distinct_people = false

[schedule]
date = 2024-01-29
outside = "forbid"

[[schedule.phase]]
phase = "before"
title = "Preparation"
start = 08:00:00

[[schedule.phase]]
phase = "migration 011"
start = "08:30"
duration = "30 min"
expected = "234 ms"

[[role]]
name = "backend-lead"

[[role]]
name = "devops"
title = "DevOps"

[backup]
path = "backup.dump"
max_age = "60 min"

[probe]
base_url = "env:APP_URL"

[[probe.http]]
name = "health"
path = "/health"
status = 204
max_response = "500 ms"
headers = { Authorization = "env:API_TOKEN" }
json_field = "status"
json_value = "ok"

[[probe.log]]
name = "app_log"
files = ["app.log", "worker.log"]
errors = ['ERROR']
ignore = ['retrying']

[[criterion]]
name = "fast"
group = "Execution"
title = "Under 500 ms"
source = "plan, line 12"
figure = "migrations.duration"
limit = "< 500 ms"
stages = ["rehearsal"]
required = false

[[criterion]]
name = "notified"
title = "Team notified"
signed_by = "devops"
phase = "before"
"""
    read = plan(body)

    assert (read.report, read.timezone) == ("WEEK_1_REPORT", "Europe/Berlin")
    assert read.options.forbid_warnings
    assert read.options.vacuous == "fail"
    assert read.options.quiesce == ("moves",)
    assert read.options.counted_sets == ("Tables",)
    assert read.schedule.day == date(2024, 1, 29)
    assert [phase.start for phase in read.schedule.phases] == [time(8), time(8, 30)]
    assert read.schedule.phases[1].expected_ns == 234_000_000
    assert [(role.name, role.title) for role in read.roles] == [
        ("backend-lead", "Backend Lead"),
        ("devops", "DevOps"),
    ]
    assert read.backup is not None
    assert read.backup.max_age_ns == 3_600_000_000_000
    http, log = read.probes.all
    assert http.headers == (("Authorization", "API_TOKEN"),)  # type: ignore[union-attr]  # another kind fails here too
    assert log.files == ("app.log", "worker.log")  # type: ignore[union-attr]  # another kind fails here too
    fast, notified = read.criteria
    assert fast.limit == Limit("<", Decimal(500), "ms")
    assert (fast.line, fast.lines) == (
        line_of(body, 'name = "fast"') - 1,
        (line_of(body, "figure ="),),
    )
    assert (notified.signed_by, notified.phase) == ("devops", "before")


# (what is written, where the error points, what the message says)
WRONG = {
    "an unknown key": (
        "forbid_warnings = true",
        "forbid_warnings",
        'unknown key "forbid_warnings"',
    ),
    "a near miss": ('tittle = "x"', "tittle", 'did you mean "title"?'),
    "a near miss in a table": (
        "[options]\nforbid_warning = true",
        "forbid_warning",
        'did you mean "forbid_warnings"?',
    ),
    "a text for a flag": (
        '[options]\nforbid_warnings = "yes"',
        "forbid_warnings",
        'is true or false, not "yes"',
    ),
    "a number for a text": ("report = 5", "report", "is a text, not 5"),
    "a flag for a number": (
        '[[probe.http]]\nname = "h"\npath = "/h"\nstatus = true',
        "status",
        "is a whole number, not true",
    ),
    "a table for a list": ('[role]\nname = "x"', "[role]", "an array of tables, not a table"),
    "a list of numbers": ("[options]\nquiesce = [\n 'a',\n 5,\n]", " 5,", "not of 5"),
    "a word that is no choice": ('[options]\nvacuous = "no"', "vacuous", "one of info, fail"),
    "a folder as report": ('report = "../x"', "report", "cannot be a file name"),
    "a report that ends in a dot": ('report = "week."', "report", "cannot be a file name"),
    "an unknown zone": ('timezone = "Mars/Base"', "timezone", "not a time zone"),
    "an escape as zone": ('timezone = "../etc/passwd"', "timezone", "not a time zone"),
    "a role without a name": ('[[role]]\ntitle = "x"', "[[role]]", '"name" is missing in [role]'),
    "a name with spaces": ('[[role]]\nname = "Dev Ops"', "Dev Ops", 'write: name = "dev-ops"'),
    "a name twice": (f"{ROLE}\n{ROLE}#\n", "never", "there twice, first in line 2"),
    "an unknown role": (
        f'{ROLE}{CRITERION}signed_by = "devop"\nphase = "before"',
        "signed_by",
        'did you mean "devops"?',
    ),
    "a signature without a phase": (
        f'{ROLE}{CRITERION}signed_by = "devops"',
        "signed_by",
        "has a role and a phase",
    ),
    "two bindings": (
        f'{CRITERION}checks = "a"\nfigure = "warnings"\nlimit = 0',
        "figure",
        "bound to checks and to figure",
    ),
    "a figure without a limit": (f'{CRITERION}figure = "warnings"', "figure", "and its limit"),
    "a limit without a figure": (f"{CRITERION}limit = 0", "limit", "a figure and its limit"),
    "a limit that is none": (
        f'{CRITERION}figure = "warnings"\nlimit = "fast"',
        "limit",
        '"fast" is not a limit',
    ),
    "an unknown stage": (
        f'{CRITERION}stages = [\n"rehearsal",\n"produktion"]',
        "produktion",
        'did you mean "production"?',
    ),
    "a name of the options": (
        '[[criterion]]\nname = "plan.backup"\ntitle = "x"',
        "plan.backup",
        "those of the plan's options",
    ),
    "a phase that is none": (
        '[[schedule.phase]]\nphase = "lunch"\nstart = "08:00"',
        "lunch",
        "is not a phase",
    ),
    "a time that is none": (
        '[[schedule.phase]]\nphase = "before"\nstart = "8 o\'clock"',
        "o'clock",
        "a time of day",
    ),
    "a time with a zone": (
        '[[schedule.phase]]\nphase = "before"\nstart = "08:00+01:00"',
        "+01:00",
        "without a zone",
    ),
    "a moment as date": ("[schedule]\ndate = 2024-01-29T08:00:00", "date", "without a time"),
    "a window without an end": (
        '[schedule]\noutside = "forbid"\n[[schedule.phase]]\nphase = "before"\nstart = "08:00"',
        "outside",
        "the window has no end",
    ),
    "a backup that is two things": (
        f'{ROLE}[backup]\npath = "x"\nmax_age = "1 h"\nsigned_by = "devops"',
        "[backup]",
        "either a file",
    ),
    "a backup of any age": ('[backup]\npath = "x"', "[backup]", "no largest age"),
    "a duration without a unit": ('[backup]\npath = "x"\nmax_age = "60"', "max_age", "units:"),
    "a probe without a path": ('[[probe.http]]\nname = "h"', 'name = "h"', "a path or a url"),
    "a path without a slash": (
        '[[probe.http]]\nname = "h"\npath = "health"',
        "path",
        'write: path = "/health"',
    ),
    "a URL with a password": ('[probe]\nbase_url = "http://a:b@c"', "base_url", "not an http"),
    "a pattern that is none": (
        "[[probe.log]]\nname = 'l'\nfiles = 'a'\nerrors = ['ok',\n '(']",
        " '('",
        "not a regular expression",
    ),
    "one name for two probes": (
        "[[probe.http]]\nname = 'p'\npath = '/'\n[[probe.log]]\nname = \"p\"\nfiles = 'a'",
        'name = "p"',
        "an HTTP probe as well",
    ),
    "an unknown key in an inline table": (
        'criterion = [\n {name = "a", title = "x"},\n {name = "b", titel = "x", title = "y"},\n]',
        "titel",
        'did you mean "title"?',
    ),
    "no TOML at all": ("= 5", "= 5", "not valid TOML"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_with_its_line(what: str) -> None:
    body, where, says = WRONG[what]
    found = error(body)

    assert says in str(found)
    expected = 6 if where == "never" else line_of(body, where)
    assert (found.path, found.line) == ("sql/plan.toml", expected)


def test_a_secret_written_into_a_header_is_not_repeated() -> None:
    found = error('[[probe.http]]\nname = "h"\npath = "/"\n[probe.http.headers]\nX-Key = "hunter2"')

    assert "hunter2" not in str(found)
    assert found.line == 6


def test_a_night_that_passes_midnight_is_in_order() -> None:
    read = plan(
        '[[schedule.phase]]\nphase = "before"\nstart = "22:00"\n'
        '[[schedule.phase]]\nphase = "final"\nstart = "01:30"\n'
    )

    assert [phase.phase for phase in read.schedule.phases] == ["before", "final"]


@pytest.mark.parametrize(
    ("phase", "start", "says"),
    [("final", "07:00", "starts before the one above"), ("before", "08:30", "is there twice")],
)
def test_phases_out_of_order_are_refused(phase: str, start: str, says: str) -> None:
    found = error(
        '[[schedule.phase]]\nphase = "before"\nstart = "08:00"\n'
        f'[[schedule.phase]]\nphase = "{phase}"\nstart = "{start}"\n'
    )

    assert says in str(found)
    assert found.line == 5


class TestNames:
    """Every name in a plan must mean something in the project."""

    def validate(self, body: str) -> None:
        validate(
            plan(body),
            ["table_count", "core.moves", "core.users", "sql/a.sql::policies"],
            ["011", "012"],
            query_sets={"Tables"},
            integrity=["indexes"],
            metrics=["campaign_list"],
        )

    @pytest.mark.parametrize(
        "binding",
        [
            'checks = "table_count"',
            'checks = ["core", "core.moves", "policies", "sql/a.sql::policies"]',
            'sets = ["Tables"]',
            'figure = "migrations.012.duration"\nlimit = "< 1 s"',
            'figure = "campaign_list.after"\nlimit = "< 1 s"',
            'figure = "database-size.change"\nlimit = "< 1 GB"',
            "",
        ],
    )
    def test_names_that_are_there_are_fine(self, binding: str) -> None:
        self.validate(CRITERION + binding)

    def test_a_probe_of_the_plan_is_a_check(self) -> None:
        probe = '[[probe.http]]\nname = "health"\npath = "/health"\n'
        self.validate(f'{probe}{CRITERION}checks = "health"')

    @pytest.mark.parametrize(
        ("body", "where", "says"),
        [
            (f'{CRITERION}checks = [\n"core",\n"tabel_count"]', "tabel", '"table_count"?'),
            (f'{CRITERION}checks = "cor"', "cor", 'there is no check "cor"'),
            (f'{CRITERION}sets = "Table"', "sets", 'did you mean "Tables"?'),
            (f'{CRITERION}figure = "warning"\nlimit = 0', "figure", '"warnings"?'),
            (
                f'{CRITERION}figure = "migrations.013.errors"\nlimit = 0',
                "figure",
                "migrations.01",
            ),
            (f'{CRITERION}figure = "warnings"\nlimit = "< 5 ms"', "figure", "a plain number"),
            (f'{CRITERION}figure = "downtime"\nlimit = 5', "figure", "is in ms"),
            (
                f'{CRITERION}figure = "warnings"\nlimit = 0\nstages = ["verify"]',
                "[[criterion]]",
                "cannot be observed at the verify stage",
            ),
            (f'{CRITERION}checks = "core"\nstages = ["sign-off"]', "[[criterion]]", "is measured"),
            (
                f'{ROLE}{CRITERION}signed_by = "devops"\nphase = "before"\nstages = ["rehearsal"]',
                "[[criterion]]",
                "is signed",
            ),
            (
                '[[schedule.phase]]\nphase = "migration 013"\nstart = "08:00"',
                "[[schedule.phase]]",
                'there is no migration "013"',
            ),
            ('[options]\nwithout_integrity = ["index"]', "without", 'did you mean "indexes"?'),
            ('[options]\ncounted_sets = ["Table"]', "counted", 'did you mean "Tables"?'),
        ],
    )
    def test_names_that_nothing_answers_to_are_refused_with_their_line(
        self, body: str, where: str, says: str
    ) -> None:
        with pytest.raises(SpecError) as caught:
            self.validate(body)

        assert says in str(caught.value)
        assert caught.value.line == line_of(body, where)


# -- the lines ----------------------------------------------------------------------------------

_KEYS = st.text("abcxyz_-.é\"'# ]=", min_size=1, max_size=5)
_VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab\"'\\\n#[]{},=é", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _written(value: Any) -> str:
    """A value as TOML, spread over lines where TOML allows it."""
    match value:
        case bool():
            return str(value).lower()
        case str() if "\n" in value:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"""\n{escaped}"""'
        case str():
            return _quoted(value)
        case list():
            return "[ # a comment ]\n" + "".join(f"  {_written(v)},\n" for v in value) + "]"
        case dict():
            return (
                "{ " + ", ".join(f"{_quoted(k)} = {_written(v)}" for k, v in value.items()) + " }"
            )
        case _:
            return str(value)


def _paths(value: Any, where: tuple[str | int, ...] = ()) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*where, key)
        if isinstance(inner, dict | list):
            yield from _paths(inner, (*where, key))


@settings(max_examples=40)
@given(
    st.dictionaries(_KEYS, _VALUES, max_size=4),
    st.lists(st.dictionaries(_KEYS, _VALUES, max_size=3), max_size=3),
)
def test_every_key_of_any_document_is_found_where_it_was_written(
    top: dict[str, Any], tables: list[dict[str, Any]]
) -> None:
    """Marked by a comment on the line of each top-level key, which is then compared."""
    text = ""
    expected: dict[tuple[str | int, ...], int] = {}
    for key, value in top.items():
        expected[key,] = text.count("\n") + 1
        text += f"{_quoted(key)} = {_written(value)}\n"
    for number, table in enumerate(tables):
        expected["table!", number] = text.count("\n") + 1
        text += '[["table!"]]\n'
        for key, value in table.items():
            expected["table!", number, key] = text.count("\n") + 1
            text += f"{_quoted(key)} = {_written(value)}\n"
    lines = key_lines(text)

    assert {path: lines[path] for path in expected} == expected
    assert set(_paths(tomllib.loads(text))) == set(lines)


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a.b.c = 1", ("a", "b", "c"), 1),
        ("\n[a]\nb.c = 1", ("a", "b", "c"), 3),
        ("[a.b]\n[[a.b.c]]\n[[a.b.c]]\nd = 1", ("a", "b", "c", 1, "d"), 4),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 1", ("a", 1, "b", "c"), 6),
        ("a = '''\nx\n'''\nb = 1", ("b",), 4),
        ('a = """x""""\nb = 1', ("b",), 2),
        ("a = 2024-01-29 08:00:00 # x\nb = 1", ("b",), 2),
        ("a = 1\r\nb = '''\r\n'''\r\nc = 2\r\n", ("c",), 4),
        ("[ a . 'b c' ]\n d = 1", ("a", "b c", "d"), 2),
        ('"\\u0061" = 1', ("a",), 1),
    ],
)
def test_keys_are_found_however_they_are_written(
    text: str, path: tuple[str | int, ...], line: int
) -> None:
    tomllib.loads(text)

    assert key_lines(text)[path] == line


# -- documentation ------------------------------------------------------------------------------


def test_the_example_of_the_documentation_is_a_plan() -> None:
    page = (ROOT / "docs/plan.md").read_text("utf-8")
    start = page.index("```toml\n") + len("```toml\n")
    example = read_plan(page[start : page.index("\n```", start)], "docs/plan.md")

    validate(
        example,
        ["table_count", "orphaned_records"],
        ["011", "012"],
        query_sets={"Core tables intact", "Foreign keys"},
    )
    assert example.criteria


def test_the_documentation_names_every_figure() -> None:
    """A figure nobody can look up is one nobody uses."""
    from pytest_dbmigrate.spec.figures import known_figures  # noqa: PLC0415

    page = (ROOT / "docs/plan.md").read_text("utf-8")
    names = known_figures(["NNN"])
    metrics = {name.rpartition(".")[0] for name in names if name.endswith(".after")}
    plain = {name for name in names if name.rpartition(".")[0] not in metrics}

    assert [name for name in sorted(plain | metrics) if f"`{name}`" not in page] == []
