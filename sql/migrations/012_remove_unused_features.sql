-- 012: remove the nine tables of features that never shipped.
--
-- Their 10 foreign keys and 2 policies go with them. No CASCADE: whatever else came to depend on
-- one of them stops the migration. Can be run again.

-- Held from here on, so that a row cannot come between this look and the drop.
DO $$
DECLARE
    unused text;
    is_occupied boolean;
BEGIN
    FOREACH unused IN ARRAY ARRAY[
        'quests',
        'quest_moves',
        'quest_milestones',
        'capability_nodes',
        'maneuver_prerequisites',
        'quick_wins',
        'cohort_relations',
        'move_decisions',
        'notifications'
    ]
    LOOP
        CONTINUE WHEN to_regclass(format('public.%I', unused)) IS NULL;
        EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', unused);
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', unused) INTO is_occupied;
        IF is_occupied THEN
            RAISE EXCEPTION 'table public.% holds rows, so it is in use', unused
                USING ERRCODE = 'object_not_in_prerequisite_state',
                    HINT = 'Find out who writes to it before it is removed.';
        END IF;
    END LOOP;
END;
$$;

-- Children first.
DROP TABLE IF EXISTS public.quest_moves;
DROP TABLE IF EXISTS public.quest_milestones;
DROP TABLE IF EXISTS public.quests;
DROP TABLE IF EXISTS public.maneuver_prerequisites;
DROP TABLE IF EXISTS public.capability_nodes;
DROP TABLE IF EXISTS public.cohort_relations;
DROP TABLE IF EXISTS public.move_decisions;
DROP TABLE IF EXISTS public.quick_wins;
DROP TABLE IF EXISTS public.notifications;
