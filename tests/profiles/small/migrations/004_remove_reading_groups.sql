-- 004: remove the three tables nobody used. Children first, no CASCADE. Can be run again.
DO $$
DECLARE
    unused text;
    is_occupied boolean;
BEGIN
    FOREACH unused IN ARRAY ARRAY['reading_groups', 'reading_group_members', 'wish_lists']
    LOOP
        CONTINUE WHEN to_regclass(format('public.%I', unused)) IS NULL;
        EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', unused);
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', unused) INTO is_occupied;
        IF is_occupied THEN
            RAISE EXCEPTION 'table public.% holds rows, so it is in use', unused
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    END LOOP;
END;
$$;

DROP TABLE IF EXISTS public.reading_group_members;
DROP TABLE IF EXISTS public.reading_groups;
DROP TABLE IF EXISTS public.wish_lists;
