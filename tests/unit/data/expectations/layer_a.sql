-- set: Tables
-- phase: final

-- name: tables
-- expect-value: 43
SELECT count(*) FROM pg_tables;

-- name: gone
-- expect-no-rows
SELECT tablename FROM pg_tables WHERE tablename = 'quests';

SELECT count(*) FROM moves; -- expect-value: >= 156

-- @Expect_Rows: 2..4
SELECT id FROM regions;

SELECT rolname FROM pg_roles;
-- expect-column: rolname contains {anon, authenticated}

-- expect-result: rowsort
-- core ¦ 8
-- 'a b' ¦ NULL
SELECT kind, n FROM kinds;

-- expect-status: status
SELECT check_name, status FROM checks;

-- as: authenticated
-- claims: {"sub": "4f"}
-- expect-visible
SELECT id FROM moves;

-- expect-error: 42501
-- as: anon
SELECT id FROM secrets;
