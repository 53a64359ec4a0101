"""`-- metric: name`: which queries are timed, and what is refused with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.project import load_project
from pytest_dbmigrate.spec.statements import scan
from pytest_dbmigrate.spec.timed_queries import read_timed, refuse_twins, speaks_of_metrics

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
-- The application's own queries.

-- metric: open-orders
-- runs: 7
SELECT * FROM orders WHERE shipped_at IS NULL;

-- Metric: how long customers wait
-- runs: many
SELECT 2;

-- METRIC: of_a_customer
/* by the customer */ WITH c AS (SELECT 1) SELECT * FROM c;
"""


def test_when_queries_are_named_then_they_are_timed_and_others_are_not() -> None:
    """Prose that begins with the same words names nothing."""
    first, second = read_timed(scan(FILE, "queries.sql"))
    assert (first.name, first.line, first.runs) == ("open-orders", 5, 7)
    assert first.sql == "SELECT * FROM orders WHERE shipped_at IS NULL"
    assert (second.name, second.line, second.runs) == ("of_a_customer", 12, 5)
    assert speaks_of_metrics(FILE.encode())
    assert not speaks_of_metrics(b"-- metric: how long\nSELECT 1;\nSELECT 'metric: x';\n")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("-- metric: a\n", 1, "no statement follows"),
        ("-- metric: a\n-- metric: b\nSELECT 1;", 2, "metric is given twice"),
        ("-- metric: A.b\nSELECT 1;", 1, "'A.b' is no name for a metric"),
        ("-- metric: a\nDELETE FROM t;", 2, "so it cannot be timed"),
        ("-- metric: a\nSELECT 1,\n pg_terminate_backend(1);", 3, "has effects"),
        ("-- metric: a\n-- runs: 0\nSELECT 1;", 2, "runs: '0'"),
        ("-- metric: a\n-- runs: x\nSELECT 1;", 2, "runs: 'x'"),
        ("-- metric: a\n-- runs: 1000\nSELECT 1;", 2, "runs: '1000'"),
    ],
)
def test_when_a_timed_query_is_wrong_then_the_error_has_its_line(
    text: str, line: int, problem: str
) -> None:
    """A name that means nothing must not be ignored; what writes is never timed."""
    with pytest.raises(SpecError, match=problem) as found:
        read_timed(scan(text, "queries.sql"))
    assert found.value.line == line
    assert found.value.remedy


@pytest.mark.parametrize("name", ["a", "connections", "downtime", "tables"])
def test_when_a_name_is_taken_then_it_is_refused(name: str) -> None:
    """Twice in the project, or one of the figures that are measured anyhow."""
    queries = read_timed(scan(f"-- metric: a\nSELECT 1;\n-- metric: {name}\nSELECT 2;", "q.sql"))
    with pytest.raises(SpecError, match=f"metric {name}") as found:
        refuse_twins(queries)
    assert found.value.line == 4


def test_when_a_project_has_named_queries_then_they_are_its_files_and_the_plan_may_limit_them(
    tmp_path: Path,
) -> None:
    """In a file of their own or among verifications; a limit on a name that is none is an error."""
    (tmp_path / "queries.sql").write_text(FILE)
    (tmp_path / "other.sql").write_text("-- metric: how long\nSELECT 1;\n\\d\n")
    (tmp_path / "v_verification.sql").write_text("-- metric: v\n-- expect-value: 1\nSELECT 1;\n")
    plan = (
        '[[criterion]]\nname = "fast"\ntitle = "Fast"\nfigure = "{}.after"\nlimit = "< 50 ms"\n'
        'stages = ["production"]\n'
    )
    (tmp_path / "plan.toml").write_text('title = "t"\n' + plan.format("open-orders"))
    project = load_project(tmp_path, show=lambda p: p.name)
    assert [query.name for query in project.timed] == ["open-orders", "of_a_customer", "v"]
    assert [(f.role, f.path) for f in project.files if f.role == "queries"] == [
        ("queries", "queries.sql")
    ]
    (tmp_path / "plan.toml").write_text('title = "t"\n' + plan.format("opne-orders"))
    with pytest.raises(SpecError, match="opne-orders"):
        load_project(tmp_path)
