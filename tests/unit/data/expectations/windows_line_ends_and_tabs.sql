	-- 1) tabs
	-- Expected:	4
	SELECT count(*)
	FROM tabs;
--2) no space after the dashes
--Expected: 2 rows
SELECT id FROM tight;
---- 3) more dashes ----
---- EXPECTED: 0 ROWS ----
SELECT id FROM loud;
-- 4) EXPECT => 5
SELECT count(*) FROM arrows;
-- 5) words
-- Expected result is exactly one row.
SELECT id FROM words;
-- 6) Expectation: empty result
SELECT id FROM nothing;
