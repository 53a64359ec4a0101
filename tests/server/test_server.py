"""The rehearsal's own PostgreSQL."""

from __future__ import annotations

import psycopg


def test_a_database_is_utf8_in_code_point_order_on_every_version(database: str) -> None:
    """Text compares by code point everywhere, and letters beyond ASCII have two cases."""
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT upper('straße ä'), 'Z' < 'a', 'z' < 'ä'").fetchone()
    assert found is not None
    assert found[0].startswith("STRA")
    assert found[0].endswith("Ä")
    assert found[1:] == (True, True)
