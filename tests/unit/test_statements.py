"""Splitting .sql text into statements and comments, by example."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.statements import Comment, Script, Statement, scan


def pieces(sql: str) -> list[str]:
    """The texts of the statements in `sql`."""
    return [statement.text for statement in scan(sql, "011_x.sql").statements]


class TestPositions:
    """Every statement and comment says where it stands."""

    def test_a_statement_goes_from_its_first_token_to_before_its_semicolon(self) -> None:
        """Comments inside it stay; comments before it and after it do not."""
        sql = "-- before\n  SELECT 1, -- one\n    2 /* two */ ; -- after\n"
        assert scan(sql, "f.sql").statements == (
            Statement(
                text="SELECT 1, -- one\n    2 /* two */ ",
                start=12,
                end=45,
                line=2,
                column=3,
                end_line=3,
                number=1,
                terminated=True,
            ),
        )

    def test_the_end_line_is_that_of_the_semicolon(self) -> None:
        """A `;` on a line of its own still belongs to the statement."""
        first, second = scan("SELECT 1\n\n;\nSELECT\n2;", "f.sql").statements
        assert (first.line, first.end_line, first.number) == (1, 3, 1)
        assert (second.line, second.end_line, second.number) == (4, 5, 2)

    def test_without_a_semicolon_the_last_statement_ends_with_its_last_token(self) -> None:
        """What follows it is no part of it: a comment there may be its expectation."""
        sql = "SELECT 1;\nSELECT\n  2 \n -- Expected: 2\n\n"
        last = scan(sql, "f.sql").statements[-1]
        assert (last.text, last.end_line, last.terminated) == ("SELECT\n  2", 3, False)
        assert sql[last.start : last.end] == last.text

    def test_comments_say_where_they_stand_and_what_they_hold(self) -> None:
        """Blocks keep their newlines; only white space may stand before an own_line comment."""
        sql = "/* a\n b */ -- c\nSELECT 1 --d\n\t-- e\n;"
        assert scan(sql, "f.sql").comments == (
            Comment(" a\n b ", 0, 10, 1, 1, 2, block=True, own_line=True),
            Comment(" c", 11, 15, 2, 7, 2, block=False, own_line=False),
            Comment("d", 25, 28, 3, 10, 3, block=False, own_line=False),
            Comment(" e", 30, 34, 4, 2, 4, block=False, own_line=True),
        )

    def test_positions_count_characters_not_bytes(self) -> None:
        """Characters beyond ASCII, and beyond 16 bits, count one each."""
        script = scan("SELECT 'ä€😀'; SELECT 2", "f.sql")
        assert [(s.start, s.column) for s in script.statements] == [(0, 1), (14, 15)]

    def test_crlf_line_ends_count_once_and_stand_in_no_line_comment(self) -> None:
        """A file from Windows reads like any other."""
        script = scan("-- a\r\nSELECT 1\r\n;\r\n-- b\r\n", "f.sql")
        assert [comment.text for comment in script.comments] == [" a", " b"]
        assert [comment.line for comment in script.comments] == [1, 4]
        assert [(s.text, s.line, s.end_line) for s in script.statements] == [("SELECT 1\r\n", 2, 3)]
        assert script.source_line(2) == "SELECT 1"

    def test_a_script_finds_lines_and_columns_of_offsets(self) -> None:
        """Also at line ends and at the end of the text."""
        script = scan("a\n\nbc", "f.sql")
        assert [script.position(offset) for offset in range(6)] == [
            (1, 1),
            (1, 2),
            (2, 1),
            (3, 1),
            (3, 2),
            (3, 3),
        ]
        assert [script.source_line(line) for line in (1, 2, 3)] == ["a", "", "bc"]

    def test_a_return_alone_is_white_space_where_it_hides_nothing(self) -> None:
        """And two of them before a newline are a line end that was converted twice."""
        script = scan("/* a */\rSELECT\r1; -- b\r\r\nSELECT 2; -- c\r", "f.sql")
        assert [(s.text, s.line) for s in script.statements] == [("SELECT\r1", 1), ("SELECT 2", 2)]
        assert [comment.text for comment in script.comments] == [" a ", " b", " c"]

    @pytest.mark.parametrize("sql", ["", " \n\t", ";", "; ;\n;", "-- only a comment", "/* ; */;"])
    def test_nothing_to_send_is_no_statement(self, sql: str) -> None:
        """White space, comments and lone semicolons make none."""
        assert scan(sql, "f.sql").statements == ()


class TestWhereAStatementEnds:
    """A `;` ends a statement only where PostgreSQL's own scanner sees one."""

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT 'a;b', 'it''s;', '\\'",
            "SELECT E'\\';', e'\\\\', E'a''b;'",
            "SELECT E'a'\n  'b\\';'",
            "SELECT E'a' -- one; two\n -- three\n\n  'b\\';' \r\n 'c\\';'",
            "SELECT U&'d\\0061;' UESCAPE '!', u&\"x;\"",
            "SELECT B'1;', x'A;', N'n;'",
            "SELECT TYPE'\\', somE'\\'",
            'SELECT "a;b", "c"";d", ";"',
            "SELECT $$a;b$$, $tag$ $$ ; $ta$ $tag$, $ä$;$ä$",
            "SELECT $a$ $b$ ; $b$a$",
            "SELECT a$$b, c$d$e",
            "SELECT $1_0$$",
            "SELECT $1e1$$",
            "SELECT 1 /* ; /* ; */ ; */ + 2 -- ;\n + 3",
            "SELECT 1 /**/ + /***/ 2 /*/ ; */",
            "SELECT 1 +-- ;\n 2 */* ; */ 3",
            "SELECT 2 <--;\n 3, 4 @-/*;*/ 5",
            "SELECT a -- ends at the return\r\n, b",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT (2); )",
            "SELECT ARRAY[1, 2, 3][1:2], a[:n], b::text, f(x := 1), :v, :'v', :\"v\"",
            "DO LANGUAGE plpgsql $do$ BEGIN PERFORM 1; END; $do$",
            "COPY (SELECT a FROM stdin) TO STDOUT",
            "COPY t (\"from\", stdin) FROM '/tmp/stdin'",
            "SET standard_conforming_strings = on",
            "SET SESSION \"standard_conforming_strings\" TO 'ON'",
            "SET LOCAL search_path = standard_conforming_strings",
            "\u00a0SELECT\u00a01",
        ],
    )
    def test_one_statement_stays_whole(self, statement: str) -> None:
        """What looks like an end in it is none, and what follows it is not drawn in."""
        assert pieces(f"{statement};SELECT 'next';") == [statement, "SELECT 'next'"]

    @pytest.mark.parametrize(
        "body",
        [
            "BEGIN ATOMIC SELECT 1; SELECT 2; END",
            "begin /* x */ atomic -- ;\n END",
            "BEGIN ATOMIC ; ; END",
            "BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT (CASE WHEN b THEN 2 END); END",
            'BEGIN ATOMIC SELECT begin atomic FROM t; SELECT 1 AS "end"; END',
            "BEGIN ATOMIC CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); END",
            "BEGIN ATOMIC CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; SELECT 2; END",
            "LANGUAGE sql RETURN 1",
            "AS 'begin atomic; select 1;' LANGUAGE sql",
            "LANGUAGE sql AS $$ BEGIN ATOMIC $$",
        ],
    )
    @pytest.mark.parametrize(
        "head",
        [
            "CREATE FUNCTION f() RETURNS int",
            "create /* or */ or -- x\n replace\nPROCEDURE f(begin atomic, a int DEFAULT (1))",
        ],
    )
    def test_the_body_of_a_routine_stays_whole(self, head: str, body: str) -> None:
        """In BEGIN ATOMIC … END a `;` ends no statement; in other bodies it stands in a string."""
        statement = f"{head} {body}"
        assert pieces(f"{statement}; SELECT 2") == [statement, "SELECT 2"]

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("BEGIN; SELECT 1; END", ["BEGIN", "SELECT 1", "END"]),
            ("BEGIN ATOMIC; END", ["BEGIN ATOMIC", "END"]),
            (
                "CREATE TABLE begin (a atomic); SELECT begin atomic; SELECT 2",
                ["CREATE TABLE begin (a atomic)", "SELECT begin atomic", "SELECT 2"],
            ),
            ("CREATE FUNCTION f(begin atomic); END", ["CREATE FUNCTION f(begin atomic)", "END"]),
            ('CREATE "or" REPLACE FUNCTION f() BEGIN ATOMIC; END',
             ['CREATE "or" REPLACE FUNCTION f() BEGIN ATOMIC', "END"]),
            ('CREATE FUNCTION f "begin" ATOMIC; END', ['CREATE FUNCTION f "begin" ATOMIC', "END"]),
            ("CREATE FUNCTION f BEGIN x ATOMIC; END", ["CREATE FUNCTION f BEGIN x ATOMIC", "END"]),
        ],
    )  # fmt: skip
    def test_begin_and_atomic_are_also_names(self, sql: str, expected: list[str]) -> None:
        """Only a routine's BEGIN directly before ATOMIC opens a body."""
        assert pieces(sql) == expected

    def test_the_numbers_before_version_15_do_not_swallow_a_quote(self) -> None:
        """`1E'…'` was a number and an E'' string there; newer servers refuse it."""
        assert pieces("SELECT 1E'\\';'; SELECT 2") == ["SELECT 1E'\\';'", "SELECT 2"]
        assert pieces("SELECT 1e5$$;$$, $1$$;$$; SELECT 2") == [
            "SELECT 1e5$$;$$, $1$$;$$",
            "SELECT 2",
        ]

    def test_comments_between_the_parts_of_an_escape_string_are_found(self) -> None:
        """They stand inside one constant, and are comments all the same."""
        script = scan("SELECT E'a' -- b\n  -- 'c'\n  'd -- e' -- f", "f.sql")
        assert [(c.text, c.line, c.own_line) for c in script.comments] == [
            (" b", 1, False),
            (" 'c'", 2, True),
            (" f", 3, False),
        ]


