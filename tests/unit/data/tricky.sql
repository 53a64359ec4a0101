-- SQL that is easy to split wrongly. PostgreSQL 18's grammar accepts all of it.
-- Quotes.
SELECT 'a;b', 'it''s; fine', '\', '\''', '''', '', ';';
SELECT '--', '/*', '*/', '$$', '"', E'\'', 'E''';
SELECT E'\';', e'\\', E'\\\'', E'a''b;', E'\x3b;\u003b', E'\
;';
SELECT 'one;'
  'two;', E'three\'
'
 	'four\';';
SELECT 'x'

'y;' AS z;
SELECT U&'d\0061t\+000061;', u&"d\0061t;a", U&'!0061;\' UESCAPE '!', U&'\\;';
SELECT B'101', b'1;' AS "b'1" FROM (VALUES (1)) AS "x'f"(n);
SELECT X'1F', x'ab', N'n;', n'o''p';
SELECT DATE'2024-01-01', TIME'12:00', INTERVAL '1' DAY, datE'\', namE'\;' FROM public."tablE";
SELECT "a;b", "c"";d", "$$", "--", "/*", 'x' AS ";" FROM "s;1"."t;2" AS "q""";
-- Dollars.
SELECT $$a;b$$, $x$ $$ ; $y$ ; $x $x$, $_1$;$_1$, $é$ ; $e$ $é$, $$$$, $q$$q$;
SELECT $a$ $b$ ; $b$a$, $a$ $a $a$, $A$ ; $a$ $A$;
SELECT a$$b, c$d$e, a$ FROM t$$;
PREPARE p (int, text) AS SELECT $1, $2::text, $1+$2, a[$1:$2] FROM t;
DO $$ BEGIN PERFORM 1; END $$;
DO LANGUAGE plpgsql $do$
DECLARE v text := $q$;$q$; -- it's
BEGIN
  EXECUTE 'DROP TABLE IF EXISTS x; --';
END;
$do$;
-- Comments.
SELECT 1 /* ; /* ; */ ; */ + 2 -- ; it's
 + 3 /* "' $$ -- */ + 4 --$$
