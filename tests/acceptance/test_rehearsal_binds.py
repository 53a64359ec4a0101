"""A signed rehearsal of a clone binds the production run to its files, target and schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from signing import line, make_key

from pytest_dbmigrate import cli
from pytest_dbmigrate.postgres.binaries import find_binaries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shop import Live, Shop

APPLY = "--apply-migrations"
OTHER_SERVER = f"--dbmigrate-pg-bindir={find_binaries(major=18).bindir}"
PLAN = """\
title = "Shop"
[options]
operator_may_sign = true
[[role]]
name = "dba"
[[criterion]]
name = "time"
title = "Under 5 min"
figure = "migrations.duration"
limit = "< 5 min"
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys"), "alice")


@pytest.fixture
def sign(
    shop: Shop, key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Signs the newest run, and returns what `verify` then says in its last line."""
    shop.write("plan.toml", PLAN)
    shop.write("allowed_signers", line(key, "dba"))
    monkeypatch.chdir(shop.root)

    def sign_latest(*waived: str) -> str:
        signers = ("--allowed-signers", "allowed_signers")
        waiving = ("--waive", *waived) if waived else ()
        role = ("--role", "dba", "--decision", "GO", "--key", str(key))
        cli.main(["sign", "latest", *role, *signers, *waiving])
        cli.main(["verify", "latest", *signers])
        return capsys.readouterr().out.splitlines()[-1]

    return sign_latest


def produce(shop: Shop, live: Live) -> tuple[int, str, str]:
    """Run production on the newest run's signature."""
    ran = shop.run(live.url, APPLY, f"--require-signoff={shop.folders[-1]}")
    return ran.status, ran.word, ran.out


def test_when_a_clone_was_signed_with_its_difference_waived_then_production_runs(
    shop: Shop, live: Live, sign: Callable[..., str]
) -> None:
    """A clone of another version is no full rehearsal: whoever signs says so by name."""
    shop.run(live.url, "--rehearse", OTHER_SERVER)
    assert sign().startswith("dbmigrate: NO-GO")
    assert sign("clone.version").startswith("dbmigrate: GO")
    status, word, out = produce(shop, live)
    assert (status, word) == (0, "GO"), out
    assert live.is_migrated


def test_when_the_target_changed_since_then_production_is_refused_with_the_difference(
    shop: Shop, live: Live, sign: Callable[..., str]
) -> None:
    shop.run(live.url, "--rehearse")
    sign()
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE lines; ALTER TABLE orders ADD COLUMN note text")
    status, word, out = produce(shop, live)
    assert (status, word) == (1, "NO-GO")
    assert "table public.lines removed" in out
    assert "column public.orders.note added" in out
    assert out.splitlines()[-1].endswith("database rolled back, unchanged")
    assert not live.is_migrated


def test_when_the_kept_schema_is_not_what_the_evidence_vouches_for_then_digests_decide(
    shop: Shop, live: Live, sign: Callable[..., str]
) -> None:
    """Whoever edits the kept schema changes nothing but the words of the refusal."""
    shop.run(live.url, "--rehearse")
    sign()
    kept = shop.folders[-1] / "schema.json"
    kept.write_text(kept.read_text().replace("lines", "lanes"))
    with psycopg.connect(live.dsn, autocommit=True) as conn:
        conn.execute("ALTER TABLE lines ADD COLUMN note text")
    status, _, out = produce(shop, live)
    assert status == 1
    assert "its digest differs" in out


def test_when_a_rehearsal_on_all_rows_was_signed_then_production_shows_what_it_predicted(
    shop: Shop, live: Live, sign: Callable[..., str]
) -> None:
    """Statement by statement and lock by lock, beside what was observed."""
    shop.run(live.url, "--rehearse")
    sign()
    rehearsed = shop.evidence()["migrations"][0]
    status, _, out = produce(shop, live)
    assert status == 0, out
    ran = shop.evidence()["migrations"][0]
    assert ran["predicted_ns"] == rehearsed["duration_ns"]
    assert [s["predicted_ns"] for s in ran["statements"]] == [
        s["duration_ns"] for s in rehearsed["statements"]
    ]
    locks = [k for s in ran["statements"] for k in s["locks"]]
    assert all(k["predicted_ns"] for k in locks if k["relation"] == "public.orders")
    for name in ("report.html", "report.md"):
        assert "predicted " in (shop.folders[-1] / name).read_text()
