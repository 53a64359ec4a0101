-- ============================================
-- VERIFICATION SCRIPT
-- Run this in the SQL editor to verify the setup
-- ============================================

-- Check that PostGIS is enabled
SELECT extname, extversion
FROM pg_extension
WHERE extname = 'postgis';
-- Expected: 1 row with the postgis extension

-- List all tables in the public schema
SELECT tablename
FROM pg_tables
WHERE schemaname = 'public'
ORDER BY tablename;
-- Expected: activities, attendees, conversations,
--           messages, users

-- Check that the profile trigger exists
SELECT tgname, proname
FROM pg_trigger t
JOIN pg_proc p ON t.tgfoid = p.oid
WHERE tgname = 'on_auth_user_created';
-- Expected: 1 row showing the trigger

-- Check that RLS is on everywhere
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT rowsecurity;
-- Expected: 0 rows (all tables have RLS)

-- Count policies (should be 29)
SELECT COUNT(*) AS policy_count
FROM pg_policies
WHERE schemaname = 'public';

-- Storage buckets
SELECT id, public FROM storage.buckets WHERE id = 'user-avatars';
-- Expected: 1 row with public=true

-- Vector dimensions
SELECT vector_dims('[1,2,3]'::vector); -- Should return 3

-- Total should be 15
SELECT COUNT(*) AS total_rules FROM business_rules WHERE is_active;

-- This query should return no rows
SELECT id FROM profiles WHERE user_id IS NULL;
