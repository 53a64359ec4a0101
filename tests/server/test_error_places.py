"""An error's place in the user's file, down to the character, also inside a DO block."""

from __future__ import annotations

import psycopg
import pytest

from pytest_dbmigrate.postgres.apply import apply
from pytest_dbmigrate.spec.statements import scan

BLOCK = """\
CREATE TABLE notes (id int);

DO $$
DECLARE
    name text := 'x';
BEGIN
    IF NOT EXISTS (
        SELECT FROM notes
        WHERE nme = name
    ) THEN
        RAISE NOTICE 'none';
    END IF;
END;
$$;
"""
FUNCTION = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM x;\nEND$$;\n"


@pytest.mark.parametrize(
    ("text", "line", "source_from_caret"),
    [
        ("SELECT 1;\nSELECT 'ä', nothing;\n", 2, "nothing;"),
        (BLOCK, 9, "nme = name"),
        (BLOCK.replace("DO $$", "/* it's */ DO $a$").replace("$$;", "$a$;"), 9, "nme = name"),
        (BLOCK.replace("nme = name", "id = 1/0"), 7, "IF NOT EXISTS ("),
        ("DO $$ BEGIN\n\n  RAISE EXCEPTION 'stop';\nEND $$;\n", 3, "RAISE EXCEPTION 'stop';"),
        ("DO 'BEGIN\n  RAISE EXCEPTION ''stop'';\nEND';\n", 2, "RAISE EXCEPTION ''stop'';"),
        ("DO $$ BEGIN PERFORM 1; RAISE EXCEPTION 'stop'; END $$;\n", 1, "$$ BEGIN PERFORM"),
        (FUNCTION + "\nSELECT f();\n", 4, "SELECT f();"),
        (FUNCTION + "DO $$ BEGIN\n  PERFORM f();\nEND $$;\n", 4, "PERFORM f();"),
        (FUNCTION + "DO $$ BEGIN\n  PERFORM f(); --SELECT x\nEND $$;\n", 4, "PERFORM f();"),
    ],
)
def test_when_a_statement_fails_then_line_and_caret_are_those_of_the_file(
    text: str, line: int, source_from_caret: str, database: str
) -> None:
    script = scan(text, "011.sql")
    with psycopg.connect(database, autocommit=True) as conn, conn.transaction(force_rollback=True):
        fault = apply(conn, script, script.statements).fault
    assert fault is not None
    assert fault.line == line
    assert fault.source_line[fault.column - 1 :].startswith(source_from_caret)
