"""evidence.json: its schema refuses what was not observed, and old records still load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from runs import ERROR, FAIL, PASS, UNCHECKED, check, run

from pytest_dbmigrate import evidence as package
from pytest_dbmigrate.evidence.decision import decide
from pytest_dbmigrate.evidence.record import decode, encode, json_schema

DATA = Path(__file__).parent / "data"
PUBLISHED = json.loads((Path(package.__file__).parent / "schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)
OBSERVED = {"text": "43", "at": "2024-01-29T09:30:00.000Z", "by": "a test"}


def written(result: Any = None) -> dict[str, Any]:
    """A record as it stands in the file, with the first check's result replaced."""
    record: dict[str, Any] = json.loads(encode(run()))
    if result is not None:
        record["checks"][0]["result"] = result
    return record


def test_the_published_schema_is_that_of_the_types() -> None:
    """To publish it again: write json_schema(), indented by 1, keys sorted, to schema.json."""
    assert json_schema() == PUBLISHED


def test_the_published_schema_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)


@pytest.mark.parametrize("result", [PASS, FAIL, ERROR, UNCHECKED])
def test_every_outcome_is_written_so_that_the_schema_accepts_it(result: Any) -> None:
    VALIDATOR.validate(json.loads(encode(run(checks=(check(result=result),)))))


REFUSED = {
    "PASS without an observation": {"outcome": "PASS"},
    "PASS with a reason instead": {"outcome": "PASS", "why": "looks fine"},
    "FAIL without an observation": {"outcome": "FAIL"},
    "PASS that observed nothing": {"outcome": "PASS", "observed": {}},
    "PASS without a time": {"outcome": "PASS", "observed": {"text": "43", "by": "me"}},
    "NOT CHECKED with an observation": {
        "outcome": "NOT CHECKED",
        "why": "skipped",
        "observed": OBSERVED,
    },
    "NOT CHECKED without a reason": {"outcome": "NOT CHECKED"},
    "ERROR with an observation": {"outcome": "ERROR", "why": "lost", "observed": OBSERVED},
    "an outcome of another name": {"outcome": "SUCCESSFUL", "observed": OBSERVED},
    "no outcome": {"observed": OBSERVED},
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_schema_and_the_types_refuse_a_claim_that_was_not_observed(what: str) -> None:
    record = written(REFUSED[what])

    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(record)
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(record).encode())


def test_the_control_of_the_refusals_is_accepted() -> None:
    record = written({"outcome": "PASS", "observed": OBSERVED})

    VALIDATOR.validate(record)
    decode(json.dumps(record).encode())


@pytest.mark.parametrize(
    ("where", "value"),
    [("invented", 1), ("schema", "pytest-dbmigrate/evidence/v2"), ("checks", None)],
)
def test_what_is_no_record_of_this_version_is_refused(where: str, value: Any) -> None:
    record = written() | {where: value}

    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(record)
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(record).encode())


@pytest.mark.parametrize("moment", ["2024-01-29 09:30:00", "2024-01-29T09:30:00+01:00", ""])
def test_times_are_utc_or_refused(moment: str) -> None:
    record = written()
    record["run"]["started"] = moment

    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(record)
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(record).encode())


def test_the_bytes_are_always_the_same_and_can_stand_inside_a_page() -> None:
    hostile = check(title="</script><b>&amp;", expected="a < b > c & d\u2028")
    data = encode(run(checks=(hostile,)))

    assert data == encode(decode(data))
    assert not {"<", ">", "&", "\r"} & set(data.decode())
    assert data.endswith(b"}\n")
    assert decode(data).checks[0] == hostile


@pytest.mark.parametrize("path", sorted(DATA.glob("evidence-v1*.json")), ids=lambda path: path.name)
def test_a_record_of_an_earlier_version_still_loads_and_is_still_judged(path: Path) -> None:
    record = decode(path.read_bytes())

    VALIDATOR.validate(json.loads(path.read_bytes()))
    assert decide(record).word == ("GO" if path.stem.endswith("-go") else "NO-GO")


def test_there_are_records_of_earlier_versions() -> None:
    assert len(list(DATA.glob("evidence-v1*.json"))) == 2