class TestPsqlLines:
    """Files written for psql: what only prints is skipped, psql's variables stay."""

    @pytest.mark.parametrize(
        "line",
        [
            "\\echo",
            "\\echo Step 1: done; next 'quoted\\n' \"and \\ this\"",
            "\\echo Don't panic",
            '\\echo "never closed',
            "\\restrict 8kPs2cQ",
            "\\unrestrict 8kPs2cQ  ",
        ],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n", ""])
    def test_a_line_that_only_prints_or_guards_psql_is_skipped(self, line: str, end: str) -> None:
        """Between statements, wherever on the line it starts."""
        assert pieces(f"SELECT 1; {line}{end}") == ["SELECT 1"]
        assert pieces(f"{line}\n-- c\n{line}\nSELECT 1;\n") == ["SELECT 1"]

    def test_variables_are_left_as_they_stand(self) -> None:
        """Neither casts nor slices nor named arguments are taken for one."""
        sql = "SELECT :'a', :\"b\", :c, d::int, e[1:f], g(h := 1) FROM :{?i}"
        assert pieces(sql) == [sql]


def test_a_script_keeps_its_text_and_path() -> None:
    """Later readers need nothing but the script."""
    script = scan("SELECT 1;", "sql/a.sql")
    assert isinstance(script, Script)
    assert (script.path, script.text, script.line_starts) == ("sql/a.sql", "SELECT 1;", (0,))