;
SELECT 1 /**/ + /***/ 2 /*/ ; */ + 3 /****//*;*/, 4 /* // /* ** */ * / */;
SELECT 1 +-- ;
 2 -/* ; */ 3 */**/ 4 <--/*
 5;
/* before */ SELECT /* in */ 1 /* ; */ /* after */ ; /* between; */ -- ; too
SELECT 2 --no space
;--directly
SELECT 3;/**/SELECT 4;
-- Operators.
SELECT a @-1, b =-1, c <=+-2, d*-3, e !=-1, f ~~* 'x;', g @@@ h, -+-i, j ->> 'k', l #>> '{m}';
SELECT a ?| array['x'], b ?& array['y'], c ? 'z', d @? '$.e', f @@ '$.g', h || i, |/ 25.0, @ -5;
SELECT 5 % 3, 2 ^ 3, 7 # 2, ~1, 1 << 2, 8 >> 1, a <> b, a <-> b, c &&& d, e *<> f;
SELECT a OPERATOR(pg_catalog.+) b, c OPERATOR(@-@) d;
CREATE OPERATOR @-@ (LEFTARG = int, RIGHTARG = int, FUNCTION = f, COMMUTATOR = OPERATOR(x.@-@));
CREATE OPERATOR public.<%% (FUNCTION = f, RIGHTARG = text);
-- Numbers, casts, slices.
SELECT 1, 1.5, .5, 1., 1e5, 1.5E-3, 0x1F, 0o17, 0b11, 1_000_000, 1_0.0_1e1_0;
SELECT a::int::text, b[1:2][:3][4:], c[:d], (e).f, (g[1]).h.*, i.*::text, ARRAY[1,2]::int[];
SELECT f(x := 1, y => 2), g(VARIADIC h), i FROM generate_series(1,10) AS s(i);
-- Parentheses.
CREATE RULE r1 AS ON INSERT TO t DO ALSO (SELECT 1; SELECT (2); INSERT INTO log VALUES (';'); );
CREATE OR REPLACE RULE r2 AS ON UPDATE TO t WHERE (old.a <> new.a) DO INSTEAD (NOTIFY x; DELETE FROM u;);
CREATE RULE r3 AS ON DELETE TO t DO INSTEAD NOTHING;
SELECT ((1)), (SELECT (SELECT (2))), ROW(1, (2, 3));
-- Bodies.
CREATE FUNCTION f1() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;
CREATE FUNCTION f2(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN a > 0 THEN 1 ELSE 2 END; -- END;
  SELECT (CASE a WHEN 1 THEN 'END;' END) /* ; END */ ;
END;
CREATE OR REPLACE PROCEDURE f3(begin int, "end" text, atomic int DEFAULT (1)) BEGIN ATOMIC
  INSERT INTO t VALUES (begin, atomic);
  DELETE FROM t WHERE a = f3.begin;
END;
create or replace function f4() returns void begin atomic end;
CREATE FUNCTION f5() RETURNS int BEGIN ATOMIC ; ; RETURN 1; END;
CREATE FUNCTION f6() RETURNS SETOF t BEGIN ATOMIC SELECT begin atomic FROM t; SELECT t."end" FROM t; END;
CREATE FUNCTION f7() RETURNS int RETURN (SELECT 1);
CREATE FUNCTION f8() RETURNS int LANGUAGE sql AS 'BEGIN; SELECT 1; END;';
CREATE FUNCTION f9() RETURNS TRIGGER AS $body$ BEGIN ATOMIC; RETURN NEW; END; $body$ LANGUAGE plpgsql;
CREATE FUNCTION f10() RETURNS int SET search_path = begin, atomic BEGIN ATOMIC WITH x AS (SELECT 1) SELECT * FROM x; END;
CREATE FUNCTION f11() RETURNS int BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 2; END;
CREATE FUNCTION begin() RETURNS atomic AS 'x', 'begin' LANGUAGE c;
CREATE FUNCTION atomic(begin atomic) RETURNS TABLE (begin atomic, a int) AS $$ SELECT 1; $$ LANGUAGE sql;
CREATE PROCEDURE f12(INOUT a int) BEGIN/**/ATOMIC--
  SELECT 1;END;
CREATE TABLE begin (atomic int, function text, "create" int);
SELECT begin atomic FROM begin AS atomic;
-- Transactions.
BEGIN; SAVEPOINT a; RELEASE a; END; BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY; COMMIT AND CHAIN; ABORT;
START TRANSACTION; PREPARE TRANSACTION 'x;'; ROLLBACK TO SAVEPOINT a; END WORK;
-- Definitions.
CREATE TABLE t1 (a int CHECK (a > 0), b text DEFAULT ';', c int GENERATED ALWAYS AS (a * 2) STORED, EXCLUDE USING gist (a WITH =));
CREATE TABLE t2 PARTITION OF t1 FOR VALUES FROM (1) TO (MAXVALUE);
ALTER TABLE ONLY t1 ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES t2 (b) ON DELETE SET NULL NOT VALID, ALTER b TYPE int USING (b::int);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i1 ON t1 USING btree (lower(b), (a + 1) DESC NULLS LAST) INCLUDE (c) WHERE b <> ';';
CREATE POLICY "p;1" ON t1 AS RESTRICTIVE FOR ALL TO PUBLIC USING ((SELECT current_setting('a;b', true))::int = a) WITH CHECK (true);
ALTER TABLE t1 ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER tr BEFORE INSERT OR UPDATE OF a ON t1 FOR EACH ROW WHEN (NEW.a IS DISTINCT FROM OLD.a) EXECUTE FUNCTION f9('a;', b, 1);
CREATE VIEW v1 WITH (security_barrier) AS SELECT 1 AS ";" WITH CASCADED CHECK OPTION;
CREATE MATERIALIZED VIEW mv AS TABLE t1 WITH NO DATA;
CREATE TYPE e1 AS ENUM ('a;', 'b''', E'c\'');
CREATE TYPE c1 AS (a int, "b;" text);
CREATE DOMAIN d1 AS text CHECK (value ~ '^\d+;$' AND value !~ E'\\;');
CREATE AGGREGATE ag (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0;');
CREATE CAST (text AS c1) WITH INOUT AS ASSIGNMENT;
CREATE SCHEMA s CREATE TABLE a (b int) CREATE VIEW c AS SELECT 1;
CREATE EVENT TRIGGER et ON ddl_command_start WHEN TAG IN ('DROP TABLE', ';') EXECUTE PROCEDURE f9();
CREATE SUBSCRIPTION sub CONNECTION 'host=a;b' PUBLICATION p WITH (enabled = false);
COMMENT ON FUNCTION f2(int) IS 'it''s; done';
SECURITY LABEL ON TABLE t1 IS $l$;$l$;
GRANT SELECT (a, b), INSERT ON t1 TO "role;1", CURRENT_USER WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA b REVOKE ALL ON TABLES FROM PUBLIC;
-- Settings and data.
SET standard_conforming_strings = on; SET LOCAL search_path TO a, "b;c", 'd;e'; SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE;
RESET ALL; SHOW "x;y"; DISCARD ALL; SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET a.b = 'c;';
COPY (SELECT 1 FROM stdin) TO STDOUT WITH (DELIMITER ';', QUOTE '"'); COPY stdin TO STDOUT;
COPY t ("from", stdin) FROM '/tmp/stdin;' (FORMAT csv); COPY t FROM PROGRAM 'cat; ls' WITH DELIMITER E'\t';
INSERT INTO t AS x VALUES (1, ';'), (2, DEFAULT) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b || ';' RETURNING *;
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3;
MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b = ';' THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1);
EXPLAIN (ANALYZE, FORMAT json) SELECT 1; VALUES (1), (2); TABLE t; CALL f3(1, ';', 2); LISTEN "x;";
DECLARE c CURSOR FOR SELECT ';'; FETCH FORWARD 5 FROM c; CLOSE c; EXECUTE p(1, ';'); LOCK TABLE t IN ROW SHARE MODE;
SELECT XMLELEMENT(NAME "a;b", XMLATTRIBUTES(';' AS c)), JSON_OBJECT('a;' VALUE 1), EXTRACT(year FROM d), COLLATION FOR (a);
SELECT x FROM t WHERE a LIKE '%\;' ESCAPE '\' AND b SIMILAR TO '#;' ESCAPE '#' ORDER BY x USING < FOR UPDATE SKIP LOCKED;
;;
;
SELECT 'the last has no semicolon' -- and a comment after it; really
